"""The loop that hands ranges of rows to the search kernel, on all cores, and collects lists."""

import itertools
from typing import Self

import numpy as np
from tqdm.auto import tqdm

from workbench.compute.cpu import search_kernels, topk_kernels
from workbench.compute.cpu.packing import Entries
from workbench.compute.cpu.scoring import Scoring
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import EMPTY
from workbench.device.threads import Team

OFFERS = 2**14  # scores for other rows before they are merged into their lists
CHUNKS = 16  # of rows a core, so that all are busy to the end
DELAY = 2.0  # seconds before a progress bar appears
NOTHING = np.empty((0, 0, 0), np.float32)


class KernelSearch:
    """What the kernel works on, and the loop that hands out ranges of rows to it."""

    base = NOTHING
    base_row = 0

    def __init__(
        self, team: Team, options: SimilarityOptions, data: Entries, scoring: Scoring,
        begins: np.ndarray, ends: np.ndarray, excluded: np.ndarray, n: int, slack: int = 0,
    ) -> None:  # fmt: skip
        self._team = team
        self._options = options
        self._data = data
        self._scoring = scoring
        self.begins, self._ends = begins, ends
        self._excluded = excluded.astype(np.int64)
        self._n = n
        self.lists = np.full((len(excluded), options.k + slack), EMPTY)
        self._counts = np.zeros(len(excluded), np.uint32)
        self._least = np.full(len(excluded), scoring.floor)
        self._lowest = np.full(len(excluded), EMPTY)
        self._spare: list[tuple[np.ndarray, ...]] = []
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
            space = self._spare.pop() if self._spare else self._workspace(half)
        at = first
        while at < last and not self._team.stop[0]:
            start = at
            at, offers = search_kernels.search(
                start, last, half, self.begins, self._ends, self._excluded, self._data,
                self._scoring, self.base, self.base_row, self.lists, self._least, self._lowest,
                self._team.stop, *space,
            )  # fmt: skip
            if half:
                lists = self.lists, self._counts, self._least, self._lowest
                with self._team.lock:
                    topk_kernels.merge_results(start, at - start, *space[-3:], offers, *lists)
        with self._team.lock:
            self._spare.append(space)
        return int((self._ends[first:last] - self.begins[first:last]).sum())

    def _workspace(self, half: bool) -> tuple[np.ndarray, ...]:
        """What one thread works in, accumulators and what it found: the kernel's last arguments."""
        count, k = len(self._options.sums), self._options.k
        offers = self._n + OFFERS if half else 0
        if self._data.values.ndim == 1:
            sums = words = np.zeros((self._n, count))
        else:
            sums = np.zeros((self._n, count), np.int32)
            words = sums if count == 1 else sums.view(np.int64)
            words = words if count == 6 else words[:, 0]
        return (
            sums,
            words,
            np.empty((2, self._n // int(search_kernels.SPAN) + 1), np.int32),
            np.empty(int(search_kernels.SPAN), np.uint8),
            np.empty(2 * k, np.int64),
            np.empty((max(1, OFFERS // k) if half else 0, k), np.int64),
            np.empty(offers, np.uint32),
            np.empty(offers, np.int64),
        )


def decoded(
    lists: np.ndarray, k: int, team: Team, order: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and scores, best first; of row i from list order[i]."""
    order = np.arange(len(lists)) if order is None else order
    indices = np.empty((len(lists), k), np.int32)
    scores = np.empty((len(lists), k), np.float32)
    edges = np.unique(np.linspace(0, len(lists), CHUNKS * team.size + 1).astype(int))
    team.each(
        lambda part: topk_kernels.decode(*part, lists, order, indices, scores),
        itertools.pairwise(edges),
    )
    return indices, scores
