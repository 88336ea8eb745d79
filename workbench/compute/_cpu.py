"""The CPU engine: SciPy's sparse products, a block of rows at a time."""

from typing import Any

import numpy as np

from workbench.compute._blocks import nearest_in_blocks
from workbench.compute.metrics import Metric


def nearest(
    queries: Any, targets: Any, metric: Metric, k: int, *, own: np.ndarray, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """See `workbench.compute._blocks.nearest_in_blocks`."""
    return nearest_in_blocks(
        queries, targets, metric, k, own=own, prepare=_columns, product=_product, **options
    )


def _columns(matrix: Any) -> Any:
    # SciPy would turn the transpose back into rows at every product.
    return matrix.T.tocsr()


def _product(a: Any, b: Any) -> np.ndarray:
    return (a @ b).toarray()
