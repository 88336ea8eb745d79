"""A fast product of few digits that ranks rows as a metric does, and how far it may be off."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from workbench.compute.options import SimilarityOptions

Array = Any

POWERS = {
    "cosine": -0.5, "centred_cosine": -0.5, "adjusted_cosine": -0.5, "asymmetric_cosine": -1.0,
    "dot": 0.0, "msd": 0.0,
}  # fmt: skip
"""What a row's statistic b is raised to, to be its weight among the others in the product."""


@dataclass(frozen=True)
class Ranking:
    """Both sides of the product, each of shape (n, columns)."""

    left: Array  # rows of length 1, as those that are searched for
    right: Array  # rows of length 1 at most, as those that may be found
    lengths: Array  # float64, what a row on the left was divided by
    most: float  # what all rows on the right were divided by
    error: float  # how much a product may be off

    @classmethod
    def of(
        cls, x: Array, squares: np.ndarray, b: np.ndarray, options: SimilarityOptions, tools: Any
    ) -> Self | None:
        """Make the sides; None where no product ranks as the metric does.

        Rows x are where the tools work, `cpu.vector_kernels` or its twin; on the host are their
        sums of squares, and b, the metric's statistic of a row that may be found.
        """
        if options.metric not in POWERS or options.shrink:
            return None
        # |x - y|^2 ranks as x y - y^2 / 2 does: a product of rows with one more entry each.
        far = float(np.sqrt(squares.max())) if options.metric == "msd" else 0.0
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            weights = np.nan_to_num(b ** POWERS[options.metric], posinf=0.0)
            added = -squares / (2 * far) if far else 0 * squares
            lengths = np.sqrt(squares + far**2)
            most = float(np.sqrt(weights**2 * squares + added**2).max())
            shares = np.nan_to_num(1 / lengths, posinf=0.0)
        if not (0 < most < np.inf and np.isfinite(lengths).all()):
            return None
        left = _side(x, shares, far * shares, tools)
        same = POWERS[options.metric] == -0.5
        right = left if same else _side(x, weights / most, added / most, tools)
        error = _error(x.shape[1] + 1, tools)
        return cls(left, right, tools.xp.asarray(lengths), most, error)


def _side(x: Array, factors: np.ndarray, added: np.ndarray, tools: Any) -> Array:
    """Rows times their factors and, if there is any, one more entry, in the product's digits."""
    n, width = x.shape
    entries = width + int(added.any())
    side = tools.xp.zeros((n, -(-entries // tools.ALIGNED) * tools.ALIGNED), tools.DTYPE)
    tools.xp.multiply(x, tools.xp.asarray(factors)[:, None], out=side[:, :width])
    if entries > width:
        side[:, width] = tools.xp.asarray(added)
    return side


def _error(width: int, tools: Any) -> float:
    r"""How much the product of two rows of length 1 at most can be off.

    Entries rounded off by a part :math:`u` and by :math:`\eta` where they underflow leave a row off
    by :math:`\epsilon = u + \sqrt d \eta` in length. Adding up d products, each addition off by
    :math:`v`, costs :math:`\gamma_d = d v / (1 - d v)` of the sum of their sizes (Higham 2002,
    Accuracy and Stability of Numerical Algorithms, section 3.1), which the lengths bound
    (Cauchy-Schwarz): :math:`(1 + \epsilon)^2 (1 + \gamma_d) - 1` in all.
    """
    epsilon = tools.ROUNDING + np.sqrt(width) * tools.UNDERFLOW
    added = width * tools.ADDING
    gamma = added / (1 - added) if added < 1 else np.inf
    # A hundredth more covers what is rounded in float64.
    return float(1.01 * ((1 + epsilon) ** 2 * (1 + gamma) - 1))
