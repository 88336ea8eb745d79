"""Exact top-k neighbours of users or items."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.compute.dense import vector_search
from workbench.compute.metrics import METRICS
from workbench.compute.options import Request
from workbench.compute.weighting import WEIGHTINGS, Preparation
from workbench.datasets import Dataset, positions, tables
from workbench.device import CHOICES, Device, resolve
from workbench.device.arrays import on_card
from workbench.errors import DataError, OptionError
from workbench.validation import at_least, one_of

OF = ("items", "users")


class Search(NamedTuple):
    """What was searched for neighbours: a data set, all of it or some ids, by which options."""

    data: Dataset
    of: str
    ids: Any
    request: Request
    weighting: str


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
        from workbench.compute.incremental_update import updated

        return updated(self, new)

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
    data: Any,
    *,
    of: str = "items",
    metric: str = "cosine",
    k: int = 50,
    ids: Any = None,
    weighting: str = "none",
    shrink: float = 0.0,
    alpha: float = 0.5,
    signed: bool = False,
    min_overlap: int = 1,
    device: str = "auto",
    progress: bool = True,
    client: Any = None,
    output: Any = None,
) -> Neighbours:
    r"""Find the k most similar items or users, exactly.

    With :math:`x, y` two rows of the ratings, :math:`C` the n columns both have an entry in,
    :math:`|x|` the number of entries of x, and s the `shrink`,

    .. math::
        dot &= \sum_C x_c y_c \\
        cosine &= \frac{\sum_C x_c y_c}{\sqrt{\sum x^2 \sum y^2} + s} \\
        asymmetric\_cosine &=
            \frac{\sum_C x_c y_c}{(\sum x^2)^\alpha (\sum y^2)^{1 - \alpha} + s} \\
        pearson &= \frac{\sum_C (x_c - \bar x_C)(y_c - \bar y_C)}
            {\sqrt{\sum_C (x_c - \bar x_C)^2 \sum_C (y_c - \bar y_C)^2} + s} \\
        msd &= \frac{1}{\frac{1}{n} \sum_C (x_c - y_c)^2 + 1} \\
        jaccard &= \frac{n}{|x| + |y| - n + s}, \qquad dice = \frac{2 n}{|x| + |y| + s}

    where :math:`\bar x_C` is the mean over :math:`C` (Herlocker et al. 1999, eq. 1; Surprise's
    ``pearson`` and ``msd``). ``centred_cosine`` is the cosine of rows less their own mean;
    ``adjusted_cosine`` has columns less their mean, and sums of squares over :math:`C` only
    (Sarwar et al. 2001, section 3.1.3). Asymmetric cosine is that of Aiolli 2013, eq. 3; `shrink`
    as in Ferrari Dacrema et al. 2021, section 4.1. Scores are float64 until they are rounded to
    float32, before they are compared; ties go to the lower id.

    Parameters
    ----------
    data : Dataset, or array or DataFrame of shape (n, d)
        Vectors (embeddings, factors) are compared as they are, with every entry present; a
        DataFrame's index holds their ids. With `client` a Dataset, or a Dask DataFrame or the
        path of a folder of Parquet files with the columns ``user_id``, ``item_id`` and
        ``rating``, at most one rating an item and user.
    of : {"items", "users"}
        Of a data set, what is compared.
    metric : {"cosine", "pearson", "centred_cosine", "adjusted_cosine", "msd", "jaccard", \
              "dice", "asymmetric_cosine", "dot"}
        A row of zero variance over the co-rated entries, one co-rated entry included, has no
        Pearson similarity and is no neighbour.
    k : int
        Neighbours a row; above the number of rows is fine, the rest is padded.
    ids : sequence of ids, optional
        Only these rows' neighbours, at a cost in proportion, beside one pass over the ratings; by
        default all rows.
    weighting : {"none", "tfidf", "bm25"}
        See `workbench.compute.weighting.Preparation`.
    shrink : float
        Added to the denominator: pairs with little in common score less.
    alpha : float
        Weight of the row itself in asymmetric cosine, from 0 to 1.
    signed : bool
        Whether scores of zero and below are neighbours too.
    min_overlap : int
        Columns that two rows must have in common to be neighbours.
    device : {"auto", "cpu", "gpu"}
        With `client`, what every worker has: "gpu" is an error where one has none, and "auto" uses
        cards where all have one and the ratings fit. ``dask_cuda.LocalCUDACluster`` starts a
        worker a card.
    progress : bool
        Whether a run of more than two seconds shows how far it is.
    client : dask.distributed.Client, optional
        Compute on the workers of this cluster, with the same answer. Where the ratings fit a
        quarter of a worker's memory, packed, every worker gets them all; else pieces of them.
    output : path, optional
        With `client`, an empty or new folder that the workers see: each writes what it found
        there as Parquet files, and nothing is gathered.

    Returns
    -------
    Neighbours
        With `output`, a `workbench.compute.StoredNeighbours` that says where they are.

    Raises
    ------
    OptionError
        If an argument is not allowed, alone or with the others.
    UnknownIdError
        If one of `ids` has no interactions.
    DeviceError
        If a GPU is asked for and there is none.

    Notes
    -----
    Vectors are compared by products of few digits, float32 on a CPU and half precision on a card,
    which find candidates, and by the candidates' exact scores. How far such a product may be off
    says whether a row's candidates are enough; where not, it is compared with all others exactly.

    On a CPU, a pair of rows costs a multiply-add for every column it shares. Memory beyond the
    ratings is about 12 bytes a rating, 10 k bytes a row, 4 to 24 bytes a row for each core, and
    at most 192 MiB for matrix products: never rows x rows.
    """
    request = checked(metric, k, min_overlap, alpha, shrink, signed, progress)
    one_of("weighting", weighting, WEIGHTINGS)
    if client is not None or output is not None or _is_far(data):
        return _on_cluster(data, request, of, weighting, ids, device, client, output)
    where = resolve(device)
    if not isinstance(data, Dataset):
        return _of_vectors(data, of, request, weighting, ids, where)
    return searched(Search(data, one_of("of", of, OF), ids, request, weighting), where)


def searched(search: Search, where: Device) -> Neighbours:
    """Search a data set for the neighbours of all rows, or of some."""
    data, of, ids, request, weighting = search
    pool = data.user_ids if of == "users" else data.item_ids
    rows = None
    if ids is not None:
        rows = data.require_users(ids) if of == "users" else data.require_items(ids)
    start = perf_counter()
    found = _on_card(search, rows) if where.kind == "gpu" else None
    if found is None:
        by_feature = data.matrix if of == "items" else data.matrix.T.tocsr()
        start = perf_counter()
        prepared = Preparation(by_feature, request.definition, weighting).of_features(by_feature)
        found = engine_on(where).nearest(prepared, request, rows=rows)
    indices, scores = found
    seconds = perf_counter() - start
    asked = pool if rows is None else pool[rows]
    return Neighbours(
        asked, pool, indices, scores, of, request.metric, where, data.hash, seconds, search,
        len(asked),
    )  # fmt: skip


def _on_card(search: Search, rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Neighbours from ratings that are on the card, if it can do without the host's matrix."""
    data, of, _, request, weighting = search
    if not on_card(data.interactions):
        return None
    from workbench.compute.gpu import engine

    users, items, ratings = data.entries
    entries, shape = (users, items, ratings), (len(data.user_ids), len(data.item_ids))
    if of == "users":
        entries, shape = (items, users, ratings), shape[::-1]
    return engine.nearest_of(entries, shape, request, weighting=weighting, rows=rows)


