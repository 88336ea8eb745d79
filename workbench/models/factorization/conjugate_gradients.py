"""Conjugate gradients for many rows at once, in array operations: what a card does well.

The twin of `workbench.models.kernels.approach`, which takes the same steps a row at a time.
"""

from itertools import pairwise
from typing import Any

import numpy as np

CHUNK_BYTES = 2**28  # of the factors of the entries that are looked at together


def approach(
    ratings: Any, targets: Any, ridge: Any, factors: Any, gram: Any, steps: int, vectors: Any
) -> None:
    """Bring the vectors of all rows nearer to the solutions of their normal equations.

    Parameters
    ----------
    ratings : CSR array of shape (rows, columns), SciPy's or CuPy's
        Weights of the entries.
    targets : CSR array of shape (rows, columns)
        What the entries add to the right-hand sides, times their factors.
    ridge : array of shape (rows,)
    factors : array of shape (columns, f)
    gram : array of shape (f, f)
    steps : int
    vectors : array of shape (rows, f)
        Changed in place; a row without entries stays as it is.
    """
    starts = ratings.indptr.get() if hasattr(ratings.indptr, "get") else ratings.indptr
    size = max(1, CHUNK_BYTES // (factors.itemsize * factors.shape[1]))
    parts = np.searchsorted(starts, np.arange(0, starts[-1] + size, size), side="right") - 1
    edges = np.unique([0, *parts, len(ridge)])
    for first, last in pairwise(edges):
        rows = slice(int(first), int(last))
        _approach(ratings[rows], targets[rows], ridge[rows], factors, gram, steps, vectors[rows])


def _approach(
    ratings: Any, targets: Any, ridge: Any, factors: Any, gram: Any, steps: int, vectors: Any
) -> None:
    def times(held: Any) -> Any:
        entries = ratings.copy()
        entries.data = ratings.data * (held[row] * seen).sum(axis=1)
        return held @ gram + ridge[:, None] * held + entries @ factors

    row = ratings.tocoo().row
    seen = factors[ratings.indices]
    left = targets @ factors - times(vectors)
    left *= (ratings.indptr[1:] > ratings.indptr[:-1])[:, None]
    way, squares = left.copy(), (left * left).sum(axis=1)
    for _ in range(steps):
        changed = times(way)
        along = (way * changed).sum(axis=1)
        length = squares / (along + (along == 0))
        vectors += length[:, None] * way
        left -= length[:, None] * changed
        before, squares = squares, (left * left).sum(axis=1)
        way = left + (squares / (before + (before == 0)))[:, None] * way
