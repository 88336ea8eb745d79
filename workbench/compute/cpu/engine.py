"""The CPU engine: every pair of rows once, on all cores, in bounded memory.

Rows are searched from the most popular to the least, each against the more popular ones only, and
a pair's score is offered to both. Where features are dense enough, the sums of popular rows come
from matrix products, the rest from the kernels. A few rows, or rows from outside, are searched one
by one against all others instead.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self, TypeGuard

import numpy as np
from scipy import sparse

from workbench.compute.cpu import packing
from workbench.compute.cpu.dense_head import DenseHead
from workbench.compute.cpu.kernel_search import NOTHING, KernelSearch, decoded
from workbench.compute.cpu.packing import Entries, PackedRatings, pack, scale_of, scaled
from workbench.compute.cpu.scoring import row_totals, scoring_of, with_products
from workbench.compute.options import SimilarityOptions
from workbench.device.threads import Team

SLACK = 8  # keys, at the least, that a row's list takes beyond k before it is cut
FEW = 8  # queries are searched one by one below an 8th of the rows


def nearest(
    by_feature: sparse.csr_array, options: SimilarityOptions, *, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k best of all rows, or of some, among all rows.

    `by_feature`, of shape (features, n), is what the metric compares: see
    `workbench.compute.weighting.Weighting`. Indices are int32, scores float32, of shape (rows, k).
    """
    if are_few(rows, by_feature.shape[1]):
        return nearest_to(by_feature, by_feature[:, rows].T.tocsr(), options, exclude=rows)
    with Team() as team:
        packed = pack(by_feature, team)
        if rows is None and options.definition.symmetric:
            return decoded(search_pairs(packed, options, team), options.k, team, packed.ranks)
        ranks = packed.ranks if rows is None else packed.ranks[rows]
        return decoded(search_rows(packed, options, team, ranks), options.k, team)


def are_few(rows: np.ndarray | None, among: int) -> TypeGuard[np.ndarray]:
    """Whether rows are so few that each is searched for by itself."""
    return rows is not None and len(rows) * FEW < among


def nearest_to(
    rows: "sparse.csr_array | TargetRows",
    queries: sparse.csr_array,
    options: SimilarityOptions,
    *,
    exclude: np.ndarray,
    scale: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k best rows for queries, of shape (queries, features), not of need among them.

    `exclude` is the row that is the query itself, and so not its neighbour; -1 for none. `scale` is
    what to multiply values by, where these rows are some of many: see `packing.scale_of`.
    """
    if isinstance(rows, TargetRows):
        targets = rows.rescaled_for(queries.data)
    else:
        targets = TargetRows.of(rows, queries.data, scale=scale)
    n, scale = targets.by_feature.shape[1], targets.scale
    query_values = scaled(queries.data, scale)
    begins = queries.indptr.astype(np.uint64)
    data = Entries(
        _unsigned(targets.by_feature.indices),
        targets.by_feature.indptr.astype(np.uint64),
        _unsigned(queries.indices),
        np.arange(len(query_values), dtype=np.uint64),
        targets.values,
        query_values,
    )
    query_totals = row_totals(
        np.repeat(np.arange(len(exclude)), np.diff(queries.indptr)), query_values, len(exclude)
    )
    scoring = scoring_of(
        options, data, query_totals, targets.totals, scale, np.arange(n, dtype=np.uint32)
    )
    with Team() as team:
        edges = begins[:-1], begins[1:]
        with KernelSearch(team, options, data, scoring, *edges, exclude, n) as search:
            search.run(0, len(exclude), half=False)
        return decoded(search.lists, options.k, team)


@dataclass(frozen=True, eq=False)
class TargetRows:
    """Rows that may be found, for as many queries as come one after the other."""

    by_feature: sparse.csr_array  # of shape (features, n), float64
    scale: float  # see `packing.scale_of`
    values: np.ndarray  # those of the entries, scaled
    totals: tuple[np.ndarray, np.ndarray]  # counts of entries and sums of squares, of shape (n,)

    @classmethod
    def of(
        cls, by_feature: sparse.csr_array, *others: np.ndarray, scale: float | None = None
    ) -> Self:
        """Prepare rows to be found, beside values that they are compared with."""
        scale = scale or scale_of(by_feature.data, *others)
        values = scaled(by_feature.data, scale)
        totals = row_totals(by_feature.indices, values, by_feature.shape[1])
        return cls(by_feature, scale, values, totals)

    def rescaled_for(self, values: np.ndarray) -> Self:
        """The same for values that these rows were not prepared for."""
        if self._whole:
            fits = not len(values) or packing.are_whole(values, self.scale)
        else:
            fits = packing.power((self._sizes, values)) == self.scale
        return self if fits else self.of(self.by_feature, values)

    @cached_property
    def _whole(self) -> bool:
        return packing.are_whole(self.by_feature.data, self.scale)

    @cached_property
    def _sizes(self) -> np.ndarray:
        return packing.extremes(self.by_feature.data)


def search_pairs(
    packed: PackedRatings, options: SimilarityOptions, team: Team,
    first: int = 0, last: int | None = None,
) -> np.ndarray:  # fmt: skip
    """Compare the rows of ranks first to last, each with all more popular ones.

    Returns the keys of the best of every row, by rank, in no order; EMPTY where there are fewer;
    int64 of shape (n, k or more).
    """
    n = len(packed.ids)
    last = n if last is None else last
    totals = packed.counts, packed.squares
    data = with_products(packed, options)
    scoring = scoring_of(options, data, totals, totals, packed.scale, packed.ids)
    begins, ends = packed.begins[:-1], packed.begins[1:]
    head = DenseHead(packed, options.sums)
    excluded, slack = np.arange(n), max(SLACK, options.k // 4)
    with KernelSearch(team, options, data, scoring, begins, ends, excluded, n, slack) as search:
        for start, end in head.groups(first, last):
            search.begins = packed.block_begins[head.blocks(end)]
            search.base = NOTHING  # one panel at a time
            search.base, search.base_row = head.panel(start, end, team), start
            search.run(start, end, half=True)
        search.begins, search.base = begins, NOTHING
        search.run(max(first, min(last, head.rows)), last, half=True)
    return search.lists


def search_rows(
    packed: PackedRatings, options: SimilarityOptions, team: Team, ranks: np.ndarray
) -> np.ndarray:
    """Keys of the best of all rows for the rows of these ranks; as `search_pairs`."""
    left = packed.counts[ranks], packed.squares[ranks]
    data = with_products(packed, options)
    scoring = scoring_of(
        options, data, left, (packed.counts, packed.squares), packed.scale, packed.ids
    )
    begins, ends = packed.begins[ranks], packed.begins[ranks + 1]
    n = len(packed.ids)
    with KernelSearch(team, options, data, scoring, begins, ends, ranks, n) as search:
        search.run(0, len(ranks), half=False)
    return search.lists


def _unsigned(indices: np.ndarray) -> np.ndarray:
    """Indices as uint32, in place where they have 32 bits already."""
    return indices.view(np.uint32) if indices.itemsize == 4 else indices.astype(np.uint32)