def nearest(
    targets: sparse.csr_array,
    *,
    queries: sparse.csr_array | None = None,
    own: np.ndarray | None = None,
    metric: str = "cosine",
    k: int = 50,
    weighting: str = "none",
    shrink: float = 0.0,
    alpha: float = 0.5,
    signed: bool = False,
    min_overlap: int = 1,
    device: Device,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k most similar target rows of every target, or of queries from outside.

    Parameters
    ----------
    targets : CSR array of shape (m, columns), float64
    queries : CSR array of shape (n, columns), float64, optional
        By default the targets themselves.
    own : int array of shape (n,), optional
        The target row that is the query itself; -1, the default, where there is none.
    metric, k, weighting, shrink, alpha, signed, min_overlap, device
        As in `similar`.

    Returns
    -------
    indices : int32 array of shape (n, k)
    scores : float32 array of shape (n, k)
    """
    request = checked(metric, k, min_overlap, alpha, shrink, signed)
    by_feature = targets.T.tocsr()
    one_of("weighting", weighting, WEIGHTINGS)
    prepare = Preparation(by_feature, request.definition, weighting)
    if queries is None:
        return engine_on(device).nearest(prepare.of_features(by_feature), request)
    own = np.full(queries.shape[0], -1) if own is None else own
    prepared = prepare.of_features(by_feature), prepare.of_rows(queries)
    return engine_on(device).nearest_to(*prepared, request, own=own)


def checked(
    metric: str,
    k: int,
    min_overlap: int,
    alpha: float,
    shrink: float,
    signed: bool = False,
    progress: bool = False,
) -> Request:
    """Check the options of a search."""
    one_of("metric", metric, METRICS)
    definition = METRICS[metric]
    if not 0 <= alpha <= 1:
        raise OptionError(f"alpha={alpha!r} must lie between 0 and 1")
    if not (0 <= shrink < np.inf):
        raise OptionError(f"shrink={shrink!r} must be a finite number of 0 or more")
    if shrink and not definition.shrinks:
        raise OptionError(f"metric={metric!r} has no denominator to shrink by; use shrink=0")
    k, min_overlap = at_least("k", k, 1), at_least("min_overlap", min_overlap, 1)
    return Request(metric, k, min_overlap, float(alpha), float(shrink), bool(signed), progress)


def engine_on(device: Device) -> Any:
    """The module that searches on a device."""
    if device.kind == "gpu":
        from workbench.compute.gpu import engine as gpu_engine

        return gpu_engine
    from workbench.compute.cpu import engine

    return engine


def targets(by_feature: sparse.csr_array, device: Device) -> Any:
    """Prepared rows as `nearest_to` of the engine takes them at the least cost a call."""
    if device.kind == "gpu":
        return by_feature
    from workbench.compute.cpu.engine import Targets

    return Targets.of(by_feature)


def _is_far(data: Any) -> bool:
    """Whether the data are for a cluster to read."""
    return isinstance(data, str | Path) or type(data).__module__.partition(".")[0] == "dask"


def _on_cluster(
    data: Any, request: Request, of: str, weighting: str, ids: Any, device: str,
    client: Any, output: Any,
) -> Any:  # fmt: skip
    """Neighbours from the workers of a cluster."""
    if client is None:
        what = f"data of type {type(data).__name__}" if _is_far(data) else "output="
        raise OptionError(f"{what} needs a cluster; pass client=dask.distributed.Client()")
    from workbench.compute.cluster import cluster_engine

    options = {"of": one_of("of", of, OF), "weighting": weighting, "ids": ids}
    options["device"] = one_of("device", device, CHOICES)
    return cluster_engine.similar(data, request, client=client, output=output, **options)


def _of_vectors(
    data: Any, of: str, request: Request, weighting: str, ids: Any, device: Device
) -> Neighbours:
    """Neighbours among dense vectors."""
    if weighting != "none":
        raise OptionError(f"weighting={weighting!r} is for ratings; vectors take 'none'")
    pool = data.index if isinstance(data, pd.DataFrame) else pd.RangeIndex(len(data))
    vectors = np.asarray(data, dtype=np.float64)
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise DataError("vectors must be a table of finite numbers, one row a vector")
    rows = None if ids is None else positions(pool, ids, "row")
    start = perf_counter()
    indices, scores = vector_search.nearest(vectors, request, rows=rows, device=device)
    digest = sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()[:12]
    seconds = perf_counter() - start
    asked = pool if rows is None else pool[rows]
    return Neighbours(asked, pool, indices, scores, of, request.metric, device, digest, seconds)


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
