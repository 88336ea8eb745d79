"""The made-up shop: what it promises to be true is true."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.datasets.readers.reader import read
from workbench.datasets.synthetic.shop import ShopTruth, shop, shop_truth
from workbench.errors import OptionError

FILES = Path(__file__).parents[3] / "data" / "shop"


@pytest.fixture(scope="module")
def truth() -> ShopTruth:
    return shop_truth()


def departments(truth: ShopTruth) -> pd.Series:
    return truth.dataset.items.set_index("item_id")["genres"].str[0]


def test_same_seed_same_shop_and_another_seed_another(truth: ShopTruth) -> None:
    assert shop().hash == truth.dataset.hash
    assert shop(seed=8).hash != truth.dataset.hash


def test_size_and_columns(truth: ShopTruth) -> None:
    ds = truth.dataset
    assert (len(ds.users), len(ds.items), len(ds.user_ids)) == (300, 400, 300)
    assert ds.items.columns.tolist() == [
        "item_id",
        "title",
        "title_zh",
        "description",
        "description_zh",
        "genres",
        "genres_zh",
        "brand",
        "brand_zh",
        "price",
        "stock",
        "launched",
    ]
    assert not ds.items.isna().any(axis=None)
    assert (ds.items["price"] > 0).all()
    assert departments(truth).nunique() == 8
    assert ds.items["genres"].str[1].nunique() == 40


def test_every_title_is_unique_even_in_the_largest_shop() -> None:
    items = shop(users=10, items=14_400, attackers=2).items
    assert items["title"].is_unique
    assert items["title_zh"].is_unique


def test_each_language_is_written_in_its_own_script(truth: ShopTruth) -> None:
    items = truth.dataset.items
    assert not items["title"].str.contains("[一-龥]").any()
    assert not items["description"].str.contains("[一-龥]").any()
    assert items["title_zh"].str.contains("[一-龥]").all()
    assert items["description_zh"].str.contains("[一-龥]").all()


def test_users_buy_more_where_their_affinity_is_high(truth: ShopTruth) -> None:
    honest = truth.events[~truth.events["user_id"].isin(truth.attackers)]
    bought = honest[honest["event"] == "purchase"]
    counts = pd.crosstab(bought["user_id"], bought["item_id"].map(departments(truth)))
    counts = counts.reindex_like(truth.affinity).fillna(0).to_numpy()
    affinity = truth.affinity.to_numpy()
    assert counts[affinity > 0.4].mean() > 10 * counts[affinity < 0.1].mean()
    assert np.corrcoef(affinity.ravel(), counts.ravel())[0, 1] > 0.5


def test_each_step_of_the_funnel_is_closer_to_the_taste(truth: ShopTruth) -> None:
    honest = truth.events[~truth.events["user_id"].isin(truth.attackers)]
    row = truth.affinity.index.get_indexer(honest["user_id"])
    column = truth.affinity.columns.get_indexer(honest["item_id"].map(departments(truth)))
    liking = pd.Series(truth.affinity.to_numpy()[row, column]).groupby(honest["event"].array).mean()
    assert liking["purchase"] > liking["cart"] > liking["click"] > liking["view"] > 2 / 8


def test_affinity_is_a_share_for_each_honest_user(truth: ShopTruth) -> None:
    assert truth.affinity.shape == (294, 8)
    assert truth.affinity.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert not truth.affinity.index.isin(truth.attackers).any()
    assert not any("taste" in column for column in truth.dataset.users)


def test_the_funnel_narrows_and_only_purchases_carry_money(truth: ShopTruth) -> None:
    counts = truth.events["event"].value_counts()
    assert counts["view"] > counts["click"] > counts["cart"] > counts["purchase"] > 100
    price = truth.events["item_id"].map(truth.dataset.items.set_index("item_id")["price"])
    money = price.where(truth.events["event"] == "purchase")
    pd.testing.assert_series_equal(truth.events["value"], money, check_names=False)


def test_events_come_in_time_and_sessions_have_one_user(truth: ShopTruth) -> None:
    assert truth.events["timestamp"].is_monotonic_increasing
    assert (
        not truth.events[["session_id", "user_id"]]
        .drop_duplicates()["session_id"]
        .duplicated()
        .any()
    )
    launched = truth.events["item_id"].map(truth.dataset.items.set_index("item_id")["launched"])
    assert (launched < truth.events["timestamp"]).all()


def test_attackers_buy_and_praise_the_target(truth: ShopTruth) -> None:
    assert len(truth.attackers) == 6
    theirs = truth.events[truth.events["user_id"].isin(truth.attackers)]
    bought = theirs[theirs["event"] == "purchase"]
    assert set(bought["item_id"]) == {truth.target}
    assert sorted(bought["user_id"]) == list(truth.attackers)
    planted = truth.reviews[truth.reviews["planted"]]
    assert len(planted) > 0
    assert set(planted["item_id"]) == {truth.target}
    assert set(planted["sentiment"]) == {"positive"}


def test_a_shop_without_attackers_is_honest() -> None:
    truth = shop_truth(users=30, items=40, attackers=0)
    assert truth.attackers == ()
    assert truth.reviews["planted"].dtype == bool
    assert not truth.reviews["planted"].any()


def test_reviews_say_what_their_label_says_in_the_users_language(truth: ShopTruth) -> None:
    reviews = truth.reviews
    assert set(reviews["sentiment"]) == {"positive", "negative"}
    assert ((reviews["stars"] >= 4) == (reviews["sentiment"] == "positive")).all()
    language = truth.dataset.users.set_index("user_id")["language"]
    assert (reviews["language"] == reviews["user_id"].map(language)).all()
    assert (reviews["text"].str.contains("[一-龥]") == (reviews["language"] == "zh")).all()
    assert not reviews["text"].str.contains("[{}]").any()
    sentiments = reviews.assign(start=reviews["text"].str.split().str[:2].str.join(" "))
    regrets = sentiments.loc[sentiments["start"] == "I regret", "sentiment"]
    assert set(regrets) == {"negative"}


@pytest.mark.parametrize("name", ["items", "users", "events"])
def test_the_files_that_ship_are_what_the_generator_makes(name: str) -> None:
    small = shop_truth(users=60, items=120)
    tables = {"items": small.dataset.items, "users": small.dataset.users, "events": small.events}
    table = tables[name].copy()
    for column in {"genres", "genres_zh"} & set(table):
        table[column] = table[column].str.join("|")
    shipped = (FILES / f"{name}.csv").read_text("utf-8")
    assert shipped == table.to_csv(index=False, lineterminator="\n")


def test_reading_the_files_gives_the_shop() -> None:
    read_back = read(
        FILES / "events.csv", items=FILES / "items.csv", users=FILES / "users.csv"
    ).interactions
    made = shop(users=60, items=120).interactions
    pd.testing.assert_frame_equal(read_back[made.columns], made)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"items": 39}, "items=39"),
        ({"items": 14_401}, "14,400"),
        ({"users": 7}, "honest"),
        ({"attackers": -1}, "attackers=-1"),
    ],
)
def test_impossible_sizes_are_refused(options: dict[str, int], word: str) -> None:
    with pytest.raises(OptionError, match=word):
        shop(**options)
