"""The k nearest among those who rated: sums over them, a block of similarities at a time.

The neighbours that predict a rating are chosen for each pair of a user and an item, so that no
lists made beforehand are long enough. Nor is a matrix of all similarities ever held: those of some
rows to the others are computed, used for the pairs that ask for them, and dropped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import sparse

from workbench.compute import Device, Team
from workbench.compute.engines import engine_on
from workbench.compute.options import SimilarityOptions
from workbench.models.neighbours import kernels
from workbench.models.profile_model import BATCH_BYTES

WIDTH = 24  # bytes a similarity takes while its block is made: a key, an index, scores
CHUNKS = 4  # of pairs a core, so that all are busy to the end


@dataclass(frozen=True, eq=False)
class RatedNeighbours:
    """Pairs of a query and a list of rows, of which the k nearest to the query count."""

    rows: np.ndarray  # the query of a pair
    columns: np.ndarray  # the list of a pair
    queries: sparse.csr_array  # as `pool`
    query_rows: np.ndarray  # the row of the pool that is the query itself, -1 if there is none
    lists: sparse.csr_array  # rows of the pool, and the value that each adds; shape (lists, n)
    pool: sparse.csr_array  # of shape (n, features), as `Weighting` makes it
    options: SimilarityOptions
    device: Device

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Sums of similarity x value, and of similarities; float64 arrays of shape (pairs,)."""
        totals, weights = np.zeros((2, len(self.rows)))
        self._run_in_blocks(kernels.weighted_sums, totals, weights)
        return totals, weights

    def terms(self) -> sparse.csr_array:
        """Terms of the first of the `sums`; CSR array of shape (pairs, n)."""
        terms = self.lists[self.columns]
        terms.data = np.zeros(terms.nnz)
        self._run_in_blocks(kernels.weighted_terms, terms.indptr.astype(np.int64), terms.data)
        terms.eliminate_zeros()
        return terms

    def _run_in_blocks(self, kernel: Callable, *out: np.ndarray) -> None:
        """Run a kernel on the pairs of one block of queries after the other."""
        queries, rows = _numbered(self.rows, self.queries.shape[0])
        used, columns = _numbered(self.columns, self.lists.shape[0])
        lists = self.lists[used]
        near, indices = _numbered(lists.indices, self.pool.shape[0])
        known = columns, lists.indptr.astype(np.int64), indices, lists.data, self.options.k
        order = np.argsort(rows, kind="stable")
        for first, similar in self._similarities(queries, near):
            edges = np.searchsorted(rows, (first, first + len(similar)), sorter=order)
            with Team() as team:
                parts = np.array_split(order[slice(*edges)], CHUNKS * team.size)
                team.each(partial(kernel, rows, first, similar, *known, *out), parts)

    def _similarities(
        self, queries: np.ndarray, near: np.ndarray
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Blocks of queries: the first one's place, and all similarities to the rows near."""
        by_feature = self.pool[near].T.tocsr()
        features = self.queries[queries]
        exclude = _places(near, self.query_rows[queries], self.pool.shape[0])
        options = replace(self.options, k=len(near))
        height = max(1, BATCH_BYTES // (WIDTH * max(1, len(near))))
        for first in range(0, len(queries), height):
            block = slice(first, first + height)
            nearest = engine_on(self.device).nearest_to(
                by_feature, features[block], options, exclude=exclude[block]
            )
            yield first, _dense(*nearest)


def _numbered(numbers: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Which numbers below size occur, ascending, and the place of each among them."""
    occurs = np.bincount(numbers, minlength=size) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[numbers]


def _places(known: np.ndarray, numbers: np.ndarray, size: int) -> np.ndarray:
    """Places of numbers below size among known ones; -1 where they are not, and for -1."""
    places = np.full(size + 1, -1)
    places[known] = np.arange(len(known))
    return places[numbers]


def _dense(indices: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Scores by row and neighbour, 0 where there is none; float32 array of shape (b, n)."""
    similar = np.zeros(indices.shape, np.float32)
    kernels.scatter_scores(indices, scores, similar)
    return similar
