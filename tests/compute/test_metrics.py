"""A metric is defined once for every array library."""

import array_api_strict
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.compute.metrics import METRICS, ONES, SQUARES, VALUES, Metric

STARS = arrays(np.float64, (2, 6), elements=st.sampled_from([np.nan, 0.0, 0.5, 1.0, 3.0, 5.0]))


def sums_of(metric: Metric, x: np.ndarray, y: np.ndarray) -> tuple[dict, np.ndarray, np.ndarray]:
    """The sums of two rows in which NaN stands for no rating, as arrays of shape (1, 1)."""
    both = ~(np.isnan(x) | np.isnan(y))
    taken = {VALUES: lambda v: v, SQUARES: lambda v: v**2, ONES: np.ones_like}
    sums = {
        name: np.array([[np.sum(taken[a](x[both]) * taken[b](y[both]))]])
        for name, (a, b) in metric.sums.items()
    }
    return sums, *(np.array([[np.nansum(v**2)]]) for v in (x, y))


@pytest.mark.parametrize("name", METRICS)
@given(rows=STARS)
def test_the_epilogue_keeps_to_the_array_api(name: str, rows: np.ndarray) -> None:
    metric = METRICS[name]
    sums, x_norm, y_norm = sums_of(metric, *rows)
    expected = metric.epilogue(np, sums, x_norm, y_norm)
    strict = {key: array_api_strict.asarray(value) for key, value in sums.items()}
    norms = (array_api_strict.asarray(norm) for norm in (x_norm, y_norm))
    found = metric.epilogue(array_api_strict, strict, *norms)
    assert np.array_equal(np.asarray(found), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("name", "x", "y", "expected"),
    [
        ("cosine", [5, 3], [4, 2], 26 / 680**0.5),
        ("cosine", [5, 3, np.nan], [4, np.nan, 2], 20 / 680**0.5),
        ("cosine", [3, np.nan], [np.nan, 4], 0.0),
        ("cosine", [0, 0], [1, 2], np.nan),
        ("pearson", [5, 3], [4, 2], 1.0),
        ("pearson", [5, 3], [2, 4], -1.0),
        ("pearson", [5, 3, np.nan], [4, np.nan, 2], np.nan),
        ("pearson", [1, 2, 3, 9], [1, 2, 4, np.nan], 3 / (2 * 42 / 9) ** 0.5),
        ("pearson", [0.1, 0.1, 0.1], [1, 2, 3], np.nan),
        ("pearson", [1e8, 1e8, 1e8], [1, 2, 3], np.nan),
    ],
)
def test_by_hand(name: str, x: list, y: list, expected: float) -> None:
    metric = METRICS[name]
    sums, x_norm, y_norm = sums_of(metric, np.array(x, float), np.array(y, float))
    found = metric.epilogue(np, sums, x_norm, y_norm)
    assert found[0, 0] == pytest.approx(expected, rel=1e-12, nan_ok=True)
