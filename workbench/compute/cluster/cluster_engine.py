"""The cluster engine: one process's answer, from the workers of a Dask cluster.

Where the packed ratings fit, every worker holds all of them and compares ranges of rows; else
rows are cut into slabs, and pairs of slabs are compared. Either way a pair's sums are added up in
one place, over all features and in the CPU engine's order, and what tasks find is merged by keys,
which order as (score, id) do: how the work is divided cannot change the answer.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse

from workbench.compute.cluster import broadcast, tiles
from workbench.compute.cluster.job import Cluster, Job
from workbench.compute.cluster.ratings_table import table_of
from workbench.compute.neighbours import Neighbours
from workbench.compute.options import SimilarityOptions
from workbench.compute.stored_neighbours import StoredNeighbours
from workbench.compute.weighting import Weighting
from workbench.datasets import positions
from workbench.errors import OptionError

BROADCAST_SHARE = 0.25  # of the smallest worker's memory: packing takes some times what it makes


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
        wanted = (
            np.arange(len(table.pool)) if ids is None else positions(table.pool, ids, table.kind)
        )
        order = np.argsort(wanted, kind="stable")
        none = np.empty((0, options.k), np.int32)
        near = Neighbours(
            table.pool[:0], table.pool, none, none.view(np.float32), of, options.metric,
            cluster.device, table.data_hash, 0.0,
        )  # fmt: skip
        template = cluster.submit(0, _same, near)
        rows = None if ids is None else wanted[order]
        quiet = replace(options, progress=False)
        job = Job(cluster, table, quiet, rows, template, folder)
        fits = broadcast.size(job) <= BROADCAST_SHARE * min(cluster.memory)
        if not fits:
            cluster = cluster.on_processors(device)
        lists = (broadcast if fits else tiles).search(job, options.progress)
    seconds = perf_counter() - start
    if folder is not None:
        about = of, options.metric, cluster.device, table.data_hash
        return StoredNeighbours(folder, *about, seconds, len(lists))
    indices, scores = (np.concatenate(part)[np.argsort(order)] for part in zip(*lists, strict=True))
    ids, where = table.pool[wanted], cluster.device
    return replace(near, ids=ids, indices=indices, scores=scores, device=where, seconds=seconds)


def _same(value: Any) -> Any:
    return value


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
