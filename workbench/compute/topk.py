"""The k best columns of every row, exactly, with ties to the lower column."""

from typing import Any

import numpy as np

Array = Any


def top_k(scores: Array, k: int, *, xp: Any = np) -> tuple[Array, Array]:
    """Return the k highest scores of every row, best first, ties to the lower column.

    A score and its column are packed into one int64 that orders as the pair does, so that a
    partition cannot choose among equals by chance.

    Parameters
    ----------
    scores : array of shape (rows, columns)
        Rounded to float32 before they are compared. NaN and -inf are never chosen.
    k : int
        Rows with fewer than k scores are padded.
    xp : module
        NumPy or CuPy, whichever `scores` belongs to.

    Returns
    -------
    columns : int32 array of shape (rows, k)
        -1 where padded.
    best : float32 array of shape (rows, k)
        0 where padded.
    """
    rows, columns = scores.shape
    kept = min(k, columns)
    keys = _pack(xp.asarray(scores, dtype=xp.float32), xp)
    if kept < columns:
        keys = xp.partition(keys, columns - kept, axis=1)[:, columns - kept :]
    keys = xp.sort(keys, axis=1)[:, ::-1]
    chosen = xp.full((rows, k), -1, dtype=xp.int32)
    best = xp.zeros((rows, k), dtype=xp.float32)
    column, score = _unpack(keys, columns, xp)
    valid = score > -xp.inf
    chosen[:, :kept] = xp.where(valid, column, -1)
    best[:, :kept] = xp.where(valid, score, 0)
    return chosen, best


def _pack(scores: Array, xp: Any) -> Array:
    # Adding 0 turns -0.0 into 0.0, which would order below it.
    scores = xp.where(xp.isnan(scores), xp.float32(-xp.inf), scores + xp.float32(0))
    backwards = xp.arange(scores.shape[1] - 1, -1, -1, dtype=xp.int64)
    return (_flip(scores.view(xp.int32)).astype(xp.int64) << 32) | backwards


def _unpack(keys: Array, columns: int, xp: Any) -> tuple[Array, Array]:
    score = _flip((keys >> 32).astype(xp.int32)).view(xp.float32)
    return (columns - 1 - (keys & 0xFFFFFFFF)).astype(xp.int32), score


def _flip(bits: Array) -> Array:
    """Bits of a float32 as an int32 that orders as the float does, and back again."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)
