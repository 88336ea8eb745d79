"""Which sentence each line of many lists gets: at random by a hash, and none twice in a list."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench.language.copy.candidate_choice import first_clause

LISTS = 2048  # lists at a time, which bounds the memory


def choose(
    lists: pd.Series,
    items: pd.Series,
    supply: Sequence[str],
    fits: np.ndarray,
    situations: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Choose a sentence for each line, the least used of its list, among those by a hash.

    The hash is of list, item, sentence and seed (rendezvous hashing), so that other lists do not
    matter and a new sentence changes only the lines that it takes.

    Parameters
    ----------
    lists, items : Series of shape (lines,)
        Ids of the list that a line belongs to and of its item.
    supply : sequence of str
        Sentences with slots.
    fits : bool array of shape (situations, sentences)
    situations : int array of shape (lines,)
        Row of `fits` for each line.
    seed : int

    Returns
    -------
    int64 array of shape (lines,)
        Number of the sentence; -1 where none fits.
    """
    found = np.full(len(lists), -1)
    if not found.size or not len(supply):
        return found
    clauses = pd.factorize(pd.Series([first_clause(text) for text in supply]))[0]
    # The same sentence again is worse than the same first clause.
    cost = (clauses[:, None] == clauses).astype(np.float64) + np.eye(len(supply))
    names = _names(lists)
    lines = pd.util.hash_array((names + "\t" + _names(items)).to_numpy(object))
    lines += np.uint64(seed % 2**64)
    own = pd.util.hash_array(np.array(supply, dtype=object))
    codes, _ = pd.factorize(names)
    # Lines that few sentences fit choose first, before others have spent these.
    order = np.argsort(fits.sum(1)[situations], kind="stable")
    places = pd.Series(codes[order]).groupby(codes[order]).cumcount()
    places = places.set_axis(order).sort_index().to_numpy()
    for start in range(0, int(codes.max()) + 1, LISTS):
        block = (codes >= start) & (codes < start + LISTS)
        uses = np.zeros((LISTS, len(supply)))
        for place in range(int(places[block].max()) + 1):
            rows = np.flatnonzero(block & (places == place))
            score = uses[codes[rows] - start] + _noise(_noise(lines[rows])[:, None] ^ own) / 2**64
            score[~fits[situations[rows]]] = np.inf
            best = score.argmin(1)
            uses[codes[rows] - start] += cost[best]
            found[rows] = np.where(np.isinf(score[np.arange(len(rows)), best]), -1, best)
    return found


def _names(ids: pd.Series) -> pd.Series:
    # Beside a missing id whole numbers are floats, and must not be other names for that.
    return ids.convert_dtypes().astype("string").fillna("")


def _noise(bits: np.ndarray) -> np.ndarray:
    """Mix 64 bits (the end of SplitMix64), so that close numbers go far apart."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
