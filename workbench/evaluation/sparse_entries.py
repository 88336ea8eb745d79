"""Sparse matrices read entry by entry: a stored 0 is one, which SciPy's nonzero() forgets."""

from typing import Any

import numpy as np
from scipy import sparse

from workbench.device.arrays import library_of


def row_numbers(matrix: sparse.csr_array) -> np.ndarray:
    """Row of every entry; shape (nnz,)."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def keys(matrix: sparse.csr_array) -> np.ndarray:
    """Row * width + column of every entry, ascending where indices are sorted; shape (nnz,)."""
    return row_numbers(matrix) * matrix.shape[1] + matrix.indices


def present(matrix: sparse.csr_array, xp: Any = np) -> Any:
    """Where the matrix has an entry; bool array of its shape, NumPy's or CuPy's."""
    mask = xp.zeros(matrix.shape, dtype=bool)
    mask[xp.asarray(row_numbers(matrix)), xp.asarray(matrix.indices)] = True
    return mask


def filtered(matrix: sparse.csr_array, keep: np.ndarray) -> sparse.csr_array:
    """Return the matrix with only the entries to keep, a bool array of shape (nnz,)."""
    counts = np.bincount(row_numbers(matrix)[keep], minlength=matrix.shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csr_array((matrix.data[keep], matrix.indices[keep], starts), matrix.shape)


def from_lists(lists: np.ndarray, items: int) -> sparse.csr_array:
    """Ones for the items of every row's list; CSR array of shape (rows, items)."""
    rows, places = np.nonzero(lists >= 0)
    entries = (np.ones(len(rows)), (rows, lists[rows, places]))
    return sparse.coo_array(entries, shape=(len(lists), items)).tocsr()


def look_up(matrix: sparse.csr_array, lists: Any) -> tuple[Any, Any]:
    """Find the items of every row's list in that row of a matrix.

    Parameters
    ----------
    matrix : CSR array of shape (rows, items)
        With at least one entry, its indices sorted.
    lists : int array of shape (rows, k)
        Of NumPy, or of CuPy, as is then what is found. -1 where padded.

    Returns
    -------
    found : bool array of shape (rows, k)
    values : float64 array of shape (rows, k)
        0 where not found.
    """
    xp = library_of(lists)
    known = xp.asarray(keys(matrix))
    listed_keys = xp.arange(len(lists))[:, None] * matrix.shape[1] + lists
    places = xp.minimum(xp.searchsorted(known, listed_keys), len(known) - 1)
    found = (known[places] == listed_keys) & (lists >= 0)
    return found, xp.where(found, xp.asarray(matrix.data)[places], 0.0)
