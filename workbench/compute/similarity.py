"""Exact top-k neighbours of users or items."""

from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.compute.dense import vector_search
from workbench.compute.engines import engine_on
from workbench.compute.neighbours import Neighbours, neighbours_of
from workbench.compute.options import OF, SimilarityOptions
from workbench.compute.search import Search
from workbench.compute.weighting import Weighting
from workbench.datasets import Dataset, positions
from workbench.device import CHOICES, Device, resolve
from workbench.errors import DataError, OptionError
from workbench.validation import one_of


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
        See `workbench.compute.weighting.Weighting`.
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
        Compute on the workers of this cluster, with the same answer. Every worker gets all
        ratings, packed: 16 bytes each, which must fit a quarter of its memory.
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
        If a GPU is asked for and there is none, or a worker has too little memory.

    Notes
    -----
    Vectors are compared by products of few digits, float32 on a CPU and half precision on a card,
    which find candidates, and by the candidates' exact scores. How far such a product may be off
    says whether a row's candidates are enough; where not, it is compared with all others exactly.

    On a CPU, a pair of rows costs a multiply-add for every column it shares. Memory beyond the
    ratings is about 12 bytes a rating, 10 k bytes a row, 4 to 24 bytes a row for each core, and
    at most 192 MiB for matrix products: never rows x rows.
    """
    options = SimilarityOptions.checked(
        metric=metric, k=k, min_overlap=min_overlap, alpha=alpha, shrink=shrink,
        weighting=weighting, signed=signed, progress=progress,
    )  # fmt: skip
    if client is not None or output is not None or _is_for_a_cluster(data):
        return _on_cluster(data, of, options, ids, device, client, output)
    if isinstance(data, Dataset):
        search = Search(data, one_of("of", of, OF), ids, options)
        return neighbours_of(search, resolve(device))
    return _of_vectors(data, of, options, ids, resolve(device))


def nearest(
    targets: sparse.csr_array,
    *,
    queries: sparse.csr_array | None = None,
    exclude: np.ndarray | None = None,
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
    exclude : int array of shape (n,), optional
        The target row that is the query itself; -1, the default, where there is none.
    metric, k, weighting, shrink, alpha, signed, min_overlap, device
        As in `similar`.

    Returns
    -------
    indices : int32 array of shape (n, k)
    scores : float32 array of shape (n, k)
    """
    options = SimilarityOptions.checked(
        metric=metric, k=k, min_overlap=min_overlap, alpha=alpha, shrink=shrink,
        weighting=weighting, signed=signed,
    )  # fmt: skip
    by_feature = targets.T.tocsr()
    prepare = Weighting(by_feature, options)
    if queries is None:
        return engine_on(device).nearest(prepare.transform_features(by_feature), options)
    exclude = np.full(queries.shape[0], -1) if exclude is None else exclude
    prepared = prepare.transform_features(by_feature), prepare.transform_rows(queries)
    return engine_on(device).nearest_to(*prepared, options, exclude=exclude)


def _is_for_a_cluster(data: Any) -> bool:
    """Whether the data are for a cluster to read."""
    return isinstance(data, str | Path) or type(data).__module__.partition(".")[0] == "dask"


def _on_cluster(
    data: Any, of: str, options: SimilarityOptions, ids: Any, device: str, client: Any, output: Any
) -> Any:  # fmt: skip
    """Neighbours from the workers of a cluster."""
    if client is None:
        what = f"data of type {type(data).__name__}" if _is_for_a_cluster(data) else "output="
        raise OptionError(f"{what} needs a cluster; pass client=dask.distributed.Client()")
    from workbench.compute.cluster import cluster_engine

    of, device = one_of("of", of, OF), one_of("device", device, CHOICES)
    return cluster_engine.similar(
        data, options, client=client, of=of, ids=ids, output=output, device=device
    )


def _of_vectors(
    data: Any, of: str, options: SimilarityOptions, ids: Any, device: Device
) -> Neighbours:
    """Neighbours among dense vectors."""
    if options.weighting != "none":
        raise OptionError(f"weighting={options.weighting!r} is for ratings; vectors take 'none'")
    pool = data.index if isinstance(data, pd.DataFrame) else pd.RangeIndex(len(data))
    vectors = np.asarray(data, dtype=np.float64)
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise DataError("vectors must be a table of finite numbers, one row a vector")
    rows = None if ids is None else positions(pool, ids, "row")
    start = perf_counter()
    indices, scores = vector_search.nearest(vectors, options, rows=rows, device=device)
    digest = sha256(np.ascontiguousarray(vectors).tobytes()).hexdigest()[:12]
    seconds = perf_counter() - start
    ids = pool if rows is None else pool[rows]
    return Neighbours(ids, pool, indices, scores, of, options.metric, device, digest, seconds)
