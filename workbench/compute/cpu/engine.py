"""The CPU engine: every pair of rows once, on all cores, in bounded memory.

Rows are searched from the most popular to the least, each against the more popular ones only, and
a pair's score is offered to both. Where features are dense enough, the sums of popular rows come
from matrix products, the rest from the kernels. A few rows, or rows from outside, are searched one
by one against all others instead.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self, TypeGuard

import numpy as np
from scipy import sparse
from tqdm.auto import tqdm

from workbench.compute.cpu import search_kernels, topk_lists
from workbench.compute.cpu.dense_head import Heads
from workbench.compute.cpu.packing import Packed, are_whole, pack, power, scale_of, scaled, unit_of
from workbench.compute.cpu.search_kernels import Entries, Rules
from workbench.compute.metrics import SUMS
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import EMPTY
from workbench.device.threads import Team

SLACK = 8  # keys, at the least, that a row's list takes beyond k before it is cut
FEW = 8  # queries are searched one by one below an 8th of the rows
OFFERS = 2**14  # scores found for other rows before they are told
CHUNKS = 16  # of rows a core, so that all are busy to the end
DELAY = 2.0  # seconds before a progress bar appears
NOTHING = np.empty((0, 0, 0), np.float32)


def nearest(
    by_feature: sparse.csr_array, options: SimilarityOptions, *, rows: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the k best of all rows, or of some, among all rows.

    Parameters
    ----------
    by_feature : CSR array of shape (features, n), float64
        What the metric compares, see `workbench.compute.weighting.prepare`.
    options : SimilarityOptions
    rows : int array, optional

    Returns
    -------
    indices : int32 array of shape (rows, k)
    scores : float32 array of shape (rows, k)
    """
    if are_few(rows, by_feature.shape[1]):
        return nearest_to(by_feature, by_feature[:, rows].T.tocsr(), options, exclude=rows)
    with Team() as team:
        packed = pack(by_feature, team)
        if rows is None and options.definition.symmetric:
            return _decode(pairs(packed, options, team), options.k, team, packed.ranks)
        ranks = packed.ranks if rows is None else packed.ranks[rows]
        return _decode(_in_full(packed, options, team, ranks), options.k, team)


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
    """Find the k best rows for queries that need not be among them.

    Parameters
    ----------
    rows : CSR array of shape (features, n), float64; or TargetRows
    queries : CSR array of shape (queries, features), float64
    options : SimilarityOptions
    exclude : int array of shape (queries,)
        The row that is the query itself, and so not its neighbour; -1 where there is none.
    scale : float, optional
        What to multiply values by, where these rows are some of many: see `_pack.scale_of`.
    """
    if isinstance(rows, TargetRows):
        targets = rows.beside(queries.data)
    else:
        targets = TargetRows.of(rows, queries.data, scale=scale)
    n, scale = targets.by_feature.shape[1], targets.scale
    asked = scaled(queries.data, scale)
    begins = queries.indptr.astype(np.uint64)
    data = Entries(
        _unsigned(targets.by_feature.indices),
        targets.by_feature.indptr.astype(np.uint64),
        _unsigned(queries.indices),
        np.arange(len(asked), dtype=np.uint64),
        targets.values,
        asked,
    )
    asking = _totals(
        np.repeat(np.arange(len(exclude)), np.diff(queries.indptr)), asked, len(exclude)
    )
    rules = _rules(options, data, asking, targets.totals, scale, np.arange(n, dtype=np.uint32))
    with Team() as team:
        with _Search(team, options, data, rules, begins[:-1], begins[1:], exclude, n) as search:
            search.run(0, len(exclude), half=False)
        return _decode(search.lists, options.k, team)


@dataclass(frozen=True, eq=False)
class TargetRows:
    """Rows that may be found, for as many queries as come one after the other.

    Attributes
    ----------
    by_feature : CSR array of shape (features, n), float64
    scale : float
        See `_pack.scale_of`.
    values : float64 array of shape (entries,)
        Those of the entries, scaled.
    totals : float64 arrays of shape (n,)
        Counts of entries and sums of squares.
    """

    by_feature: sparse.csr_array
    scale: float
    values: np.ndarray
    totals: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(
        cls, by_feature: sparse.csr_array, *beside: np.ndarray, scale: float | None = None
    ) -> Self:
        """Prepare rows to be found, beside values that they are compared with."""
        scale = scale or scale_of(by_feature.data, *beside)
        values = scaled(by_feature.data, scale)
        totals = _totals(by_feature.indices, values, by_feature.shape[1])
        return cls(by_feature, scale, values, totals)

    def beside(self, values: np.ndarray) -> Self:
        """The same for values that these rows were not prepared for."""
        if self._whole:
            fits = not len(values) or are_whole(values, self.scale)
        else:
            fits = power((self._sizes, values)) == self.scale
        return self if fits else self.of(self.by_feature, values)

    @cached_property
    def _whole(self) -> bool:
        return are_whole(self.by_feature.data, self.scale)

    @cached_property
    def _sizes(self) -> np.ndarray:
        """The least and the greatest, which a power of two depends on."""
        sizes = np.abs(self.by_feature.data)
        return np.array([sizes[sizes > 0].min(initial=np.inf), sizes.max(initial=0)])


