"""Ratings packed where they are: by sorts, with the functions that NumPy and CuPy both have.

What `workbench.compute._pack` does with threads on the host, for the card. All that has a number an
entry stays there; what has one a row comes to the host, where the rules of a search are made.
"""

from typing import Any

import numpy as np

from workbench.compute._kernels import Entries
from workbench.compute._pack import CODES, SCALES, Packed
from workbench.datasets import frames


def pack(features: Any, rows: Any, values: Any, shape: tuple[int, int]) -> Packed | None:
    """Rank rows, order features, and lay out the entries.

    Parameters
    ----------
    features, rows : int64 arrays of shape (entries,)
        NumPy's or CuPy's.
    values : float64 array of shape (entries,)
    shape : (features, rows)

    Returns
    -------
    Packed
        As `workbench.compute._pack.pack`, but for the blocks, which only threads need. None where
        values have no codes, or a row has a feature twice: the host packs those.
    """
    xp, (_, n) = frames.arrays(rows), shape
    counts = xp.bincount(rows, minlength=n)
    coding = _coding(values, int(counts.max()) if n else 0)
    if coding is None or n >= 2**24:
        return None
    scale, least, greatest = coding
    lengths = xp.bincount(features, minlength=shape[0])
    ids = xp.argsort(-counts, kind="stable")
    order = xp.argsort(-lengths, kind="stable")
    keys = _inverse(order)[features] * n + _inverse(ids)[rows]
    by_feature = xp.argsort(keys, kind="stable")
    keys = keys[by_feature]
    if (keys[1:] == keys[:-1]).any():
        return None
    whole = xp.rint(values * scale)
    codes = whole[by_feature].astype(np.int64) - least
    feature, rank = xp.divmod(keys, n)
    places = xp.argsort(rank, kind="stable")
    position = np.uint32 if len(values) < 2**32 else np.uint64
    nothing = np.empty(0)
    return Packed(
        Entries(
            ((rank << 8) | codes).astype(np.uint32),
            _cumulated(lengths[order], position),
            feature[places].astype(np.uint32),
            places.astype(position),
            nothing,
            nothing,
        ),
        np.arange(least, greatest + 1),
        frames.on_host(_cumulated(counts[ids], position)),
        frames.on_host(ids.astype(np.uint32)),
        frames.on_host(counts[ids].astype(np.float64)),
        frames.on_host(xp.bincount(rows, whole * whole, n)[ids]),
        nothing,
        nothing,
        scale,
    )


def _coding(values: Any, longest: int) -> tuple[float, int, int] | None:
    """Scale of the values, and the least and greatest of them scaled; None without codes."""
    xp = frames.arrays(values)
    for scale in map(float, SCALES) if len(values) else ():
        whole = xp.rint(values * scale)
        if (whole / scale == values).all():
            least, greatest = int(whole.min()), int(whole.max())
            # Sums stay in 32 bits.
            fits = longest * max(abs(least), abs(greatest)) ** 2 < 2**31
            return (scale, least, greatest) if fits and greatest - least < CODES else None
    return None


def _inverse(order: Any) -> Any:
    xp = frames.arrays(order)
    places = xp.empty_like(order)
    places[order] = xp.arange(len(order))
    return places


def _cumulated(lengths: Any, dtype: Any) -> Any:
    xp = frames.arrays(lengths)
    starts = xp.zeros(len(lengths) + 1, dtype)
    starts[1:] = xp.cumsum(lengths)
    return starts
