"""What the engines share: score a block of rows against all rows, keep the k best, go on."""

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.compute.metrics import ONES, SQUARES, VALUES, Metric
from workbench.compute.topk import top_k

Array = Any
Product = Callable[[Any, Any], Array]

BLOCK_BYTES = 4 * 2**20  # about what a core's cache holds


def nearest_in_blocks(
    queries: Any,
    targets: Any,
    metric: Metric,
    k: int,
    *,
    own: Array,
    signed: bool,
    min_overlap: int,
    prepare: Callable[[Any], Any],
    product: Product,
    xp: Any = np,
) -> tuple[Array, Array]:
    """Score blocks of query rows against all target rows and keep the k best of each.

    Parameters
    ----------
    queries, targets : CSR arrays of shape (queries, columns) and (targets, columns), float64
    own : int array of shape (queries,)
        The target row that is the query itself and so not its neighbour; -1 where there is none.
    prepare, product : callable
        ``product(a, prepare(b))`` is the dense a @ b.T of two CSR arrays.
    """
    counted = signed or min_overlap > 1
    needed = metric.sums | ({"n": (ONES, ONES)} if counted else {})
    x, y = _views(queries), _views(targets)
    x_norm, y_norm = (xp.asarray(view[SQUARES].sum(axis=1)).ravel() for view in (x, y))
    right = {name: prepare(y[of_y]) for name, (_, of_y) in needed.items()}
    height = max(1, BLOCK_BYTES // (8 * targets.shape[0] * (len(needed) + 2)))
    indices, scores = [], []
    for start in range(0, max(1, queries.shape[0]), height):
        rows = slice(start, start + height)
        sums = {name: product(x[of_x][rows], right[name]) for name, (of_x, _) in needed.items()}
        block = metric.epilogue(xp, sums, x_norm[rows, None], y_norm[None, :])
        if counted:
            block[sums["n"] < min_overlap] = xp.nan
        if not signed:
            block[~(block > 0)] = xp.nan
        _forget_self(block, own[rows], xp)
        best = top_k(block, k, xp=xp)
        indices.append(best[0])
        scores.append(best[1])
    return xp.concatenate(indices), xp.concatenate(scores)


def _views(matrix: Any) -> dict[str, Any]:
    squares, ones = matrix.copy(), matrix.copy()
    squares.data = matrix.data**2
    ones.data = matrix.data * 0 + 1
    return {VALUES: matrix, SQUARES: squares, ONES: ones}


def _forget_self(block: Array, own: Array, xp: Any) -> None:
    rows = xp.arange(block.shape[0])
    block[rows[own >= 0], own[own >= 0]] = xp.nan
