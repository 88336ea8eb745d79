"""Profiles and taste, on three users whose numbers fit on paper."""

import numpy as np
import pandas as pd
import pytest

from workbench.datasets.dataset import Dataset
from workbench.datasets.features import item_profiles, taste, user_profiles
from workbench.datasets.synthetic.shop import shop
from workbench.errors import DataError, UnknownIdError


@pytest.fixture
def ds() -> Dataset:
    """u1 is into drama, u2 into comedy; u3 watched what has no genre; nobody watched D."""
    interactions = pd.DataFrame(
        [("u1", "A", 4.0, 1), ("u1", "B", 2.0, 3), ("u2", "B", 3.0, 2), ("u3", "C", 5.0, 11)],
        columns=["user_id", "item_id", "rating", "day"],
    )
    interactions["timestamp"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(
        interactions.pop("day"), unit="D"
    )
    items = pd.DataFrame(
        {
            "item_id": ["A", "B", "C", "D"],
            "title": ["a", "b", "c", "d"],
            "genres": [["Drama"], ["Comedy", "Drama"], [], ["Drama"]],
            "price": [10.0, 20.0, np.nan, 5.0],
            "brand": ["x", "y", "y", "x"],
        }
    )
    users = pd.DataFrame({"user_id": ["u3", "u1", "u2"], "city": ["Rome", "Bonn", "Lyon"]})
    return Dataset(interactions, items, users)


def test_user_profiles(ds: Dataset) -> None:
    expected = pd.DataFrame(
        {
            "user_id": ["u1", "u2", "u3"],
            "activity": [2, 1, 1],
            "mean_rating": [3.0, 3.0, 5.0],
            "rating_spread": [1.0, 0.0, 0.0],
            "recency_days": [8.0, 9.0, 0.0],
            "price_low": [12.5, 20.0, np.nan],
            "price_typical": [15.0, 20.0, np.nan],
            "price_high": [17.5, 20.0, np.nan],
            "taste:Comedy": [1 / 6, 1 / 2, 0.0],
            "taste:Drama": [5 / 6, 1 / 2, 0.0],
            "city": ["Bonn", "Lyon", "Rome"],
        }
    )
    pd.testing.assert_frame_equal(user_profiles(ds), expected)


def test_item_profiles(ds: Dataset) -> None:
    expected = pd.DataFrame(
        {
            "item_id": ["A", "B", "C", "D"],
            "popularity": [1, 2, 1, 0],
            "mean_rating": [4.0, 2.5, 5.0, np.nan],
            "rating_spread": [0.0, 0.5, 0.0, np.nan],
            "age_days": [10.0, 9.0, 0.0, np.nan],
        }
    )
    found = item_profiles(ds)
    pd.testing.assert_frame_equal(found[expected.columns], expected)
    assert found.columns[5:].tolist() == ["title", "genres", "price", "brand"]


def test_profiles_of_bare_ratings_have_no_empty_columns(ds: Dataset) -> None:
    bare = Dataset(ds.interactions.drop(columns="timestamp"), ds.items[["item_id", "title"]])
    common = ["mean_rating", "rating_spread"]
    assert user_profiles(bare).columns.tolist() == ["user_id", "activity", *common]
    assert item_profiles(bare).columns.tolist() == ["item_id", "popularity", *common, "title"]


def test_taste_divides_a_rating_among_the_genres(ds: Dataset) -> None:
    # All parts: Drama 4 + 1 + 1.5 of 9, Comedy 1 + 1.5 of 9.
    expected = pd.DataFrame(
        {
            "user_id": ["u1", "u1", "u2", "u2"],
            "genre": ["Drama", "Comedy", "Comedy", "Drama"],
            "share": [5 / 6, 1 / 6, 1 / 2, 1 / 2],
            "lift": [5 / 6 * 9 / 6.5, 1 / 6 * 9 / 2.5, 1 / 2 * 9 / 2.5, 1 / 2 * 9 / 6.5],
        }
    )
    pd.testing.assert_frame_equal(taste(ds), expected)


def test_taste_of_one_user_is_that_part_of_the_whole(ds: Dataset) -> None:
    everyone = taste(ds)
    mine = everyone[everyone["user_id"] == "u2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(taste(ds, user_id="u2"), mine)
    assert taste(ds, user_id="u3").empty


def test_taste_by_another_column(ds: Dataset) -> None:
    found = taste(ds, user_id="u1", by="brand")
    assert found[["genre", "share"]].to_numpy().tolist() == [["x", 4 / 6], ["y", 2 / 6]]


def test_negative_ratings_count_as_none(ds: Dataset) -> None:
    signed = ds.interactions.assign(rating=[4.0, -2.0, 3.0, 5.0])
    found = taste(Dataset(signed, ds.items), user_id="u1")
    assert found[["genre", "share"]].to_numpy().tolist() == [["Drama", 1.0]]


def test_shares_of_the_shop_add_up_to_one() -> None:
    ds = shop()
    assert taste(ds).groupby("user_id")["share"].sum().to_numpy() == pytest.approx(1.0)
    profiles = user_profiles(ds)
    shares = profiles.filter(like="taste:")
    assert shares.shape == (300, 48)
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert (profiles["price_low"] <= profiles["price_high"]).all()


def test_unknown_column_and_user_are_named(ds: Dataset) -> None:
    with pytest.raises(DataError, match="no column 'tags'"):
        taste(ds, by="tags")
    with pytest.raises(UnknownIdError, match="u9"):
        taste(ds, user_id="u9")
