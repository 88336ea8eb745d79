"""Tallies, and the bootstrap over users."""

import sys

import numpy as np
import pytest
from scipy import sparse, stats

from workbench.evaluation.statistics.bootstrap import UserSums, bootstrap, interval, mean, table


def test_a_mean_leaves_out_who_has_no_part() -> None:
    sums = mean(np.array([1.0, np.nan, 0.0]), np.array([True, False, True]))
    assert sums.value() == 0.5
    assert sums.users == 2
    assert sums.of(np.array([0])).value() == 1.0
    assert np.isnan(sums.of(np.array([1])).value())


def test_samples_are_means_of_users_drawn_with_replacement() -> None:
    """Of two users, 0 and 1: means of 0, 1/2 and 1 in the shares 1 : 2 : 1."""
    drawn = bootstrap({"m": mean(np.array([0.0, 1.0]))}, resamples=4000, seed=0)["m"]
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [0, 0.5, 1]
    assert counts / 4000 == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_all_metrics_see_the_same_users() -> None:
    values = np.random.default_rng(1).normal(size=30)
    user_sums = {"a": mean(values), "b": mean(-2 * values)}
    drawn = bootstrap(user_sums, resamples=50, seed=3)
    np.testing.assert_allclose(drawn["b"], -2 * drawn["a"])
    alone = bootstrap({"b": user_sums["b"]}, resamples=50, seed=3)
    np.testing.assert_allclose(alone["b"], drawn["b"])


def test_batches_do_not_change_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    user_sums = {"m": mean(np.arange(7.0))}
    expected = bootstrap(user_sums, resamples=25, seed=1)["m"]
    monkeypatch.setattr(sys.modules[bootstrap.__module__], "BATCH_BYTES", 8 * 7 * 4)
    np.testing.assert_allclose(bootstrap(user_sums, resamples=25, seed=1)["m"], expected)


def test_the_interval_is_that_of_scipy() -> None:
    values = np.random.default_rng(5).exponential(size=80)
    low, high = interval(bootstrap({"m": mean(values)}, resamples=20_000, seed=0)["m"])
    reference = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(9)
    ).confidence_interval
    assert (low, high) == pytest.approx(tuple(reference), abs=0.015)


def test_what_is_of_the_whole_has_a_value_and_no_interval() -> None:
    reached = UserSums(sparse.csr_array(np.eye(3)), np.ones(3), lambda sums, _: (sums > 0).mean(-1))
    assert reached.value() == 1
    assert bootstrap({"m": reached}, resamples=10, seed=0) == {}
    row = table({"m": reached}, {}).iloc[0]
    assert row["value"] == 1
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])


def test_nobody_has_no_interval() -> None:
    nobody = {"m": mean(np.full(3, np.nan), np.zeros(3, dtype=bool))}
    row = table(nobody, bootstrap(nobody, resamples=10, seed=0)).iloc[0]
    assert row["users"] == 0
    assert np.isnan([row["value"], row["low"], row["high"]]).all()


def test_one_user_is_no_certainty() -> None:
    """Drawn with replacement, one user is always the same: the interval had no width."""
    one = {"m": mean(np.array([0.3, np.nan]), np.array([True, False]))}
    row = table(one, bootstrap(one, resamples=10, seed=0)).iloc[0]
    assert row["value"] == 0.3
    assert np.isnan([row["low"], row["high"]]).all()
