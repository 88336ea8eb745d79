"""What a search among vectors and a choice of the best need of the processor.

Its twin, `gpu.vector_kernels`, differs in speed and in the digits of its `product`, never in
what `select`, `sums` and `midranks` give.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from workbench.compute.cpu.topk_kernels import ONE, TWO, inline, jit, key_of, kth_greatest, score_of
from workbench.compute.topk_keys import EMPTY
from workbench.device.threads import Team

xp = np
DTYPE = np.float32  # of a product's entries, and by what an operation may be off
ROUNDING, UNDERFLOW, ADDING = 2.0**-24, 2.0**-150, 2.0**-24
ALIGNED = 1  # entries of a product come in multiples of it
HEIGHT, WIDTH, NARROW = 128, 4096, 1024  # rows and columns of a block of products; of sums
CHUNKS = 4  # of midranks a core, so that all are busy to the end
SPAN = 64  # scores that are passed over together
LEAST = -np.finfo(np.float32).max


@contextmanager
def session() -> Iterator[Callable[..., None]]:
    """What calls a function with each of some items, on all cores."""
    with Team() as team:
        yield team.each


def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Product of x with y transposed, as fast as can be."""
    return x @ y.T


def select(
    scores: np.ndarray, k: int, *, first: int = 0, keys: np.ndarray | None = None
) -> np.ndarray:
    """Keys of the k best scores of every row, the greatest first; EMPTY where there are fewer.

    Parameters
    ----------
    scores : array of shape (rows, columns)
        Rounded to float32. NaN and -inf are never chosen.
    k : int
    first : int
        Number of the first of these columns.
    keys : int64 array of shape (rows, k), optional
        What was found in other columns; it is written over.
    """
    if scores.dtype not in (np.float32, np.float64):
        scores = scores.astype(np.float64)
    if keys is None:
        keys = np.full((len(scores), k), EMPTY)
    if k:
        _select(np.ascontiguousarray(scores), first, keys)
    return keys


def sums(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Products of rows with others, added up in the order of their entries.

    Parameters
    ----------
    x : float64 array of shape (n, d)
    rows : int array of shape (r,)
    columns : int array of shape (c,), or (r, c): for each row its own

    Returns
    -------
    float64 array of shape (r, c)
    """
    totals = np.zeros((len(rows), columns.shape[-1]))
    if columns.ndim == 1:
        tile = np.ascontiguousarray(x[columns].T)
        for row, into in zip(rows, totals, strict=True):
            _add(x[row], tile, into)
    else:
        _gather_and_add(x, rows, columns, totals)
    return totals


def midranks(scores: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """See `workbench.compute.midranks`."""
    ranks = np.empty(len(rows))
    arrays = np.ascontiguousarray(scores, np.float64), rows, columns, ranks
    with Team() as team:
        edges = np.linspace(0, len(rows), CHUNKS * team.size + 1).astype(int)
        team.each(lambda part: _midranks(*part, *arrays), pairwise(edges))
    return ranks


@inline
def _some(scores, least):  # type: ignore[no-untyped-def]
    reached = False
    for e in range(np.uint64(scores.size)):
        reached |= np.float32(scores[e]) >= least
    return reached


@jit
def _select(scores, first, keys):  # type: ignore[no-untyped-def]
    k, columns = keys.shape[1], scores.shape[1]
    buffer = np.empty(2 * k + SPAN, np.int64)
    for row in range(scores.shape[0]):
        count, mine = 0, scores[row]
        while count < k and keys[row, count] != EMPTY:
            buffer[count] = keys[row, count]
            count += 1
        lowest = keys[row, k - 1]
        least = score_of(lowest) if count == k else np.float32(LEAST)
        for start in range(0, columns, SPAN):
            stop = min(start + SPAN, columns)
            if not _some(mine[start:stop], least):
                continue
            for column in range(start, stop):
                score = np.float32(mine[column]) + np.float32(0)
                if score >= least:
                    key = key_of(score, first + column)
                    if key > lowest:
                        buffer[count] = key
                        count += 1
                        if count == buffer.size:
                            lowest = kth_greatest(buffer, 0, count, k)
                            least, count = score_of(lowest), k
        if count > k:
            kth_greatest(buffer, 0, count, k)
            count = k
        kept = np.sort(buffer[:count])
        for e in range(count):
            keys[row, e] = kept[count - 1 - e]


@jit
def _add(values, tile, into):  # type: ignore[no-untyped-def]
    for feature in range(tile.shape[0]):
        value = values[feature]
        for column in range(into.size):
            into[column] += value * tile[feature, column]


@jit
def _gather_and_add(x, rows, columns, totals):  # type: ignore[no-untyped-def]
    # Four sums at a time: each waits for its own last addition.
    last = np.uint64(columns.shape[1] - 1)
    for i in range(np.uint64(rows.size)):
        row = np.uint64(rows[i])
        for j in range(np.uint64(0), last + ONE, np.uint64(4)):
            j1, j2, j3 = min(j + ONE, last), min(j + TWO, last), min(j + ONE + TWO, last)
            c0, c1 = np.uint64(columns[i, j]), np.uint64(columns[i, j1])
            c2, c3 = np.uint64(columns[i, j2]), np.uint64(columns[i, j3])
            s0 = s1 = s2 = s3 = 0.0
            for f in range(np.uint64(x.shape[1])):
                value = x[row, f]
                s0 += value * x[c0, f]
                s1 += value * x[c1, f]
                s2 += value * x[c2, f]
                s3 += value * x[c3, f]
            totals[i, j], totals[i, j1], totals[i, j2], totals[i, j3] = s0, s1, s2, s3


@jit
def _midranks(first, last, scores, rows, columns, ranks):  # type: ignore[no-untyped-def]
    for e in range(first, last):
        row = scores[rows[e]]
        target, twice = row[columns[e]], 1
        for score in row:
            twice += (score < target) + (score <= target)
        ranks[e] = twice / 2
