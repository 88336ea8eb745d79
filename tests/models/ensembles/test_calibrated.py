"""Probabilities that mean what they say, where the truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

import workbench as wb
from tests.models.contract import Contract, dataset
from workbench.columns import Columns as C
from workbench.datasets import Dataset, synthetic
from workbench.errors import DataError, OptionError
from workbench.models import Calibrated, Recommender


class TestCalibrated(Contract):
    def make(self) -> Recommender:
        # A draw of which the popular items' part is held out, in these few data too.
        return Calibrated(wb.Popular(), method="sigmoid", negatives=99, holdout=0.4, seed=1)

    def test_other_bad_options_are_refused(self, model: Recommender) -> None:
        for options, words in (
            ({"method": "beta"}, "method='beta' is not one of 'isotonic', 'sigmoid'"),
            ({"negatives": 0}, "negatives=0"),
            ({"like": np.nan}, "like=nan must be a finite rating"),
            ({"seed": -1}, "seed=-1"),
        ):
            with pytest.raises(OptionError, match=words):
                Calibrated(wb.Popular(), **options)


def impressions(users: int, items: int, shown: int, *, seed: int) -> tuple[Dataset, pd.DataFrame]:
    """Likes (5) and dislikes (2) of what was shown, and the probability of a like of each."""
    rng = np.random.default_rng(seed)
    keys = rng.choice(users * items, shown, replace=False)
    user, item = np.divmod(np.sort(keys), items)
    chance = expit(rng.normal(-1.5, 0.8, users)[user] + rng.normal(0, 1.2, items)[item])
    stars = np.where(rng.random(shown) < chance, 5.0, 2.0)
    ds = dataset(*zip(user.tolist(), item.tolist(), stars.tolist(), strict=True))
    return ds, ds.interactions.assign(chance=chance)


@pytest.mark.parametrize("method", ["isotonic", "sigmoid"])
def test_likes_of_what_was_shown(method: str) -> None:
    ds, truth = impressions(300, 120, 18_000, seed=1)
    train, test = wb.split(ds, holdout=0.3, seed=2)
    model = Calibrated(wb.Baseline(), like=4.0, method=method).fit(train)
    metrics = ["ece", "log_loss", "accuracy", "f1"]
    found = wb.evaluate(model, train, test, metrics=metrics, relevant=4.0, resamples=20).frame()
    values = dict(zip(found["metric"], found["value"], strict=True))
    assert values["ece"] < 0.04
    held = test.interactions.merge(truth.drop(columns=C.RATING), on=[C.USER, C.ITEM])
    liked = held[C.RATING] > 4
    best = -np.log(np.where(liked, held["chance"], 1 - held["chance"])).mean()
    rate = (train.interactions[C.RATING] > 4).mean()
    blind = -(rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
    assert best < values["log_loss"] < (best + blind) / 2
    off = model.score(held) - held["chance"]
    assert abs(off.mean()) < 0.02
    assert off.abs().mean() < 0.12


@pytest.mark.parametrize("method", ["isotonic", "sigmoid"])
def test_clicks_alone_are_set_against_pairs_that_were_drawn(method: str) -> None:
    """A pair is clicked with the item's own chance p: not in train, it is among a share h of the
    clicks with p h / (1 - p (1 - h)). Taken as they come, one pair in four would be a click.
    """
    rng = np.random.default_rng(3)
    users, items, h = 1500, 60, 0.2
    chance = np.linspace(0.01, 0.3, items)
    user, item = np.nonzero(rng.random((users, items)) < chance)
    ds = dataset(*((int(u), int(i), 1) for u, i in zip(user, item, strict=True)))
    model = Calibrated(wb.Popular(), method=method, negatives=3, holdout=h).fit(ds)
    expected = chance * h / (1 - chance * (1 - h))
    found = model.scores([0])[0]
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert np.abs(found - expected).mean() < 0.005
    assert found.sum() == pytest.approx(expected.sum(), rel=0.05)


def test_isotonic_is_that_of_scikit_learn() -> None:
    ds = synthetic(60, 30, 900, seed=4)
    model = Calibrated(wb.Baseline(), like=4.0).fit(ds)
    part, rest = wb.split(ds, holdout=0.2, seed=0)
    held = rest.interactions
    scores = wb.Baseline().fit(part).score(held)
    judge = IsotonicRegression(out_of_bounds="clip").fit(scores, held[C.RATING] >= 4)
    pairs = ds.interactions[:200]
    expected = judge.predict(wb.Baseline().fit(ds).score(pairs))
    np.testing.assert_allclose(model.score(pairs), expected, atol=1e-4)


def test_lists_keep_the_order_of_the_model() -> None:
    ds = wb.load("shop")
    plain, model = wb.ItemKNN().fit(ds), Calibrated(wb.ItemKNN()).fit(ds)
    rules = [wb.MaxPer("brand", 1)]
    found, expected = (each.recommend(n=5, filters=rules) for each in (model, plain))
    same = [C.USER, C.ITEM, C.RANK, C.BECAUSE]
    pd.testing.assert_frame_equal(found[same], expected[same])
    assert found.attrs == expected.attrs
    assert found[C.SCORE].between(0, 1).all()
    np.testing.assert_allclose(model.score(found), found[C.SCORE], rtol=1e-6)


def test_data_in_which_all_is_liked_are_refused() -> None:
    with pytest.raises(DataError, match=r"are liked .*; a probability needs some of both"):
        Calibrated(wb.Baseline(), like=0.0).fit(synthetic(30, 20, 200))


def test_evidence_is_the_models_own_also_where_that_has_it_from_members() -> None:
    ds = wb.load("shop")
    plain, model = wb.Hybrid().fit(ds), Calibrated(wb.Hybrid()).fit(ds)
    user, item = plain.recommend(ds.user_ids[:1], n=1)[[C.USER, C.ITEM]].iloc[0]
    assert plain.explain(user, item)
    assert model.explain(user, item) == plain.explain(user, item)
