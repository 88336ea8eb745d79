"""Rows of users and items as SciPy CSR arrays: what all models ask of them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse


def row_means(matrix: sparse.csr_array) -> np.ndarray:
    """Mean of the stored entries of every row, 0 for an empty one; shape (rows,)."""
    counts = np.diff(matrix.indptr)
    return np.asarray(matrix.sum(axis=1)).ravel() / np.maximum(counts, 1)


def binarized(matrix: sparse.csr_array) -> sparse.csr_array:
    """Ones wherever the matrix has an entry."""
    return with_values(matrix, np.ones(matrix.nnz))


def with_values(matrix: sparse.csr_array, values: np.ndarray) -> sparse.csr_array:
    """Other values, one an entry, at the places of a matrix."""
    return sparse.csr_array((values, matrix.indices, matrix.indptr), matrix.shape)


def aligned(matrix: sparse.csr_array, ids: pd.Index, to: pd.Index) -> sparse.csr_array:
    """Move columns from where `ids` has them to where `to` has them, leaving out what it has not.

    Both are ascending.
    """
    if to is ids:
        return matrix
    columns = to.get_indexer(ids[matrix.indices])
    kept = columns >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    shape = (matrix.shape[0], len(to))
    return sparse.csr_array((matrix.data[kept], columns[kept], starts), shape=shape)


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
