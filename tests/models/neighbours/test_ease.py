"""EASE: the contract, a table by hand, the closed form, and what it is the minimum of."""

import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tests.compute.gpu.cuda_model import Card
from tests.models.contract import (
    Contract,
    assert_evidence_sums_to,
    assert_list,
    assert_typed_in_gives_the_same,
    checkerboard,
    dataset,
    sample,
)
from workbench.compute import Device
from workbench.datasets import load
from workbench.errors import OptionError
from workbench.models import EASE, Recommender
from workbench.models.neighbours import ease


class TestEASE(Contract):
    def make(self) -> Recommender:
        return EASE(l2=5)


def test_by_hand() -> None:
    """X'X + I = [[3, 1], [1, 2]], so P = [[2, -1], [-1, 3]] / 5 and B = [[., 1/3], [1/2, .]]."""
    ds = dataset(("a", 1, 1), ("a", 2, 1), ("b", 1, 1))
    model = EASE(l2=1).fit(ds)
    assert_list(model.recommend(), ("b", 2, 1 / 3, 1, [(1, 1 / 3)]), rel=1e-7)
    assert_list(model.recommend_for([(2, 4)]).assign(user_id="new"), ("new", 1, 2.0, 1, [(2, 2.0)]))


@pytest.mark.parametrize("l2", [0.5, 20.0])
def test_the_closed_form(l2: float) -> None:
    x = sample().matrix.toarray()
    p = np.linalg.inv(x.T @ x + l2 * np.eye(x.shape[1]))
    expected = np.eye(x.shape[1]) - p / p.diagonal()
    found = EASE(l2=l2).fit(sample()).item_weights
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert (found.diagonal() == 0).all()


def test_every_item_is_the_ridge_regression_on_all_others() -> None:
    x, l2 = sample().matrix.toarray(), 3.0
    items = x.shape[1]
    expected = np.zeros((items, items))
    for item in range(items):
        others = np.delete(np.arange(items), item)
        # A ridge regression is a least squares one with rows of sqrt(l2) that ask for 0.
        padded = np.vstack([x[:, others], np.sqrt(l2) * np.eye(items - 1)])
        target = np.concatenate([x[:, item], np.zeros(items - 1)])
        expected[others, item] = np.linalg.lstsq(padded, target, rcond=None)[0]
    np.testing.assert_allclose(EASE(l2=l2).fit(sample()).item_weights, expected, atol=1e-10)


@pytest.mark.parametrize("rows", [1, 5, 7, 100])
def test_blocks_do_not_matter(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = EASE(l2=5).fit(sample()).item_weights
    monkeypatch.setattr(ease, "BLOCK_BYTES", rows * 8 * 18)
    np.testing.assert_allclose(EASE(l2=5).fit(sample()).item_weights, whole, rtol=1e-12, atol=0)


def test_the_checkerboard_is_completed() -> None:
    recs = EASE(l2=1).fit(checkerboard(8)).recommend(n=1)
    assert recs["user_id"].tolist() == recs["item_id"].tolist() == list(range(8))


def test_all_evidence_sums_to_the_score() -> None:
    recs = EASE(l2=5).fit(sample()).recommend(n=18, seen="keep", evidence=100)
    assert len(recs) == 25 * 18
    assert_evidence_sums_to(recs, recs["score"])


def test_a_users_history_typed_in_gives_the_same_list() -> None:
    assert_typed_in_gives_the_same(EASE(l2=5).fit(sample()), sample())


def test_nothing_known_means_nothing_recommended() -> None:
    assert EASE().fit(sample()).recommend_for([]).empty


def test_what_does_not_fit_is_refused_with_what_it_needs() -> None:
    message = r"memory=1e-06 GiB is too little: EASE holds 18 x 18 weights, 2\.41e-06 GiB; raise"
    with pytest.raises(OptionError, match=message):
        EASE(memory=1e-6).fit(sample())


def test_what_cannot_be_inverted_is_refused() -> None:
    with pytest.raises(OptionError, match="l2 is too small for these ratings"):
        EASE(l2=1e-300).fit(dataset(("a", 1, 2), ("a", 2, 2)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l2": 0}, "l2=0 must be a finite number above 0"),
        ({"l2": "1"}, "l2='1' must be a finite number above 0"),
        ({"memory": -1}, "memory=-1 must be a finite number above 0"),
    ],
)
def test_bad_hyperparameters_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        EASE(**options)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """As much of CuPy as `fit` uses; what there is no inverse of is an error."""
    there, linalg = Card(), ModuleType("cupyx.linalg")
    linalg.invh = lambda a: np.linalg.inv(np.linalg.cholesky(a) @ np.linalg.cholesky(a).T)
    cupyx = SimpleNamespace(linalg=linalg, errstate=lambda **options: nullcontext())
    for name, module in (("cupy", there), ("cupyx", cupyx), ("cupyx.linalg", linalg)):
        monkeypatch.setitem(sys.modules, name, module)
    return there


def on_card(l2: float) -> EASE:
    model = EASE(l2=l2, device="cpu")
    model.device = Device("gpu", "modelled")
    return model


@pytest.mark.parametrize("memory", [2**40, 1000])
def test_a_card_solves_it_where_it_has_room_and_else_the_processor(card, memory: int) -> None:
    card.limit = card.memory = memory
    expected = EASE(l2=5, device="cpu").fit(sample()).item_weights
    found = on_card(5).fit(sample()).item_weights
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert (card.most > 0) == (memory > 1000)


def test_what_cannot_be_inverted_there_is_the_same_error(card) -> None:
    twins = dataset(*((user, item, 1e9) for user in "ab" for item in (1, 2)))
    with pytest.raises(OptionError, match="l2 is too small for these ratings"):
        on_card(1e-9).fit(twins)
    assert card.most > 0


@pytest.mark.gpu
def test_a_card_finds_the_weights_of_the_processor() -> None:
    ds = load("shop")
    cpu, gpu = (EASE(l2=20, device=device).fit(ds).item_weights for device in ("cpu", "gpu"))
    np.testing.assert_allclose(gpu, cpu, rtol=1e-7, atol=1e-10)
