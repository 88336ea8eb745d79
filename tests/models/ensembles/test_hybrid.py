"""Hybrid: the contract for each way, scores by hand, evidence, and what it is better than."""

import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from tests.models.contract import (
    Contract,
    assert_typed_in_gives_the_same,
    dataset,
    pairs,
    sample,
)
from workbench.columns import Columns as C
from workbench.datasets import Dataset, load, split
from workbench.datasets.synthetic.shop import shop as make_shop
from workbench.errors import MissingExtraError, OptionError
from workbench.evaluation import compare, evaluate
from workbench.evidence import ByCount
from workbench.models import (
    EASE,
    ContentBased,
    Hybrid,
    ItemKNN,
    Popular,
    Recommender,
    UserKNN,
    profile_model,
)
from workbench.models.ensembles import hybrid, lambdamart

WAYS = ("weighted", "switching", "ranker")


class TestWeighted(Contract):
    def make(self) -> Recommender:
        return Hybrid({"users": UserKNN(k=3), "content": ContentBased(), "popular": Popular()})


class TestSwitching(Contract):
    def make(self) -> Recommender:
        return Hybrid({"items": ItemKNN(k=3), "popular": Popular()}, how="switching", least=6)


class TestRanker(Contract):
    def make(self) -> Recommender:
        return Hybrid({"items": ItemKNN(k=5), "content": ContentBased()}, how="ranker", holdout=0.5)


def by_hand() -> Dataset:
    """Popularity 3, 2, 1, 0 and, to who likes a, content of cosine 1, 0, 1, 1 / √2."""
    ds = dataset(("u", 1, 1), ("v", 1, 1), ("w", 1, 1), ("v", 2, 1), ("w", 2, 1), ("w", 3, 1))
    genres = [["a"], ["b"], ["a"], ["a", "b"]]
    return replace(ds, items=pd.DataFrame({C.ITEM: [1, 2, 3, 4], C.GENRES: genres}))


def members() -> dict[str, Recommender]:
    return {"popular": Popular(), "content": ContentBased()}


def test_weighted_by_hand() -> None:
    """Popularity is scaled to 1, 1/2, 0 and the cosines, of which 2 has none, to 1, 0 and 0.

    Item 4, with no interactions, is in the content's list alone, at the end of it.
    """
    model = Hybrid(members(), weights={"popular": 1, "content": 3}).fit(by_hand())
    recs = model.recommend(["u"], seen="keep")
    assert recs[C.ITEM].tolist() == [1, 3, 2, 4]
    assert recs[C.SCORE].tolist() == [4.0, 3.0, 0.5, 0.0]
    assert pairs(recs[C.BECAUSE])[1] == [(1, 1.0)]
    assert pairs(recs[C.BECAUSE])[2] == [(2, 2.0)]
    assert isinstance(recs[C.BECAUSE][2][0], ByCount)


def test_switching_by_hand() -> None:
    """u has one item, so that content has the say; w has three, but nobody has item 4."""
    model = Hybrid(members(), how="switching", least=2).fit(by_hand())
    short, long = (model.recommend([user], seen="keep") for user in "uw")
    assert short[C.ITEM].tolist() == [1, 3, 4]
    assert short[C.SCORE].tolist() == [1.0, 1.0, 0.0]
    assert long[C.ITEM].tolist() == [1, 4, 2, 3]
    cosines = ContentBased().fit(by_hand()).recommend(["w"], seen="keep").set_index(C.ITEM)[C.SCORE]
    place = (cosines[4] - cosines.min()) / (cosines.max() - cosines.min())
    assert long[C.SCORE].tolist() == pytest.approx([1.0, place, 0.5, 0.0])
    evidence = long.set_index(C.ITEM)[C.BECAUSE]
    assert isinstance(evidence[2][0], ByCount)
    assert {pair.item_id for pair in evidence[4]} == {1, 2, 3}


def test_scores_are_scaled_by_profile() -> None:
    scores = np.array([[1.0, 3.0, np.nan, 2.0], [5.0, np.nan, 5.0, np.nan], [np.nan] * 4])
    expected = np.array([[0.0, 1.0, np.nan, 0.5], [1.0, np.nan, 1.0, np.nan], [np.nan] * 4])
    np.testing.assert_array_equal(hybrid.min_max_scaled(scores), expected)


