"""What is made of a model and can be made again: never saved, and dropped with it."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from scipy import sparse

from workbench.compute import Device

_KEPT: WeakKeyDictionary[Any, dict[str, tuple[Any, Any]]] = WeakKeyDictionary()


def derived(owner: Any, name: str, source: Any, make: Callable[[], Any]) -> Any:
    """Return what `make` made of this very source, made once; of another source, made anew."""
    kept = _KEPT.setdefault(owner, {})
    if name not in kept or kept[name][0] is not source:
        kept[name] = source, make()
    return kept[name][1]


def held(owner: Any, name: str, matrix: Any) -> Any:
    """Return a matrix of a model's state on the model's device, copied there once."""
    if owner.device.kind != "gpu":
        return matrix
    return derived(owner, name, matrix, lambda: sent(owner.device, matrix))


def sent(device: Device, matrix: Any) -> Any:
    """Copy a NumPy array or a SciPy CSR array to a card; for the CPU, the matrix as it is.

    What comes back has the same operators: ``@``, ``.T`` and, if sparse, ``.toarray()``.
    """
    if device.kind != "gpu":
        return matrix
    import cupy
    from cupyx.scipy.sparse import csr_matrix

    # In the order in which a sparse array's product takes a dense one.
    return csr_matrix(matrix) if hasattr(matrix, "indptr") else cupy.asarray(matrix, order="F")


def linked(device: Device, rows: sparse.csr_array, matrix: Any) -> Any:
    """Dense product of CSR rows of positive entries, or of ratings, with a CSR array.

    Parameters
    ----------
    device : Device
    rows : SciPy CSR array of shape (b, n)
    matrix : CSR array of shape (n, items)
        As `held` gives it.

    Returns
    -------
    float64 array of shape (b, items), of the device
        NaN where not a term is stored; a sum of terms may be 0.
    """
    if device.kind == "gpu":
        ones = sparse.csr_array((np.ones(rows.nnz), rows.indices, rows.indptr), rows.shape)
        scores = (sent(device, rows) @ matrix).toarray()
        terms = matrix.copy()
        terms.data[:] = 1
        return library(scores).where((sent(device, ones) @ terms).toarray() > 0, scores, np.nan)
    from workbench.models import kernels

    found = np.empty((rows.shape[0], matrix.shape[1]))
    given = rows.indptr, rows.indices, rows.data, matrix.indptr, matrix.indices, matrix.data
    kernels.linked(*given, found)
    return found


def library(array: Any) -> Any:
    """NumPy or CuPy, whichever an array belongs to."""
    if type(array) is np.ndarray:
        return np
    import cupy

    return cupy


def fetched(array: Any) -> np.ndarray:
    """Return an array in the memory of the host."""
    return array.get() if hasattr(array, "get") else array
