"""What a search among vectors and a choice of the best need of the processor; `_card` is its twin.

A twin differs in speed and in the digits of its `product`, never in what `select`, `sums` and
`midranks` give.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from workbench.compute.cpu.topk_lists import ONE, TWO, inline, jit, key_of, kth_greatest, score_of
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
    found = np.zeros((len(rows), columns.shape[-1]))
    if columns.ndim == 1:
        tile = np.ascontiguousarray(x[columns].T)
        for row, into in zip(rows, found, strict=True):
            _add(x[row], tile, into)
    else:
        _gather_and_add(x, rows, columns, found)
    return found


def midranks(scores: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """See `workbench.compute.midranks`."""
    found = np.empty(len(rows))
    given = np.ascontiguousarray(scores, np.float64), rows, columns, found
    with Team() as team:
        edges = np.linspace(0, len(rows), CHUNKS * team.size + 1).astype(int)
        team.each(lambda part: _midranks(*part, *given), pairwise(edges))
    return found


@inline
def _some(scores, least):  # type: ignore[no-untyped-def]
    found = False
    for e in range(np.uint64(scores.size)):
        found |= np.float32(scores[e]) >= least
    return found


@jit
def _select(scores, first, keys):  # type: ignore[no-untyped-def]
    k, columns = keys.shape[1], scores.shape[1]
    room = np.empty(2 * k + SPAN, np.int64)
    for row in range(scores.shape[0]):
        held, mine = 0, scores[row]
        while held < k and keys[row, held] != EMPTY:
            room[held] = keys[row, held]
            held += 1
        lowest = keys[row, k - 1]
        least = score_of(lowest) if held == k else np.float32(LEAST)
        for start in range(0, columns, SPAN):
            stop = min(start + SPAN, columns)
            if not _some(mine[start:stop], least):
                continue
            for column in range(start, stop):
                score = np.float32(mine[column]) + np.float32(0)
                if score >= least:
                    key = key_of(score, first + column)
                    if key > lowest:
                        room[held] = key
                        held += 1
                        if held == room.size:
                            lowest = kth_greatest(room, 0, held, k)
                            least, held = score_of(lowest), k
        if held > k:
            kth_greatest(room, 0, held, k)
            held = k
        kept = np.sort(room[:held])
        for e in range(held):
            keys[row, e] = kept[held - 1 - e]


@jit
def _add(values, tile, into):  # type: ignore[no-untyped-def]
    for feature in range(tile.shape[0]):
        value = values[feature]
        for column in range(into.size):
            into[column] += value * tile[feature, column]


@jit
def _gather_and_add(x, rows, columns, found):  # type: ignore[no-untyped-def]
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
            found[i, j], found[i, j1], found[i, j2], found[i, j3] = s0, s1, s2, s3


@jit
def _midranks(first, last, scores, rows, columns, found):  # type: ignore[no-untyped-def]
    for e in range(first, last):
        row = scores[rows[e]]
        own, twice = row[columns[e]], 1
        for score in row:
            twice += (score < own) + (score <= own)
        found[e] = twice / 2
