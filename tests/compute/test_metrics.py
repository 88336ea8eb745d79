"""A metric is defined once for every array library, and keeps what its entry says of it."""

import math

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.compute.reference import BINARY, CENTRED, REFERENCE, WITHOUT_SHRINK
from workbench.compute.cpu import search_kernels
from workbench.compute.metrics import COLUMN_CENTRED, METRICS, ONES, ROW_CENTRED, SUMS, Metric

NAN = np.nan
HALF = settings(max_examples=settings.default.max_examples // 6)
STARS = arrays(np.float64, (2, 6), elements=st.sampled_from([NAN, 0.0, 0.5, 1.0, 3.0, 5.0]))
BY_HAND = [
    # 5 * 4 + 3 * 2 = 26; lengths 34 and 20.
    ("cosine", [5, 3], [4, 2], {}, 26 / 680**0.5),
    ("cosine", [5, 3], [4, 2], {"shrink": 10}, 26 / (680**0.5 + 10)),
    ("cosine", [5, 3, NAN], [4, NAN, 2], {}, 20 / 680**0.5),
    ("cosine", [3, NAN], [NAN, 4], {}, 0.0),
    ("cosine", [0, 0], [1, 2], {}, NAN),
    ("pearson", [5, 3], [4, 2], {}, 1.0),
    ("pearson", [5, 3], [2, 4], {}, -1.0),
    ("pearson", [5, 3, NAN], [4, NAN, 2], {}, NAN),
    ("pearson", [1, 2, 3, 9], [1, 2, 4, NAN], {}, 3 / (2 * 42 / 9) ** 0.5),
    # Sums of squared deviations 2 and 42 / 9, of products 3.
    ("pearson", [1, 2, 3, 9], [1, 2, 4, NAN], {"shrink": 2}, 3 / ((2 * 42 / 9) ** 0.5 + 2)),
    ("pearson", [0.1, 0.1, 0.1], [1, 2, 3], {}, NAN),
    ("pearson", [1e8, 1e8, 1e8], [1, 2, 3], {}, NAN),
    # What comes in is centred already.
    ("centred_cosine", [1, -1, NAN], [2, NAN, -2], {}, 2 / 16**0.5),
    # Squares over the co-rated column alone.
    ("adjusted_cosine", [1, -1, NAN], [2, NAN, -2], {}, 1.0),
    ("adjusted_cosine", [1, 2, 3], [3, NAN, 1], {}, 6 / (10 * 10) ** 0.5),
    ("adjusted_cosine", [1, 2, 3], [3, NAN, 1], {"shrink": 2}, 6 / 12),
    ("msd", [5, 3, 1], [4, 1, NAN], {}, 1 / (5 / 2 + 1)),
    ("msd", [5, 3], [5, 3], {}, 1.0),
    ("msd", [5, NAN], [NAN, 3], {}, NAN),
    ("jaccard", [1, 1, 1, NAN], [NAN, 1, 1, 1], {}, 2 / 4),
    ("jaccard", [1, 1, 1, NAN], [NAN, 1, 1, 1], {"shrink": 4}, 2 / 8),
    ("dice", [1, 1, 1, NAN], [NAN, 1, 1, 1], {}, 4 / 6),
    ("dice", [1, 1, 1, NAN], [NAN, 1, 1, 1], {"shrink": 4}, 4 / 10),
    ("asymmetric_cosine", [5, 3], [4, 2], {"alpha": 1}, 26 / 34),
    ("asymmetric_cosine", [5, 3], [4, 2], {"alpha": 0}, 26 / 20),
    ("asymmetric_cosine", [4, NAN], [1, 2], {"alpha": 0.25, "shrink": 3}, 4 / (2 * 5**0.75 + 3)),
    ("dot", [5, 3, NAN], [4, 2, 1], {}, 26.0),
    ("dot", [5, 3], [-4, 2], {}, -14.0),
]


def arguments(
    metric: Metric, x: np.ndarray, y: np.ndarray, alpha: float = 0.5, shrink: float = 0.0
) -> dict[str, float]:
    """What the epilogue takes, for two rows in which NaN stands for no rating."""
    if metric.of == ONES:
        x, y = (np.where(np.isnan(row), NAN, 1.0) for row in (x, y))
    both = ~(np.isnan(x) | np.isnan(y))
    sums = {name: np.sum(x[both] ** p * y[both] ** q) for name, (p, q) in SUMS.items()}
    counts = np.array([np.sum(~np.isnan(x)), np.sum(~np.isnan(y))], float)
    squares = np.array([np.nansum(x**2), np.nansum(y**2)])
    a, b = metric.statistic(counts, squares, alpha)
    return sums | {"a": a[0], "b": b[1], "shrink": shrink, "unit": 1.0}


def score(metric: Metric, given: dict[str, float], xp=np) -> float:
    values = {name: xp.asarray([value], dtype=xp.float64) for name, value in given.items()}
    with np.errstate(all="ignore"):
        return float(np.asarray(metric.epilogue(xp.sqrt, xp.where, **values))[0])


def test_every_metric_has_a_reference_and_a_case_by_hand() -> None:
    assert set(REFERENCE) == set(METRICS)
    assert {name for name, *_ in BY_HAND} == set(METRICS)


def test_the_reference_knows_of_each_metric_what_its_entry_says() -> None:
    """Written twice on purpose: a metric cannot change kind without a test that notices."""
    axes = {ROW_CENTRED: 1, COLUMN_CENTRED: 0}
    centred = {name: axes[metric.of] for name, metric in METRICS.items() if metric.of in axes}
    assert centred == CENTRED
    assert {name for name, metric in METRICS.items() if metric.of == ONES} == set(BINARY)
    assert {name for name, m in METRICS.items() if not m.shrinks} == set(WITHOUT_SHRINK)


@pytest.mark.parametrize(("name", "x", "y", "options", "expected"), BY_HAND)
def test_by_hand(name: str, x: list, y: list, options: dict, expected: float) -> None:
    metric = METRICS[name]
    given = arguments(metric, np.array(x, float), np.array(y, float), **options)
    assert score(metric, given) == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", METRICS)
@HALF
@given(rows=STARS, shrink=st.sampled_from([0.0, 2.5]), alpha=st.sampled_from([0.0, 0.3, 1.0]))
def test_the_epilogue_gives_the_same_bits_on_any_arrays_and_compiled(
    name: str, rows: np.ndarray, shrink: float, alpha: float
) -> None:
    metric = METRICS[name]
    given = arguments(metric, *rows, alpha, shrink)
    expected = score(metric, given)
    assert np.array_equal(score(metric, given, array_api_strict), expected, equal_nan=True)
    compiled = search_kernels._score(search_kernels.NUMBERS[name], *map(float, given.values()))
    assert np.array_equal(compiled, expected, equal_nan=True)


@pytest.mark.parametrize("name", METRICS)
@HALF
@given(rows=STARS)
def test_the_epilogue_reads_no_sum_but_those_it_names(name: str, rows: np.ndarray) -> None:
    metric = METRICS[name]
    given = arguments(metric, *rows)
    others = dict.fromkeys(set(SUMS) - set(metric.sums), 12345.0)
    assert np.array_equal(score(metric, given | others), score(metric, given), equal_nan=True)


@pytest.mark.parametrize("name", METRICS)
@HALF
@given(rows=STARS, shrink=st.sampled_from([0.0, 2.5]), scale=st.sampled_from([2.0, 10.0, 2.0**-40]))
def test_values_may_be_held_in_any_unit(
    name: str, rows: np.ndarray, shrink: float, scale: float
) -> None:
    metric = METRICS[name]
    if metric.of == ONES:
        scale = 1.0  # there is no unit in which one is not one
    plain = score(metric, arguments(metric, *rows, 0.3, shrink * metric.shrinks))
    held = arguments(metric, *(rows * scale), 0.3, shrink * metric.shrinks * scale**2)
    found = score(metric, held | {"unit": scale**-2})
    assert found == pytest.approx(plain, rel=1e-12, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", METRICS)
@HALF
@given(rows=STARS, alpha=st.sampled_from([0.0, 0.3, 1.0]))
def test_symmetric_is_what_it_says(name: str, rows: np.ndarray, alpha: float) -> None:
    metric = METRICS[name]
    there, back = (score(metric, arguments(metric, *pair, alpha)) for pair in (rows, rows[::-1]))
    if metric.symmetric:
        assert np.array_equal(there, back, equal_nan=True)
    else:
        back = score(metric, arguments(metric, *rows[::-1], 1 - alpha))
        assert there == pytest.approx(back, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.bound])
@HALF
@given(rows=STARS, shrink=st.sampled_from([0.0, 2.5]))
def test_no_score_is_above_its_bound_and_a_tight_bound_is_the_score(
    name: str, rows: np.ndarray, shrink: float
) -> None:
    """A pair is passed over by this bound: were it too low, neighbours would go missing."""
    metric = METRICS[name]
    given = arguments(metric, *rows, shrink=shrink * metric.shrinks)
    counts = (~np.isnan(rows)).sum(axis=1).astype(float)
    with np.errstate(divide="ignore"):
        of_x, of_y = metric.bound(counts, np.nansum(rows**2, axis=1))
    found = score(metric, given)
    if found > 0:
        most = given["xy"] * of_x * of_y
        assert found <= most * (1 + 1e-12)
        assert not metric.tight or given["shrink"] or math.isclose(found, most, rel_tol=1e-12)


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.shrinks])
@HALF
@given(rows=STARS)
def test_shrinking_brings_scores_nearer_to_zero(name: str, rows: np.ndarray) -> None:
    metric = METRICS[name]
    plain, shrunk = (score(metric, arguments(metric, *rows, shrink=s)) for s in (0, 7))
    assert not abs(shrunk) > abs(plain)
    assert not plain or np.isnan(plain) or abs(shrunk) < abs(plain)
    assert plain * shrunk >= 0 or np.isnan(plain)
