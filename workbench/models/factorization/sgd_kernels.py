"""The compiled loops of stochastic gradient descent, and products of pairs of rows.

A row's result does not depend on the rows beside it: a seed gives the same bits whatever the cores
and the batches. Arithmetic is strict (no fast-math, no fused multiply-add).
"""

from typing import Any

import numba as nb
import numpy as np

_jit = nb.njit(nogil=True, error_model="numpy", cache=True)


@_jit
def _dot(left: Any, row: Any, right: Any, other: Any) -> Any:
    total = 0.0
    for f in range(left.shape[1]):
        total += left[row, f] * right[other, f]
    return total


@_jit
def sgd_epoch(  # type: ignore[no-untyped-def]
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
def sgd_fold_in(indptr, indices, residuals, rate, l2, epochs, q, out):  # type: ignore[no-untyped-def]
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
        0 to start with.
    """
    decay = 1 - rate * l2
    vector = np.empty((1, q.shape[1]))
    for row in range(indptr.size - 1):
        start, end = indptr[row], indptr[row + 1]
        bias, decay_per_pass = 0.0, decay ** (end - start)
        vector[:] = 0
        for _ in range(epochs):
            for e in range(start, end):
                step = rate * (residuals[e] - bias - _dot(vector, 0, q, indices[e]))
                bias = decay * bias + step
                for f in range(q.shape[1]):
                    vector[0, f] = decay * vector[0, f] + step * q[indices[e], f]
                out[e] = decay_per_pass * out[e] + step
        for e in range(start, end):
            out[e] *= decay ** (end - 1 - e)


@_jit
def _contains(ascending, number):  # type: ignore[no-untyped-def]
    place = np.searchsorted(ascending, number)
    return place < ascending.size and ascending[place] == number


@_jit
def _misranking(bias, other_bias, of_user, of_item, of_other):  # type: ignore[no-untyped-def]
    """How likely the model holds it that the user prefers the other item."""
    lead = bias - other_bias
    for f in range(of_user.size):
        lead += of_user[f] * (of_item[f] - of_other[f])
    return 1 / (1 + np.exp(lead))


@_jit
def bpr_epoch(  # type: ignore[no-untyped-def]
    users, items, negatives, indptr, indices, rate, l2, biases, p, q
):  # fmt: skip
    """One step of gradient ascent a choice, in this order, beside another item.

    Parameters
    ----------
    users, items, negatives : int32 arrays of shape (choices,)
    indptr, indices : int64 and int32 arrays
        What each user chose, as in a CSR array, ascending.
    biases, p, q : float32 arrays
        They change in place.
    """
    decay = np.float32(1 - rate * l2)
    for e in range(users.size):
        u, i, j = users[e], items[e], negatives[e]
        if _contains(indices[indptr[u] : indptr[u + 1]], j):
            continue
        x, y, z = p[u], q[i], q[j]
        step = np.float32(rate * _misranking(biases[i], biases[j], x, y, z))
        biases[i] = decay * biases[i] + step
        biases[j] = decay * biases[j] - step
        for f in range(x.size):
            of_user, of_item, of_other = x[f], y[f], z[f]
            x[f] = decay * of_user + step * (of_item - of_other)
            y[f] = decay * of_item + step * of_user
            z[f] = decay * of_other - step * of_user


@_jit
def bpr_fold_in(  # type: ignore[no-untyped-def]
    indptr, indices, negatives, rate, l2, epochs, biases, q, out, rows
):  # fmt: skip
    """Take the same steps for new rows, from 0 and with the items held still.

    Where a row ends up is the sum of its entries' rows of ``out``, float64 of shape (entries,
    factors) and 0 to start with; see `sgd_fold_in`. Negatives are taken in turn.
    """
    decay = 1 - rate * l2
    vector = np.empty(q.shape[1])
    for row in rows:
        start, end = indptr[row], indptr[row + 1]
        decay_per_pass, turn = decay ** (end - start), 0
        vector[:] = 0
        for _ in range(epochs):
            for e in range(start, end):
                i, j, turn = indices[e], negatives[turn % negatives.size], turn + 1
                step = rate * _misranking(biases[i], biases[j], vector, q[i], q[j])
                if _contains(indices[start:end], j):
                    step = 0.0
                for f in range(vector.size):
                    added = step * (q[i, f] - q[j, f])
                    vector[f] = decay * vector[f] + added
                    out[e, f] = decay_per_pass * out[e, f] + added
        for e in range(start, end):
            out[e] *= decay ** (end - 1 - e)


@_jit
def pair_products(rows, items, p, q, out):  # type: ignore[no-untyped-def]
    """``p_row q_item`` of every pair."""
    for e in range(rows.size):
        out[e] = _dot(p, rows[e], q, items[e])
