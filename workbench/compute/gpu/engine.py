"""The CuPy engine: a block of threads on the card searches all rows for the k best of one.

Scores are those of the CPU engine to the bit: of whole numbers sums are exact, and other values
are added up in the order the CPU engine takes features in. The ratings go to the card once, with
as many bytes each as their codes need; rows are searched a chunk at a time, and what is found comes
back to the host after each. Ratings that are on the card are packed there.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from tqdm.auto import tqdm

from workbench.compute.cpu import engine
from workbench.compute.cpu.kernel_search import DELAY
from workbench.compute.cpu.packing import PackedRatings, pack, scaled
from workbench.compute.cpu.scoring import Scoring, row_totals, scoring_of, with_products
from workbench.compute.gpu import packing
from workbench.compute.gpu.kernel_source import (
    CONSTANTS,
    OPTIONS,
    PARAMETERS,
    Kernel,
    layout,
    source,
)
from workbench.compute.options import SimilarityOptions
from workbench.device.memory import bounded
from workbench.device.threads import Team

CHUNK_BYTES = 2**28  # of what is found for a chunk of rows
WAVES = 128  # rows a processor in a chunk: an interrupt waits for no more, and tails are short


class Queries(NamedTuple):
    """The rows that are searched for; but for the first two, a number a row."""

    features: np.ndarray  # uint32, of each of their entries, by row
    values: np.ndarray  # its code or value, uint8 or float64
    begins: np.ndarray  # where a row's entries start
    ends: np.ndarray
    self_ranks: np.ndarray  # its rank among the rows that are searched; -1 for none
    places: np.ndarray  # where in the result it goes


def nearest(
    by_feature: sparse.csr_array, options: SimilarityOptions, *, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """See `workbench.compute.cpu.engine.nearest`; a `DeviceError` if the memory is too little."""
    if engine.are_few(rows, by_feature.shape[1]):  # in the CPU engine's order of features
        return nearest_to(by_feature, by_feature[:, rows].T.tocsr(), options, exclude=rows)
    with Team() as team:
        return search_packed(pack(by_feature, team), options, rows)


def nearest_of(
    entries: tuple[Any, Any, Any],
    shape: tuple[int, int],
    options: SimilarityOptions,
    *,
    rows: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray] | None:
    """As `nearest`, of entries that are on the card, not yet weighted: features, rows and values.

    None where only the host can pack these, or would add up in another order.
    """
    import cupy

    with bounded(cupy):
        entries = packing.prepared(*entries, shape, options)
        packed = packing.pack(*entries, shape)
    if packed is None or (not len(packed.codes) and engine.are_few(rows, shape[1])):
        return None
    return search_packed(packed, options, rows)


def search_packed(
    packed: PackedRatings, options: SimilarityOptions, rows: np.ndarray | None
) -> Any:
    """Search for all rows, or some, among all."""
    n = len(packed.ids)
    ranks = np.arange(n) if rows is None else packed.ranks[rows]
    places = packed.ids if rows is None else np.arange(len(rows))
    data, totals = packed.data, (packed.counts, packed.squares)
    values = data.entries.astype(np.uint8) if len(packed.codes) else data.values
    begins, ends = packed.begins[ranks], packed.begins[ranks + 1]
    queries = Queries(data.features, values[data.places], begins, ends, ranks, places)
    scoring = scoring_of(
        options, with_products(packed, options), (totals[0][ranks], totals[1][ranks]),
        totals, packed.scale, packed.ids,
    )  # fmt: skip
    return _search(packed, queries, scoring, options)


def nearest_to(
    by_feature: sparse.csr_array,
    queries: sparse.csr_array,
    options: SimilarityOptions,
    *,
    exclude: np.ndarray,
    scale: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """See `workbench.compute.cpu.engine.nearest_to`; errors as those of `nearest`."""
    count, n = len(exclude), by_feature.shape[1]
    with Team() as team:
        packed = pack(by_feature, team, queries.data, scale=scale)
    query_values, values = scaled(queries.data, packed.scale), scaled(by_feature.data, packed.scale)
    # Added up as the CPU engine does, which ranks no rows here.
    rows = tuple(total[packed.ids] for total in row_totals(by_feature.indices, values, n))
    query_totals = row_totals(
        np.repeat(np.arange(count), np.diff(queries.indptr)), query_values, count
    )
    data = with_products(packed, options)
    scoring = scoring_of(options, data, query_totals, rows, packed.scale, packed.ids)
    if len(packed.codes):
        query_values = (query_values - packed.codes[0]).astype(np.uint8)
    order = np.argsort(-np.diff(by_feature.indptr), kind="stable")  # as `pack` does
    features = np.argsort(order).astype(np.uint32)[queries.indices]
    begins, ends = queries.indptr[:-1], queries.indptr[1:]
    ranks = np.append(packed.ranks, -1)[exclude]
    rows_asked = Queries(features, query_values, begins, ends, ranks, np.arange(count))
    return _search(packed, rows_asked, scoring, options)


def _search(
    packed: PackedRatings, queries: Queries, scoring: Scoring, options: SimilarityOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Search for all queries, in chunks that fit the card."""
    import cupy

    count, n = len(queries.self_ranks), len(packed.ids)
    indices = np.full((count, options.k), -1, np.int32)
    scores = np.zeros((count, options.k), np.float32)
    k = min(options.k, n)
    if count and k:
        with bounded(cupy):
            for places, lists in _chunks(cupy, packed, queries, scoring, options, k):
                indices[places, :k], scores[places, :k] = lists
    return indices, scores


