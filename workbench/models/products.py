"""Products of sparse rows that tell a sum of 0 from no term at all."""

from typing import Any

import numpy as np
from scipy import sparse

from workbench.device import Device
from workbench.device.arrays import library_of, to_device


def linked(device: Device, rows: sparse.csr_array, matrix: Any) -> Any:
    """Dense product of CSR rows of positive entries, or of ratings, with a CSR array.

    Parameters
    ----------
    device : Device
    rows : SciPy CSR array of shape (b, n)
    matrix : CSR array of shape (n, items)
        As `on_device` gives it.

    Returns
    -------
    float64 array of shape (b, items), of the device
        NaN where not a term is stored; a sum of terms may be 0.
    """
    if device.kind == "gpu":
        ones = sparse.csr_array((np.ones(rows.nnz), rows.indices, rows.indptr), rows.shape)
        scores = (to_device(device, rows) @ matrix).toarray()
        terms = matrix.copy()
        terms.data[:] = 1
        return library_of(scores).where(
            (to_device(device, ones) @ terms).toarray() > 0, scores, np.nan
        )
    from workbench.models import kernels

    found = np.empty((rows.shape[0], matrix.shape[1]))
    given = rows.indptr, rows.indices, rows.data, matrix.indptr, matrix.indices, matrix.data
    kernels.linked(*given, found)
    return found
