"""The neighbours of every row: their ids and scores, brought up to date when ratings arrive."""

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.compute.incremental_update import updated_lists
from workbench.compute.options import OF
from workbench.compute.search import Search
from workbench.datasets import Dataset, extended, tables
from workbench.device import Device
from workbench.errors import OptionError
from workbench.validation import one_of


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The k most similar rows of every row.

    Attributes
    ----------
    ids : Index of shape (n,)
        Ids of the rows, ascending, or as they were asked for.
    pool : Index of shape (m,)
        Ids of all rows that could be chosen, ascending: what `indices` counts.
    indices : int32 array of shape (n, k)
        Rows of the neighbours in `pool`, best first; -1 where there are fewer than k.
    scores : float32 array of shape (n, k)
        Their similarities; 0 where there are fewer than k.
    of, metric : str
        What was asked for.
    device : Device
        Where it was computed.
    data_hash : str
        Hash of the data set.
    seconds : float
        Wall time.
    search : Search or None
        What was searched and how; None of vectors and of what a cluster found.
    computed : int
        Rows that were searched for: all, or those that an update touched.
    """

    ids: pd.Index
    pool: pd.Index
    indices: np.ndarray
    scores: np.ndarray
    of: str
    metric: str
    device: Device
    data_hash: str
    seconds: float
    search: Search | None = field(default=None, repr=False)
    computed: int = 0

    def update(self, new: pd.DataFrame) -> "Neighbours":
        """Neighbours once new interactions have arrived, the same as those of a new search.

        Only rows that a new interaction changes are searched anew, and those whose list may
        miss some row for it. A weighting by the number of all rows, or a new mean rating of a
        popular column, changes most rows: all are searched then.

        Parameters
        ----------
        new : DataFrame
            ``user_id``, ``item_id``, ``rating`` and any other column of the interactions. A pair
            that is known is rated anew.

        Returns
        -------
        Neighbours
            Whose ``search.data`` is the data set with the new interactions; these are left as
            they are.

        Raises
        ------
        OptionError
            If these are neighbours of vectors, or from a cluster.
        DataError
            If a column is missing or holds what it must not.
        """
        start = perf_counter()
        if self.search is None:
            raise OptionError(
                "only neighbours that similar() found in a Dataset, and not on a cluster, can be "
                "updated; call similar() again"
            )
        search = self.search._replace(data=extended(self.search.data, new))
        lists = updated_lists((self.indices, self.scores), self.search, search, self.device)
        if lists is None:
            near = neighbours_of(search, self.device)
        else:
            indices, scores, computed = lists
            near = replace(
                self, ids=search.pool, pool=search.pool, indices=indices, scores=scores,
                data_hash=search.data.hash, search=search, computed=computed,
            )  # fmt: skip
        return replace(near, seconds=perf_counter() - start)

    def frame(self) -> pd.DataFrame:
        """Long table: the row's id, ``neighbour_id``, ``score``, ``rank`` (from 1)."""
        row, column = np.nonzero(self.indices >= 0)
        return pd.DataFrame(
            {
                Columns.ITEM if self.of == "items" else Columns.USER: self.ids[row],
                "neighbour_id": self.pool[self.indices[row, column]],
                Columns.SCORE: self.scores[row, column],
                Columns.RANK: column + 1,
            }
        )


def neighbours_of(search: Search, device: Device) -> Neighbours:
    """Search a data set for the neighbours of all rows, or of some."""
    (indices, scores), seconds = search.run(device)
    pool, rows = search.pool, search.rows
    ids = pool if rows is None else pool[rows]
    of, metric, data_hash = search.of, search.options.metric, search.data.hash
    return Neighbours(
        ids, pool, indices, scores, of, metric, device, data_hash, seconds, search, len(ids)
    )


def common_ratings(ds: Dataset, first: Any, second: Any, *, of: str = "items") -> pd.DataFrame:
    """Ratings that two items or users have in common: what their similarity rests on.

    Returns
    -------
    DataFrame
        The other side's id, and the columns ``first`` and ``second`` with the two ratings.
    """
    one_of("of", of, OF)
    mine, other = (Columns.ITEM, Columns.USER)[:: 1 if of == "items" else -1]
    table = ds.interactions
    pair = (
        tables.to_pandas(table.loc[table[mine] == row, [other, Columns.RATING]]).rename(
            columns={Columns.RATING: name}
        )
        for row, name in ((first, "first"), (second, "second"))
    )
    return next(pair).merge(next(pair), on=other).sort_values(other, ignore_index=True)
