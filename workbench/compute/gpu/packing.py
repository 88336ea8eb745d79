"""Ratings packed where they are: by sorts, with the functions that NumPy and CuPy both have.

What `compute.cpu.packing` does with threads on the host, for the card. All that has a number an
entry stays there; what has one a row comes to the host, where the rules of a search are made.
"""

from typing import Any

import numpy as np

from workbench.compute.cpu.packing import SCALES, Entries, PackedRatings, has_codes, power, scaled
from workbench.compute.options import SimilarityOptions
from workbench.compute.weighting import UNPREPARED, Coordinates, Weighting
from workbench.device.arrays import group_sums, library_of, to_host


def prepared(
    features: Any, rows: Any, values: Any, shape: tuple[int, int], options: SimilarityOptions
) -> tuple[Any, Any, Any]:
    """Entries as `workbench.compute.weighting.Weighting` gives them to a metric."""
    # Sums run in the order of the host's matrix.
    if (options.definition.of, options.weighting) not in UNPREPARED:
        order = library_of(rows).argsort(features * shape[1] + rows, kind="stable")
        features, rows, values = features[order], rows[order], values[order]
    entries = Coordinates(values, rows, features, shape)
    return features, rows, Weighting(entries, options).transform_entries(entries)


def pack(features: Any, rows: Any, values: Any, shape: tuple[int, int]) -> PackedRatings | None:
    """As `compute.cpu.packing.pack`, of NumPy's or CuPy's arrays, one number an entry.

    But for the blocks, which only threads need. None where a row has a feature twice: the host
    packs those.
    """
    xp, (_, n) = library_of(rows), shape
    counts = xp.bincount(rows, minlength=n)
    scale, least, greatest = _coding(values)
    coded = has_codes(least, greatest, counts)
    lengths = xp.bincount(features, minlength=shape[0])
    ids = xp.argsort(-counts, kind="stable")
    order = xp.argsort(-lengths, kind="stable")
    keys = _inverse(order)[features] * n + _inverse(ids)[rows]
    by_feature = xp.argsort(keys, kind="stable")
    keys = keys[by_feature]
    if (keys[1:] == keys[:-1]).any():
        return None
    numbers = scaled(values, scale)[by_feature]
    feature, rank = xp.divmod(keys, n)
    places = xp.argsort(rank, kind="stable")
    position = np.uint32 if len(values) < 2**32 else np.uint64
    nothing = np.empty(0)
    # Whole numbers add up to the same in any order; others are added up on the host, in its.
    squares = (
        xp.bincount(rank, numbers * numbers, n) if coded else group_sums(numbers * numbers, rank, n)
    )
    return PackedRatings(
        Entries(
            ((rank << 8) | (numbers.astype(np.int64) - least) if coded else rank).astype(np.uint32),
            _cumulated(lengths[order], position),
            feature[places].astype(np.uint32),
            places.astype(position),
            nothing if coded else numbers,
            nothing,
        ),
        np.arange(least, greatest + 1) if coded else np.empty(0, np.int64),
        to_host(_cumulated(counts[ids], position)),
        to_host(ids.astype(np.uint32)),
        to_host(counts[ids].astype(np.float64)),
        to_host(squares),
        nothing,
        nothing,
        scale,
    )


def _coding(values: Any) -> tuple[float, int, int]:
    """As `workbench.compute.cpu.packing._coding`."""
    xp = library_of(values)
    for scale in map(float, SCALES) if len(values) else ():
        whole = xp.rint(values * scale)
        if (whole / scale == values).all() and xp.abs(whole).max() <= 2**26:
            return scale, int(whole.min()), int(whole.max())
    return power([values]), 0, -1


def _inverse(order: Any) -> Any:
    xp = library_of(order)
    places = xp.empty_like(order)
    places[order] = xp.arange(len(order))
    return places


def _cumulated(lengths: Any, dtype: Any) -> Any:
    xp = library_of(lengths)
    starts = xp.zeros(len(lengths) + 1, dtype)
    starts[1:] = xp.cumsum(lengths)
    return starts
