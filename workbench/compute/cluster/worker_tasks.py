"""What runs on the workers: all ratings packed, ranges of rows compared, lists merged and written.

A search uses all threads, or the card, of its worker: there is one at a time.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
from dask.sizeof import sizeof
from distributed import get_worker
from scipy import sparse

from workbench.compute.cluster.ratings_table import FEATURE, ROW, VALUE
from workbench.compute.cpu import engine
from workbench.compute.cpu.packing import PackedRatings, pack
from workbench.compute.neighbours import Neighbours
from workbench.compute.options import SimilarityOptions
from workbench.compute.search import Lists
from workbench.compute.stored_neighbours import PART
from workbench.compute.topk_keys import best, unpack
from workbench.compute.weighting import Weighting
from workbench.device import cores
from workbench.device.threads import Team
from workbench.errors import DataError

turn = Lock()


def _size(value: Any) -> int:
    return sum(sizeof(part) for part in vars(value).values())


# Dask takes what it does not know for a few bytes, and would neither spill it nor mind moving it.
for _kind in (PackedRatings, Neighbours):
    sizeof.register(_kind, _size)


@dataclass(frozen=True)
class Delivery:
    """Where the lists of a block of rows go."""

    template: Neighbours  # with no rows
    folder: Path | None  # where lists are written to; None for the client

    def __call__(self, lists: Lists, rows: np.ndarray, block: int) -> Lists | None:
        """Indices and scores of a block of rows; or, where there is a folder, a file of them."""
        if self.folder is None:
            return lists
        indices, scores = lists
        ids = self.template.pool[rows]
        near = replace(self.template, ids=ids, indices=indices, scores=scores)
        # Under another name until it is whole: a worker may die, and a task may run twice.
        name = PART.format(block)
        unfinished = self.folder / f".{name}.{uuid4().hex}"
        near.frame().to_parquet(unfinished, index=False)
        os.replace(unfinished, self.folder / name)
        return None


@contextmanager
def team_of_worker() -> Iterator[Team]:
    """As many threads as the worker has that runs the task."""
    with turn, Team(min(get_worker().state.nthreads, cores())) as team:
        yield team


def packed_ratings(
    chunks: list[pd.DataFrame], shape: tuple[int, int], options: SimilarityOptions
) -> PackedRatings:
    """All ratings, ready for the kernels; `DataError` if a user has two of one item."""
    features, rows, values = (
        np.concatenate([chunk[name].to_numpy() for chunk in chunks])
        for name in (FEATURE, ROW, VALUE)
    )
    by_feature = sparse.coo_array((values, (features, rows)), shape).tocsr()
    if by_feature.nnz < len(values):
        raise DataError("a user has two ratings of one item; merge them first, or use wb.read")
    by_feature.sort_indices()
    prepared = Weighting(by_feature, options).transform_features(by_feature)
    with team_of_worker() as team:
        return pack(prepared, team)


def range_keys(
    packed: PackedRatings, options: SimilarityOptions, first: int, last: int, blocks: int
) -> list[np.ndarray]:
    """Keys that the rows of ranks first to last give to all rows, in blocks by id."""
    with team_of_worker() as team:
        keys = best(engine.search_pairs(packed, options, team, first, last), options.k)
    return [keys[ranks] for ranks in np.array_split(packed.ranks, blocks)]


def part_of(parts: list[np.ndarray], number: int) -> np.ndarray:
    """One of a task's results, which others need not wait for."""
    return parts[number]


def merged_keys(parts: list[np.ndarray], k: int) -> np.ndarray:
    """Keys of the k best among the lists of several parts, in whatever order and groups."""
    return best(np.concatenate(parts, axis=1), k)


def merged_lists(
    parts: list[np.ndarray], k: int, delivery: Delivery, rows: np.ndarray, block: int
) -> Lists | None:
    """Lists of a block of rows, from the keys that each range of rows gave them."""
    return delivery(unpack(merged_keys(parts, k)), rows, block)


def full_lists(
    packed: PackedRatings, options: SimilarityOptions, device: str,
    delivery: Delivery, rows: np.ndarray, block: int,
) -> Lists | None:  # fmt: skip
    """Lists of a block of rows, each compared with all rows."""
    return delivery(lists_among(packed, options, rows, device), rows, block)


def lists_among(
    packed: PackedRatings, options: SimilarityOptions, rows: np.ndarray, device: str
) -> Lists:
    """Lists of some rows among all, by the engine of the worker's device."""
    if device == "gpu":
        from workbench.compute.gpu import engine as gpu_engine

        with turn:
            return gpu_engine.search_packed(packed, options, rows)
    with team_of_worker() as team:
        keys = engine.search_rows(packed, options, team, packed.ranks[rows])
    return unpack(best(keys, options.k))
