"""What people like you choose: a list for a newcomer of whom only attributes are known."""

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError
from workbench.models.basic.popular import Popular
from workbench.models.parameters import model, parameter
from workbench.models.profiles import Profiles
from workbench.models.sparse_rows import binarized
from workbench.validation import number

UNKNOWN = -1
MOST_VALUES = 50  # a column with more is an id or free text, not a group


@model
class Demographic(Popular):
    r"""Rank items by how often users with the same attributes chose them.

    With :math:`n_i` the users of item i, :math:`n_{iv}` those of them with attribute value v, and
    p_v the share of all interactions that are theirs, the expected number of choices is naive
    Bayes with m-estimates (Cestnik 1990) of the probability of v given i:

    .. math::
        s(i) = n_i \prod_v \frac{n_{iv} + m p_v}{(n_i + m) p_v}

    A user of whom no attribute is known gets the list of `Popular`.

    Parameters
    ----------
    attributes : sequence of str, optional
        Columns of the users' table; by default all with at most 50 values.
    m : float
        Choices at which an item is believed as much as what holds for everybody.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    DataError
        If the users' table has no such column.
    """

    attributes: Iterable[str] | None = None
    m: float = parameter(100.0, number, zero=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.attributes = None if self.attributes is None else tuple(self.attributes)

    def recommend_for(
        self,
        history: Iterable[tuple[Any, float]],
        *,
        attributes: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """Recommend to a newcomer, see `Recommender.recommend_for`.

        Parameters
        ----------
        attributes : mapping of str to value, optional
            What is known of them, for example ``{"age_band": "25-34"}``. A value that no user of
            the data has says nothing.

        Raises
        ------
        OptionError
            If an attribute is not one that the model was fitted with.
        """
        if not attributes:
            return super().recommend_for(history, **options)
        newcomer = copy(self)  # so that two newcomers at once do not meet
        newcomer._groups = np.vstack([self._groups, self._values_of(attributes)])
        return super(Demographic, newcomer).recommend_for(history, **options)

    def _fit(self, ds: Dataset) -> None:
        super()._fit(ds)
        table = self._table(ds)
        self._levels = {name: pd.Index(np.sort(table[name].dropna().unique())) for name in table}
        codes = [levels.get_indexer(table[name]) for name, levels in self._levels.items()]
        self._lifts = [
            self._lift(ds, group, len(levels))
            for group, levels in zip(codes, self._levels.values(), strict=True)
        ]
        members = np.array(codes, dtype=np.intp).reshape(len(codes), len(table)).T
        # The last row is a stranger's: their profile has no row of its own, which is number -1.
        self._groups = np.vstack([members, self._values_of({})])

    def _score(self, profiles: Profiles) -> np.ndarray:
        scores = super()._score(profiles)
        for group, lift in zip(self._groups[profiles.users].T, self._lifts, strict=True):
            scores *= lift[group]
        return scores

    def _table(self, ds: Dataset) -> pd.DataFrame:
        """Return the attributes of every user of the interactions, missing where unknown."""
        if ds.users is None:
            table = pd.DataFrame(index=ds.user_ids)
        else:
            table = ds.users.set_index(Columns.USER).reindex(ds.user_ids)
        if self.attributes is None:
            return table.loc[:, table.nunique() <= MOST_VALUES]
        missing = [name for name in self.attributes if name not in table]
        if missing:
            raise DataError(
                f"{ds.name}: users have no column {missing[0]!r}; they have {list(table)}"
            )
        return table[list(self.attributes)]

    def _lift(self, ds: Dataset, group: np.ndarray, values: int) -> np.ndarray:
        """Lift of every item in every group; ones in the last row, of those whose is unknown."""
        users = np.flatnonzero(group != UNKNOWN)
        ones = np.ones(len(users))
        member = sparse.csr_array((ones, (group[users], users)), shape=(values, len(group)))
        counts = (member @ binarized(ds.matrix)).toarray()
        total = counts.sum(axis=0)
        p = counts.sum(axis=1, keepdims=True) / total.sum()
        return np.vstack([(counts + self.m * p) / ((total + self.m) * p), np.ones(len(total))])

    def _values_of(self, attributes: Mapping[str, Any]) -> np.ndarray:
        data = self.data.name
        unknown = set(attributes) - set(self._levels)
        if unknown:
            raise OptionError(
                f"{data}: {min(unknown)!r} is not one of those fitted: {list(self._levels)}"
            )
        return np.array(
            [
                levels.get_indexer([attributes[name]])[0] if name in attributes else UNKNOWN
                for name, levels in self._levels.items()
            ],
            dtype=np.intp,
        )
