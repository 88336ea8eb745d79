"""Differences user by user: tests by hand and beside SciPy, and where models part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import workbench as wb
from tests.evaluation.tasks import parts, told_at_random
from workbench.errors import OptionError
from workbench.evaluation.statistics.bootstrap import bootstrap, mean
from workbench.evaluation.statistics.paired_tests import holm, p_value


def test_users_come_by_how_differently_they_were_served() -> None:
    train, test = parts(2)
    models = {"one": told_at_random(train, 1), "other": told_at_random(train, 2)}
    found = wb.compare(models, train, test, metrics=["recall@5", "coverage@5"])
    table = found.disagreements("one", "other", metric="recall@5")
    assert table.columns.tolist() == ["user_id", "a", "b", "difference", "shared"]
    assert sorted(table["user_id"]) == test.user_ids.tolist()
    lists = {
        name: m.recommend(n=5, evidence=0).groupby("user_id")["item_id"]
        for name, m in models.items()
    }
    values = {name: one.per_user["recall@5"] for name, one in found.evaluations.items()}
    keys = []
    for row in table.itertuples():
        mine = [set(lists[name].get_group(row.user_id)) for name in models]
        assert row.shared == len(mine[0] & mine[1])
        assert (row.a, row.b) == (values["one"][row.user_id], values["other"][row.user_id])
        assert row.difference == row.a - row.b
        keys.append((-abs(row.difference), row.shared))
    assert keys == sorted(keys)
    with pytest.raises(OptionError, match="metric='coverage@5' is not one of 'recall@5'"):
        found.disagreements("one", "other", metric="coverage@5")
    with pytest.raises(OptionError, match="model='two' is not one of 'one', 'other'"):
        found.disagreements("one", "two", metric="recall@5")


def test_p_is_near_that_of_the_paired_t_test() -> None:
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.1, 0.2):
        a, b = rng.normal(shift, 1, 300), rng.normal(0, 1, 300)
        drawn = bootstrap({"m": mean(a - b)}, resamples=8000, seed=0)["m"]
        expected = stats.ttest_rel(a, b).pvalue
        assert p_value((a - b).mean(), drawn) == pytest.approx(expected, abs=0.02)


def test_no_difference_has_its_level() -> None:
    """Of pairs that are alike, one in twenty has p below 0.05, and no more."""
    rng = np.random.default_rng(0)
    values = [mean(rng.normal(size=60)) for _ in range(400)]
    drawn = [bootstrap({"m": value}, resamples=400, seed=1)["m"] for value in values]
    pairs = zip(values, drawn, strict=True)
    rejected = np.mean([p_value(value.value(), samples) < 0.05 for value, samples in pairs])
    assert 0.02 < rejected < 0.09


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]
    np.testing.assert_allclose(holm(np.array([np.nan, 0.01, 0.02])), [np.nan, 0.02, 0.02])


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_equals_its_definition_in_loops(values: list[float]) -> None:
    order = sorted(range(len(values)), key=values.__getitem__)
    expected, reached = [0.0] * len(values), 0.0
    for step, place in enumerate(order):
        reached = max(reached, min(1.0, (len(values) - step) * values[place]))
        expected[place] = reached
    assert holm(np.array(values)).tolist() == pytest.approx(expected)
