"""Neighbours among dense vectors: a matrix product a block, on whichever device."""

from typing import Any

import numpy as np

from workbench.compute._blocks import keys_of_block
from workbench.compute._pack import scale_of, scaled, unit_of
from workbench.compute.metrics import COLUMN_CENTRED, ONES, ROW_CENTRED, SUMS
from workbench.compute.request import Request
from workbench.compute.topk import best, unpack
from workbench.compute.weighting import less
from workbench.device import Device

BLOCK_BYTES = 2**26  # of a block's scores and keys


def nearest(
    vectors: np.ndarray, request: Request, *, rows: np.ndarray | None, device: Device
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k best of all vectors for all, or for some of them.

    Parameters
    ----------
    vectors : float64 array of shape (n, d)
    request : Request
    rows : int array, optional
    device : Device

    Returns
    -------
    indices : int32 array of shape (rows, k)
    scores : float32 array of shape (rows, k)
    """
    xp = _library(device)
    held = _prepared(vectors, request.definition.of)
    scale = scale_of(held.ravel())
    x, unit = xp.asarray(scaled(held, scale)), unit_of(scale)
    n, width = x.shape
    own = xp.arange(n) if rows is None else xp.asarray(rows)
    squares = (x * x).sum(axis=1)
    statistic = request.definition.statistic
    a, b = statistic(xp.full(n, float(width)), squares, request.alpha)
    needed = {*request.definition.sums} | ({"n"} if request.counted else set())
    height = max(1, BLOCK_BYTES // (8 * max(1, n) * (len(needed) + 3)))
    kept = [xp.empty((0, request.k), dtype=xp.int64)]
    for start in range(0, len(own), height):
        mine = own[start : start + height]
        sums = {name: _sum(x[mine], x, *SUMS[name], xp) for name in needed}
        keys = keys_of_block(sums, a[mine], b, mine, request, unit=unit, xp=xp)
        kept.append(best(keys, request.k, xp))
    indices, scores = unpack(xp.concatenate(kept), xp)
    return (indices, scores) if xp is np else (indices.get(), scores.get())


def _library(device: Device) -> Any:
    if device.kind == "gpu":
        import cupy

        return cupy
    return np


def _prepared(vectors: np.ndarray, of: str) -> np.ndarray:
    if of == ONES:
        return np.ones_like(vectors)
    if of in (ROW_CENTRED, COLUMN_CENTRED) and vectors.size:
        return less(vectors, vectors.mean(axis=1 if of == ROW_CENTRED else 0, keepdims=True))
    return vectors


def _sum(x: Any, y: Any, p: int, q: int, xp: Any) -> Any:
    if p and q:
        return x @ y.T
    shape = (len(x), len(y))
    return xp.broadcast_to((x**p).sum(axis=1)[:, None] if p else (y**q).sum(axis=1), shape)
