"""The attributes of the items that a model knows, as rules ask for them."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError
from workbench.models.derived_state import derived


class ItemAttributes:
    """Tables with a row an item, in the order of a model's scores; each is made once."""

    def __init__(self, data: Dataset, item_ids: pd.Index) -> None:
        self.data = data
        self.item_ids = item_ids

    def __len__(self) -> int:
        return len(self.item_ids)

    def column(self, name: str) -> pd.Series:
        """Values of an attribute, missing where the items have none."""
        items = self.data.items
        if name not in items:
            raise DataError(
                f"{self.data.name}: items have no column {name!r}; they have {[*items]}"
            )
        return self._once(name, lambda: items.set_index(Columns.ITEM)[name].reindex(self.item_ids))

    def labels(self, name: str) -> tuple[sparse.csr_array, pd.Index]:
        """Ones where an item has a label, of a list of them or one value; and the labels."""
        return self._once(f"labels of {name}", lambda: self._labels(name))

    def events(self, kind: str) -> sparse.csr_array:
        """Ones where an interaction is of a kind of event; shape (users, items)."""
        return self._once(f"events {kind}", lambda: self._events(kind))

    def _once(self, name: str, make: Any) -> Any:
        return derived(self, name, None, make)

    def _labels(self, name: str) -> tuple[sparse.csr_array, pd.Index]:
        # A label that only items without a score have is no misspelt one.
        others = pd.Index(self.data.items[Columns.ITEM]).difference(self.item_ids)
        members, labels = self.data.labels(name, self.item_ids.append(others))
        return members[: len(self)], labels

    def _events(self, kind: str) -> sparse.csr_array:
        ds = self.data
        if Columns.EVENT not in ds.interactions:
            raise DataError(f"{ds.name}: interactions have no column {Columns.EVENT!r}")
        pairs = ds.table[ds.table[Columns.EVENT] == kind]
        rows = ds.user_ids.get_indexer(pairs[Columns.USER])
        items = self.item_ids.get_indexer(pairs[Columns.ITEM])
        return ones_at(rows, items, (len(ds.user_ids), len(self)))


def ones_at(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """Ones at these places, those of a negative row or column left out."""
    known = (rows >= 0) & (columns >= 0)
    places = rows[known], columns[known]
    matrix = sparse.coo_array((np.ones(len(places[0])), places), shape=shape).tocsr()
    matrix.data[:] = 1
    return matrix
