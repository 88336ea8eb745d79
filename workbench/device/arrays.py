"""Arrays of NumPy and of CuPy, and where they are: told apart here and nowhere else."""

from typing import Any

import numpy as np

from workbench.device import Device


def on_card(values: Any) -> bool:
    """Whether an array, a sparse matrix, a table or a column is in a card's memory.

    It belongs to CuPy or cuDF then; a proxy of ``cudf.pandas`` passes for pandas.
    """
    package = type(values).__module__.split(".")
    return package[0] in ("cupy", "cupyx", "cudf") and package[:2] != ["cudf", "pandas"]


def library_of(values: Any) -> Any:
    """NumPy, or CuPy for what is on a card: an array, a sparse matrix, a table or a column."""
    return _library(on_card(values))


def library_on(device: Device) -> Any:
    """NumPy, or CuPy for a card."""
    return _library(device.kind == "gpu")


def _library(card: bool) -> Any:
    if not card:
        return np
    import cupy

    return cupy


def to_host(array: Any) -> Any:
    """Return an array in NumPy: itself if it is there."""
    return array.get() if on_card(array) else array


def to_device(device: Device, matrix: Any) -> Any:
    """Copy a NumPy array or a SciPy CSR array to a card; for the CPU, the matrix as it is.

    What comes back has the same operators: ``@``, ``.T`` and, if sparse, ``.toarray()``.
    """
    if device.kind != "gpu":
        return matrix
    import cupy
    from cupyx.scipy.sparse import csr_matrix

    # In the order in which a sparse array's product takes a dense one.
    return csr_matrix(matrix) if hasattr(matrix, "indptr") else cupy.asarray(matrix, order="F")


def group_sums(values: Any, groups: Any, count: int) -> Any:
    """Sum of the values of each group, from 0 to count; where the groups are.

    Added up on the host, in order: on a card the last digit would change from run to run.
    """
    return library_of(groups).asarray(np.bincount(to_host(groups), to_host(values), count))
