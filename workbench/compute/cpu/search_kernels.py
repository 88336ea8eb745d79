"""The compiled loops of the CPU engine: sum products into accumulators, score, keep the k best.

Rows are numbered by popularity, the most popular 0. Each function runs without the GIL on a range
of rows; whoever calls it from several threads gives each its own accumulators. Indices are
unsigned because Numba pays for the wrap-around of signed ones.
"""

import math
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numba.extending import overload

from workbench.compute import metrics
from workbench.compute.cpu import topk_kernels
from workbench.compute.cpu.topk_kernels import (
    ONE,
    ZERO,
    fetch,
    inline,
    jit,
    key_of,
    kth_greatest,
    score_of,
    store_best,
)
from workbench.compute.metrics import METRICS
from workbench.compute.topk_keys import EMPTY

EIGHT = np.uint64(8)
SPAN = np.uint64(64)  # columns looked at together: one branch for all of them
AHEAD = 4  # raters whose entries are fetched before they are needed
LINE = 16  # entries of four bytes in a cache line
SAFE = 0.99997  # of a bound that is a score but for rounding, the score is no lower
SPARSE = 8  # rows with less work than a SPARSE-th of their width are walked, not scanned


# --- scores -----------------------------------------------------------------------------------


@inline
def _where(condition: bool, yes: float, no: float) -> float:
    return yes if condition else no


