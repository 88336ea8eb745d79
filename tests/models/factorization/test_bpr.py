"""BPR: the contract, its steps in plain loops, and planted tastes."""

from functools import partial

import numpy as np
import pytest

from tests.models.contract import (
    Contract,
    assert_evidence_sums_to,
    checkerboard,
    dataset,
    every_pair,
    sample,
)
from workbench.errors import OptionError
from workbench.models import BPR as AnyBPR
from workbench.models import Recommender
from workbench.models.factorization import sgd_kernels
from workbench.models.profiles import Profiles

BPR = partial(AnyBPR, device="cpu")  # a card's is another model each time: see test_bpr_on_gpu


class TestBPR(Contract):
    def make(self) -> Recommender:
        return BPR(factors=6, epochs=5)


def plainly(model: AnyBPR) -> list:
    """What `fit` learns in single precision, in plain loops and double."""
    matrix, rng = model.data.matrix, np.random.default_rng(model.seed)
    p, q = (rng.normal(0, 0.1, (n, model.factors)).tolist() for n in matrix.shape)
    biases, rate, l2 = [0.0] * matrix.shape[1], model.learning_rate, model.l2
    users, items = (axis.tolist() for axis in matrix.tocoo().coords)
    chosen = set(zip(users, items, strict=True))
    for _ in range(model.epochs):
        order = rng.permutation(len(users)).tolist()
        others = rng.integers(matrix.shape[1], size=len(users), dtype=np.int32).tolist()
        for e, j in zip(order, others, strict=True):
            u, i = users[e], items[e]
            if (u, j) in chosen:
                continue
            lead = biases[i] - biases[j]
            for f in range(model.factors):
                lead += p[u][f] * (q[i][f] - q[j][f])
            gain = 1 / (1 + np.exp(lead))
            biases[i] += rate * (gain - l2 * biases[i])
            biases[j] += rate * (-gain - l2 * biases[j])
            for f in range(model.factors):
                x, y, z = p[u][f], q[i][f], q[j][f]
                p[u][f] += rate * (gain * (y - z) - l2 * x)
                q[i][f] += rate * (gain * x - l2 * y)
                q[j][f] += rate * (-gain * x - l2 * z)
    return [biases, p, q]


@pytest.mark.parametrize("factors", [1, 7])
def test_gradient_ascent_equals_plain_loops(factors: int) -> None:
    model = BPR(factors=factors, l2=0.03, learning_rate=0.1, epochs=3, seed=4).fit(sample())
    found = model.item_biases, model.user_factors, model.item_factors
    for one, other in zip(found, plainly(model), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_steps_climb_the_gradient() -> None:
    """By differences: of ln sigma(s(u, i) - s(u, j)), less half of l2 times the squares."""
    rng = np.random.default_rng(1)
    b, p, q = rng.normal(0, 1, 2), rng.normal(0, 1, (1, 3)), rng.normal(0, 1, (2, 3))

    def gain(flat: np.ndarray) -> float:
        b, x, y, z = flat[:2], flat[2:5], flat[5:8], flat[8:]
        return -np.log1p(np.exp(b[1] - b[0] - x @ (y - z))) - 0.15 * (flat**2).sum()

    start = np.concatenate([b, p.ravel(), q.ravel()])
    shifts = 1e-5 * np.eye(11)
    slope = [(gain(start + shift) - gain(start - shift)) / 2e-5 for shift in shifts]
    tables = [table.astype(np.float32) for table in (b, p, q)]
    one, other = np.zeros(1, np.int32), np.ones(1, np.int32)
    sgd_kernels.bpr_epoch(one, one, other, np.array([0, 1]), one, 1e-2, 0.3, *tables)
    steps = np.concatenate([table.ravel() for table in tables]) - start
    np.testing.assert_allclose(steps / 1e-2, slope, atol=1e-4)


def test_the_checkerboard_is_completed() -> None:
    recs = BPR(factors=4, epochs=300, seed=1).fit(checkerboard(8)).recommend(n=1)
    assert recs["user_id"].tolist() == recs["item_id"].tolist() == list(range(8))


def test_what_was_rated_zero_or_below_was_not_chosen() -> None:
    rows = [("a", 1, 1), ("a", 2, 1), ("b", 1, 1), ("b", 3, 1), ("c", 2, 1)]
    plain = BPR(factors=2).fit(dataset(*rows, ("c", 3, 0)))
    signed = BPR(factors=2).fit(dataset(*rows, ("c", 3, -5)))
    assert np.array_equal(plain.item_factors, signed.item_factors)
    assert (
        BPR(factors=2).fit(dataset(*rows, ("c", 3, 1))).item_factors.tolist()
        != plain.item_factors.tolist()
    )


def test_a_seed_gives_the_same_model_to_the_bit() -> None:
    scores = [BPR(epochs=3, seed=n).fit(sample()).score(every_pair(sample())) for n in (1, 1, 2)]
    assert np.array_equal(scores[0], scores[1])
    assert not np.array_equal(scores[0], scores[2])


def test_all_evidence_of_a_history_typed_in_sums_to_its_score() -> None:
    model = BPR(factors=5, epochs=8).fit(sample())
    recs = model.recommend_for([(2, 5.0), (5, 1.0), (9, 4.0)], n=18, seen="keep", evidence=100)
    biases = model.item_biases[sample().item_ids.get_indexer(recs["item_id"])]
    assert_evidence_sums_to(recs, recs["score"] - biases)
    assert {len(evidence) for evidence in recs["because"]} == {3}


def test_a_users_history_typed_in_puts_the_same_items_first() -> None:
    """Two tastes: who chose of one gets the rest of it, whether known or typed in."""
    ds = dataset(*((u, i, 1) for u in range(20) for i in range(12) if (u + i) % 2 == 0 and u != i))
    model = BPR(factors=8).fit(ds)
    learnt, typed = (
        model.score_profiles(Profiles(ds.matrix, users))
        for users in (np.arange(20), np.full(20, -1))
    )
    same = np.add.outer(np.arange(20), np.arange(12)) % 2 == 0
    for scores in (learnt, typed):
        assert (
            np.where(same, scores, np.inf).min(1) > np.where(same, -np.inf, scores).max(1)
        ).all()


def test_somebody_unknown_gets_what_many_prefer() -> None:
    rows = ((user, item, 1) for user in range(30) for item in range(6) if user % (item + 1) == 0)
    assert BPR(factors=2).fit(dataset(*rows)).recommend_for([], n=1)["item_id"].tolist() == [0]


def test_numbers_that_run_away_are_an_error() -> None:
    with pytest.raises(OptionError, match="learning_rate=100 is too high for these data"):
        BPR(learning_rate=100, l2=1, epochs=500).fit(sample())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factors": 0}, "factors=0 must be a whole number of 1 or more"),
        ({"l2": -1}, "l2=-1 must be a finite number of 0 or more"),
        ({"learning_rate": 0}, "learning_rate=0 must be a finite number above 0"),
        ({"epochs": 0}, "epochs=0 must be a whole number of 1 or more"),
        ({"seed": -1}, "seed=-1 must be a whole number of 0 or more"),
    ],
)
def test_bad_hyperparameters_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        BPR(**options)
