"""Rows of users and items as SciPy CSR arrays: what all models ask of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse


def seen_entries(profiles: sparse.csr_array, seen: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of what must not come back."""
    # Not .nonzero(): a rating of 0 is seen as well.
    rows = np.repeat(np.arange(profiles.shape[0]), np.diff(profiles.indptr))
    if seen == "exclude":
        return rows, profiles.indices
    liked = profiles.data >= row_means(profiles)[rows]
    hidden = liked if seen == "disliked" else np.zeros(len(rows), dtype=bool)
    return rows[hidden], profiles.indices[hidden]


def row_means(matrix: sparse.csr_array) -> np.ndarray:
    """Mean of the stored entries of every row, 0 for an empty one; shape (rows,)."""
    counts = np.diff(matrix.indptr)
    return np.asarray(matrix.sum(axis=1)).ravel() / np.maximum(counts, 1)


def aligned(profiles: sparse.csr_array, ids: pd.Index, to: pd.Index) -> sparse.csr_array:
    """Move columns from where `ids` has them to where `to` has them, leaving out what it has not.

    Both are ascending.
    """
    if to is ids:
        return profiles
    columns = to.get_indexer(ids[profiles.indices])
    kept = columns >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[profiles.indptr]
    shape = (profiles.shape[0], len(to))
    return sparse.csr_array((profiles.data[kept], columns[kept], starts), shape=shape)


def present(matrix: sparse.csr_array) -> sparse.csr_array:
    """Ones wherever the matrix has an entry."""
    return sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)


def strongest(
    contributions: sparse.csr_array, ids: pd.Index, n: int
) -> Iterator[tuple[list[Any], list[float]]]:
    """Ids and values of the n largest entries of every row; ties to the lower id."""
    contributions.sort_indices()
    counts = np.diff(contributions.indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((contributions.indices, -contributions.data, rows))
    kept = order[np.arange(len(order)) - np.repeat(contributions.indptr[:-1], counts) < n]
    ends = np.cumsum(np.minimum(counts, n))
    names, values = ids[contributions.indices[kept]].tolist(), contributions.data[kept].tolist()
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        yield names[start:end], values[start:end]
