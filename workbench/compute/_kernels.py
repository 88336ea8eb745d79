"""The compiled loops of the CPU engine: sum products into accumulators, score, keep the k best.

Rows are numbered by popularity, the most popular 0. Each function runs without the GIL on a range
of rows; whoever calls it from several threads gives each its own accumulators. Indices are
unsigned because Numba pays for the wrap-around of signed ones.
"""

import math
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numba as nb
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from workbench.compute import metrics
from workbench.compute.metrics import METRICS
from workbench.compute.topk import EMPTY

_jit = nb.njit(nogil=True, error_model="numpy", cache=True)
_inline = nb.njit(nogil=True, error_model="numpy", cache=True, forceinline=True)
SPAN = np.uint64(64)  # columns looked at together: one branch for all of them
AHEAD = 4  # raters whose entries are fetched before they are needed
LINE = 16  # entries of four bytes in a cache line
SPARSE = 8  # rows with less work than a SPARSE-th of their width are walked, not scanned


class Entries(NamedTuple):
    """Ratings in the order the kernels read them.

    Attributes
    ----------
    entries : uint32 array
        By feature (the other side), its rows in the order of their rank: rank << 8 | code where
        values have codes, else the rank alone.
    starts : unsigned array of shape (features + 1,)
        Where a feature's entries start.
    features, places : unsigned arrays
        By row: the features it has an entry of, and where its value stands in `own` or, where
        values have codes, in `entries`.
    values : array
        float64 of the shape of `entries`: their values. Or of shape (codes, codes), or
        (codes, codes, 3): what a pair of codes adds to the words of the accumulators.
    own : float64 array
        Values of the rows that are searched for; empty where values have codes.
    """

    entries: np.ndarray
    starts: np.ndarray
    features: np.ndarray
    places: np.ndarray
    values: np.ndarray
    own: np.ndarray


class Rules(NamedTuple):
    """How a pair of rows is scored, and which pairs count.

    Attributes
    ----------
    metric : int
        Position in METRICS.
    left, right : float64 arrays
        The statistic of a row where it is x, and where it is y.
    query_bound, bound : float64 array, and an array of float32 or float64
        A score above 0 is at most ``xy * query_bound[x] * bound[y]``, if `bounded`; but for
        rounding it is just that, if `tight`.
    ids : uint32 array
        What stands in a key for a row: its number before rows were ranked.
    """

    metric: int
    bounded: bool
    tight: bool
    signed: bool
    min_overlap: int
    shrink: float
    unit: float
    left: np.ndarray
    right: np.ndarray
    query_bound: np.ndarray
    bound: np.ndarray
    floor: np.float32
    ids: np.ndarray


