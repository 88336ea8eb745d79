"""Profiles, the histories that models score, and the pairs of a profile and an item to explain."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.models.sparse_rows import aligned, row_means


@dataclass(frozen=True, eq=False)
class Profiles:
    """Histories to score: rows of the ratings matrix, or of what has just been typed in.

    Attributes
    ----------
    ratings : CSR array of shape (b, items)
        Its columns are the items that the model knows.
    users : int array of shape (b,)
        The profile's row in the data, -1 where it has none.
    """

    ratings: sparse.csr_array
    users: np.ndarray

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, rows: Any) -> "Profiles":
        return Profiles(self.ratings[rows], self.users[rows])

    @property
    def in_data(self) -> bool:
        """Whether all are of users in the data."""
        return bool((self.users >= 0).all())

    @property
    def lengths(self) -> np.ndarray:
        """Items of every history; int array of shape (b,)."""
        return np.diff(self.ratings.indptr)

    def aligned(self, ids: pd.Index, to: pd.Index) -> "Profiles":
        """The same with the columns `to` instead of `ids`; see `sparse_rows.aligned`."""
        return Profiles(aligned(self.ratings, ids, to), self.users)

    def hidden(self, seen: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of what must not come back; see `Recommender.recommend`."""
        # Not .nonzero(): a rating of 0 is seen as well.
        rows, columns = np.repeat(np.arange(len(self)), self.lengths), self.ratings.indices
        if seen == "exclude":
            return rows, columns
        liked = self.ratings.data >= row_means(self.ratings)[rows]
        kept = liked if seen == "disliked" else np.zeros(len(rows), dtype=bool)
        return rows[kept], columns[kept]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a profile and an item, those of a profile one after the other.

    Attributes
    ----------
    profiles : Profiles
    rows, items : int arrays of shape (pairs,)
        Rows of the profiles, and columns of what the model knows.
    """

    profiles: Profiles
    rows: np.ndarray
    items: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    def histories(self) -> tuple[sparse.csr_array, np.ndarray]:
        """Every pair's history, a copy, and the pair's item beside each of its entries.

        Returns
        -------
        CSR array of shape (pairs, items)
        int array of shape (entries,)
        """
        ratings = self.profiles.ratings[self.rows]
        return ratings, np.repeat(self.items, np.diff(ratings.indptr))
