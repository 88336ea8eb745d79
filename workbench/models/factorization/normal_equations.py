"""The equations of alternating least squares, a row at a time: solved, or stepped towards."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from workbench.device import Device
from workbench.device.arrays import to_device
from workbench.device.threads import Team
from workbench.models.factorization import als_kernels

CHUNKS = 16  # of rows a core, so that all are busy to the end


class NormalEquations(NamedTuple):
    """Normal equations of rows, but for the factors; see `als_kernels.solve_rows`."""

    indptr: np.ndarray
    indices: np.ndarray
    weights: np.ndarray
    targets: np.ndarray
    ridge: np.ndarray

    def narrow(self) -> "NormalEquations":
        """The same in single precision."""
        single = {name: getattr(self, name).astype(np.float32) for name in self._fields[2:]}
        return self._replace(**single)

    def matrices(self, device: Device, columns: int) -> tuple[Any, Any, Any]:
        """Weights and targets as CSR arrays, and ridge, on a device."""
        shape = len(self.ridge), columns
        weights, targets = (
            sparse.csr_array((values, self.indices, self.indptr), shape=shape)
            for values in (self.weights, self.targets)
        )
        parts = (to_device(device, part) for part in (weights, targets, self.ridge))
        return tuple(parts)


def solutions(equations: NormalEquations, factors: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """Vectors of all rows, from those of the other side; 0 for a row without ratings."""
    vectors = np.zeros((len(equations.ridge), factors.shape[1]))
    _in_parts(
        equations,
        vectors,
        lambda part: als_kernels.solve_rows(*part, *equations, factors, gram, vectors),
    )
    return vectors


def compiled_steps(
    equations: NormalEquations,
    factors: np.ndarray,
    gram: np.ndarray,
    steps: int,
    vectors: np.ndarray,
) -> None:
    """Bring the vectors of all rows nearer to their `solutions`, in place."""
    step = als_kernels.conjugate_gradient_steps
    _in_parts(
        equations, vectors, lambda part: step(*part, *equations, factors, gram, steps, vectors)
    )


def _in_parts(
    equations: NormalEquations, vectors: np.ndarray, function: Callable[[Any], Any]
) -> None:
    """Call the function with the first and last row of parts of equal work."""
    work = equations.indptr + vectors.shape[1] * np.arange(len(equations.indptr))
    with Team() as team:
        edges = np.searchsorted(work, np.linspace(0, work[-1], CHUNKS * team.size + 1))
        team.each(function, itertools.pairwise(edges))
