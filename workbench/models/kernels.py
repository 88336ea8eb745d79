"""The compiled loops of the models.

A row's result does not depend on the rows beside it: a seed gives the same bits whatever the cores
and the batches. Arithmetic is strict (no fast-math, no fused multiply-add) but for `_any_order`.
"""

from typing import Any

import numba as nb
import numpy as np

_jit = nb.njit(nogil=True, error_model="numpy", cache=True)
# Sums whose terms may come in any order, as a processor's vectors take them: one processor always
# gives the same bits, two kinds of them may differ in the last.
_any_order = nb.njit(
    nogil=True, error_model="numpy", cache=True, fastmath={"reassoc", "nsz", "contract"}
)
NOTHING = np.float64(-0.0).view(np.int64)
TINY = 1e-20  # squares of what is left of a solution


# --- scores of neighbourhoods -----------------------------------------------------------------


@_jit
def linked(  # type: ignore[no-untyped-def]
    indptr, indices, values, link_indptr, link_indices, link_values, out
):  # fmt: skip
    """Product of a CSR array with another; NaN where nothing meets.

    Terms are added up in the order of the row, as SciPy does.
    """
    # Unsigned numbers are no places from the end, which would be checked for. -0.0 stands for
    # nothing: what is added to it stays as it is, and no sum with another term comes back to it.
    for row in range(np.uint64(out.shape[0])):
        sums = out[row]
        sums[:] = -0.0
        for e in range(np.uint64(indptr[row]), np.uint64(indptr[row + np.uint64(1)])):
            source, value = np.uint64(indices[e]), values[e] + 0.0
            end = np.uint64(link_indptr[source + np.uint64(1)])
            for f in range(np.uint64(link_indptr[source]), end):
                sums[np.uint64(link_indices[f])] += value * link_values[f]
        bits = sums.view(np.int64)
        for column in range(bits.size):
            if bits[column] == NOTHING:
                sums[column] = np.nan


# --- the k nearest among those who rated ------------------------------------------------------


@_jit
def place(columns, values, out):  # type: ignore[no-untyped-def]
    """Write every row's values to its columns; those below 0 are none."""
    for row in range(columns.shape[0]):
        for e in range(columns.shape[1]):
            if columns[row, e] >= 0:
                out[row, columns[row, e]] = values[row, e]


@_jit
def _nearest(similar, row, others, k, kept):  # type: ignore[no-untyped-def]
    """Write the similarities of a row to others: those of the k nearest, 0 for the rest.

    Only similarities above 0 count; of equal ones those that come first.
    """
    count = 0
    for e in range(others.size):
        kept[e] = max(similar[row, others[e]], 0)
        count += kept[e] > 0
    if count <= k:
        return
    ranked = np.partition(kept[: others.size], others.size - k)[others.size - k :]
    least = ranked[0]
    equal = (ranked == least).sum()
    for e in range(others.size):
        if kept[e] == least and equal > 0:
            equal -= 1
        elif kept[e] <= least:
            kept[e] = 0


@_jit
def weigh(  # type: ignore[no-untyped-def]
    rows, first, similar, columns, indptr, indices, values, k, totals, weights, pairs
):  # fmt: skip
    """Sums over the k nearest to each pair's row, among those in the list of its column.

    Parameters
    ----------
    rows, columns : int arrays of shape (all pairs,)
    first : int
        The row that `similar` starts with.
    similar : float32 array of shape (some rows, n)
    indptr, indices, values : int64, int64 and float64 arrays
        The lists, as in a CSR array of shape (columns, n).
    k : int
    totals, weights : float64 arrays of shape (all pairs,)
        Sums of similarity x value, and of similarities.
    pairs : int array
        Those that are asked for.
    """
    kept = np.empty(np.diff(indptr).max(), np.float32)
    for p in pairs:
        begin, end = indptr[columns[p]], indptr[columns[p] + 1]
        _nearest(similar, rows[p] - first, indices[begin:end], k, kept)
        for e in range(begin, end):
            totals[p] += kept[e - begin] * values[e]
            weights[p] += kept[e - begin]


@_jit
def weigh_each(  # type: ignore[no-untyped-def]
    rows, first, similar, columns, indptr, indices, values, k, starts, out, pairs
):  # fmt: skip
    """Write the terms of the totals of `weigh`, those of a pair from its start on."""
    kept = np.empty(np.diff(indptr).max(), np.float32)
    for p in pairs:
        begin, end = indptr[columns[p]], indptr[columns[p] + 1]
        _nearest(similar, rows[p] - first, indices[begin:end], k, kept)
        for e in range(begin, end):
            out[starts[p] + e - begin] = kept[e - begin] * values[e]


# --- alternating least squares ----------------------------------------------------------------


@_jit
def _equations(  # type: ignore[no-untyped-def]
    begin, end, indices, weights, ridge, factors, gram
):  # fmt: skip
    """Factors of a row's entries, and the matrix of its normal equations."""
    seen = factors[indices[begin:end]]
    matrix = gram + np.dot((seen * weights[begin:end].reshape(-1, 1)).T, seen)
    for f in range(matrix.shape[0]):
        matrix[f, f] += ridge
    return seen, matrix


