"""Ratings in the order the CPU kernels read them: by popularity, an entry in 32 bits if it fits.

Rows are ranked by their number of entries, the most popular first, and each feature's entries are
laid out in that order: for a row, the more popular rows that share a feature with it are then the
beginning of the feature's entries. Features are ordered by their number of entries too, so that
those dense enough for a matrix product come first.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba as nb
import numpy as np
from scipy import sparse

from workbench.device.threads import Team

CODES = 64  # distinct whole numbers that get a code
SCALES = (1, 2, 4, 5, 10, 100)  # what makes ratings whole: stars, half stars, tenths, cents
BLOCK_BYTES = 2**20  # of a block of features' entries: half of a core's cache or less
BLOCKS = 512  # at most, as every block counts its entries a row

_jit = nb.njit(nogil=True, error_model="numpy", cache=True)


class Entries(NamedTuple):
    """Ratings in the order the kernels read them."""

    # uint32, by feature (the other side), its rows in the order of their rank: rank << 8 | code
    # where values have codes, else the rank alone.
    entries: np.ndarray
    starts: np.ndarray  # where a feature's entries start; unsigned, of shape (features + 1,)
    features: np.ndarray  # by row, as the next: the features it has an entry of; unsigned
    places: np.ndarray  # where its value is in `query_values` or, if there are codes, in `entries`
    # float64 of the shape of `entries`: their values. Or of shape (codes, codes), or
    # (codes, codes, 3): what a pair of codes adds to the words of the accumulators.
    values: np.ndarray
    query_values: np.ndarray  # float64, of rows that are searched for; empty if there are codes


@dataclass(frozen=True)
class PackedRatings:
    """Ratings ready for the kernels."""

    data: Entries  # without the table of what a pair of codes adds, which depends on the metric
    codes: np.ndarray  # int64, the value of every code; empty where values have none
    begins: np.ndarray  # where a row's entries start in `data.features` and `data.places`: (n + 1,)
    ids: np.ndarray  # uint32, row number of every rank
    counts: np.ndarray  # float64, number of entries of every row, by rank
    squares: np.ndarray  # float64, sum of squares of every row, by rank
    blocks: np.ndarray  # edges of the blocks of features, each of about as many entries
    block_begins: np.ndarray  # where a row's entries of a block start: (blocks + 1, n)
    scale: float  # what the values were multiplied by

    @property
    def ranks(self) -> np.ndarray:
        """Rank of every row."""
        return np.argsort(self.ids)


def scale_of(*values: np.ndarray) -> float:
    """What to multiply values by: to make them whole, or else to keep their squares in range."""
    return _coding(*values)[0]


def are_whole(values: np.ndarray, scale: float) -> bool:
    """Whether a scale makes values whole."""
    _, least, greatest = _coding(values, scale=scale)
    return least <= greatest


def scaled(values: Any, scale: float) -> Any:
    """Values times their scale: a power of two keeps their digits, another makes them whole."""
    product = values * scale
    return product if np.frexp(scale)[0] == 0.5 else np.rint(product, out=product)


def pack(
    by_feature: sparse.csr_array, team: Team, *others: np.ndarray, scale: float | None = None
) -> PackedRatings:
    """Rank rows, order features, and lay out the entries of a CSR array of shape (features, rows).

    Codes are for `others` too: values of rows that are compared with these. `scale` is what to
    multiply values by, where these rows are some of many.
    """
    indptr, indices, values = by_feature.indptr, by_feature.indices, by_feature.data
    _features, n = by_feature.shape
    position = np.uint32 if len(values) < 2**32 else np.uint64
    counts = np.bincount(indices, minlength=n)
    ids = np.argsort(-counts, kind="stable").astype(np.uint32)
    ranks = np.argsort(ids).astype(np.uint32)
    lengths = np.diff(indptr)
    order = np.argsort(-lengths, kind="stable").astype(np.uint32)
    starts = _cumulated(lengths[order], position)
    begins = _cumulated(counts[ids], position)

    blocks = _block_edges(starts)
    each = range(len(blocks) - 1)
    edges = np.zeros((len(blocks), n), position)
    edges[0] = begins[:-1]
    source = indptr, indices, ranks, order
    team.each(lambda b: _count(*source, blocks[b], blocks[b + 1], edges[b + 1]), each)
    np.cumsum(edges, axis=0, out=edges)

    of_row = np.empty(len(values), np.uint32), np.empty(len(values), position)
    team.each(lambda b: _by_row(*source, blocks[b], blocks[b + 1], edges[b].copy(), *of_row), each)

    scale, least, greatest = _coding(values, *others, scale=scale)
    coded = has_codes(least, greatest, counts)
    codes = np.arange(least, greatest + 1) if coded else np.empty(0, np.int64)
    entries = np.empty(len(values), np.uint32)
    floats = np.empty(0 if coded else len(values))
    place = _place_codes if coded else _place_floats
    filled = starts.copy()
    coding = (values, scale, least, entries, floats)
    team.each(lambda b: place(edges[b], edges[b + 1], *of_row, filled, *coding), each)
    if least <= greatest:
        np.rint(floats, out=floats)
    squares = np.empty(n)
    total = _code_squares if coded else _float_squares
    parts = np.linspace(0, n, 64).astype(int)
    rows = list(itertools.pairwise(parts))
    team.each(lambda part: total(*part, begins, of_row[1], entries, least, floats, squares), rows)
    return PackedRatings(
        Entries(entries, starts, *of_row, floats, floats),
        codes,
        begins,
        ids,
        counts[ids].astype(float),
        squares,
        blocks,
        edges,
        scale,
    )


def has_codes(least: int, greatest: int, counts: Any) -> bool:
    """Whether whole numbers in rows of so many get codes: few, and their sums stay in 32 bits."""
    most, longest = max(abs(least), abs(greatest)), int(counts.max()) if len(counts) else 0
    return 0 <= greatest - least < CODES and longest * most**2 < 2**31 and len(counts) < 2**24


def _coding(*values: np.ndarray, scale: float | None = None) -> tuple[float, int, int]:
    """Scale of the values, and the least and greatest of them scaled; 0, -1 if they stay broken."""
    for factor in SCALES if scale is None else (scale,):
        limits = np.array([_whole(part, float(factor)) for part in values if len(part)])
        if len(limits) and (limits[:, 0] <= limits[:, 1]).all():
            return float(factor), int(limits[:, 0].min()), int(limits[:, 1].max())
    return scale or power(values), 0, -1


def extremes(values: Any) -> np.ndarray:
    """The least and the greatest size of those that are not 0: all that `power` depends on."""
    sizes = np.abs(values[values != 0])
    return np.array([float(sizes.min()), float(sizes.max())] if len(sizes) else [])


def power(values: Iterable[Any]) -> float:
    """A power of two that brings values about 1, and so what four of them multiply to in range."""
    sizes = np.concatenate([[], *map(extremes, values)])
    if not len(sizes):
        return 1.0
    top, bottom = np.frexp([sizes.max(), sizes.min()])[1].tolist()
    return float(np.ldexp(1.0, int(np.clip(-max((top + bottom) // 2, top - 250), -1000, 1000))))


def unit_of(scale: float) -> float:
    """What a product of two scaled values is worth, as far as floats go."""
    with np.errstate(all="ignore"):
        return float(np.clip(1 / np.float64(scale) ** 2, 1e-300, 1e300))


def _cumulated(lengths: np.ndarray, dtype: Any) -> np.ndarray:
    starts = np.zeros(len(lengths) + 1, dtype)
    np.cumsum(lengths, out=starts[1:])
    return starts


def _block_edges(starts: np.ndarray) -> np.ndarray:
    """Features from which to which each block goes, of about as many entries."""
    entries = int(starts[-1])
    count = int(np.clip(entries * 4 // BLOCK_BYTES, 1, BLOCKS))
    edges = np.searchsorted(starts[:-1], np.linspace(0, entries, count + 1)[1:-1])
    return np.unique([0, *edges, len(starts) - 1])


@_jit
def _whole(values, scale):  # type: ignore[no-untyped-def]
    least, greatest = np.inf, -np.inf
    for value in values:
        number = np.rint(value * scale)
        if number / scale != value or abs(number) > 2.0**26:
            return 1.0, 0.0
        least = min(least, number)
        greatest = max(greatest, number)
    return least, greatest


@_jit
def _count(indptr, indices, ranks, order, first, last, counts):  # type: ignore[no-untyped-def]
    for f in range(first, last):
        for p in range(indptr[order[f]], indptr[order[f] + 1]):
            counts[ranks[indices[p]]] += 1


@_jit
def _by_row(indptr, indices, ranks, order, first, last, cursor, features, places):  # type: ignore[no-untyped-def]
    for f in range(first, last):
        for p in range(indptr[order[f]], indptr[order[f] + 1]):
            row = ranks[indices[p]]
            e = cursor[row]
            cursor[row] = e + 1
            features[e] = f
            places[e] = p  # in the source, until the entry has its own place


@_jit
def _place_codes(  # type: ignore[no-untyped-def]
    begins, ends, features, places, filled, values, scale, least, entries, floats
):  # fmt: skip
    for row in range(begins.size):
        for e in range(begins[row], ends[row]):
            place = filled[features[e]]
            filled[features[e]] = place + 1
            code = np.uint32(np.int64(np.rint(values[places[e]] * scale)) - least)
            entries[place] = (np.uint32(row) << np.uint32(8)) | code
            places[e] = place


@_jit
def _place_floats(  # type: ignore[no-untyped-def]
    begins, ends, features, places, filled, values, scale, least, entries, floats
):  # fmt: skip
    for row in range(begins.size):
        for e in range(begins[row], ends[row]):
            place = filled[features[e]]
            filled[features[e]] = place + 1
            entries[place] = row
            floats[place] = values[places[e]] * scale
            places[e] = place


@_jit
def _code_squares(first, last, begins, places, entries, least, floats, squares):  # type: ignore[no-untyped-def]
    for row in range(first, last):
        total = np.int64(0)
        for e in range(begins[row], begins[row + 1]):
            value = np.int64(entries[places[e]] & np.uint32(255)) + least
            total += value * value
        squares[row] = total


@_jit
def _float_squares(first, last, begins, places, entries, least, floats, squares):  # type: ignore[no-untyped-def]
    for row in range(first, last):
        total = 0.0
        for e in range(begins[row], begins[row + 1]):
            total += floats[places[e]] ** 2
        squares[row] = total
