"""The question that every model is asked: whose lists, out of which items, and what is a hit."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.compute import top_k
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError
from workbench.evaluation.leakage import check_pairs, check_times
from workbench.evaluation.sparse_entries import filtered, present, row_numbers
from workbench.validation import at_least, one_of

GAINS = ("binary", "rating")
CANDIDATES = ("all", "sampled")
BATCH_PAIRS = {"cpu": 2**21, "gpu": 2**24}  # a card waits long for the host after each


@dataclass(frozen=True)
class Protocol:
    """How models are measured; the parameters are those of `workbench.evaluate`.

    Raises
    ------
    OptionError
        If one is not allowed.
    """

    relevant: float | None = None
    gain: str = "binary"
    candidates: str = "all"
    negatives: int = 100
    temporal: bool | str = False
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("gain", self.gain, GAINS)
        one_of("candidates", self.candidates, CANDIDATES)
        at_least("negatives", self.negatives, 1)


@dataclass(frozen=True, eq=False)
class Task:
    """What a model is asked, the same for all models that are compared.

    Attributes
    ----------
    train, test : Dataset
    users : Index of shape (u,)
        Ids of the users of test who are known to train, ascending.
    items : Index of shape (i,)
        Ids of the items of train and test, ascending. Those of test alone only models of content
        can recommend; to others they count as missed.
    history : CSR array of shape (u, i)
        The users' ratings in train.
    test_ratings : CSR array of shape (u, i)
        Their ratings in test.
    relevant : CSR array of shape (u, i)
        The gain of each test item that counts as a hit.
    popularity : int array of shape (i,)
        Users of train an item has.
    threshold : float or None
        Lowest rating that is relevant.
    sampled : CSR array of shape (u, i), or None
        The candidates where they are sampled; None where they are all unseen items.
    """

    train: Dataset
    test: Dataset
    users: pd.Index
    items: pd.Index
    history: sparse.csr_array
    test_ratings: sparse.csr_array
    relevant: sparse.csr_array
    popularity: np.ndarray
    threshold: float | None = None
    sampled: sparse.csr_array | None = None

    @property
    def unknown_users(self) -> int:
        """Users of test who are not in train and so are not asked for."""
        return len(self.test.user_ids) - len(self.users)

    @cached_property
    def relevant_counts(self) -> np.ndarray:
        """Relevant items a user; shape (u,)."""
        return np.diff(self.relevant.indptr)

    @cached_property
    def genres(self) -> sparse.csr_array:
        """Ones where an item has a genre; CSR array of shape (i, genres).

        Raises
        ------
        DataError
            If the items have no genres.
        """
        table = self.train.items
        if Columns.GENRES not in table:
            raise DataError(
                f"{self.train.name}: items have no column {Columns.GENRES!r}, on which diversity "
                f"and calibration rest; they have {list(table)}"
            )
        return self.train.labels(Columns.GENRES, self.items)[0]

    def candidates(self, rows: np.ndarray, xp: Any = np) -> Any:
        """Which items some users may be recommended; bool array of shape (rows, i)."""
        if self.sampled is None:
            return ~present(self.history[rows], xp)
        return present(self.sampled[rows], xp)


def build_task(train: Dataset, test: Dataset, protocol: Protocol) -> Task:
    """Line up train and test, and refuse them where test leaks into train.

    Raises
    ------
    OptionError, DataError
        As `workbench.evaluate`.
    """
    if test.interactions.empty:
        raise DataError(f"{test.name}: there are no interactions to evaluate on")
    users = test.user_ids[test.user_ids.isin(train.user_ids)]
    if users.empty:
        raise DataError(
            f"{test.name}: none of its {len(test.user_ids):,} users is in {train.name}, so there "
            f"is nobody to recommend to; split the same data, by='user' or at random"
        )
    items = train.item_ids.union(test.item_ids)
    history, test_ratings = _aligned(train, users, items), _aligned(test, users, items)
    check_pairs(train, test, users, items, history, test_ratings)
    check_times(train, test, protocol.temporal)
    hits = _relevant(test_ratings, test, protocol.relevant, protocol.gain)
    places = items.get_indexer(train.item_ids)
    popularity = np.bincount(places[train.matrix.indices], minlength=len(items))
    sampled = None
    if protocol.candidates == "sampled":
        sampled = _sample(history, hits, popularity > 0, protocol.negatives, protocol.seed)
    return Task(
        train,
        test,
        users,
        items,
        history,
        test_ratings,
        hits,
        popularity,
        protocol.relevant,
        sampled,
    )


def _aligned(ds: Dataset, users: pd.Index, items: pd.Index) -> sparse.csr_array:
    part = ds.matrix[ds.user_ids.get_indexer(users)]
    columns = items.get_indexer(ds.item_ids)[part.indices]
    return sparse.csr_array((part.data, columns, part.indptr), shape=(len(users), len(items)))


def _relevant(
    test_ratings: sparse.csr_array, test: Dataset, threshold: float | None, gain: str
) -> sparse.csr_array:
    hits = (
        test_ratings
        if threshold is None
        else filtered(test_ratings, test_ratings.data >= threshold)
    )
    if not hits.nnz:
        raise DataError(
            f"{test.name}: no {Columns.RATING!r} reaches relevant={threshold!r}; the highest of "
            f"known users is {test_ratings.data.max():g}"
        )
    if gain == "rating" and hits.data.min() < 0:
        raise OptionError("gain='rating' needs ratings of 0 or more; use gain='binary'")
    data = hits.data if gain == "rating" else np.ones(hits.nnz)
    return sparse.csr_array((data, hits.indices, hits.indptr), hits.shape)


def _sample(
    history: sparse.csr_array,
    relevant: sparse.csr_array,
    known: np.ndarray,
    negatives: int,
    seed: int,
) -> sparse.csr_array:
    """Relevant items and, of the other unseen ones, as many as asked for, drawn evenly."""
    rng = np.random.default_rng(seed)
    users, items = history.shape
    drawn = []
    for rows in batches(users, items):
        free = known & ~present(history[rows]) & ~present(relevant[rows])
        lottery = np.where(free, rng.random(free.shape), np.nan)
        drawn.append(top_k(lottery, negatives)[0])
    lists = np.concatenate(drawn)
    rows, places = np.nonzero(lists >= 0)
    row = np.concatenate([rows, row_numbers(relevant)])
    column = np.concatenate([lists[rows, places], relevant.indices])
    return sparse.coo_array((np.ones(len(row)), (row, column)), shape=history.shape).tocsr()


def batches(users: int, items: int, kind: str = "cpu") -> list[np.ndarray]:
    """Row numbers in parts, so that a part x items matrix is never large, on a kind of device."""
    size = max(1, BATCH_PAIRS[kind] // items)
    return np.split(np.arange(users), range(size, users, size))
