"""Products of the rows of two arrays: of all with all, or pair by pair."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from workbench.errors import OptionError
from workbench.models.factorization import sgd_kernels


def all_products(left: Any, right: Any) -> Any:
    """Products of every row of one array with every row of another, NumPy's or CuPy's."""
    # BLAS takes some times longer over one row and a wide matrix than over a tall one and it.
    return (right @ left.T).T if len(left) == 1 else left @ right.T


def pair_products(
    left: np.ndarray, rows: np.ndarray, right: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Products of rows of two float64 arrays, pair by pair; float64 array of shape (pairs,)."""
    products = np.empty(len(rows))
    places = rows.astype(np.int64), others.astype(np.int64)
    sgd_kernels.pair_products(*places, left, right, products)
    return products


def require_finite(tables: Iterable[np.ndarray], learning_rate: float, source: str) -> None:
    """Raise `OptionError` if gradient steps on the source were so long that numbers ran away."""
    if not all(np.isfinite(part).all() for part in tables):
        raise OptionError(
            f"learning_rate={learning_rate:g} is too high for these {source}: numbers ran away; "
            "lower it"
        )
