"""The compiled loops that keep the k best keys of every row.

A row's list takes some more than k keys before it is cut to the k best of them: a heap would move
several for each that comes in, all over its memory.
"""

from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from workbench.compute.topk_keys import EMPTY

jit = nb.njit(nogil=True, error_model="numpy", cache=True)
inline = nb.njit(nogil=True, error_model="numpy", cache=True, forceinline=True)
ZERO, ONE, TWO = np.uint64(0), np.uint64(1), np.uint64(2)
AHEAD = 8  # offers whose lists are fetched before they are needed


@intrinsic
def fetch(typing_context: Any, array: Any, index: Any) -> Any:
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


@inline
def key_of(score: Any, row: Any) -> Any:
    """See `workbench.compute.topk_keys.pack`."""
    bits = np.int64(np.float32(score).view(np.int32))
    return ((bits ^ ((bits >> 31) & 0x7FFFFFFF)) << 32) | (0xFFFFFFFF - np.int64(row))


@inline
def score_of(key: Any) -> Any:
    """Score of a key, float32."""
    bits = key >> 32
    return np.int32(bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)


@jit
def kth_greatest(values: np.ndarray, start: Any, size: Any, k: Any) -> Any:
    """Select, of `size` values from `start` on, by Hoare's method.

    The k greatest are left in front, the k-th of them last. Places count from 1: none is below 0.
    """
    before = np.uint64(start) - ONE
    first, last = ONE, np.uint64(size)
    k = np.uint64(k)
    while first < last:
        pivot = values[before + (first + last) // TWO]
        i, j = first, last
        while i <= j:
            while values[before + i] > pivot:
                i += ONE
            while values[before + j] < pivot:
                j -= ONE
            if i <= j:
                values[before + i], values[before + j] = values[before + j], values[before + i]
                i += ONE
                j -= ONE
        if k <= j:
            last = j
        elif k >= i:
            first = i
        else:
            break
    return values[before + k]


@inline
def store_best(keys, count, best, start, k):  # type: ignore[no-untyped-def]
    """Put the k greatest keys in their place, and EMPTY where there are fewer."""
    if count > k:
        kth_greatest(keys, ZERO, count, k)
    for e in range(k):
        best[start + e] = keys[e] if e < count else EMPTY


@inline
def _insert(row, key, lists, size, counts, least, lowest, k):  # type: ignore[no-untyped-def]
    """Let a key into a row's list; of a full one, the k best stay."""
    if key > lowest[row]:
        start = row * size
        lists[start + counts[row]] = key
        counts[row] += np.uint32(1)
        if counts[row] == size:
            lowest[row] = kth_greatest(lists, start, size, k)
            least[row] = max(least[row], score_of(lowest[row]))
            counts[row] = k
            for e in range(k, size):
                lists[start + e] = EMPTY


@jit
def merge_results(first, count, best, rows, keys, offers, lists, counts, least, lowest):  # type: ignore[no-untyped-def]
    """Take results of a search into the lists: the best of its rows, and offers to other rows."""
    k, size = np.uint64(best.shape[1]), np.uint64(lists.shape[1])
    flat, flat_best = lists.reshape(lists.size), best.reshape(best.size)
    for done in range(np.uint64(count)):
        row, start = np.uint64(first) + done, done * k
        if counts[row]:
            for e in range(k):
                if flat_best[start + e] != EMPTY:
                    _insert(row, flat_best[start + e], flat, size, counts, least, lowest, k)
        else:
            last, some = flat_best[start], np.uint32(0)
            for e in range(k):
                key = flat_best[start + e]
                flat[row * size + e] = key
                last = min(last, key)
                some += np.uint32(key != EMPTY)
            counts[row] = some
            if last != EMPTY:
                lowest[row] = last
                least[row] = max(least[row], score_of(last))
    for e in range(np.uint64(offers)):
        if e + AHEAD < offers:
            ahead = np.uint64(rows[e + AHEAD])
            fetch(flat, ahead * size + counts[ahead])
        _insert(np.uint64(rows[e]), keys[e], flat, size, counts, least, lowest, k)


@jit
def decode(first, last, lists, order, indices, scores):  # type: ignore[no-untyped-def]
    """Indices and scores of rows first to last, best first; of row i from list order[i]."""
    for row in range(first, last):
        keys = np.sort(lists[order[row]])
        for e in range(indices.shape[1]):
            key = keys[keys.size - 1 - e]
            empty = key == EMPTY
            indices[row, e] = -1 if empty else 0xFFFFFFFF - (key & 0xFFFFFFFF)
            scores[row, e] = 0.0 if empty else score_of(key)
