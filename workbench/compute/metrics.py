"""Similarity metrics, each as the sums it needs over co-rated entries and an epilogue.

An engine computes the sums, whatever its hardware. The epilogue is plain arithmetic on them: the
same function runs on arrays of any library and, compiled by Numba, on the scalars of the CPU
kernels, so that a metric is defined once for all engines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Value = Any  # a float64 scalar, or an array of them

SUMS = {"n": (0, 0), "x": (1, 0), "xx": (2, 0), "y": (0, 1), "yy": (0, 2), "xy": (1, 1)}
"""Powers (p, q) of every sum of x^p * y^q over the columns that two rows have in common."""

VALUES, ONES, ROW_CENTRED, COLUMN_CENTRED = "values", "ones", "row centred", "column centred"


def _squares(counts: Value, squares: Value, alpha: float) -> tuple[Value, Value]:
    return squares, squares


def _counts(counts: Value, squares: Value, alpha: float) -> tuple[Value, Value]:
    return counts, counts


def _powers(counts: Value, squares: Value, alpha: float) -> tuple[Value, Value]:
    return squares**alpha, squares ** (1 - alpha)


@dataclass(frozen=True)
class Metric:
    """A similarity between two sparse rows x and y.

    Attributes
    ----------
    epilogue : callable
        ``epilogue(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit)``: the float64 score from
        the sums over co-rated entries, of which only those named in `sums` are given, and a
        statistic of each row. NaN where it is undefined. An engine may hold values in another
        unit (half stars, say): `unit` is what a product of two held values is worth, and
        `shrink` is given in held units.
    sums : tuple of str
        The sums over co-rated entries that the epilogue reads.
    statistic : callable
        ``statistic(counts, squares, alpha)``: the pair (a, b) for every row, from its number of
        entries and its sum of squares: a where the row is x, b where it is y.
    of : str
        What the rows hold: their values, ones, or values less the mean of their row or column.
    bound : callable or None
        ``bound(counts, squares)``: factors f such that a score above 0 is at most
        ``xy * f_x * f_y``. An engine may pass over a pair by it.
    tight : bool
        Whether that bound is the score itself, without `shrink` and but for rounding.
    symmetric : bool
        Whether the score of (x, y) is that of (y, x).
    shrinks : bool
        Whether there is a denominator for `shrink` to be added to.
    """

    epilogue: Callable[..., Value]
    sums: tuple[str, ...] = ("xy",)
    statistic: Callable[[Value, Value, float], tuple[Value, Value]] = _squares
    of: str = VALUES
    bound: Callable[[Value, Value], Value] | None = None
    tight: bool = False
    symmetric: bool = True
    shrinks: bool = True


def _dot(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return xy * unit


def _cosine(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return xy / (sqrt(a * b) + shrink)


def _asymmetric(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return xy / (a * b + shrink)


def _adjusted(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return xy / (sqrt(xx * yy) + shrink)


def _pearson(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    # All times n, so that whole numbers stay whole. What is only rounding error is no variance.
    x_variance = n * xx - x * x
    y_variance = n * yy - y * y
    x_variance = where(x_variance > 1e-12 * n * xx, x_variance, 0.0)
    y_variance = where(y_variance > 1e-12 * n * yy, y_variance, 0.0)
    spread = x_variance * y_variance
    return where(spread > 0, n * xy - x * y, np.nan) / (sqrt(spread) + n * shrink)


def _msd(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return n / ((xx + yy - 2 * xy) * unit + n)


def _jaccard(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return xy / (a + b - xy + shrink)


def _dice(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):  # type: ignore[no-untyped-def]
    return 2 * xy / (a + b + shrink)


def _by_length(counts: Value, squares: Value) -> Value:
    return squares**-0.5


def _by_count(counts: Value, squares: Value) -> Value:
    # |x and y| / |x or y| and 2 |x and y| / (|x| + |y|) are both at most |x and y| / sqrt(|x| |y|).
    return counts**-0.5


def _by_nothing(counts: Value, squares: Value) -> Value:
    return squares**0


_MOMENTS = ("n", "x", "xx", "y", "yy", "xy")

METRICS = {
    "cosine": Metric(_cosine, bound=_by_length, tight=True),
    "pearson": Metric(_pearson, _MOMENTS),
    "centred_cosine": Metric(_cosine, of=ROW_CENTRED, bound=_by_length, tight=True),
    "adjusted_cosine": Metric(_adjusted, ("xx", "yy", "xy"), of=COLUMN_CENTRED),
    "msd": Metric(_msd, ("n", "xx", "yy", "xy"), shrinks=False),
    "jaccard": Metric(_jaccard, statistic=_counts, of=ONES, bound=_by_count),
    "dice": Metric(_dice, statistic=_counts, of=ONES, bound=_by_count),
    "asymmetric_cosine": Metric(_asymmetric, statistic=_powers, symmetric=False),
    "dot": Metric(_dot, bound=_by_nothing, tight=True, shrinks=False),
}