@intrinsic
def _fetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the cache line of ``array[index]`` ahead of its use."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], fnty=kind)
        address = builder.bitcast(builder.gep(start, [arguments[1]]), byte)
        builder.call(prefetch, [address, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, index), codegen


# --- keys -------------------------------------------------------------------------------------


@_inline
def _key(score: Any, row: Any) -> Any:
    """See `workbench.compute.topk.pack`."""
    bits = np.int64(np.float32(score).view(np.int32))
    return ((bits ^ ((bits >> 31) & 0x7FFFFFFF)) << 32) | (0xFFFFFFFF - np.int64(row))


@_inline
def _score_of(key: Any) -> Any:
    bits = key >> 32
    return np.int32(bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)


@_jit
def _replace_least(heap: np.ndarray, key: int) -> None:
    """Put a key in the place of the least of a min-heap."""
    size = heap.size
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[hole] = heap[child]
        hole = child
    heap[hole] = key


@_jit
def _kth_greatest(values: np.ndarray, k: int) -> float:
    """Select by Hoare's method; the values are left in another order."""
    first, last = 0, values.size - 1
    while first < last:
        pivot = values[(first + last) // 2]
        i, j = first, last
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k - 1 <= j:
            last = j
        elif k - 1 >= i:
            first = i
        else:
            break
    return values[k - 1]


@_jit
def settle(first, count, found, rows, keys, offers, heaps, least):  # type: ignore[no-untyped-def]
    """Take what a search found into the heaps: its rows' own lists, and offers to other rows."""
    for e in range(count):
        row = first + e
        untouched = True
        for key in heaps[row]:
            untouched &= key == EMPTY
        if untouched:
            heaps[row] = found[e]
        else:
            for key in found[e]:
                if key > heaps[row, 0]:
                    _replace_least(heaps[row], key)
        if heaps[row, 0] != EMPTY:
            least[row] = _score_of(heaps[row, 0])
    for e in range(offers):
        row = rows[e]
        if keys[e] > heaps[row, 0]:
            _replace_least(heaps[row], keys[e])
            if heaps[row, 0] != EMPTY:
                least[row] = _score_of(heaps[row, 0])


@_jit
def decode(first, last, heaps, order, indices, scores):  # type: ignore[no-untyped-def]
    """Indices and scores of rows first to last, best first; of row i from heap order[i]."""
    for row in range(first, last):
        keys = np.sort(heaps[order[row]])
        for e in range(keys.size):
            key = keys[keys.size - 1 - e]
            empty = key == EMPTY
            indices[row, e] = -1 if empty else 0xFFFFFFFF - (key & 0xFFFFFFFF)
            scores[row, e] = 0.0 if empty else _score_of(key)


# --- scores -----------------------------------------------------------------------------------


@_inline
def _where(condition: bool, yes: float, no: float) -> float:
    return yes if condition else no


def _choice(number: int, epilogue: Any, otherwise: Any) -> Any:
    compiled = _inline(epilogue)

    @_inline
    def score(metric, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
        if metric == number:
            return compiled(math.sqrt, _where, n, x, xx, y, yy, xy, a, b, shrink, unit)
        return otherwise(metric, n, x, xx, y, yy, xy, a, b, shrink, unit)

    return score


@_inline
def _no_metric(metric, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return np.nan


NUMBERS = {name: number for number, name in enumerate(METRICS)}
_score = _no_metric
for _name, _place in reversed(NUMBERS.items()):
    _score = _choice(_place, METRICS[_name].epilogue, _score)


# --- sums -------------------------------------------------------------------------------------
# Arrays are passed one by one: every access to a tuple's array would count its references.


def _add(sums: Any, words: Any, e: Any, begin: Any, end: Any, *arrays: Any) -> Any:
    """Add the products of a row's entry e with the entries from begin to end."""
    raise NotImplementedError


@overload(_add, jit_options={"forceinline": True})
def _overload_add(sums, words, e, begin, end, entries, places, values, own):  # type: ignore[no-untyped-def]
    return {1: _add_floats, 2: _add_words, 3: _add_three_words}[values.ndim]


def _add_words(sums, words, e, begin, end, entries, places, values, own):  # type: ignore[no-untyped-def]
    x = entries[places[e]] & np.uint32(255)
    for p in range(begin, end):
        entry = entries[p]
        words[entry >> np.uint32(8)] += values[x, entry & np.uint32(255)]


def _add_three_words(sums, words, e, begin, end, entries, places, values, own):  # type: ignore[no-untyped-def]
    x = entries[places[e]] & np.uint32(255)
    for p in range(begin, end):
        entry = entries[p]
        j, y = entry >> np.uint32(8), entry & np.uint32(255)
        words[j, 0] += values[x, y, 0]
        words[j, 1] += values[x, y, 1]
        words[j, 2] += values[x, y, 2]


def _add_floats(sums, words, e, begin, end, entries, places, values, own):  # type: ignore[no-untyped-def]
    x = own[places[e]]
    count = sums.shape[1]
    if count == 1:
        for p in range(begin, end):
            sums[entries[p], 0] += x * values[p]
    elif count == 2:
        for p in range(begin, end):
            j = entries[p]
            sums[j, 0] += 1.0
            sums[j, 1] += x * values[p]
    else:
        for p in range(begin, end):
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


@_inline
def _most(sums, j, bound, factor):  # type: ignore[no-untyped-def]
    """No score of this row with row j is above it; in float32, as infinity is a score there."""
    return np.float32(bound.dtype.type(sums[j, sums.shape[1] - 1]) * bound[j] * factor)


@_inline
def _bits(number):  # type: ignore[no-untyped-def]
    """A float's bits as an integer, which orders positive floats as they do themselves."""
    return np.float32(number).view(np.int32)


@_inline
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


@_inline
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
    found = np.float32(_score(metric, n, x, xx, y, yy, xy, a, b, shrink, unit))
    if (count > 1 and n < min_overlap) or not found > (-np.inf if signed else 0.0):
        return np.float32(np.nan)
    return found + np.float32(0.0)


@_inline
def _keep(score, q, j, ids, half, mine, heaps, out_rows, out_keys, out):  # type: ignore[no-untyped-def]
    """Let a score in among the best of row q and, if `half`, offer it to row j."""
    if not math.isnan(score):
        key = _key(score, ids[j])
        if key > mine[0]:
            _replace_least(mine, key)
        if half:
            key = _key(score, ids[q])
            if key > heaps[j, 0]:
                out_rows[out] = j
                out_keys[out] = key
                out += 1
    return out


def _make_search(stamp: str) -> Any:
    """Compile the search; Numba keeps it on disk until this file or the stamp changes."""

    @_jit
    def search(  # type: ignore[no-untyped-def]
        first, last, half, begins, ends, own_row, data, rules, base, base_row, sums, words,
        heaps, least, spans, found, out_rows, out_keys, stop,
    ):  # fmt: skip
        """Search rows first to last; returns the row to go on from and how many offers there are.

        Parameters
        ----------
        half : bool
            Compare with the rows before each only: its own best go to `found`, and what may be
            among the best of the other row to `out_rows` and `out_keys`, all to be settled. Else
            with all rows, for `heaps` alone.
        begins, ends : unsigned arrays
            Where the entries of each row start and end.
        base : float32 array of shape (sums, rows, columns)
            What the accumulators of the rows from base_row on start with; empty for nothing.
        """
        stamp  # noqa: B018 - being a closure's variable, it is part of the key of Numba's cache
        entries, starts, features, places = data.entries, data.starts, data.features, data.places
        values, own = data.values, data.own
        metric, shrink, unit, signed = rules.metric, rules.shrink, rules.unit, rules.signed
        bounded, min_overlap, ids, floor = rules.bounded, rules.min_overlap, rules.ids, rules.floor
        left, right, bound, query_bound = rules.left, rules.right, rules.bound, rules.query_bound
        based = base.shape[0] > 0
        count = np.uint64(sums.shape[1])
        flat = sums.reshape(sums.size)
        greatest, chosen = spans[0], spans[1]
        certain = _bits(np.inf)
        k = heaps.shape[1]
        out = 0
        for q in range(np.uint64(first), np.uint64(last)):
            width = q if half else np.uint64(sums.shape[0])
            done = q - np.uint64(first)
            if stop[0] or (half and (out + width > out_rows.size or done == found.shape[0])):
                return q, out
            if half:
                mine = found[done]
                for e in range(k):
                    mine[e] = EMPTY
                limit = max(least[q], floor)
            else:
                mine = heaps[q]
                limit = floor
            a, factor = left[q], query_bound[q]
            for f in range(base.shape[0]):
                for j in range(width):
                    sums[j, f] = sums.dtype.type(base[f, q - base_row, j])
            work = np.uint64(0)
            for e in range(begins[q], ends[q]):
                if e + AHEAD < ends[q]:
                    ahead = starts[features[e + AHEAD]]
                    _fetch(entries, ahead)
                    _fetch(entries, ahead + LINE)
                    _fetch(entries, ahead + 2 * LINE)
                begin = starts[features[e]]
                end = places[e] if half else starts[features[e] + 1]
                work += end - begin
                _add(sums, words, e, begin, end, entries, places, values, own)
            if not half and own_row[q] >= 0:  # no row is its own neighbour, nor its best score
                for f in range(count):
                    sums[np.uint64(own_row[q]), f] = 0
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
                                out = _keep(
                                    score, q, j, ids, half, mine, heaps, out_rows, out_keys, out
                                )
                                if mine[0] != EMPTY:
                                    limit = max(limit, _score_of(mine[0]))
                        if count == 1:
                            sums[j, 0] = 0
                        else:
                            for f in range(count):
                                sums[j, f] = 0
                continue
            full = width // SPAN
            if bounded:
                for span in range(full):
                    chosen[span], offered = _look(sums, span * SPAN, bound, factor, least, half)
                    greatest[span] = certain if offered else chosen[span]
                if rules.tight and full >= k:
                    # The greatest of k spans are k scores: the k-th best is no lower.
                    at_least = np.int32(_kth_greatest(chosen[:full], k)).view(np.float32) * 0.99997
                    limit = max(limit, np.float32(at_least))
            for span in range(full + 1):
                start = span * SPAN
                end = min(start + SPAN, width)
                if not bounded or span == full or greatest[span] >= _bits(limit):
                    for j in range(start, end):
                        if bounded:
                            most = _most(sums, j, bound, factor)
                            good = most >= limit or (half and most >= least[j])
                        else:
                            good = signed or sums[j, 0] != 0
                        if good:
                            score = _score_pair(
                                sums, j, metric, a, right[j], shrink, unit, signed, min_overlap
                            )
                            out = _keep(
                                score, q, j, ids, half, mine, heaps, out_rows, out_keys, out
                            )
                    if mine[0] != EMPTY:
                        limit = max(limit, _score_of(mine[0]))
            for p in range(width * count):
                flat[p] = 0
        return np.uint64(last), out

    return search


search = _make_search(sha256(Path(metrics.__file__).read_bytes()).hexdigest())
