"""ALS: the contract, known answers, and the equations it solves."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from tests.models.contract import (
    NEW,
    Contract,
    assert_evidence_sums_to,
    assert_typed_in_gives_the_same,
    checkerboard,
    dataset,
    dense_table,
    every_pair,
    sample,
)
from workbench import device
from workbench.datasets import Dataset
from workbench.device import threads
from workbench.errors import OptionError
from workbench.models import ALS, Baseline, BiasedMF, P3alpha, Recommender
from workbench.models.factorization.normal_equations import solutions

FEEDBACK = ["implicit", "explicit"]


class TestALSImplicit(Contract):
    def make(self) -> Recommender:
        return ALS(factors=5, epochs=4)


class TestALSExplicit(Contract):
    def make(self) -> Recommender:
        return ALS(factors=5, epochs=4, feedback="explicit")


def parts(model: ALS, ds: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weight c and wanted value p of every pair, and the ridge of every user and item: dense."""
    table = dense_table(ds)
    known, ratings = ~np.isnan(table), np.nan_to_num(table)
    if model.feedback == "implicit":
        ridges = (np.full(n, model.l2) for n in table.shape)
        return 1 + model.alpha * np.abs(ratings), (ratings > 0).astype(float), *ridges
    return known.astype(float), ratings, *(model.l2 * known.sum(axis=axis) for axis in (1, 0))


def loss(model: ALS, ds: Dataset) -> float:
    c, p, of_users, of_items = parts(model, ds)
    x, y = model.user_factors, model.item_factors
    ridge = (of_users[:, None] * x**2).sum() + (of_items[:, None] * y**2).sum()
    return float((c * (p - x @ y.T) ** 2).sum() + ridge)