def test_one_member_alone_gives_its_own_order_and_evidence() -> None:
    alone = ItemKNN(k=5).fit(sample()).recommend(n=5)
    for how in ("weighted", "ranker"):
        found = Hybrid({"only": ItemKNN(k=5)}, how=how, holdout=0.5).fit(sample()).recommend(n=18)
        both = found.merge(alone, on=[C.USER, C.ITEM])
        assert len(both) == len(alone)
        assert pairs(both["because_x"]) == pairs(both["because_y"])
        if how == "weighted":
            assert found.groupby(C.USER)[C.ITEM].head(5).tolist() == alone[C.ITEM].tolist()


@pytest.mark.parametrize("how", WAYS)
def test_a_history_typed_in_gives_the_same_list(how: str) -> None:
    own = {"items": ItemKNN(k=5), "content": ContentBased()}
    model = Hybrid(own, how=how, least=6, holdout=0.5).fit(sample())
    assert_typed_in_gives_the_same(model, sample())


def test_evidence_is_that_of_the_member_that_adds_most() -> None:
    """With nearly all weight on one member, the best item is that one's."""
    for name in ("items", "popular"):
        own = {"items": ItemKNN(k=18), "popular": Popular()}
        weights = dict.fromkeys(own, 1e-9) | {name: 1.0}
        recs = Hybrid(own, weights=weights).fit(sample()).recommend(n=1)
        found = recs[C.BECAUSE].map(lambda evidence: isinstance(evidence[0], ByCount))
        assert found.eq(name == "popular").all()


def test_a_ranker_is_the_same_for_the_same_seed() -> None:
    def recs(seed: int) -> pd.DataFrame:
        model = Hybrid({"items": ItemKNN(k=5)}, how="ranker", holdout=0.5, seed=seed)
        return model.fit(sample()).recommend()

    assert_frame_equal(recs(1), recs(1))
    assert recs(1)[C.SCORE].tolist() != recs(2)[C.SCORE].tolist()