@_jit
def solve(  # type: ignore[no-untyped-def]
    first, last, indptr, indices, weights, targets, ridge, factors, gram, out
):  # fmt: skip
    """Solve the normal equations of rows first to last; a row without entries is left as it is.

    Parameters
    ----------
    indptr, indices : int64 arrays
        Entries of the rows, as in a CSR array.
    weights, targets : float64 arrays of shape (entries,)
        What an entry adds to the matrix and to the right-hand side, times its factors.
    ridge : float64 array of shape (rows,)
        Added to the diagonal.
    factors : float64 array of shape (columns, factors)
    gram : float64 array of shape (factors, factors)
        What all rows' matrices share.
    out : float64 array of shape (rows, factors)
    """
    for row in range(first, last):
        begin, end = indptr[row], indptr[row + 1]
        if begin < end:
            seen, matrix = _equations(begin, end, indices, weights, ridge[row], factors, gram)
            out[row] = np.linalg.solve(matrix, np.dot(targets[begin:end], seen))


@_any_order
def _sum_of_products(left: Any, right: Any) -> Any:
    total = left.dtype.type(0)  # not the first term, which would leave vectors of odd lengths
    for f in range(left.size):
        total += left[f] * right[f]
    return total


@_any_order
def _times(  # type: ignore[no-untyped-def]
    begin, end, indices, weights, ridge, factors, gram, vector, out
):  # fmt: skip
    """Product of the matrix of a row's normal equations with a vector, without that matrix."""
    for f in range(vector.size):
        out[f] = ridge * vector[f] + _sum_of_products(gram[f], vector)
    for e in range(begin, end):
        seen = factors[indices[e]]
        share = weights[e] * _sum_of_products(seen, vector)
        for f in range(vector.size):
            out[f] += share * seen[f]


@_any_order
def approach(  # type: ignore[no-untyped-def]
    first, last, indptr, indices, weights, targets, ridge, factors, gram, steps, out
):  # fmt: skip
    """Take steps of conjugate gradients from what `out` holds to what `solve` would write there."""
    count = factors.shape[1]
    left, way = np.empty(count, factors.dtype), np.empty(count, factors.dtype)
    changed = np.empty(count, factors.dtype)
    for row in range(first, last):
        begin, end, vector = indptr[row], indptr[row + 1], out[row]
        if begin == end:
            continue
        _times(begin, end, indices, weights, ridge[row], factors, gram, vector, changed)
        for f in range(count):
            left[f] = -changed[f]
        for e in range(begin, end):
            for f in range(count):
                left[f] += targets[e] * factors[indices[e], f]
        way[:] = left
        squares = _sum_of_products(left, left)
        for _ in range(steps):
            if squares < TINY:
                break
            _times(begin, end, indices, weights, ridge[row], factors, gram, way, changed)
            length = squares / _sum_of_products(way, changed)
            for f in range(count):
                vector[f] += length * way[f]
                left[f] -= length * changed[f]
            before, squares = squares, _sum_of_products(left, left)
            for f in range(count):
                way[f] = left[f] + squares / before * way[f]


@_jit
def shares(  # type: ignore[no-untyped-def]
    groups, items, indptr, indices, weights, targets, ridge, factors, gram, out
):  # fmt: skip
    """Share of every entry of a row in the row's score of an item.

    As `solve`, but for ``items``, one a row, and ``groups``: rows of one number follow each other
    and have the same entries, so that their matrix is inverted once. ``out`` has an entry's shape.
    """
    row = 0
    while row < groups.size:
        group, begin, end = groups[row], indptr[row], indptr[row + 1]
        seen, matrix = _equations(begin, end, indices, weights, ridge[row], factors, gram)
        inverse = np.linalg.inv(matrix)
        while row < groups.size and groups[row] == group:
            begin, end = indptr[row], indptr[row + 1]
            near = np.dot(seen, np.dot(inverse, factors[items[row]]))
            out[begin:end] = near * targets[begin:end]
            row += 1


# --- stochastic gradient descent --------------------------------------------------------------


@_jit
def _dot(left: Any, row: Any, right: Any, other: Any) -> Any:
    total = 0.0
    for f in range(left.shape[1]):
        total += left[row, f] * right[other, f]
    return total


@_jit
def descend(  # type: ignore[no-untyped-def]
    order, users, items, ratings, mean, rate, l2, user_biases, item_biases, p, q
):  # fmt: skip
    """One step of gradient descent a rating, in this order; biases, p and q change in place."""
    for e in order:
        u, i = users[e], items[e]
        error = ratings[e] - (mean + user_biases[u] + item_biases[i] + _dot(p, u, q, i))
        user_biases[u] += rate * (error - l2 * user_biases[u])
        item_biases[i] += rate * (error - l2 * item_biases[i])
        for f in range(p.shape[1]):
            of_user, of_item = p[u, f], q[i, f]
            p[u, f] = of_user + rate * (error * of_item - l2 * of_user)
            q[i, f] = of_item + rate * (error * of_user - l2 * of_item)


