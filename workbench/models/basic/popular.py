"""The most chosen items, the same for everybody: the baseline to beat."""

from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import Dataset, extended
from workbench.errors import DataError
from workbench.evidence import ByCount
from workbench.models.parameters import model, parameter
from workbench.models.profiles import Pairs, Profiles
from workbench.models.recommender import Recommender
from workbench.validation import number


@model
class Popular(Recommender):
    r"""Rank items by the number of users who interacted with them, or did so of late.

    .. math::
        s(i) = \sum_{u} 2^{-(t^* - t_{ui}) / h}

    over the users u of item i, with :math:`t_{ui}` the days of their interactions, :math:`t^*` that
    of the newest in the data, and h the half-life; without one, each counts 1. The evidence is the
    number of users in both cases.

    Parameters
    ----------
    half_life : float, optional
        Days in which an interaction loses half of its weight. One of unknown time counts as the
        oldest.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If `half_life` is not above 0.
    DataError
        From `fit`, if there is a half-life and the data have no timestamps.

    Examples
    --------
    >>> import workbench as wb
    >>> wb.Popular().fit(wb.load("example")).recommend(["u1"], seen="keep").item_id.tolist()
    ['A', 'B']
    """

    evidence_type = ByCount

    half_life: float | None = parameter(None, number, zero=False, optional=True)

    def _fit(self, ds: Dataset) -> None:
        self._counts = np.bincount(ds.matrix.indices, minlength=len(ds.item_ids)).astype(float)
        self._weights = self._counts if self.half_life is None else _decayed(ds, self.half_life)

    def partial_fit(self, new: pd.DataFrame) -> Self:
        """Take in new interactions: the same model as one fitted on all.

        Parameters
        ----------
        new : DataFrame
            ``user_id``, ``item_id``, ``rating``; users and items may be new.
        """
        return self.fit(extended(self.data, new))

    def _score(self, profiles: Profiles) -> np.ndarray:
        return np.tile(self._weights, (len(profiles), 1))

    def _score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        return self._weights[items]

    def _contributions(self, pairs: Pairs) -> sparse.csr_array:
        return count_contributions(self._counts, pairs.items)


def count_contributions(counts: np.ndarray, items: np.ndarray) -> sparse.csr_array:
    """Contributions of recommendations that rest on the count of the item itself."""
    entries = counts[items], items, np.arange(len(items) + 1)
    return sparse.csr_array(entries, shape=(len(items), len(counts)))


def _decayed(ds: Dataset, half_life: float) -> np.ndarray:
    """Weights of every item's interactions by their age; shape (items,)."""
    table = ds.table
    if Columns.TIMESTAMP not in table or table[Columns.TIMESTAMP].isna().all():
        raise DataError(
            f"{ds.name}: half_life={half_life:g} needs timestamps, and the interactions have none "
            f"in a column {Columns.TIMESTAMP!r}"
        )
    times = table[Columns.TIMESTAMP]
    days = (times.max() - times.fillna(times.min())) / pd.Timedelta(days=1)
    items = ds.item_ids.get_indexer(table[Columns.ITEM])
    return np.bincount(items, np.exp2(-days.to_numpy() / half_life), minlength=len(ds.item_ids))