def test_neither_batches_nor_refitting_change_a_ranker(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Hybrid({"items": ItemKNN(k=5)}, how="ranker", holdout=0.5).fit(sample())
    once = model.recommend()
    model.fit(split(sample())[0]).recommend()
    monkeypatch.setattr(profile_model, "BATCH_BYTES", 1)
    monkeypatch.setattr(profile_model, "BLOCK_BYTES", 1)
    assert_frame_equal(model.fit(sample()).recommend(), once)


def test_only_so_many_users_are_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []
    learn = lambdamart.learn
    monkeypatch.setattr(hybrid, "LEARNERS", 7)
    monkeypatch.setattr(
        lambdamart, "learn", lambda *args, seed: lengths.append(args[2]) or learn(*args, seed=seed)
    )
    Hybrid(how="ranker", holdout=0.5).fit(sample())
    assert len(lengths[0]) == 7


def test_candidates_are_the_best_unseen_of_every_member() -> None:
    parts = np.array([[[4.0, 3.0, 2.0, 1.0, np.nan]], [[np.nan, np.nan, np.nan, 1.0, 2.0]]])
    seen = np.array([[True, False, False, False, False]])
    assert lambdamart.proposed(parts, seen, 1).tolist() == [[False, True, False, False, True]]
    assert lambdamart.proposed(parts, seen, 9).tolist() == [[False, True, True, True, True]]


def test_items_have_all_the_numbers_that_are_known_of_them() -> None:
    ds = replace(by_hand(), items=by_hand().items.assign(price=[1.0, None, 3.0, 4.0]))
    found = lambdamart.item_features(ds, ds.catalogue)
    assert found.dtype == np.float32
    assert found[:, 0].tolist() == [3, 2, 1, 0]  # popularity
    np.testing.assert_array_equal(found[:, -1], [1, np.nan, 3, 4])


@cache
def shop() -> tuple[Dataset, Dataset]:
    return split(make_shop(users=150, items=150), by="user", holdout=0.2, seed=0)


def test_a_ranker_beats_its_members() -> None:
    train, test = shop()
    own = {"cf": ItemKNN(), "content": ContentBased(), "popular": Popular()}
    model = Hybrid(dict(own), how="ranker").fit(train)
    compared = compare(own | {"ranker": model}, train, test, metrics=["ndcg@10"], resamples=200)
    found = compared.frame().set_index("model")["value"]
    assert found["ranker"] > 1.2 * found.drop("ranker").max()


def test_two_are_better_than_either() -> None:
    train, test = split(load("shop"), by="user", holdout=0.2, seed=0)

    def recall(model: Recommender) -> float:
        asked = evaluate(model.fit(train), train, test, metrics=["recall@50"], resamples=10)
        return asked.frame()["value"][0]

    assert recall(Hybrid()) > max(recall(ItemKNN()), recall(ContentBased()))


@pytest.mark.parametrize("how", ["weighted", "switching"])
def test_new_items_are_recommended_too(how: str) -> None:
    """Items without interactions come to the top for some users, and those the right ones."""
    ds = load("shop")
    cold = np.random.default_rng(0).choice(ds.item_ids, 40, replace=False)
    rest = ds.interactions[~ds.interactions[C.ITEM].isin(cold)].reset_index(drop=True)
    model = Hybrid(how=how, weights={"cf": 1, "content": 2}).fit(replace(ds, interactions=rest))
    held = ds.interactions[ds.interactions[C.ITEM].isin(cold)]
    recs = model.recommend(evidence=0)
    found = recs.merge(held, on=[C.USER, C.ITEM])
    listed = recs[C.ITEM].isin(cold).sum()
    by_chance = len(held) / (len(cold) * len(ds.user_ids))
    assert listed > 50
    assert len(found) / listed > 2 * by_chance


def test_a_new_user_is_led_by_the_second_member() -> None:
    model = Hybrid({"cf": ItemKNN(), "popular": Popular()}, how="switching", least=3).fit(sample())
    expected = Popular().fit(sample()).recommend_for([])
    assert model.recommend_for([])[C.ITEM].tolist() == expected[C.ITEM].tolist()


def test_by_default_it_is_neighbours_and_content() -> None:
    model = Hybrid(device="cpu").fit(sample())
    assert {name: type(member) for name, member in model.members.items()} == {
        "cf": ItemKNN,
        "content": ContentBased,
    }
    assert model.device.kind == "cpu"
    assert all(member.data is sample() for member in model.members.values())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"pip install -e '\.\[models\]'"):
        Hybrid(how="ranker")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"how": "cascade"}, "how='cascade' is not one of 'weighted', 'switching', 'ranker'"),
        ({"members": {"a": ItemKNN}}, "must be models by name"),
        ({"members": {}}, "must be models by name"),
        ({"members": {"a": Popular()}, "how": "switching"}, "takes two members.* are 1: a"),
        ({"weights": {"cf": 1}}, "weights=.* must name every member: cf, content"),
        ({"weights": {"cf": 1, "content": -1}}, r"weights\['content'\]=-1 must be a finite"),
        ({"least": 0}, "least=0 must be a whole number of 1 or more"),
        ({"candidates": 0}, "candidates=0 must be a whole number of 1 or more"),
        ({"seed": -1}, "seed=-1 must be a whole number of 0 or more"),
        ({"holdout": 0}, "holdout=0 must be a finite number above 0"),
        ({"holdout": 1}, "holdout=1 must be below 1"),
        ({"holdout": "a fifth"}, "holdout='a fifth' must be a finite number"),
    ],
)
def test_bad_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Hybrid(**options)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_ranker_keeps_up_with_its_best_member_on_films(seed: int) -> None:
    """Genres add little to films that many have rated: seed 0 gains by it, seed 1 does not."""
    train, test = split(load("movielens-small"), by="user", holdout=0.2, seed=seed)
    own = {"cf": ItemKNN(), "ease": EASE(), "content": ContentBased()}
    model = Hybrid(dict(own), how="ranker").fit(train)
    compared = compare(own | {"ranker": model}, train, test, metrics=["ndcg@10"], resamples=500)
    found = compared.frame().set_index("model")
    assert found["value"]["ranker"] > found["value"][["cf", "content"]].max()
    assert found["high"]["ranker"] > found["value"]["ease"]
