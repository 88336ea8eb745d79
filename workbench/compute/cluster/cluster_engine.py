"""The cluster engine: one process's answer, from the workers of a Dask cluster.

Every worker holds all ratings, packed as for the CPU engine, and compares ranges of rows. A pair's
sums are added up in one place, over all features and in the CPU engine's order, and what tasks make
is merged by keys, which order as (score, id) do: how the work is divided cannot change the answer.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from dask import delayed
from distributed import as_completed
from scipy import sparse

from workbench.compute.cluster.ratings_table import Table, table_of
from workbench.compute.cluster.worker_tasks import (
    Delivery,
    full_lists,
    merged_lists,
    packed_ratings,
    part_of,
    range_keys,
)
from workbench.compute.cluster.workers import Cluster
from workbench.compute.neighbours import Neighbours
from workbench.compute.options import SimilarityOptions
from workbench.compute.stored_neighbours import StoredNeighbours
from workbench.compute.weighting import Weighting
from workbench.datasets import positions
from workbench.errors import OptionError

ENTRY_BYTES = 16  # of a packed rating
RANGES = 4  # of rows that a worker compares
BLOCKS = 16  # of rows, at most, whose lists are merged apart


def similar(
    data: Any, options: SimilarityOptions, *, client: Any, of: str, ids: Any, output: Any,
    device: str,
) -> Any:  # fmt: skip
    """Find neighbours as `workbench.compute.similar` does, on a cluster."""
    start = perf_counter()
    cluster = Cluster.of(client, device)
    Weighting(sparse.csr_array([[1.0]]), options)  # what is not allowed
    folder = None if output is None else _empty_folder(output)
    with _large_graphs(), _all_or_nothing(folder):
        table = table_of(data, of, client)
        pool = table.pool
        rows = np.arange(len(pool)) if ids is None else positions(pool, ids, table.kind)
        order = np.argsort(rows, kind="stable")
        none = np.empty((0, options.k), np.int32)
        near = Neighbours(
            pool[:0], pool, none, none.view(np.float32), of, options.metric, cluster.device,
            table.data_hash, 0.0,
        )  # fmt: skip
        lists = _searched(
            cluster, table, options, near, folder, None if ids is None else rows[order]
        )
    seconds = perf_counter() - start
    if folder is not None:
        about = of, options.metric, cluster.device, table.data_hash
        return StoredNeighbours(folder, *about, seconds, len(lists))
    indices, scores = (np.concatenate(part)[np.argsort(order)] for part in zip(*lists, strict=True))
    return replace(near, ids=pool[rows], indices=indices, scores=scores, seconds=seconds)


def _searched(
    cluster: Cluster, table: Table, options: SimilarityOptions, template: Neighbours,
    folder: Path | None, rows: np.ndarray | None,
) -> list[Any]:  # fmt: skip
    """Lists of the rows that are asked for, ascending, or of all; by blocks."""
    n, workers = len(table.pool), len(cluster.addresses)
    cluster.require_memory(ENTRY_BYTES * table.entries + 8 * n * options.k * RANGES)
    quiet = replace(options, progress=False)
    # Delayed, so that chunks are let go as soon as they are packed.
    shape = len(table.features), n
    made = delayed(packed_ratings, pure=False)(table.chunks, shape, quiet)
    packed, delivery = cluster.client.compute(made), cluster.submit(0, Delivery, template, folder)
    steps: list[Any] = []
    # A card searches rows in full.
    if rows is None and options.definition.symmetric and cluster.device.kind == "cpu":
        ranges = enumerate(_equal_ranges(table, RANGES * workers))
        blocks = min(BLOCKS, workers, n)
        steps = [cluster.submit(i, range_keys, packed, quiet, *part, blocks) for i, part in ranges]
        lists = []
        for block, some in enumerate(np.array_split(np.arange(n), blocks)):
            parts = [cluster.submit(i, part_of, keys, block) for i, keys in enumerate(steps)]
            lists.append(cluster.submit(block, merged_lists, parts, quiet.k, delivery, some, block))
    else:
        rows, kind = np.arange(n) if rows is None else rows, cluster.device.kind
        ranges = enumerate(_split(np.cumsum(table.rows[rows] + n / 256), RANGES * workers))
        lists = [
            cluster.submit(i, full_lists, packed, quiet, kind, delivery, rows[first:last], i)
            for i, (first, last) in ranges
        ]
    total, futures = len(steps) + len(lists), as_completed([*steps, *lists])
    steps.clear()  # what is merged can go
    for _ in cluster.finished(futures, total, options.progress):
        pass
    return cluster.client.gather(lists)


def _equal_ranges(table: Table, count: int) -> list[tuple[int, int]]:
    """Ranges of ranks with about as many multiply-adds each: an entry meets those before it."""
    entries = np.sort(table.rows)[::-1].astype(np.float64)
    before = np.cumsum(entries) / table.entries
    mean = table.entries / len(table.features)
    return _split(np.cumsum(entries * before * mean + np.arange(len(entries)) / 4), count)


def _split(work: np.ndarray, count: int) -> list[tuple[int, int]]:
    """Ranges of about equal work, from the work that is done when a row is; at least one."""
    inner = np.linspace(0, work[-1] if len(work) else 0, count + 1)[1:-1]
    edges = np.unique([0, *np.searchsorted(work, inner), len(work)]).tolist()
    return list(pairwise(edges)) or [(0, 0)]


def _empty_folder(output: Any) -> Path:
    folder = Path(output).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OptionError(f"output={str(output)!r} is not an empty folder; name a new one")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _all_or_nothing(folder: Path | None) -> Iterator[None]:
    """Leave all files in the folder, or none; and nothing of workers that died as they wrote."""
    pattern = "*part-*"
    try:
        yield
        pattern = ".part-*"
    finally:
        for path in [] if folder is None else folder.glob(pattern):
            path.unlink()


@contextmanager
def _large_graphs() -> Iterator[None]:
    """A Dataset travels in the graph on purpose: what dies with a worker can be had again."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        yield