def pairs(
    packed: Packed, options: SimilarityOptions, team: Team, first: int = 0, last: int | None = None
) -> np.ndarray:
    """Compare the rows of ranks first to last, each with all more popular ones.

    Returns
    -------
    int64 array of shape (n, k or more)
        Keys of the best found for every row, by rank, in no order; EMPTY where there are fewer.
    """
    n = len(packed.ids)
    last = n if last is None else last
    totals = packed.counts, packed.squares
    data = _coded(packed, options)
    rules = _rules(options, data, totals, totals, packed.scale, packed.ids)
    begins, ends = packed.begins[:-1], packed.begins[1:]
    heads = Heads(packed, options.sums)
    own, slack = np.arange(n), max(SLACK, options.k // 4)
    with _Search(team, options, data, rules, begins, ends, own, n, slack) as search:
        for start, end in heads.groups(first, last):
            search.begins = packed.block_begins[heads.blocks(end)]
            search.base = NOTHING  # one panel at a time
            search.base, search.base_row = heads.panel(start, end, team), start
            search.run(start, end, half=True)
        search.begins, search.base = begins, NOTHING
        search.run(max(first, min(last, heads.rows)), last, half=True)
    return search.lists


def _in_full(
    packed: Packed, options: SimilarityOptions, team: Team, ranks: np.ndarray
) -> np.ndarray:
    """Keys of the best of all rows for the rows of these ranks; as `pairs`."""
    left = packed.counts[ranks], packed.squares[ranks]
    data = _coded(packed, options)
    rules = _rules(options, data, left, (packed.counts, packed.squares), packed.scale, packed.ids)
    begins, ends = packed.begins[ranks], packed.begins[ranks + 1]
    n = len(packed.ids)
    with _Search(team, options, data, rules, begins, ends, ranks, n) as search:
        search.run(0, len(ranks), half=False)
    return search.lists


class _Search:
    """What the kernel works on, and the loop that hands out ranges of rows to it."""

    base = NOTHING
    base_row = 0

    def __init__(
        self, team: Team, options: SimilarityOptions, data: Entries, rules: Rules,
        begins: np.ndarray, ends: np.ndarray, own: np.ndarray, n: int, slack: int = 0,
    ) -> None:  # fmt: skip
        self._team = team
        self._options = options
        self._data = data
        self._rules = rules
        self.begins, self._ends = begins, ends
        self._own = own.astype(np.int64)
        self._n = n
        self.lists = np.full((len(own), options.k + slack), EMPTY)
        self._held = np.zeros(len(own), np.uint32)
        self._least = np.full(len(own), rules.floor)
        self._lowest = np.full(len(own), EMPTY)
        self._spare: list[_Room] = []
        total, hidden = int((ends - begins).sum()), not options.progress
        self._bar = tqdm(total=total, delay=DELAY, disable=hidden, unit=" ratings", leave=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def run(self, first: int, last: int, *, half: bool) -> None:
        """Search the rows from first to last, a chunk of about equal work at a time."""
        if first >= last:
            return
        work = self._work(first, last, half)
        count = min(CHUNKS * self._team.size, last - first)
        edges = first + np.searchsorted(work, np.linspace(0, work[-1], count + 1)[1:-1])
        edges = np.unique([first, *edges, last])
        chunks = list(itertools.pairwise(edges))
        self._team.each(lambda chunk: self._chunk(*chunk, half=half), chunks, self._bar.update)

    def _work(self, first: int, last: int, half: bool) -> np.ndarray:
        """Estimate of the work up to each row, from the entries of rows before it."""
        entries = (self._ends - self.begins)[first:last].astype(np.float64)
        if not half:
            return np.cumsum(entries + self._n / 256)
        before = self._ends[first:last].astype(np.float64) / max(1, int(self._ends[-1]))
        mean = len(self._data.entries) / max(1, len(self._data.starts) - 1)
        return np.cumsum(entries * before * mean + np.arange(first, last) / 4)

    def _chunk(self, first: int, last: int, *, half: bool) -> int:
        """Search rows first to last; returns how many entries they have."""
        with self._team.lock:
            room = self._spare.pop() if self._spare else self._room(half)
        at = first
        while at < last and not self._team.stop[0]:
            start = at
            at, offers = search_kernels.search(
                start, last, half, self.begins, self._ends, self._own, self._data, self._rules,
                self.base, self.base_row, room.sums, room.words, self.lists, self._least,
                self._lowest, room.spans, room.marks, room.mine, room.found, room.rows,
                room.keys, self._team.stop,
            )  # fmt: skip
            if half:
                settled = room.found, room.rows, room.keys, offers
                lists = self.lists, self._held, self._least, self._lowest
                with self._team.lock:
                    topk_lists.settle(start, at - start, *settled, *lists)
        with self._team.lock:
            self._spare.append(room)
        return int((self._ends[first:last] - self.begins[first:last]).sum())

    def _room(self, half: bool) -> "_Room":
        count, k = len(self._options.sums), self._options.k
        offers = self._n + OFFERS if half else 0
        if self._data.values.ndim == 1:
            sums = words = np.zeros((self._n, count))
        else:
            sums = np.zeros((self._n, count), np.int32)
            words = sums if count == 1 else sums.view(np.int64)
            words = words if count == 6 else words[:, 0]
        return _Room(
            sums,
            words,
            np.empty((2, self._n // int(search_kernels.SPAN) + 1), np.int32),
            np.empty(int(search_kernels.SPAN), np.uint8),
            np.empty(2 * k, np.int64),
            np.empty((max(1, OFFERS // k) if half else 0, k), np.int64),
            np.empty(offers, np.uint32),
            np.empty(offers, np.int64),
        )


class _Room(NamedTuple):
    """What one thread works in: accumulators, and what it found."""

    sums: np.ndarray
    words: np.ndarray
    spans: np.ndarray
    marks: np.ndarray
    mine: np.ndarray
    found: np.ndarray
    rows: np.ndarray
    keys: np.ndarray


def _unsigned(indices: np.ndarray) -> np.ndarray:
    """Indices as uint32, in place where they have 32 bits already."""
    return indices.view(np.uint32) if indices.itemsize == 4 else indices.astype(np.uint32)


def _totals(rows: np.ndarray, values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Count of entries and sum of squares of every row."""
    return np.bincount(rows, minlength=n).astype(float), np.bincount(rows, values**2, n)


def _rules(
    options: SimilarityOptions,
    data: Entries,
    queries: tuple[np.ndarray, np.ndarray],
    rows: tuple[np.ndarray, np.ndarray],
    scale: float,
    ids: np.ndarray,
) -> Rules:
    """How to score, from the counts and squares of the queries and of the rows."""
    metric = options.definition
    unit = unit_of(scale)
    bounded = metric.bound is not None and not options.signed
    bound = metric.bound or (lambda counts, squares: 0 * squares)
    dtype = np.float64 if data.values.dtype == np.float64 else np.float32
    with np.errstate(divide="ignore"):
        # Rounded up, so that what a bound rules out is out.
        factor = bound(*queries) * (1 + 1e-5) * (unit if options.metric == "dot" else 1)
        factors = bound(*rows)
    for array in (factor, factors):
        array[~np.isfinite(array)] = 0  # a row of nothing has no score, and no NaN must come of it
    return Rules(
        metric=search_kernels.NUMBERS[options.metric],
        bounded=bounded,
        tight=bounded and metric.tight and not options.counted and not options.shrink,
        signed=options.signed,
        min_overlap=options.min_overlap,
        shrink=options.shrink / unit,
        unit=unit,
        left=metric.statistic(*queries, options.alpha)[0],
        right=metric.statistic(*rows, options.alpha)[1],
        query_bound=factor.astype(dtype),
        bound=factors.astype(dtype),
        floor=np.float32(-np.inf) if options.signed else np.nextafter(np.float32(0), np.float32(1)),
        ids=ids,
    )


def _coded(packed: Packed, options: SimilarityOptions) -> Entries:
    """The entries with the table of what a pair of codes adds.

    A word of 64 bits holds two sums, of which only the upper may be negative.
    """
    if not len(packed.codes):
        return packed.data
    powers = (SUMS[name] for name in options.sums)
    sums = [np.multiply.outer(packed.codes**p, packed.codes**q) for p, q in powers]
    if len(sums) == 1:
        return packed.data._replace(values=sums[0].astype(np.int32))
    words = [low + (high << 32) for low, high in zip(sums[::2], sums[1::2], strict=True)]
    table = words[0] if len(words) == 1 else np.ascontiguousarray(np.stack(words, axis=-1))
    return packed.data._replace(values=table)


def _decode(
    lists: np.ndarray, k: int, team: Team, order: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and scores, best first; of row i from list order[i]."""
    order = np.arange(len(lists)) if order is None else order
    indices = np.empty((len(lists), k), np.int32)
    scores = np.empty((len(lists), k), np.float32)
    edges = np.unique(np.linspace(0, len(lists), CHUNKS * team.size + 1).astype(int))
    team.each(
        lambda part: topk_lists.decode(*part, lists, order, indices, scores),
        itertools.pairwise(edges),
    )
    return indices, scores
