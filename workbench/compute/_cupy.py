"""The CuPy engine: a dense block of rows times a sparse matrix, on the card.

Sparse times sparse is avoided: CuPy's product of two sparse matrices fails or returns zeros on
large inputs (CuPy issue 10033).
"""

from typing import Any

import numpy as np

from workbench.compute._blocks import nearest_in_blocks
from workbench.compute.metrics import Metric


def nearest(
    queries: Any, targets: Any, metric: Metric, k: int, *, own: np.ndarray, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """See `workbench.compute._blocks.nearest_in_blocks`; the result comes back to the host."""
    import cupy
    from cupyx.scipy import sparse

    indices, scores = nearest_in_blocks(
        sparse.csr_matrix(queries),
        sparse.csr_matrix(targets),
        metric,
        k,
        own=cupy.asarray(own),
        prepare=lambda matrix: matrix,
        product=_dense_product,
        xp=cupy,
        **options,
    )
    return indices.get(), scores.get()


def _dense_product(a: Any, b: Any) -> Any:
    return (b @ a.toarray().T).T
