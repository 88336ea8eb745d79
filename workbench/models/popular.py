"""The most chosen items, the same for everybody: the baseline to beat."""

from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.datasets import Dataset, extended
from workbench.models.base import ByCount, Recommender


class Popular(Recommender):
    """Rank items by the number of users who interacted with them.

    Examples
    --------
    >>> import workbench as wb
    >>> wb.Popular().fit(wb.load("example")).recommend(["u1"], seen="keep").item_id.tolist()
    ['A', 'B']
    """

    evidence_type = ByCount

    def _fit(self, ds: Dataset) -> None:
        self._counts = np.bincount(ds.matrix.indices, minlength=len(ds.item_ids)).astype(float)

    def partial_fit(self, new: pd.DataFrame) -> Self:
        """Take in new interactions: the same model as one fitted on all.

        Parameters
        ----------
        new : DataFrame
            ``user_id``, ``item_id``, ``rating``; users and items may be new.
        """
        return self.fit(extended(self.data, new))

    def _score(self, profiles: sparse.csr_array, own: np.ndarray) -> np.ndarray:
        return np.tile(self._counts, (profiles.shape[0], 1))

    def _contributions(
        self, profiles: sparse.csr_array, own: np.ndarray, rows: np.ndarray, items: np.ndarray
    ) -> tuple[sparse.csr_array, pd.Index]:
        return by_count(self._counts, items), self.data.item_ids


def by_count(counts: np.ndarray, items: np.ndarray) -> sparse.csr_array:
    """Contributions of recommendations that rest on the count of the item itself."""
    own_counts = (counts[items], items, np.arange(len(items) + 1))
    return sparse.csr_array(own_counts, shape=(len(items), len(counts)))
