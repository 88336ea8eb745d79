"""Rating prediction: the contract, tables by hand, normal equations, and plain loops."""

import numpy as np
import pandas as pd
import pytest

from tests.models.contract import (
    Contract,
    assert_evidence_sums_to,
    assert_list,
    assert_typed_in_gives_the_same,
    dataset,
    dense_table,
    every_pair,
    sample,
)
from workbench.datasets import Dataset, synthetic
from workbench.errors import OptionError
from workbench.models import Baseline, BiasedMF, Recommender
from workbench.models.profiles import Profiles

# mu = 4
DS = dataset(("a", 1, 5), ("a", 2, 5), ("a", 4, 3), ("b", 1, 3), ("b", 2, 5), ("b", 3, 3))


class TestBaseline(Contract):
    def make(self) -> Recommender:
        return Baseline()


class TestBiasedMF(Contract):
    def make(self) -> Recommender:
        return BiasedMF(factors=6, learning_rate=0.02)


def test_baseline_by_hand() -> None:
    """One epoch: items 0, 2 / 4, -1 / 3, -1 / 3; then a (1 + 1/2 - 2/3) / 4, b the rest."""
    a, b = (1 + 1 / 2 - 2 / 3) / 4, (-1 + 1 / 2 - 2 / 3) / 4
    model = Baseline(l2_users=1, l2_items=2, epochs=1).fit(DS)
    assert_list(
        model.recommend(),
        ("a", 3, 4 + a - 1 / 3, 1, [(3, 1.0)]),
        ("b", 4, 4 + b - 1 / 3, 1, [(4, 1.0)]),
    )
    assert_list(
        model.recommend_for([(2, 5)]).assign(user_id="new"),
        ("new", 1, 4 + 0.25, 1, [(1, 2.0)]),
        ("new", 3, 4 + 0.25 - 1 / 3, 2, [(3, 1.0)]),
        ("new", 4, 4 + 0.25 - 1 / 3, 3, [(4, 1.0)]),
    )


@pytest.mark.parametrize(("l2_users", "l2_items"), [(15.0, 10.0), (0.5, 2.0)])
def test_baseline_solves_its_normal_equations(l2_users: float, l2_items: float) -> None:
    ds = sample()
    users, items = ds.matrix.shape
    row, column = ds.matrix.tocoo().coords
    design = np.zeros((ds.matrix.nnz, users + items))
    design[np.arange(len(row)), row] = 1
    design[np.arange(len(row)), users + column] = 1
    ridge = np.diag(np.repeat([l2_users, l2_items], [users, items]))
    mean = ds.matrix.data.mean()
    biases = np.linalg.solve(design.T @ design + ridge, design.T @ (ds.matrix.data - mean))
    model = Baseline(l2_users=l2_users, l2_items=l2_items, epochs=400).fit(ds)
    expected = mean + np.add.outer(biases[:users], biases[users:])
    np.testing.assert_allclose(model.score(every_pair(ds)), expected.ravel(), rtol=1e-9)


def test_baselines_know_something_of_everybody() -> None:
    """Without a history an item's own bias is left, with as many ratings as evidence."""
    model = Baseline(l2_items=2, epochs=1).fit(DS)
    assert_list(
        model.recommend_for([], n=2).assign(user_id="new"),
        ("new", 2, 4 + 2 / 4, 1, [(2, 2.0)]),
        ("new", 1, 4.0, 2, [(1, 2.0)]),
    )
    assert len(BiasedMF().fit(DS).recommend_for([])) == 4
    assert_typed_in_gives_the_same(Baseline().fit(sample()), sample())


def plainly(ds: Dataset, factors: int, l2: float, rate: float, epochs: int, seed: int) -> list:
    """`BiasedMF` in plain loops."""
    rng = np.random.default_rng(seed)
    p, q = (rng.normal(0, 0.1, (n, factors)).tolist() for n in ds.matrix.shape)
    user_biases, item_biases = ([0.0] * n for n in ds.matrix.shape)
    rows, columns = (axis.tolist() for axis in ds.matrix.tocoo().coords)
    ratings, mean = ds.matrix.data.tolist(), float(ds.matrix.data.mean())
    for _ in range(epochs):
        for e in rng.permutation(len(ratings)).tolist():
            u, i = rows[e], columns[e]
            dot = 0.0
            for f in range(factors):
                dot += p[u][f] * q[i][f]
            error = ratings[e] - (mean + user_biases[u] + item_biases[i] + dot)
            user_biases[u] += rate * (error - l2 * user_biases[u])
            item_biases[i] += rate * (error - l2 * item_biases[i])
            for f in range(factors):
                of_user, of_item = p[u][f], q[i][f]
                p[u][f] += rate * (error * of_item - l2 * of_user)
                q[i][f] += rate * (error * of_user - l2 * of_item)
    return [user_biases, item_biases, p, q]


