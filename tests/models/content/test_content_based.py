"""ContentBased: the contract, a table by hand, other vectors, and items that nobody chose yet."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from tests.models.contract import (
    Contract,
    assert_evidence_sums_to,
    assert_list,
    assert_typed_in_gives_the_same,
    dataset,
    sample,
)
from workbench.columns import Columns as C
from workbench.compute import encode
from workbench.datasets import Dataset
from workbench.datasets.synthetic.shop import ShopTruth, shop_truth
from workbench.errors import DataError, OptionError, UnknownIdError
from workbench.evaluation.predictions import user_auc
from workbench.models import ContentBased, Popular, Recommender
from workbench.models.content import content_based
from workbench.models.content.item_texts import sentences, terms, tfidf

LIKED = (("u", 1, 2), ("u", 3, 1), ("v", 2, 5), ("v", 4, 5))


def catalogue(**columns: list) -> Dataset:
    """Items 1, 2, … with these columns, of which u chose 1 and 3 and v 2 and 4."""
    items = pd.DataFrame(columns)
    return replace(dataset(*LIKED), items=items.assign(item_id=range(1, len(items) + 1)))


class TestTfidf(Contract):
    def make(self) -> Recommender:
        return ContentBased()


class TestDense(Contract):
    def make(self) -> Recommender:
        ids = [*range(31), *map(str, range(31))]
        drawn = np.random.default_rng(0).random((len(ids), 4))
        return ContentBased(vectors=pd.DataFrame(drawn, index=ids))


def test_by_hand() -> None:
    """Terms a and b are in two of four items each, so v1 = a, v2 = (a + b) / √2, v3 = b.

    The profile of u is 2a + b, of length √5; item 4 shares nothing with it.
    """
    ds = catalogue(genres=[["a"], ["a", "b"], ["b"], ["c"]])
    evidence = [(1, 2 / np.sqrt(10)), (3, 1 / np.sqrt(10))]
    assert_list(
        ContentBased().fit(ds).recommend(["u"]), ("u", 2, 3 / np.sqrt(10), 1, evidence), rel=1e-6
    )


def test_rare_terms_weigh_more() -> None:
    """Of 3 items 2 have a and 1 has b: idf of ln(4/3) + 1 = 1.28768 and ln(4/2) + 1 = 1.69315."""
    found = tfidf(pd.DataFrame({"genres": [["a", "b"], ["a"], []]})).toarray()
    both = np.array([1.28768, 1.69315])
    np.testing.assert_allclose(found, [both / np.linalg.norm(both), [1, 0], [0, 0]], atol=1e-5)


def test_every_field_has_the_same_say() -> None:
    """One genre in common weighs as much as a title of many words in common."""
    ds = catalogue(
        title=["one two three", "one two three", "four", "five"],
        genres=[["a"], ["b"], ["a"], ["b"]],
    )
    model = ContentBased().fit(ds)
    alone = model.recommend_for([(1, 1.0)], seen="keep")
    assert alone[C.ITEM].tolist() == [1, 2, 3]
    assert alone[C.SCORE].tolist() == pytest.approx([1, 0.5, 0.5])


def test_terms_of_lists_stay_whole_and_texts_are_segmented() -> None:
    assert terms(["Science Fiction", "Sci-Fi"]) == ["Science Fiction", "Sci-Fi"]
    assert terms("The Matrix: Re-loaded!") == ["the", "matrix", "re", "loaded"]
    assert terms("轻便的羊毛跑步腰包 XL") == ["轻便", "的", "羊毛", "跑步", "腰包", "xl"]
    assert terms(np.nan) == terms(None) == terms(7) == []


def test_every_language_of_the_items_is_read_and_nothing_else() -> None:
    items = pd.DataFrame(
        {"title_zh": ["羊毛腰包", "羊毛围巾"], "brand": ["x", "y"], "price": [1, 2]}
    )
    assert tfidf(items).shape == (2, 3)


def test_a_sentence_says_what_there_is_in_the_main_language() -> None:
    items = pd.DataFrame(
        {
            "description": ["Warm.", None],
            "title": ["Scarf", "Hat"],
            "title_zh": ["围巾", "帽子"],
            "genres": [["Clothing", "Wool"], []],
        }
    )
    assert sentences(items) == ["Scarf. Clothing, Wool. Warm.", "Hat"]


def test_evidence_sums_to_the_score() -> None:
    drawn = np.random.default_rng(0).normal(size=(18, 5))
    for model in (ContentBased(), ContentBased(vectors=drawn)):
        recs = model.fit(sample()).recommend(n=5, evidence=100)
        assert_evidence_sums_to(recs, recs[C.SCORE])


def test_a_history_typed_in_gives_the_same_list() -> None:
    assert_typed_in_gives_the_same(ContentBased().fit(sample()), sample())


def test_evidence_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ContentBased().fit(sample())
    whole = model.recommend()
    monkeypatch.setattr(content_based, "BATCH_BYTES", 1)
    pd.testing.assert_frame_equal(model.recommend(), whole)


@pytest.mark.gpu
def test_a_card_gives_the_lists_of_the_processor() -> None:
    drawn = np.random.default_rng(0).normal(size=(18, 5))
    recs = [
        ContentBased(vectors=drawn, device=device).fit(sample()).recommend()
        for device in ("cpu", "gpu")
    ]
    pd.testing.assert_frame_equal(recs[0], recs[1], rtol=1e-4)


def test_vectors_of_ones_own_come_in_three_kinds() -> None:
    drawn = np.random.default_rng(0).normal(size=(18, 5))
    ds = replace(sample(), items=sample().items[::-1])
    frame = pd.DataFrame(drawn, index=ds.items[C.ITEM])
    shuffled = frame.sample(frac=1, random_state=0)
    expected = ContentBased(vectors=drawn).fit(ds).recommend(evidence=0)
    for vectors in (frame, shuffled, sparse.csr_array(drawn)):
        found = ContentBased(vectors=vectors).fit(ds).recommend(evidence=0)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-5)


def test_scores_are_the_cosines_of_the_encoders_vectors() -> None:
    ds = catalogue(title=["Running shoes", "Trail sneakers", "A novel", "Cooking pot"])
    vectors = encode(ds.items[C.TITLE].tolist(), device="cpu")
    model = ContentBased(vectors="encoder", device="cpu").fit(ds)
    recs = model.recommend_for([(1, 3.0)])
    assert recs[C.ITEM].iloc[0] == 2
    np.testing.assert_allclose(recs[C.SCORE], vectors[recs[C.ITEM] - 1] @ vectors[0], rtol=1e-5)


def test_an_item_without_content_is_not_recommended() -> None:
    ds = catalogue(genres=[["a"], ["a"], [], ["a"]])
    assert ContentBased().fit(ds).recommend(["u"])[C.ITEM].tolist() == [2, 4]
    assert ContentBased().fit(ds).recommend_for([(3, 5.0)]).empty
    assert ContentBased().fit(ds).explain("u", 3) == []


def test_an_item_that_the_catalogue_lacks_is_known_but_has_no_content() -> None:
    ds = replace(dataset(*LIKED), items=catalogue(genres=[["a"], ["a"]]).items)
    model = ContentBased().fit(ds)
    assert model.item_ids.tolist() == [1, 2, 3, 4]
    assert model.recommend(["u"])[C.ITEM].tolist() == [2]


def test_nothing_known_means_nothing_recommended() -> None:
    assert ContentBased().fit(sample()).recommend_for([]).empty


def test_fitted_anew_it_forgets() -> None:
    """What had been derived of the old vectors would give scores of the old items."""
    first, second = (
        catalogue(genres=[["a"], ["a"], ["b"], ["b"]]),
        catalogue(genres=[["a"], ["b"], ["b"], ["a"]]),
    )
    model = ContentBased().fit(first)
    model.recommend()
    pd.testing.assert_frame_equal(
        model.fit(second).recommend(), ContentBased().fit(second).recommend()
    )


@cache
def truth() -> ShopTruth:
    return shop_truth()


def without(ds: Dataset, cold: np.ndarray) -> Dataset:
    """The data set as it was before anybody had chosen these items."""
    rest = ds.interactions[~ds.interactions[C.ITEM].isin(cold)]
    return replace(ds, interactions=rest.reset_index(drop=True))


def test_it_finds_the_taste_that_the_shop_hides() -> None:
    """The mean affinity of users to the departments of what they are recommended."""
    departments = truth().dataset.items.set_index(C.ITEM)[C.GENRES].str[0]

    def found(model: Recommender) -> float:
        recs = model.fit(truth().dataset).recommend(truth().affinity.index, evidence=0)
        rows = truth().affinity.index.get_indexer(recs[C.USER])
        columns = truth().affinity.columns.get_indexer(departments[recs[C.ITEM]])
        return float(truth().affinity.to_numpy()[rows, columns].mean())

    assert found(ContentBased()) > 3 * found(Popular())


def test_new_items_reach_the_users_who_will_choose_them() -> None:
    """A tenth of the items lose all interactions; who had chosen them is to be told.

    Their popularity is 0, so that `Popular` ranks them at random. Even to know how popular they
    were to become tells less of who chose them than their words do.
    """
    ds = truth().dataset
    cold = np.random.default_rng(0).choice(ds.item_ids, len(ds.item_ids) // 10, replace=False)
    held = ds.interactions[ds.interactions[C.ITEM].isin(cold)]
    model = ContentBased().fit(without(ds, cold))
    users = pd.Index(held[C.USER].unique()).intersection(model.data.user_ids)
    pairs = pd.MultiIndex.from_product([users, cold], names=[C.USER, C.ITEM])
    chosen = pairs.isin(pd.MultiIndex.from_frame(held[[C.USER, C.ITEM]])).reshape(len(users), -1)
    scores = model.score(pairs.to_frame(index=False)).reshape(chosen.shape)
    popularity = np.broadcast_to(chosen.sum(axis=0), chosen.shape)
    everything = np.ones_like(chosen)
    known, oracle = (user_auc(s, everything, chosen).mean() for s in (scores, popularity))
    assert known > 0.75
    assert known > oracle + 0.1
    assert np.isin(cold, model.recommend(evidence=0)[C.ITEM]).mean() > 0.9


def test_a_new_item_is_known_by_name() -> None:
    ds = truth().dataset
    cold = ds.item_ids[:1].to_numpy()
    model = ContentBased().fit(without(ds, cold))
    assert cold[0] not in model.data.item_ids
    assert model.recommend_for([(cold[0], 5.0)])[C.BECAUSE].str[0].str[0].eq(cold[0]).all()
    assert model.explain(ds.user_ids[0], cold[0])
    assert Popular().fit(model.data).recommend_for([(cold[0], 5.0)], n=1)[C.RANK].tolist() == [1]
    with pytest.raises(UnknownIdError, match="item 'i999'"):
        model.explain(ds.user_ids[0], "i999")


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((17, 2)), r"shape \(17, 2\); give a row for each of the 18 items"),
        (np.ones(18), r"shape \(18,\); give a row for each"),
        (np.full((18, 2), np.nan), "vectors hold NaN or infinite values"),
        (pd.DataFrame([[np.inf]], index=[1]), "vectors hold NaN or infinite values"),
        (sparse.csr_array(np.full((18, 1), np.inf)), "vectors hold NaN or infinite values"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(vectors: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ContentBased(vectors=vectors).fit(sample())


def test_items_that_say_nothing_are_refused() -> None:
    ds = catalogue(price=[1.0, 2.0, 3.0, 4.0], genres=[[], [], [], []])
    with pytest.raises(DataError, match="items have no words in any of title, genres, tags, desc"):
        ContentBased().fit(ds)


def test_another_kind_of_vectors_is_refused() -> None:
    with pytest.raises(OptionError, match="vectors='tf-idf' is not one of 'tfidf', 'encoder'"):
        ContentBased(vectors="tf-idf")
