"""Who is raced: ours and the libraries beside it, each with its input made beforehand.

A contender is made from a data set; it then runs for a k, which is timed, and its result is read
into (row, column, score) triples, which is not. Libraries get both cores, float32 and rows of
length 1 where they take them; ours gets the data set with its float64 matrix, as a user has it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import similaripy
import sparse_dot_topn
from implicit.nearest_neighbours import ItemItemRecommender
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

import workbench as wb
from workbench.device import cores

Triples = tuple[np.ndarray, np.ndarray, np.ndarray]
CELLS = 2**26  # of a block of a brute-force product


class Contender(NamedTuple):
    """One that finds neighbours.

    Attributes
    ----------
    run : callable
        ``run(k)`` is what is timed.
    read : callable
        Row, column and score of all that ``run`` returned, itself perhaps among the columns.
    rows : int array or None
        The rows it searches, where all of them would take too long.
    """

    run: Callable[[int], Any]
    read: Callable[[Any], Triples]
    rows: np.ndarray | None = None


def ours(ds: Any, of: str, rows: np.ndarray | None) -> Contender:
    def read(near: Any) -> Triples:
        row, rank = np.nonzero(near.indices >= 0)
        return row, near.indices[row, rank], near.scores[row, rank]

    return Contender(lambda k: wb.similar(ds, of=of, k=k, device="cpu", progress=False), read)


def similaripy_product(ds: Any, of: str, rows: np.ndarray | None) -> Contender:
    matrix = unit_rows(ds, of)
    other = narrow(matrix.T.tocsr())
    options = {"num_threads": cores(), "format_output": "csr", "verbose": False}
    return Contender(lambda k: similaripy.dot_product(matrix, other, k=k + 1, **options), triples)


def similaripy_cosine(ds: Any, of: str, rows: np.ndarray | None) -> Contender:
    matrix = narrow(by_row(ds, of))
    options = {"num_threads": cores(), "format_output": "csr", "verbose": False}
    return Contender(lambda k: similaripy.cosine(matrix, k=k + 1, **options), triples)


def topn(ds: Any, of: str, rows: np.ndarray | None) -> Contender:
    matrix = unit_rows(ds, of)
    other = narrow(matrix.T.tocsr())
    return Contender(
        lambda k: sparse_dot_topn.sp_matmul_topn(
            matrix, other, top_n=k + 1, sort=True, n_threads=cores()
        ),
        triples,
    )


def implicit(ds: Any, of: str, rows: np.ndarray | None) -> Contender:
    # Its CosineRecommender is this after bringing rows to length 1; it takes float64 alone.
    raters = narrow(unit_rows(ds, of).T.tocsr()).astype(np.float64)

    def run(k: int) -> Any:
        model = ItemItemRecommender(K=k + 1, num_threads=cores())
        model.fit(raters, show_progress=False)
        return model.similarity

    return Contender(run, triples)


def scikit_learn(ds: Any, of: str, rows: np.ndarray | None) -> Contender:
    matrix = narrow(by_row(ds, of))
    asked = matrix if rows is None else matrix[rows]
    own = np.arange(matrix.shape[0]) if rows is None else rows

    def run(k: int) -> Any:
        search = NearestNeighbors(
            n_neighbors=k + 1, metric="cosine", algorithm="brute", n_jobs=cores()
        )
        return search.fit(matrix).kneighbors(asked)

    def read(found: Any) -> Triples:
        distances, columns = found
        return np.repeat(own, columns.shape[1]), columns.ravel(), 1 - distances.ravel()

    return Contender(run, read, rows)


def scipy_product(ds: Any, of: str, rows: np.ndarray | None) -> Contender:
    matrix = unit_rows(ds, of)
    other = narrow(matrix.T.tocsr())
    own = np.arange(matrix.shape[0]) if rows is None else rows
    height = max(1, CELLS // matrix.shape[0])

    def run(k: int) -> Any:
        found = []
        for start in range(0, len(own), height):
            block = own[start : start + height]
            scores = (matrix[block] @ other).toarray()
            most = min(k + 1, scores.shape[1])
            columns = np.argpartition(scores, -most, axis=1)[:, -most:]
            kept = np.take_along_axis(scores, columns, axis=1)
            order = np.argsort(-kept, axis=1)
            found.append((
                np.take_along_axis(columns, order, axis=1), np.take_along_axis(kept, order, axis=1)
            ))  # fmt: skip
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    def read(found: Any) -> Triples:
        columns, scores = found
        return np.repeat(own, columns.shape[1]), columns.ravel(), scores.ravel()

    return Contender(run, read, rows)


OURS = "workbench"
CONTENDERS = {
    OURS: ours,
    "similaripy dot_product": similaripy_product,
    "similaripy cosine": similaripy_cosine,
    "sparse-dot-topn": topn,
    "implicit": implicit,
    "scikit-learn": scikit_learn,
    "SciPy": scipy_product,
}
BRUTE = ("scikit-learn", "SciPy")


def by_row(ds: Any, of: str) -> sparse.csr_array:
    return ds.matrix if of == "users" else ds.matrix.T.tocsr()


def narrow(matrix: Any) -> sparse.csr_matrix:
    """Float32 values and 32-bit indices, which is what the libraries take."""
    parts = matrix.data.astype(np.float32), *map(np.int32, (matrix.indices, matrix.indptr))
    return sparse.csr_matrix(parts, matrix.shape)


def unit_rows(ds: Any, of: str) -> sparse.csr_matrix:
    matrix = by_row(ds, of)
    lengths = np.sqrt(np.add.reduceat(matrix.data**2, matrix.indptr[:-1]))
    values = matrix.data / np.repeat(lengths, np.diff(matrix.indptr))
    return narrow(sparse.csr_array((values, matrix.indices, matrix.indptr), matrix.shape))


def triples(found: sparse.csr_matrix) -> Triples:
    found = found.tocoo()
    return found.row, found.col, found.data


def ranked(found: Triples, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices and scores of shape (n, k), best first, without the row itself."""
    row, column, score = found
    kept = (row != column) & (score > 0)
    row, column, score = row[kept], column[kept], score[kept]
    order = np.lexsort((column, -score, row))
    row, column, score = row[order], column[order], score[order]
    starts = np.searchsorted(row, np.arange(n))
    rank = np.arange(len(row)) - starts[row]
    kept = rank < k
    indices, scores = np.full((n, k), -1, np.int64), np.zeros((n, k))
    indices[row[kept], rank[kept]] = column[kept]
    scores[row[kept], rank[kept]] = score[kept]
    return indices, scores


