"""A search of a data set: what is compared, by which options, and how it runs on a device."""

from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute.engines import engine_on
from workbench.compute.options import SimilarityOptions
from workbench.compute.weighting import Weighting
from workbench.datasets import Dataset
from workbench.device import Device
from workbench.device.arrays import on_card

Lists = tuple[np.ndarray, np.ndarray]
"""Indices (int32) and scores (float32) of the neighbours, both of shape (rows, k)."""


class Search(NamedTuple):
    """What is searched for neighbours: a data set, all of it or some ids, by which options."""

    data: Dataset
    of: str
    ids: Any
    options: SimilarityOptions

    @property
    def pool(self) -> pd.Index:
        """Ids of all rows that are compared."""
        return self.data.user_ids if self.of == "users" else self.data.item_ids

    @property
    def rows(self) -> np.ndarray | None:
        """Positions in the pool of the rows that are searched for; None for all."""
        if self.ids is None:
            return None
        require = self.data.require_users if self.of == "users" else self.data.require_items
        return require(self.ids)

    def raw(self) -> sparse.csr_array:
        """Ratings as they are, of shape (features, rows)."""
        return self.data.matrix if self.of == "items" else self.data.matrix.T.tocsr()

    def run(self, device: Device) -> tuple[Lists, float]:
        """Lists of the rows that are searched for, and the seconds that took."""
        rows, start = self.rows, perf_counter()
        lists = self._run_on_card(rows) if device.kind == "gpu" else None
        if lists is None:
            raw, start = self.raw(), perf_counter()
            prepared = Weighting(raw, self.options).transform_features(raw)
            lists = engine_on(device).nearest(prepared, self.options, rows=rows)
        return lists, perf_counter() - start

    def _run_on_card(self, rows: np.ndarray | None) -> Lists | None:
        """Lists from ratings that are on the card, if it can do without the host's matrix."""
        if not on_card(self.data.interactions):
            return None
        from workbench.compute.gpu import engine

        users, items, ratings = self.data.entries
        shape = (len(self.data.user_ids), len(self.data.item_ids))
        entries = (users, items, ratings)
        if self.of == "users":
            entries, shape = (items, users, ratings), shape[::-1]
        return engine.nearest_of(entries, shape, self.options, rows=rows)
