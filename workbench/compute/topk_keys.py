"""A score and its column packed into one int64, a key, that orders as the pair does.

The higher score first, then the lower column. Keys make choosing the best independent of the order
in which pairs are seen, whatever the engine and however the work is divided.
"""

from typing import Any

import numpy as np

Array = Any

EMPTY = np.iinfo(np.int64).min
"""The key of no neighbour: below all others."""


def best(keys: Array, k: int, xp: Any = np) -> Array:
    """Return the k greatest keys of every row, greatest first; EMPTY where there are fewer."""
    rows, columns = keys.shape
    if k < columns and xp is np:  # CuPy's partition is a sort
        keys = xp.partition(keys, columns - k, axis=1)[:, columns - k :]
    padding = xp.full((rows, max(0, k - columns)), EMPTY, dtype=xp.int64)
    return xp.concatenate([xp.sort(keys, axis=1)[:, ::-1][:, :k], padding], axis=1)


def pack(scores: Array, xp: Any = np) -> Array:
    """Keys of a float32 array of shape (rows, columns); EMPTY for NaN and -inf."""
    # Adding 0 turns -0.0 into 0.0, which would order below it.
    keys = repack(xp.arange(scores.shape[1]), scores + xp.float32(0), xp)
    return xp.where(xp.isnan(scores) | (scores == -xp.inf), EMPTY, keys)


def repack(columns: Array, scores: Array, xp: Any = np) -> Array:
    """Keys of columns and their scores, as `unpack` gives them."""
    bits = _flip(scores.view(xp.int32)).astype(xp.int64)
    keys = (bits << 32) | (0xFFFFFFFF - columns.astype(xp.int64))
    return xp.where(columns < 0, EMPTY, keys)


def unpack(keys: Array, xp: Any = np) -> tuple[Array, Array]:
    """Columns (-1 where empty) and scores (0 where empty) of keys."""
    empty = keys == EMPTY
    score = _flip((keys >> 32).astype(xp.int32)).view(xp.float32)
    column = (0xFFFFFFFF - (keys & 0xFFFFFFFF)).astype(xp.int32)
    return xp.where(empty, xp.int32(-1), column), xp.where(empty, xp.float32(0), score)


def _flip(bits: Array) -> Array:
    """Bits of a float32 as an int32 that orders as the float does, and back again."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)
