"""The cluster engine where every worker can hold all ratings, packed as for the CPU engine."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from dask import delayed
from distributed import as_completed
from scipy import sparse

from workbench.compute.cluster.job import Job, delivered, part_of, repeated, team_of_worker, turn
from workbench.compute.cluster.ratings_table import FEATURE, ROW, VALUE, Table
from workbench.compute.cpu import engine
from workbench.compute.cpu.packing import Packed, pack
from workbench.compute.neighbours import Neighbours
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import best, unpack
from workbench.compute.weighting import Weighting

ENTRY_BYTES = 16  # of a packed rating
RANGES = 4  # of rows that a worker compares
BLOCKS = 16  # of rows, at most, whose lists are merged apart


def size(job: Job) -> int:
    """Bytes a worker holds: all ratings, and the lists it found."""
    return ENTRY_BYTES * job.table.entries + 8 * len(job.table.pool) * job.options.k * RANGES


def search(job: Job, progress: bool) -> list[Any]:
    """Lists of the rows that are asked for, by blocks."""
    shape = len(job.table.features), len(job.table.pool)
    # Delayed, so that chunks are let go as soon as they are packed.
    made = delayed(_packed, pure=False)(job.table.chunks, shape, job.options)
    packed = job.cluster.client.compute(made)
    # A card searches rows in full.
    on_cards = job.cluster.device.kind == "gpu"
    halves = job.rows is None and job.options.definition.symmetric and not on_cards
    steps, lists = (_by_ranges if halves else _by_blocks)(job, packed)
    total, watched = len(steps) + len(lists), as_completed([*steps, *lists])
    steps.clear()  # what is merged can go
    for _ in job.cluster.done(watched, total, progress):
        pass
    return job.cluster.client.gather(lists)


def _by_blocks(job: Job, packed: Any) -> tuple[list[Any], list[Any]]:
    """Blocks of rows, each against all rows."""
    work = np.cumsum(job.table.rows[job.asked] + len(job.table.pool) / 256)
    ending = job.cluster.device.kind, job.template, job.folder
    parts = enumerate(_split(work, RANGES * len(job.cluster.addresses)))
    return [], [
        job.cluster.submit(
            block, _full_lists, packed, job.options, job.asked[first:last], *ending, block
        )
        for block, (first, last) in parts
    ]


def _by_ranges(job: Job, packed: Any) -> tuple[list[Any], list[Any]]:
    """Ranges of ranks, each against all more popular rows; the lists merged by blocks of rows."""
    submit, workers = job.cluster.submit, len(job.cluster.addresses)
    blocks = min(BLOCKS, workers, len(job.asked))
    ranges = enumerate(_equal_ranges(job.table, RANGES * workers))
    found = [submit(turn, _half_keys, packed, job.options, *part, blocks) for turn, part in ranges]
    lists = []
    for block, rows in enumerate(np.array_split(job.asked, blocks)):
        parts = [submit(turn, part_of, keys, block) for turn, keys in enumerate(found)]
        lists.append(job.deliver(block, parts, rows))
    return found, lists


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


# --- tasks --------------------------------------------------------------------------------------


def _packed(
    chunks: list[pd.DataFrame], shape: tuple[int, int], options: SimilarityOptions
) -> Packed:
    features, rows, values = (
        np.concatenate([chunk[name].to_numpy() for chunk in chunks])
        for name in (FEATURE, ROW, VALUE)
    )
    by_feature = sparse.coo_array((values, (features, rows)), shape).tocsr()
    if by_feature.nnz < len(values):
        raise repeated()
    by_feature.sort_indices()
    prepared = Weighting(by_feature, options).transform_features(by_feature)
    with team_of_worker() as team:
        return pack(prepared, team)


def _half_keys(
    packed: Packed, options: SimilarityOptions, first: int, last: int, blocks: int
) -> list[np.ndarray]:
    """Keys that the rows of ranks first to last found for all rows, in blocks by id."""
    with team_of_worker() as team:
        keys = best(engine.pairs(packed, options, team, first, last), options.k)
    return [keys[ranks] for ranks in np.array_split(packed.ranks, blocks)]


def _full_lists(
    packed: Packed, options: SimilarityOptions, rows: np.ndarray, device: str,
    template: Neighbours, folder: Path | None, block: int,
) -> Any:  # fmt: skip
    return delivered(*among(packed, options, rows, device), rows, template, folder, block)


def among(
    packed: Packed, options: SimilarityOptions, rows: np.ndarray, device: str
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and scores of some rows among all, by the engine of the worker's device."""
    if device == "gpu":
        from workbench.compute.gpu import engine as gpu_engine

        with turn:
            return gpu_engine._among(packed, options, rows)
    with team_of_worker() as team:
        keys = engine._in_full(packed, options, team, packed.ranks[rows])
    return unpack(best(keys, options.k))
