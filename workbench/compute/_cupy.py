"""The CuPy engine: a dense block of rows times a sparse matrix, on the card.

Sparse times sparse is avoided: CuPy's product of two sparse matrices fails or returns zeros on
large inputs (CuPy issue 10033).
"""

from typing import Any

import numpy as np
from scipy import sparse

from workbench.compute._blocks import keys_of_block
from workbench.compute._pack import scale_of, scaled, unit_of
from workbench.compute.metrics import SUMS
from workbench.compute.request import Request
from workbench.compute.topk import best, unpack

BLOCK_BYTES = 2**26  # of a block's scores and keys


def nearest(
    by_feature: sparse.csr_array, request: Request, *, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """See `workbench.compute._cpu.nearest`."""
    by_row = by_feature.T.tocsr()
    own = np.arange(by_row.shape[0]) if rows is None else rows
    return nearest_to(by_feature, by_row[own], request, own=own)


def nearest_to(
    by_feature: sparse.csr_array,
    queries: sparse.csr_array,
    request: Request,
    *,
    own: np.ndarray,
    scale: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """See `workbench.compute._cpu.nearest_to`; the result comes back to the host."""
    import cupy
    from cupyx.scipy.sparse import csr_matrix

    indices, scores = search(
        by_feature.T.tocsr(), queries, request, own, csr_matrix, cupy, scale=scale
    )
    return indices.get(), scores.get()


def search(
    targets: sparse.csr_array,
    queries: sparse.csr_array,
    request: Request,
    own: np.ndarray,
    upload: Any,
    xp: Any,
    *,
    scale: float | None = None,
) -> tuple[Any, Any]:
    """Search with the arrays of `xp` and the sparse matrices that `upload` makes."""
    scale = scale or scale_of(targets.data, queries.data)
    x, y = (_powers(matrix, scale, upload) for matrix in (queries, targets))
    metric = request.definition
    needed = {*metric.sums} | ({"n"} if request.counted else set())
    a, _ = metric.statistic(*_totals(x, xp), request.alpha)
    _, b = metric.statistic(*_totals(y, xp), request.alpha)
    own = xp.asarray(own)
    height = max(1, BLOCK_BYTES // (8 * targets.shape[0] * (len(needed) + 3)))
    kept = [xp.empty((0, request.k), dtype=xp.int64)]
    for start in range(0, queries.shape[0], height):
        rows = slice(start, start + height)
        sums = {name: dense_product(x[SUMS[name][0]][rows], y[SUMS[name][1]]) for name in needed}
        keys = keys_of_block(sums, a[rows], b, own[rows], request, unit=unit_of(scale), xp=xp)
        kept.append(best(keys, request.k, xp))
    return unpack(xp.concatenate(kept), xp)


def _powers(matrix: sparse.csr_array, scale: float, upload: Any) -> list[Any]:
    """The scaled matrix with entries to the power of 0, 1 and 2; what is 0 stays an entry."""
    values = scaled(matrix.data, scale)
    parts = [(values**p, matrix.indices, matrix.indptr) for p in range(3)]
    return [upload(part, shape=matrix.shape) for part in parts]


def _totals(powers: list[Any], xp: Any) -> tuple[Any, Any]:
    """Number of entries and sum of squares of every row."""
    counts, _, squares = (xp.asarray(power.sum(axis=1)).ravel() for power in powers)
    return counts, squares


def dense_product(a: Any, b: Any) -> Any:
    """A @ B.T as a dense array."""
    return (b @ a.toarray().T).T