@_jit
def fold_in(indptr, indices, residuals, rate, l2, epochs, q, out):  # type: ignore[no-untyped-def]
    """Take the same steps for new rows, from 0 and with the items held still.

    Where a row ends up is then linear in its steps: it is a bias of ``sum_j out_j`` and a vector
    of ``sum_j out_j q_j``. An entry's part is written anew once an epoch, so the steps in between,
    of which each shrinks it, are made good at once.

    Parameters
    ----------
    indptr, indices : int64 arrays
        Entries of the rows, as in a CSR array.
    residuals : float64 array of shape (entries,)
        Ratings less the mean and the item's bias.
    out : float64 array of shape (entries,)
        0 to begin with.
    """
    kept = 1 - rate * l2
    vector = np.empty((1, q.shape[1]))
    for row in range(indptr.size - 1):
        begin, end = indptr[row], indptr[row + 1]
        bias, between = 0.0, kept ** (end - begin)
        vector[:] = 0
        for _ in range(epochs):
            for e in range(begin, end):
                step = rate * (residuals[e] - bias - _dot(vector, 0, q, indices[e]))
                bias = kept * bias + step
                for f in range(q.shape[1]):
                    vector[0, f] = kept * vector[0, f] + step * q[indices[e], f]
                out[e] = between * out[e] + step
        for e in range(begin, end):
            out[e] *= kept ** (end - 1 - e)


@_jit
def _holds(ascending, number):  # type: ignore[no-untyped-def]
    place = np.searchsorted(ascending, number)
    return place < ascending.size and ascending[place] == number


@_jit
def _doubt(bias, other_bias, of_user, of_item, of_other):  # type: ignore[no-untyped-def]
    """How likely the model holds it that the user prefers the other item."""
    lead = bias - other_bias
    for f in range(of_user.size):
        lead += of_user[f] * (of_item[f] - of_other[f])
    return 1 / (1 + np.exp(lead))


@_jit
def prefer(users, items, others, indptr, indices, rate, l2, biases, p, q):  # type: ignore[no-untyped-def]
    """One step of gradient ascent a choice, in this order, beside another item.

    Parameters
    ----------
    users, items, others : int32 arrays of shape (choices,)
    indptr, indices : int64 and int32 arrays
        What each user chose, as in a CSR array, ascending.
    biases, p, q : float32 arrays
        They change in place.
    """
    kept = np.float32(1 - rate * l2)
    for e in range(users.size):
        u, i, j = users[e], items[e], others[e]
        if _holds(indices[indptr[u] : indptr[u + 1]], j):
            continue
        x, y, z = p[u], q[i], q[j]
        step = np.float32(rate * _doubt(biases[i], biases[j], x, y, z))
        biases[i] = kept * biases[i] + step
        biases[j] = kept * biases[j] - step
        for f in range(x.size):
            of_user, of_item, of_other = x[f], y[f], z[f]
            x[f] = kept * of_user + step * (of_item - of_other)
            y[f] = kept * of_item + step * of_user
            z[f] = kept * of_other - step * of_user


@_jit
def prefer_held(  # type: ignore[no-untyped-def]
    indptr, indices, drawn, rate, l2, epochs, biases, q, out, rows
):  # fmt: skip
    """Take the same steps for new rows, from 0 and with the items held still.

    Where a row ends up is the sum of its entries' rows of ``out``, float64 of shape (entries,
    factors) and 0 to begin with; see `fold_in`. Other items are taken from ``drawn`` in turn.
    """
    kept = 1 - rate * l2
    vector = np.empty(q.shape[1])
    for row in rows:
        begin, end = indptr[row], indptr[row + 1]
        between, turn = kept ** (end - begin), 0
        vector[:] = 0
        for _ in range(epochs):
            for e in range(begin, end):
                i, j, turn = indices[e], drawn[turn % drawn.size], turn + 1
                step = rate * _doubt(biases[i], biases[j], vector, q[i], q[j])
                if _holds(indices[begin:end], j):
                    step = 0.0
                for f in range(vector.size):
                    added = step * (q[i, f] - q[j, f])
                    vector[f] = kept * vector[f] + added
                    out[e, f] = between * out[e, f] + added
        for e in range(begin, end):
            out[e] *= kept ** (end - 1 - e)


@_jit
def products(items, indptr, indices, q, out):  # type: ignore[no-untyped-def]
    """``q_i q_j`` of the item i of every row and its entries j."""
    for row in range(items.size):
        for e in range(indptr[row], indptr[row + 1]):
            out[e] = _dot(q, items[row], q, indices[e])


@_jit
def dots(rows, items, p, q, out):  # type: ignore[no-untyped-def]
    """``p_row q_item`` of every pair."""
    for e in range(rows.size):
        out[e] = _dot(p, rows[e], q, items[e])
