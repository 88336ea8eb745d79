"""The compiled loops of alternating least squares.

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
TINY = 1e-20  # squared norm of what is left of a solution


@_jit
def _normal_equations(  # type: ignore[no-untyped-def]
    start, end, indices, weights, ridge, factors, gram
):  # fmt: skip
    """Factors of a row's entries, and the matrix of its normal equations."""
    seen = factors[indices[start:end]]
    matrix = gram + np.dot((seen * weights[start:end].reshape(-1, 1)).T, seen)
    for f in range(matrix.shape[0]):
        matrix[f, f] += ridge
    return seen, matrix


@_jit
def solve_rows(  # type: ignore[no-untyped-def]
    first, last, indptr, indices, weights, targets, ridge, factors, gram, out
):  # fmt: skip
    """Solve the normal equations of rows first to last; a row without entries is left as it is.

    Entries of the rows are as in a CSR array of shape (rows, columns). Weights and targets are what
    each adds to the matrix and to the right-hand side, times its factors, of shape (columns,
    factors). Ridge, one a row, is added to the diagonal; gram is what all rows' matrices share.
    """
    for row in range(first, last):
        start, end = indptr[row], indptr[row + 1]
        if start < end:
            seen, matrix = _normal_equations(
                start, end, indices, weights, ridge[row], factors, gram
            )
            out[row] = np.linalg.solve(matrix, np.dot(targets[start:end], seen))


@_any_order
def _dot(left: Any, right: Any) -> Any:
    total = left.dtype.type(0)  # not the first term, which would leave vectors of odd lengths
    for f in range(left.size):
        total += left[f] * right[f]
    return total


@_any_order
def _matrix_product(  # type: ignore[no-untyped-def]
    start, end, indices, weights, ridge, factors, gram, vector, out
):  # fmt: skip
    """Product of the matrix of a row's normal equations with a vector, without that matrix."""
    for f in range(vector.size):
        out[f] = ridge * vector[f] + _dot(gram[f], vector)
    for e in range(start, end):
        seen = factors[indices[e]]
        share = weights[e] * _dot(seen, vector)
        for f in range(vector.size):
            out[f] += share * seen[f]


@_any_order
def conjugate_gradient_steps(  # type: ignore[no-untyped-def]
    first, last, indptr, indices, weights, targets, ridge, factors, gram, steps, out
):  # fmt: skip
    """Take steps of conjugate gradients from what `out` holds to what `solve_rows` would write."""
    count = factors.shape[1]
    residual, direction = np.empty(count, factors.dtype), np.empty(count, factors.dtype)
    product = np.empty(count, factors.dtype)
    for row in range(first, last):
        start, end, vector = indptr[row], indptr[row + 1], out[row]
        if start == end:
            continue
        _matrix_product(start, end, indices, weights, ridge[row], factors, gram, vector, product)
        for f in range(count):
            residual[f] = -product[f]
        for e in range(start, end):
            for f in range(count):
                residual[f] += targets[e] * factors[indices[e], f]
        direction[:] = residual
        squared = _dot(residual, residual)
        for _ in range(steps):
            if squared < TINY:
                break
            _matrix_product(
                start, end, indices, weights, ridge[row], factors, gram, direction, product
            )
            length = squared / _dot(direction, product)
            for f in range(count):
                vector[f] += length * direction[f]
                residual[f] -= length * product[f]
            previous, squared = squared, _dot(residual, residual)
            for f in range(count):
                direction[f] = residual[f] + squared / previous * direction[f]


@_jit
def score_shares(  # type: ignore[no-untyped-def]
    groups, items, indptr, indices, weights, targets, ridge, factors, gram, out
):  # fmt: skip
    """Share of every entry of a row in the row's score of an item.

    As `solve_rows`, but for ``items``, one a row, and ``groups``: rows of one number follow each
    other and have the same entries, so that their matrix is inverted once. ``out`` has an entry's
    shape.
    """
    row = 0
    while row < groups.size:
        group, start, end = groups[row], indptr[row], indptr[row + 1]
        seen, matrix = _normal_equations(start, end, indices, weights, ridge[row], factors, gram)
        inverse = np.linalg.inv(matrix)
        while row < groups.size and groups[row] == group:
            start, end = indptr[row], indptr[row + 1]
            near = np.dot(seen, np.dot(inverse, factors[items[row]]))
            out[start:end] = near * targets[start:end]
            row += 1