def _chunks(
    cupy: Any, packed: PackedRatings, queries: Queries, scoring: Scoring,
    options: SimilarityOptions, k: int,
) -> Iterator[tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]]:  # fmt: skip
    """What is found for a chunk of queries after the other; smaller ones where memory is short."""
    card = _CardSearch(cupy, packed, queries, scoring, options, k)
    entries = np.subtract(queries.ends, queries.begins, dtype=np.int64)
    first, height = 0, card.height
    with tqdm(
        total=int(entries.sum()), delay=DELAY, disable=not options.progress,
        unit=" ratings", leave=False,
    ) as bar:  # fmt: skip
        while first < len(entries):
            chunk = slice(first, min(first + height, len(entries)))
            try:
                lists = card.search(first, chunk.stop)
            except MemoryError:  # CuPy's or RMM's
                if height == 1:
                    raise
                height = (height + 1) // 2
                continue
            yield queries.places[chunk], lists
            bar.update(int(entries[chunk].sum()))
            first = chunk.stop


class _CardSearch:
    """The kernel, compiled, and what it reads, on the card."""

    def __init__(
        self, cupy: Any, packed: PackedRatings, queries: Queries, scoring: Scoring,
        options: SimilarityOptions, k: int,
    ) -> None:  # fmt: skip
        self._cupy = cupy
        coded, n = len(packed.codes) > 0, len(packed.ids)
        kernel = Kernel(options.metric, options.sums, coded, scoring.bounded, scoring.signed)
        device = cupy.cuda.Device().attributes
        self._layout = layout(kernel, n, k, int(device["MaxSharedMemoryPerBlockOptin"]))
        self._k = k
        self._kernel = cupy.RawKernel(source(kernel), "nearest", options=OPTIONS)
        self._kernel.max_dynamic_shared_size_bytes = self._layout.size
        each = 8 * (k + (self._layout.capacity if self._layout.spilled else 0))
        waves = WAVES * int(device["MultiProcessorCount"])
        self.height = max(1, min(CHUNK_BYTES // each, waves, len(queries.self_ranks)))
        data = packed.data
        arrays = {
            "entries": data.entries, "values": data.values, "starts": data.starts,
            "features": queries.features, "query_values": queries.values, "begins": queries.begins,
            "ends": queries.ends, "self_ranks": queries.self_ranks,
            "left": scoring.left, "right": scoring.right,
            "query_bound": scoring.query_bound, "bound": scoring.bound, "ids": scoring.ids,
        }  # fmt: skip
        numbers = {
            "n": n, "tile": self._layout.tile, "k": k, "capacity": self._layout.capacity,
            "spilled": self._layout.spilled, "least": packed.codes[0] if coded else 0,
            "min_overlap": scoring.min_overlap, "shrink": scoring.shrink, "unit": scoring.unit,
        }  # fmt: skip
        self._arguments = {name: kernel.dtype(name)(number) for name, number in numbers.items()}
        for name, array in arrays.items():
            self._arguments[name] = cupy.asarray(array.astype(kernel.dtype(name), copy=False))

    def search(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Indices and scores of the queries from first to last."""
        empty, count, room = self._cupy.empty, last - first, self._layout
        chunk = {
            "scratch": empty(count * room.capacity if room.spilled else 1, np.int64),
            "indices": empty((count, self._k), np.int32),
            "scores": empty((count, self._k), np.float32),
            "first": np.uint64(first),
        }
        arguments = tuple((self._arguments | chunk)[name] for _, name in PARAMETERS)
        self._kernel((count,), (CONSTANTS["THREADS"],), arguments, shared_mem=room.size)
        return chunk["indices"].get(), chunk["scores"].get()
