"""The compiled loops of neighbourhood models.

A row's result does not depend on the rows beside it: a seed gives the same bits whatever the cores
and the batches. Arithmetic is strict (no fast-math, no fused multiply-add).
"""

import numba as nb
import numpy as np

_jit = nb.njit(nogil=True, error_model="numpy", cache=True)
NO_TERM = np.float64(-0.0).view(np.int64)


@_jit
def neighbour_sums(  # type: ignore[no-untyped-def]
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
            if bits[column] == NO_TERM:
                sums[column] = np.nan


@_jit
def scatter_scores(columns, values, out):  # type: ignore[no-untyped-def]
    """Write every row's values to its columns; those below 0 are none."""
    for row in range(columns.shape[0]):
        for e in range(columns.shape[1]):
            if columns[row, e] >= 0:
                out[row, columns[row, e]] = values[row, e]


@_jit
def _keep_k_nearest(similar, row, others, k, kept):  # type: ignore[no-untyped-def]
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
def weighted_sums(  # type: ignore[no-untyped-def]
    rows, first, similar, columns, indptr, indices, values, k, totals, weights, pairs
):  # fmt: skip
    """Sums over the k nearest to each pair's row, among those in the list of its column.

    `similar`, float32 of shape (some rows, n), starts with the row `first`; the lists are as in a
    CSR array of shape (columns, n). Of the pairs asked for, `totals` gets the sums of similarity x
    value, `weights` those of similarities; both are float64 of shape (all pairs,).
    """
    kept = np.empty(np.diff(indptr).max(), np.float32)
    for p in pairs:
        start, end = indptr[columns[p]], indptr[columns[p] + 1]
        _keep_k_nearest(similar, rows[p] - first, indices[start:end], k, kept)
        for e in range(start, end):
            totals[p] += kept[e - start] * values[e]
            weights[p] += kept[e - start]


@_jit
def weighted_terms(  # type: ignore[no-untyped-def]
    rows, first, similar, columns, indptr, indices, values, k, starts, out, pairs
):  # fmt: skip
    """Write the terms of the totals of `weighted_sums`, those of a pair from its start on."""
    kept = np.empty(np.diff(indptr).max(), np.float32)
    for p in pairs:
        start, end = indptr[columns[p]], indptr[columns[p] + 1]
        _keep_k_nearest(similar, rows[p] - first, indices[start:end], k, kept)
        for e in range(start, end):
            out[starts[p] + e - start] = kept[e - start] * values[e]
