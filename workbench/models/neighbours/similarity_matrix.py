"""Similarities kept of every row as a sparse matrix, and scores that are sums over them."""

from typing import Any

import numpy as np
from scipy import sparse

from workbench.device import Device
from workbench.device.arrays import library_of, to_device
from workbench.models.neighbours import kernels
from workbench.models.sparse_rows import binarized


def similarity_matrix(indices: np.ndarray, scores: np.ndarray, *, columns: int) -> sparse.csr_array:
    """Neighbours as a CSR array of shape (rows, columns), float64, k entries a row at most."""
    order = np.argsort(indices, axis=1)
    indices, scores = (np.take_along_axis(part, order, axis=1) for part in (indices, scores))
    known = indices >= 0
    starts = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    entries = scores[known].astype(np.float64), indices[known], starts
    return sparse.csr_array(entries, shape=(len(indices), columns))


def neighbour_sums(device: Device, rows: sparse.csr_array, matrix: Any) -> Any:
    """Dense product of SciPy's CSR rows with a CSR array that `on_device` gives.

    It is float64, of shape (rows, items), where the matrix is: NaN where not a term is stored, as a
    sum of terms may be 0.
    """
    if device.kind == "gpu":
        scores = (to_device(device, rows) @ matrix).toarray()
        terms = matrix.copy()
        terms.data[:] = 1
        counts = (to_device(device, binarized(rows)) @ terms).toarray()
        return library_of(scores).where(counts > 0, scores, np.nan)
    sums = np.empty((rows.shape[0], matrix.shape[1]))
    left, right = ((csr.indptr, csr.indices, csr.data) for csr in (rows, matrix))
    kernels.neighbour_sums(*left, *right, sums)
    return sums
