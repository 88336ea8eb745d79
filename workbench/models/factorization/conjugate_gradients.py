"""Conjugate gradients for many rows at once, in array operations: what a card does well.

The twin of `workbench.models.factorization.als_kernels.conjugate_gradient_steps`, which takes the
same steps a row at a time.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from workbench.device.arrays import to_host

CHUNK_BYTES = 2**28  # of the factors of the entries that are looked at together


def array_steps(
    equations: tuple[Any, Any, Any], factors: Any, gram: Any, steps: int, vectors: Any
) -> None:
    """Bring the vectors of all rows nearer to the solutions of their normal equations, in place.

    Equations are weights and targets, as CSR arrays of shape (rows, columns), and ridge: see
    `als_kernels.solve_rows`. A row without entries stays as it is.
    """
    weights, targets, ridge = equations
    starts = to_host(weights.indptr)
    size = max(1, CHUNK_BYTES // (factors.itemsize * factors.shape[1]))
    parts = np.searchsorted(starts, np.arange(0, starts[-1] + size, size), side="right") - 1
    edges = np.unique([0, *parts, len(ridge)])
    for first, last in pairwise(edges):
        rows = slice(int(first), int(last))
        part = weights[rows], targets[rows], ridge[rows]
        _steps_of_chunk(*part, factors, gram, steps, vectors[rows])


def _steps_of_chunk(
    weights: Any, targets: Any, ridge: Any, factors: Any, gram: Any, steps: int, vectors: Any
) -> None:
    def matrix_products(rows: Any) -> Any:
        entries = weights.copy()
        entries.data = weights.data * (rows[row] * seen).sum(axis=1)
        return rows @ gram + ridge[:, None] * rows + entries @ factors

    row = weights.tocoo().row
    seen = factors[weights.indices]
    residual = targets @ factors - matrix_products(vectors)
    residual *= (weights.indptr[1:] > weights.indptr[:-1])[:, None]
    direction, squared = residual.copy(), (residual * residual).sum(axis=1)
    for _ in range(steps):
        product = matrix_products(direction)
        along = (direction * product).sum(axis=1)
        length = squared / (along + (along == 0))
        vectors += length[:, None] * direction
        residual -= length[:, None] * product
        previous, squared = squared, (residual * residual).sum(axis=1)
        direction = residual + (squared / (previous + (previous == 0)))[:, None] * direction