def _choice(number: int, epilogue: Any, otherwise: Any) -> Any:
    compiled = inline(epilogue)

    @inline
    def score(metric, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
        if metric == number:
            return compiled(math.sqrt, _where, n, x, xx, y, yy, xy, a, b, shrink, unit)
        return otherwise(metric, n, x, xx, y, yy, xy, a, b, shrink, unit)

    return score


@inline
def _no_metric(metric, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return np.nan


NUMBERS = {name: number for number, name in enumerate(METRICS)}
_score = _no_metric
for _name, _place in reversed(NUMBERS.items()):
    _score = _choice(_place, METRICS[_name].epilogue, _score)


# --- sums -------------------------------------------------------------------------------------
# Arrays are passed one by one: every access to a tuple's array would count its references.


def _add(sums: Any, words: Any, e: Any, low: Any, end: Any, *arrays: Any) -> Any:
    """Add the products of a row's entry e with the entries from low to end."""
    raise NotImplementedError


@overload(_add, jit_options={"forceinline": True})
def _overload_add(sums, words, e, low, end, entries, places, values, query_values):  # type: ignore[no-untyped-def]
    return {1: _add_floats, 2: _add_words, 3: _add_three_words}[values.ndim]


def _add_words(sums, words, e, low, end, entries, places, values, query_values):  # type: ignore[no-untyped-def]
    x = entries[places[e]] & np.uint32(255)
    for p in range(low, end):
        entry = entries[p]
        words[entry >> np.uint32(8)] += values[x, entry & np.uint32(255)]


def _add_three_words(sums, words, e, low, end, entries, places, values, query_values):  # type: ignore[no-untyped-def]
    x = entries[places[e]] & np.uint32(255)
    for p in range(low, end):
        entry = entries[p]
        j, y = entry >> np.uint32(8), entry & np.uint32(255)
        words[j, 0] += values[x, y, 0]
        words[j, 1] += values[x, y, 1]
        words[j, 2] += values[x, y, 2]


def _add_floats(sums, words, e, low, end, entries, places, values, query_values):  # type: ignore[no-untyped-def]
    x = query_values[places[e]]
    count = sums.shape[1]
    if count == 1:
        for p in range(low, end):
            sums[entries[p], 0] += x * values[p]
    elif count == 2:
        for p in range(low, end):
            j = entries[p]
            sums[j, 0] += 1.0
            sums[j, 1] += x * values[p]
    else:
        for p in range(low, end):
            j, y = entries[p], values[p]
            sums[j, 0] += 1.0
            sums[j, 1] += x
            sums[j, 2] += x * x
            sums[j, 3] += y
            sums[j, 4] += y * y
            sums[j, 5] += x * y


def _row_of(entry: Any, values: Any) -> Any:
    """The row of an entry."""
    raise NotImplementedError


@overload(_row_of, jit_options={"forceinline": True})
def _overload_row_of(entry, values):  # type: ignore[no-untyped-def]
    if values.ndim == 1:
        return lambda entry, values: entry
    return lambda entry, values: entry >> np.uint32(8)


# --- the search -------------------------------------------------------------------------------


@inline
def _most(sums, j, bound, factor):  # type: ignore[no-untyped-def]
    """No score of this row with row j is above it; in float32, as infinity is a score there."""
    return np.float32(bound.dtype.type(sums[j, sums.shape[1] - 1]) * bound[j] * factor)


@inline
def _bits(number):  # type: ignore[no-untyped-def]
    """A float's bits as an integer, which orders positive floats as they do themselves."""
    return np.float32(number).view(np.int32)


@inline
def _look(sums, start, bound, factor, least, half):  # type: ignore[no-untyped-def]
    """Bits of the most that a span has for this row, and whether it may have some for another."""
    # The greatest of floats is not vectorised, for fear of NaN; that of integers is.
    top = np.int32(0)
    offered = False
    if half:
        for j in range(start, start + SPAN):
            most = _most(sums, j, bound, factor)
            top = max(top, _bits(most))
            offered |= most >= least[j]
    else:
        for j in range(start, start + SPAN):
            top = max(top, _bits(_most(sums, j, bound, factor)))
    return top, offered


@inline
def _mark(marks, sums, start, end, bounded, bound, factor, limit, half, least, signed):  # type: ignore[no-untyped-def]
    """Mark what may be among the best in a span."""
    marks[:] = 0
    if not bounded:
        for j in range(start, end):
            marks[j - start] = signed or sums[j, 0] != 0
    elif half:
        for j in range(start, end):
            most = _most(sums, j, bound, factor)
            marks[j - start] = (most >= limit) | (most >= least[j])
    else:
        for j in range(start, end):
            marks[j - start] = _most(sums, j, bound, factor) >= limit


@inline
def _score_pair(sums, j, metric, a, b, shrink, unit, signed, min_overlap):  # type: ignore[no-untyped-def]
    """Score as it is compared; NaN where the two are no neighbours."""
    n = x = xx = y = yy = 0.0
    count = sums.shape[1]
    xy = np.float64(sums[j, count - 1])
    if count > 1:
        n = np.float64(sums[j, 0])
    if count == 6:
        x, xx = np.float64(sums[j, 1]), np.float64(sums[j, 2])
        y, yy = np.float64(sums[j, 3]), np.float64(sums[j, 4])
    score = np.float32(_score(metric, n, x, xx, y, yy, xy, a, b, shrink, unit))
    if (count > 1 and n < min_overlap) or not score > (-np.inf if signed else 0.0):
        return np.float32(np.nan)
    return score + np.float32(0.0)


@inline
def _keep(  # type: ignore[no-untyped-def]
    score, q, j, ids, half, k, limit, mine, kept, kth, least, lowest, out_rows, out_keys, out
):  # fmt: skip
    """Let a score in among the best of row q and, if `half`, offer it to row j."""
    if score >= limit:
        key = key_of(score, ids[j])
        if key > kth:
            mine[kept] = key
            kept += ONE
            if kept == mine.size:
                kth = kth_greatest(mine, ZERO, kept, k)
                limit = max(limit, score_of(kth))
                kept = k
    if half and score >= least[j]:
        key = key_of(score, ids[q])
        if key > lowest[j]:
            out_rows[out] = j
            out_keys[out] = key
            out += 1
    return limit, kept, kth, out


def _make_search(stamp: str) -> Any:
    """Compile the search; Numba keeps it on disk until this file or the stamp changes."""

    @jit
    def search(  # type: ignore[no-untyped-def]
        first, last, half, begins, ends, excluded, data, scoring, base, base_row, lists, least,
        lowest, stop, sums, words, spans, marks, mine, best_keys, out_rows, out_keys,
    ):  # fmt: skip
        """Search rows first to last; returns the row to go on from and how many offers there are.

        Parameters
        ----------
        half : bool
            Compare with the rows before each only: the best of its row go to `best_keys`, and what
            may be among the best of the other row to `out_rows` and `out_keys`, all to be merged.
            Else with all rows, for `lists` alone.
        begins, ends : unsigned arrays
            Where the entries of each row start and end.
        base : float32 array of shape (sums, rows, columns)
            What the accumulators of the rows from base_row on start with; empty for nothing.
        """
        stamp  # noqa: B018 - being a closure's variable, it is part of the key of Numba's cache
        entries, starts, features, places = data.entries, data.starts, data.features, data.places
        values, query_values = data.values, data.query_values
        metric, shrink, unit, signed = scoring.metric, scoring.shrink, scoring.unit, scoring.signed
        bounded, min_overlap, floor = scoring.bounded, scoring.min_overlap, scoring.floor
        left, right, ids = scoring.left, scoring.right, scoring.ids
        bound, query_bound = scoring.bound, scoring.query_bound
        based = base.shape[0] > 0
        count = np.uint64(sums.shape[1])
        flat = sums.reshape(sums.size)
        results = best_keys.reshape(best_keys.size) if half else lists.reshape(lists.size)
        greatest, chosen = spans[0], spans[1]
        eights = marks.view(np.uint64)
        certain = _bits(np.inf)
        k = np.uint64(best_keys.shape[1] if half else lists.shape[1])
        out = 0
        for q in range(np.uint64(first), np.uint64(last)):
            width = q if half else np.uint64(sums.shape[0])
            done = q - np.uint64(first)
            if stop[0] or (half and (out + width > out_rows.size or done == best_keys.shape[0])):
                return q, out
            limit = max(least[q], floor) if half else floor
            kept, kth = ZERO, EMPTY
            a, factor = left[q], query_bound[q]
            for f in range(base.shape[0]):
                for j in range(width):
                    sums[j, f] = sums.dtype.type(base[f, q - base_row, j])
            work = np.uint64(0)
            for e in range(begins[q], ends[q]):
                if e + AHEAD < ends[q]:
                    ahead = starts[features[e + AHEAD]]
                    fetch(entries, ahead)
                    fetch(entries, ahead + LINE)
                    fetch(entries, ahead + 2 * LINE)
                low = starts[features[e]]
                end = places[e] if half else starts[features[e] + 1]
                work += end - low
                _add(sums, words, e, low, end, entries, places, values, query_values)
            if not half and excluded[q] >= 0:  # no row is its own neighbour, nor its best score
                for f in range(count):
                    sums[np.uint64(excluded[q]), f] = 0
            if not based and work * SPARSE < width:
                for e in range(begins[q], ends[q]):
                    end = places[e] if half else starts[features[e] + 1]
                    for p in range(starts[features[e]], end):
                        j = _row_of(entries[p], values)
                        if sums[j, 0] != 0:
                            most = _most(sums, j, bound, factor)
                            if not bounded or most >= limit or (half and most >= least[j]):
                                score = _score_pair(
                                    sums, j, metric, a, right[j], shrink, unit, signed, min_overlap
                                )
                                limit, kept, kth, out = _keep(
                                    score, q, j, ids, half, k, limit, mine, kept, kth, least,
                                    lowest, out_rows, out_keys, out,
                                )  # fmt: skip
                        if count == 1:
                            sums[j, 0] = 0
                        else:
                            for f in range(count):
                                sums[j, f] = 0
                store_best(mine, kept, results, (done if half else q) * k, k)
                continue
            full = np.uint64(width // SPAN)
            if bounded:
                for span in range(full):
                    chosen[span], offered = _look(sums, span * SPAN, bound, factor, least, half)
                    greatest[span] = certain if offered else chosen[span]
                if scoring.tight and full >= k:
                    # The greatest of k spans are k scores: the k-th best is no lower.
                    at_least = np.int32(kth_greatest(chosen, ZERO, full, k)).view(np.float32)
                    limit = max(limit, np.float32(at_least * SAFE))
            for span in range(full + ONE):
                if bounded and span < full and greatest[span] < _bits(limit):
                    continue
                start = span * SPAN
                _mark(marks, sums, start, min(start + SPAN, width), bounded, bound, factor,
                      limit, half, least, signed)  # fmt: skip
                for eight in range(SPAN // EIGHT):
                    if eights[eight]:
                        for e in range(eight * EIGHT, eight * EIGHT + EIGHT):
                            if marks[e]:
                                j = start + e
                                score = _score_pair(
                                    sums, j, metric, a, right[j], shrink, unit, signed, min_overlap
                                )
                                limit, kept, kth, out = _keep(
                                    score, q, j, ids, half, k, limit, mine, kept, kth, least,
                                    lowest, out_rows, out_keys, out,
                                )  # fmt: skip
            for p in range(width * count):
                flat[p] = 0
            store_best(mine, kept, results, (done if half else q) * k, k)
        return np.uint64(last), out

    return search


_inlined = (Path(str(module.__file__)).read_bytes() for module in (metrics, topk_kernels))
search = _make_search(sha256(b"".join(_inlined)).hexdigest())