@pytest.mark.parametrize("factors", [1, 3, 9])
def test_gradient_descent_equals_plain_loops_to_the_bit(factors: int) -> None:
    ds = sample()
    options = {"factors": factors, "l2": 0.05, "epochs": 4, "seed": 3}
    model = BiasedMF(**options, learning_rate=0.03).fit(ds)
    found = model.user_biases, model.item_biases, model.user_factors, model.item_factors
    expected = plainly(ds, **options, rate=0.03)
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


def test_scores_are_the_formula() -> None:
    ds = sample()
    model = BiasedMF(factors=4).fit(ds)
    expected = (
        ds.matrix.data.mean()
        + np.add.outer(model.user_biases, model.item_biases)
        + model.user_factors @ model.item_factors.T
    )
    np.testing.assert_allclose(model.score(every_pair(ds)), expected.ravel(), rtol=1e-12)


def test_the_error_falls_with_every_epoch() -> None:
    ds = sample()
    table = dense_table(ds).ravel()
    errors = [
        np.nanmean((BiasedMF(epochs=n).fit(ds).score(every_pair(ds)) - table) ** 2)
        for n in range(1, 12)
    ]
    assert (np.diff(errors) < 0).all()


def test_a_seed_gives_the_same_model_to_the_bit() -> None:
    ds = sample()
    scores = [BiasedMF(factors=4, seed=n).fit(ds).score(every_pair(ds)) for n in (1, 1, 2)]
    assert np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_a_history_typed_in_takes_the_same_steps_with_the_items_held() -> None:
    ds = sample()
    model = BiasedMF(factors=3, l2=0.3, learning_rate=0.1, epochs=5).fit(ds)
    history = [(2, 5.0), (5, 1.0), (9, 4.0)]
    items = ds.item_ids.get_indexer([2, 5, 9])
    q, item_biases, mean = model.item_factors, model.item_biases, ds.matrix.data.mean()
    bias, vector = 0.0, np.zeros(3)
    for _ in range(5):
        for item, (_, rating) in zip(items, history, strict=True):
            error = rating - (mean + bias + item_biases[item] + vector @ q[item])
            bias += 0.1 * (error - 0.3 * bias)
            vector += 0.1 * (error * q[item] - 0.3 * vector)
    recs = model.recommend_for(history, n=18, seen="keep", evidence=100)
    places = ds.item_ids.get_indexer(recs["item_id"])
    expected = mean + bias + item_biases[places] + q[places] @ vector
    np.testing.assert_allclose(recs["score"], expected, rtol=1e-6)
    assert_evidence_sums_to(recs, expected - mean - item_biases[places])


def test_a_users_history_typed_in_comes_near_what_was_learnt() -> None:
    ds = synthetic(300, 100, 6000, seed=1)
    model = BiasedMF(factors=10).fit(ds)
    learnt = model.score(every_pair(ds)).reshape(ds.matrix.shape)
    typed = model.score_profiles(Profiles(ds.matrix, np.full(300, -1)))
    spread = np.sqrt(np.mean((learnt - typed) ** 2))
    assert spread < 0.5 * learnt.std()


def test_numbers_that_run_away_are_an_error() -> None:
    with pytest.raises(OptionError, match="learning_rate=10 is too high for these ratings"):
        BiasedMF(learning_rate=10, epochs=50).fit(sample())


def test_predictions_beat_the_mean() -> None:
    """On ratings held out: a bias a user and item is all there is to learn in these data."""
    ds = synthetic(300, 100, 6000, seed=2)
    held = np.random.default_rng(0).random(6000) < 0.2
    train = Dataset(ds.interactions[~held].reset_index(drop=True), ds.items)
    known = ds.interactions["user_id"].isin(train.user_ids)
    known &= ds.interactions["item_id"].isin(train.item_ids)
    test: pd.DataFrame = ds.interactions[held & known]
    mean = np.mean((test["rating"] - train.interactions["rating"].mean()) ** 2)
    for model in (Baseline(), BiasedMF(factors=10)):
        assert np.mean((test["rating"] - model.fit(train).score(test)) ** 2) < 0.9 * mean


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (Baseline, {"l2_users": -1}, "l2_users=-1 must be a finite number of 0 or more"),
        (Baseline, {"l2_items": None}, "l2_items=None must be a finite number of 0 or more"),
        (Baseline, {"epochs": 0}, "epochs=0 must be a whole number of 1 or more"),
        (BiasedMF, {"factors": 0}, "factors=0 must be a whole number of 1 or more"),
        (BiasedMF, {"l2": -0.1}, "l2=-0.1 must be a finite number of 0 or more"),
        (BiasedMF, {"learning_rate": 0}, "learning_rate=0 must be a finite number above 0"),
        (BiasedMF, {"epochs": 1.5}, "epochs=1.5 must be a whole number of 1 or more"),
        (BiasedMF, {"seed": None}, "seed=None must be a whole number of 0 or more"),
    ],
)
def test_bad_hyperparameters_are_refused(model: type, options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        model(**options)