def agreement(
    mine: tuple[np.ndarray, np.ndarray],
    theirs: tuple[np.ndarray, np.ndarray],
    matrix: sparse.csr_array,
    rows: np.ndarray | None,
    *,
    most: int = 20_000,
    seed: int = 0,
) -> dict[str, Any]:
    """Compare ranks: scores must be equal, and where ids differ their true scores be tied.

    The true score of what a peer names in our stead is computed afresh in float64; of more than
    `most` such pairs a random choice is.
    """
    rows = np.arange(matrix.shape[0]) if rows is None else rows
    (ids, scores), (other_ids, other_scores) = ((a[rows], b[rows]) for a, b in (mine, theirs))
    difference = float(np.abs(scores - other_scores).max())
    at = np.argwhere((ids != other_ids) & (ids >= 0) & (other_ids >= 0))
    looked_at = at
    if len(at) > most:
        looked_at = np.random.default_rng(seed).choice(at, most, replace=False)
    place = tuple(looked_at.T)
    true = cosines(matrix, rows[looked_at[:, 0]], other_ids[place])
    gap = float(np.abs(true - scores[place]).max(initial=0))
    return {
        "ranks": int(scores.size),
        "difference": difference,
        "other_ids": len(at),
        "looked_at": len(looked_at),
        "gap": gap,
    }


def cosines(matrix: sparse.csr_array, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Exact cosines of pairs of rows."""
    squares = np.add.reduceat(matrix.data**2, matrix.indptr[:-1])
    products = [
        matrix[first[part]].multiply(matrix[second[part]]).sum(axis=1)
        for part in np.array_split(np.arange(len(first)), len(first) // 500 + 1)
    ]
    return np.concatenate(products) / np.sqrt(squares[first] * squares[second])