def gradients(model: ALS, ds: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Of half the loss, by the users' and by the items' vectors."""
    c, p, of_users, of_items = parts(model, ds)
    x, y = model.user_factors, model.item_factors
    left = c * (x @ y.T - p)
    return left @ y + of_users[:, None] * x, left.T @ x + of_items[:, None] * y


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_every_half_step_ends_where_the_gradient_is_zero(feedback: str) -> None:
    ds = sample()
    model = ALS(factors=4, epochs=2, alpha=3, feedback=feedback).fit(ds)
    assert np.abs(gradients(model, ds)[0]).max() < 1e-9
    assert np.abs(gradients(model, ds)[1]).max() > 1e-3
    shared = model.gram(model.user_factors)
    model.item_factors = solutions(model.equations(ds.matrix.T.tocsr()), model.user_factors, shared)
    assert np.abs(gradients(model, ds)[1]).max() < 1e-9


@pytest.mark.parametrize(("cg_steps", "slack"), [(None, 1e-9), (1, 1e-5), (3, 1e-5)])
@pytest.mark.parametrize("feedback", FEEDBACK)
def test_the_loss_never_rises(feedback: str, cg_steps: int | None, slack: float) -> None:
    ds = sample()
    options = {"factors": 4, "feedback": feedback, "cg_steps": cg_steps}
    models = [ALS(epochs=n, **options).fit(ds) for n in range(1, 9)]
    losses = [loss(model, ds) for model in models]
    assert (np.diff(losses) <= slack * losses[0]).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_steps_enough_solve_exactly(feedback: str) -> None:
    ds = sample()
    options = {"factors": 4, "l2": 1.0, "epochs": 5, "feedback": feedback}
    exact = ALS(cg_steps=None, **options).fit(ds).scores(ds.user_ids)
    stepped = ALS(cg_steps=12, **options).fit(ds).scores(ds.user_ids)
    np.testing.assert_allclose(stepped, exact, atol=1e-4)
    assert not np.allclose(ALS(cg_steps=1, **options).fit(ds).scores(ds.user_ids), exact, atol=1e-4)


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_the_evidence_is_the_formula_in_dense_matrices(feedback: str) -> None:
    """Hu, Koren and Volinsky 2008: the terms of y (Y'C Y + l2 I)^-1 Y'C p."""
    ds = sample()
    model = ALS(factors=4, epochs=3, alpha=2, feedback=feedback).fit(ds)
    c, p, of_users, _ = parts(model, ds)
    y = model.item_factors
    for user in range(5):
        inverse = np.linalg.inv(y.T @ (c[user][:, None] * y) + of_users[user] * np.eye(4))
        terms = y @ inverse @ y.T * (c[user] * p[user])
        for item in (0, 7):
            evidence = dict(model.explain(ds.user_ids[user], ds.item_ids[item], n=100))
            found = [evidence.get(other, 0.0) for other in ds.item_ids]
            np.testing.assert_allclose(found, terms[item], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_all_evidence_sums_to_the_score(feedback: str) -> None:
    model = ALS(factors=6, epochs=3, feedback=feedback).fit(sample())
    recs = model.recommend(n=18, seen="keep", evidence=100)
    assert len(recs) == 25 * 18
    assert_evidence_sums_to(recs, recs["score"])


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_a_users_history_typed_in_gives_the_same_list(feedback: str) -> None:
    assert_typed_in_gives_the_same(ALS(factors=4, feedback=feedback).fit(sample()), sample())


def test_the_checkerboard_is_completed() -> None:
    """Two factors, one a colour: the missing field scores near 1, the other colour 0."""
    ds = checkerboard(8)
    model = ALS(factors=2, alpha=10, epochs=60).fit(ds)
    recs = model.recommend(n=1)
    assert recs["user_id"].tolist() == recs["item_id"].tolist() == list(range(8))
    scores = model.score(every_pair(ds)).reshape(8, 8)
    same = np.add.outer(np.arange(8), np.arange(8)) % 2 == 0
    assert scores[same].min() > 0.7
    assert np.abs(scores[~same]).max() < 1e-5


def test_a_matrix_of_rank_two_is_completed() -> None:
    """Ratings with two factors behind them, a quarter of them hidden: they are found again."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.5, 1.5, (20, 2)) @ rng.uniform(0.5, 1.5, (2, 16))
    hidden = np.add.outer(np.arange(20), np.arange(16)) % 4 == 0
    ds = dataset(*((u, i, truth[u, i]) for u, i in np.argwhere(~hidden).tolist()))
    model = ALS(factors=2, l2=1e-6, epochs=200, feedback="explicit").fit(ds)
    scores = model.score(every_pair(ds)).reshape(truth.shape)
    np.testing.assert_allclose(scores[hidden], truth[hidden], rtol=1e-2)


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_a_seed_gives_the_same_model_on_any_number_of_cores(
    feedback: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = sample()
    first = ALS(factors=4, feedback=feedback, seed=1).fit(ds).recommend()
    monkeypatch.setattr(threads, "cores", lambda: 5)
    assert_frame_equal(
        ALS(factors=4, feedback=feedback, seed=1).fit(ds).recommend(), first, check_exact=True
    )
    other = ALS(factors=4, feedback=feedback, seed=2).fit(ds).recommend()
    assert not other["score"].equals(first["score"])


def test_a_dislike_takes_an_item_and_what_is_like_it_down() -> None:
    ds = checkerboard(8)
    model = ALS(factors=2, alpha=10).fit(ds)
    liked = model.recommend_for([(0, 1)], n=8).set_index("item_id")["score"]
    torn = model.recommend_for([(0, 1), (2, -1)], n=8).set_index("item_id")["score"]
    assert (torn[[4, 6]] < liked[[4, 6]]).all()


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_nothing_known_means_nothing_recommended(feedback: str) -> None:
    model = ALS(factors=4, epochs=1, feedback=feedback).fit(sample())
    assert model.recommend_for([]).empty


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factors": 0}, "factors=0 must be a whole number of 1 or more"),
        ({"l2": 0}, "l2=0 must be a finite number above 0"),
        ({"alpha": -1}, "alpha=-1 must be a finite number of 0 or more"),
        ({"cg_steps": 0}, "cg_steps=0 must be a whole number of 1 or more"),
        ({"epochs": 0}, "epochs=0 must be a whole number of 1 or more"),
        ({"seed": -1}, "seed=-1 must be a whole number of 0 or more"),
        ({"feedback": "implict"}, "did you mean 'implicit'"),
    ],
)
def test_bad_hyperparameters_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ALS(**options)


@pytest.mark.parametrize("model", [Baseline, BiasedMF])
def test_a_model_that_has_no_use_for_a_card_says_so(
    model: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "usable_card", lambda: (device.Device("gpu", "a card"), ""))
    assert P3alpha().device.kind == "gpu"
    assert model().device.kind == "cpu"
    with pytest.raises(OptionError, match=f"device='gpu': {model.__name__} runs on the CPU only"):
        model(device="gpu")


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_new_interactions_fold_in_beside_the_known_items(feedback: str) -> None:
    """Known items stay; the new one and all users solve their equations."""
    before = ALS(factors=4, epochs=3, feedback=feedback).fit(sample())
    model = ALS(factors=4, epochs=3, feedback=feedback).fit(sample()).partial_fit(NEW)
    places = model.data.item_ids.get_indexer(before.data.item_ids)
    np.testing.assert_array_equal(model.item_factors[places], before.item_factors)
    assert np.abs(gradients(model, model.data)[0]).max() < 1e-9
    new = model.data.require_items([88])[0]
    assert np.abs(model.item_factors[new]).max() > 0
    assert_typed_in_gives_the_same(model, model.data)


def test_nothing_new_changes_nothing() -> None:
    model = ALS(factors=4, epochs=3).fit(sample())
    before = model.recommend()
    assert_frame_equal(model.partial_fit(NEW[:0]).recommend(), before)
