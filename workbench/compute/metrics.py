"""Similarity metrics, each as the sums it needs over co-rated entries and an epilogue.

An engine computes the sums, whatever its hardware; the epilogue is elementwise and runs on any
array library, so that a metric is defined once for all engines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Array = Any

VALUES, SQUARES, ONES = "values", "squares", "ones"


@dataclass(frozen=True)
class Metric:
    """A similarity between two sparse rows x and y.

    Attributes
    ----------
    sums : dict of str to (str, str)
        Name of each sum over the columns both rows have, with what is taken of x and of y:
        the values, their squares, or ones.
    epilogue : callable
        ``epilogue(xp, sums, x_norm, y_norm)``: float64 scores from the sums, where the norms are
        the sums of squares over *all* of a row. NaN where the score is undefined.
    """

    sums: dict[str, tuple[str, str]]
    epilogue: Callable[[Any, dict[str, Array], Array, Array], Array]


def _cosine(xp: Any, sums: dict[str, Array], x_norm: Array, y_norm: Array) -> Array:
    length = xp.sqrt(x_norm * y_norm)
    return sums["xy"] / xp.where(length > 0, length, xp.nan)


def _pearson(xp: Any, sums: dict[str, Array], x_norm: Array, y_norm: Array) -> Array:
    n = sums["n"]
    covariance = n * sums["xy"] - sums["x"] * sums["y"]
    x_variance = _variance(xp, n, sums["x"], sums["xx"])
    y_variance = _variance(xp, n, sums["y"], sums["yy"])
    spread = xp.sqrt(x_variance * y_variance)
    return covariance / xp.where(spread > 0, spread, xp.nan)


def _variance(xp: Any, n: Array, total: Array, squares: Array) -> Array:
    """n² times the variance, with what is only rounding error set to zero."""
    variance = n * squares - total * total
    return xp.where(variance > 1e-12 * n * squares, variance, 0.0)


METRICS = {
    "cosine": Metric({"xy": (VALUES, VALUES)}, _cosine),
    "pearson": Metric(
        {
            "n": (ONES, ONES),
            "x": (VALUES, ONES),
            "y": (ONES, VALUES),
            "xx": (SQUARES, ONES),
            "yy": (ONES, SQUARES),
            "xy": (VALUES, VALUES),
        },
        _pearson,
    ),
}
