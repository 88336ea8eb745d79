"""The cluster engine where no worker can hold all ratings: slabs of rows, two at a time.

A slab is a range of rows with all their entries. A task compares two slabs over all features, in
the order in which the CPU engine goes through the features, so that its sums have the same bits.
It holds those two alone: of T slabs, each travels T times and no more.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import dask.dataframe as dd
import numpy as np
import pandas as pd
from dask import delayed
from distributed import as_completed
from scipy import sparse

from workbench.compute.cluster.job import Job, repeated, team_of_worker
from workbench.compute.cluster.ratings_table import FAN, FEATURE, ROW, VALUE, Table
from workbench.compute.cpu import engine
from workbench.compute.cpu.packing import SCALES, _whole, scaled
from workbench.compute.cpu.search_kernels import Entries
from workbench.compute.metrics import COLUMN_CENTRED
from workbench.compute.options import SimilarityOptions
from workbench.compute.weighting import ColumnStatistics, Weighting

SLAB_SHARE = 0.1  # of a worker's memory that a slab may fill: it holds two, and some copies
ENTRY_BYTES = 24  # of a rating in a slab, which has it by feature and by row
AHEAD = 2  # tasks a worker is given, so that slabs travel while others are compared


class Slab(NamedTuple):
    """A range of rows, prepared and scaled; features by their number of entries, as when packed.

    Attributes
    ----------
    first : int
        The first of its rows.
    by_feature, by_row : CSR arrays of shape (features, rows) and (rows, features), float64
    counts, squares : float64 arrays of shape (rows,)
        Number of entries and sum of squares of every row.
    """

    first: int
    by_feature: sparse.csr_array
    by_row: sparse.csr_array
    counts: np.ndarray
    squares: np.ndarray


def search(job: Job, progress: bool) -> list[Any]:
    """Lists of the rows that are asked for, a slab of rows each."""
    edges = _edges(job)
    slabs, scale = _slabs(job, edges)
    asked = np.split(job.asked, np.searchsorted(job.asked, edges[1:-1]))
    left = [slab for slab, rows in enumerate(asked) if len(rows)] or [0]
    tiles = iter([(i, j) for i in left for j in range(len(slabs))])
    found: dict[int, list[Any]] = {slab: [] for slab in left}
    going: dict[Any, tuple[int, int]] = {}
    started = as_completed()

    def start(turn: int) -> None:
        i, j = next(tiles, (-1, -1))
        if i >= 0:
            pair = slabs[i], slabs[j], asked[i] - edges[i]
            keys = job.cluster.submit(turn, _keys, *pair, job.options, scale)
            going[keys] = turn, i
            started.add(keys)

    # No more than workers have use for: what waits to be merged would pile up.
    for turn in range(AHEAD * len(job.cluster.addresses)):
        start(turn)
    for keys in job.cluster.done(started, len(left) * len(slabs), progress):
        turn, slab = going.pop(keys)
        found[slab] = job.collapse(slab, [*found[slab], keys])
        start(turn)
    lists = [job.deliver(block, found[slab], asked[slab]) for block, slab in enumerate(left)]
    return job.cluster.client.gather(lists)


def _edges(job: Job) -> np.ndarray:
    """Rows from which to which each slab goes: its entries, and lists to merge, must fit."""
    room = SLAB_SHARE * min(job.cluster.memory)
    share = (ENTRY_BYTES * job.table.rows + 8 * FAN * job.options.k) / room
    # At least so many that their pairs keep all workers busy to the end.
    share *= max(1.0, np.sqrt(4 * len(job.cluster.addresses)) / share.sum())
    slab = np.cumsum(share).astype(int)
    return np.append(np.unique(slab, return_index=True)[1], len(slab))


# --- slabs --------------------------------------------------------------------------------------


def _slabs(job: Job, edges: np.ndarray) -> tuple[list[Any], float]:
    """Futures of the slabs, and what values were multiplied by."""
    client, table = job.cluster.client, job.table
    raw = client.compute(_shuffled(table, edges))
    statistics = client.submit(ColumnStatistics, *_column_statistics(job, raw), pure=False)
    prepared = [client.submit(_prepared, part, statistics, job.options, pure=False) for part in raw]
    del raw
    scale = _scale(client.gather(client.map(_facts, prepared, pure=False)))
    order = client.submit(np.argsort, -table.features, kind="stable", pure=False)
    firsts = edges[:-1].tolist()
    slabs = [
        client.submit(_slab, part, first, scale, order, pure=False)
        for part, first in zip(prepared, firsts, strict=True)
    ]
    return slabs, scale


def _shuffled(table: Table, edges: np.ndarray) -> list[Any]:
    """Delayed CSR arrays of shape (features, rows of a slab)."""
    kinds = {ROW: np.int32, FEATURE: np.int32, VALUE: np.float64}
    meta = pd.DataFrame({name: np.empty(0, kind) for name, kind in kinds.items()})
    frame = dd.from_delayed(table.chunks, meta=meta, verify_meta=False)
    ranges = edges.tolist()
    parts = frame.set_index(ROW, divisions=ranges, shuffle_method="p2p").to_delayed()
    return [
        delayed(_raw, pure=False)(part, first, last, len(table.features))
        for part, first, last in zip(parts, ranges[:-1], ranges[1:], strict=True)
    ]


def _column_statistics(job: Job, raw: list[Any]) -> ColumnStatistics:
    """What rows are prepared by and no slab knows alone."""
    client, table = job.cluster.client, job.table
    statistics = ColumnStatistics(len(table.pool), table.features, 0.0, np.empty(0))
    if job.options.weighting != "none":
        totals = client.gather(client.map(_total, raw, pure=False))
        statistics = statistics._replace(total=float(np.sum(totals)))
    if job.options.definition.of != COLUMN_CENTRED:
        return statistics
    known: Any = client.submit(ColumnStatistics, *statistics, pure=False)
    sums: Any = np.zeros(len(table.features))
    # One after another, by ascending row: in the order in which one process adds them up.
    for part in raw:
        sums = client.submit(_column_sums, part, sums, known, job.options, pure=False)
    return statistics._replace(means=sums.result() / table.features)


def _scale(facts: list[tuple[np.ndarray, float]]) -> float:
    """As `workbench.compute.cpu.packing.scale_of`."""
    limits = np.array([limit for limit, _ in facts])
    whole = (limits[:, :, 0] <= limits[:, :, 1]).all(axis=0)
    if whole.any():
        return float(SCALES[whole.argmax()])
    most = max(greatest for _, greatest in facts)
    return float(2.0 ** -np.frexp(most)[1]) if most else 1.0


# --- tasks --------------------------------------------------------------------------------------


def _raw(part: pd.DataFrame, first: int, last: int, features: int) -> sparse.csr_array:
    places = part[FEATURE].to_numpy(), part.index.to_numpy() - first
    shape = features, last - first
    by_feature = sparse.coo_array((part[VALUE].to_numpy(), places), shape).tocsr()
    if by_feature.nnz < len(part):
        raise repeated()
    by_feature.sort_indices()
    return by_feature


def _total(raw: sparse.csr_array) -> float:
    return float(raw.data.sum())


def _prepared(
    raw: sparse.csr_array, statistics: ColumnStatistics, options: SimilarityOptions
) -> sparse.csr_array:
    return Weighting(raw, options, statistics).transform_features(raw)


def _column_sums(
    raw: sparse.csr_array,
    sums: np.ndarray,
    statistics: ColumnStatistics,
    options: SimilarityOptions,
) -> np.ndarray:
    weighted, sums = _prepared(raw, statistics, replace(options, metric="dot")), sums.copy()
    columns = np.repeat(np.arange(len(sums)), np.diff(weighted.indptr))
    np.add.at(sums, columns, weighted.data)
    return sums


def _facts(prepared: sparse.csr_array) -> tuple[np.ndarray, float]:
    """Least and greatest value at every scale that makes them whole, and the greatest of all."""
    limits = np.array([_whole(prepared.data, float(scale)) for scale in SCALES])
    return limits, float(np.abs(prepared.data).max(initial=0))


def _slab(prepared: sparse.csr_array, first: int, scale: float, order: np.ndarray) -> Slab:
    by_feature = prepared[order]
    by_feature.data = scaled(by_feature.data, scale)
    rows, count = by_feature.indices, by_feature.shape[1]
    counts = np.bincount(rows, minlength=count).astype(float)
    squares = np.bincount(rows, by_feature.data**2, count)
    return Slab(first, by_feature, by_feature.T.tocsr(), counts, squares)


def _keys(
    left: Slab, right: Slab, rows: np.ndarray, options: SimilarityOptions, scale: float
) -> np.ndarray:
    """Keys of the best of the right slab's rows for some rows of the left."""
    queries = left.by_row if len(rows) == left.by_row.shape[0] else left.by_row[rows]
    begins = queries.indptr.astype(np.uint64)
    data = Entries(
        right.by_feature.indices.astype(np.uint32, copy=False),
        right.by_feature.indptr.astype(np.uint64),
        queries.indices.astype(np.uint32, copy=False),
        np.arange(queries.nnz, dtype=np.uint64),
        right.by_feature.data,
        queries.data,
    )
    asking, totals = (left.counts[rows], left.squares[rows]), (right.counts, right.squares)
    ids = np.arange(right.first, right.first + len(right.counts), dtype=np.uint32)
    rules = engine._rules(options, data, asking, totals, scale, ids)
    own = rows if left.first == right.first else np.full(len(rows), -1)
    with team_of_worker() as team:
        found = engine._Search(team, options, data, rules, begins[:-1], begins[1:], own, len(ids))
        found.run(0, len(rows), half=False)
        return found.lists
