"""Exact top-k neighbours of users or items."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.compute.device import Device, resolve
from workbench.compute.metrics import METRICS
from workbench.datasets import Dataset
from workbench.options import at_least, one_of

OF = ("items", "users")


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


def similar(
    ds: Dataset,
    *,
    of: str = "items",
    metric: str = "cosine",
    k: int = 50,
    ids: Any = None,
    signed: bool = False,
    min_overlap: int = 1,
    device: str = "auto",
) -> Neighbours:
    r"""Find the k most similar items or users, exactly.

    With :math:`x, y` two rows of the ratings and :math:`C` the columns both have,

    .. math::
        cosine(x, y) = \frac{\sum_C x_c y_c}{\sqrt{\sum x^2 \sum y^2}}, \qquad
        pearson(x, y) = \frac{\sum_C (x_c - \bar x_C)(y_c - \bar y_C)}
            {\sqrt{\sum_C (x_c - \bar x_C)^2 \sum_C (y_c - \bar y_C)^2}}

    where :math:`\bar x_C` is the mean over :math:`C` (Herlocker et al. 1999, eq. 1). Scores are
    float64 until they are rounded to float32, before they are compared; ties go to the lower id.

    Parameters
    ----------
    ds : Dataset
    of : {"items", "users"}
    metric : {"cosine", "pearson"}
        A row of zero variance over the co-rated entries, one co-rated entry included, has no
        Pearson similarity and is no neighbour.
    k : int
        Neighbours a row; above the number of rows is fine, the rest is padded.
    ids : sequence of ids, optional
        Only these rows' neighbours, at a cost in proportion; by default all rows.
    signed : bool
        Whether scores of zero and below are neighbours too.
    min_overlap : int
        Columns that two rows must have in common to be neighbours.
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If `of`, `metric`, `k`, `min_overlap` or `device` is not allowed.
    UnknownIdError
        If one of `ids` has no interactions.
    DeviceError
        If a GPU is asked for and there is none.
    """
    one_of("of", of, OF)
    matrix = ds.matrix if of == "users" else ds.matrix.T.tocsr()
    pool = ds.user_ids if of == "users" else ds.item_ids
    rows = np.arange(len(pool))
    if ids is not None:
        rows = ds.require_users(ids) if of == "users" else ds.require_items(ids)
    where = resolve(device)
    start = perf_counter()
    indices, scores = nearest(
        matrix[rows],
        matrix,
        own=rows,
        metric=metric,
        k=k,
        signed=signed,
        min_overlap=min_overlap,
        device=where,
    )
    seconds = perf_counter() - start
    return Neighbours(pool[rows], pool, indices, scores, of, metric, where, ds.hash, seconds)


def nearest(
    queries: sparse.csr_array,
    targets: sparse.csr_array,
    *,
    own: np.ndarray,
    metric: str = "cosine",
    k: int = 50,
    signed: bool = False,
    min_overlap: int = 1,
    device: Device,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k most similar target rows of every query row, which need not be among them.

    Parameters
    ----------
    queries, targets : CSR arrays of shape (n, columns) and (m, columns), float64
    own : int array of shape (n,)
        The target row that is the query itself; -1 where there is none.
    metric, k, signed, min_overlap, device
        As in `similar`.

    Returns
    -------
    indices : int32 array of shape (n, k)
    scores : float32 array of shape (n, k)
    """
    at_least("k", k, 1)
    at_least("min_overlap", min_overlap, 1)
    definition = METRICS[one_of("metric", metric, METRICS)]
    if device.kind == "gpu":
        from workbench.compute import _cupy as engine
    else:
        from workbench.compute import _cpu as engine  # type: ignore[no-redef]
    return engine.nearest(
        queries, targets, definition, k, own=own, signed=signed, min_overlap=min_overlap
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
        table.loc[table[mine] == row, [other, Columns.RATING]].rename(
            columns={Columns.RATING: name}
        )
        for row, name in ((first, "first"), (second, "second"))
    )
    return next(pair).merge(next(pair), on=other).sort_values(other, ignore_index=True)
