"""Events into preferences, on logs small enough to add up by hand."""

import numpy as np
import pandas as pd
import pytest

from workbench.datasets.readers.events import EVENT_WEIGHTS, to_preferences
from workbench.errors import DataError, OptionError


def at(day: int) -> pd.Timestamp:
    return pd.Timestamp(2025, 1, day)


@pytest.fixture
def log() -> pd.DataFrame:
    return pd.DataFrame(
        [
            ("u2", "A", "purchase", at(5), "s3", 20.0),
            ("u1", "A", "view", at(1), "s1", np.nan),
            ("u1", "A", "purchase", at(3), "s2", 10.0),
            ("u1", "A", "purchase", at(2), "s1", 10.0),
            ("u1", "B", "click", at(2), "s1", np.nan),
        ],
        columns=["user_id", "item_id", "event", "timestamp", "session_id", "value"],
    )


def test_weights_of_a_pair_add_up(log: pd.DataFrame) -> None:
    expected = pd.DataFrame(
        {
            "user_id": ["u1", "u1", "u2"],
            "item_id": ["A", "B", "A"],
            "rating": [1.0 + 5.0 + 5.0, 2.0, 5.0],
            "timestamp": [at(3), at(2), at(5)],
            "event": ["purchase", "click", "purchase"],
            "session_id": ["s2", "s1", "s3"],
            "value": [20.0, np.nan, 20.0],
        }
    )
    pd.testing.assert_frame_equal(to_preferences(log), expected)


def test_the_log_itself_is_left_alone(log: pd.DataFrame) -> None:
    before = log.copy()
    to_preferences(log)
    pd.testing.assert_frame_equal(log, before)


def test_ids_user_item_and_event_are_enough() -> None:
    log = pd.DataFrame({"user_id": [7, 7], "item_id": [3, 3], "event": ["like", "view"]})
    expected = pd.DataFrame({"user_id": [7], "item_id": [3], "rating": [4.0], "event": ["like"]})
    pd.testing.assert_frame_equal(to_preferences(log), expected)


def test_own_weights_replace_extend_and_drop(log: pd.DataFrame) -> None:
    log.loc[1, "event"] = "gift"
    merged = to_preferences(log, {"gift": 7, "purchase": 2.0, "click": 0})
    assert merged[["user_id", "item_id", "rating"]].to_numpy().tolist() == [
        ["u1", "A", 7.0 + 2.0 + 2.0],
        ["u2", "A", 2.0],
    ]
    assert merged["event"].tolist() == ["gift", "purchase"]


@pytest.mark.parametrize("stars", [4.0, 0.0, -2.0])
def test_the_latest_stated_rating_stands_alone(stars: float) -> None:
    """A rating of 0 or below is an opinion too: it once fell to the heavier purchase."""
    log = pd.DataFrame(
        [
            ("u1", "A", "rating", at(9), stars),
            ("u1", "A", "rating", at(2), 1.0),
            ("u1", "A", "purchase", at(10), np.nan),
            ("u1", "B", "view", at(1), np.nan),
        ],
        columns=["user_id", "item_id", "event", "timestamp", "rating"],
    )
    merged = to_preferences(log)
    assert merged["rating"].tolist() == [stars, 1.0]
    assert merged["event"].tolist() == ["rating", "view"]
    assert merged["timestamp"].tolist() == [at(10), at(1)]


def test_an_unknown_time_is_the_oldest() -> None:
    log = pd.DataFrame(
        {
            "user_id": ["u1", "u1"],
            "item_id": ["A", "A"],
            "event": ["rating", "rating"],
            "rating": [5.0, 1.0],
            "timestamp": [at(1), pd.NaT],
        }
    )
    assert to_preferences(log)["rating"].tolist() == [5.0]


def test_rows_without_an_id_are_left_for_cleaning_to_count(log: pd.DataFrame) -> None:
    log.loc[4, "user_id"] = None
    merged = to_preferences(log)
    assert merged["user_id"].isna().tolist() == [False, False, True]
    assert merged["rating"].tolist() == [11.0, 5.0, 2.0]


def test_kinds_may_be_categories(log: pd.DataFrame) -> None:
    """Weights mapped from categories were a category themselves, which has no largest."""
    categories = log.astype({"event": "category", "user_id": "category"})
    assert to_preferences(categories)["rating"].tolist() == [11.0, 2.0, 5.0]


def test_unknown_kind_is_named_with_the_valid_ones(log: pd.DataFrame) -> None:
    log.loc[2, "event"] = "Purchse"
    with pytest.raises(DataError, match=r"'Purchse'.*row 3.*cart, click.*weights="):
        to_preferences(log)


@pytest.mark.parametrize("column", ["user_id", "item_id", "event"])
def test_missing_column_is_named(log: pd.DataFrame, column: str) -> None:
    with pytest.raises(DataError, match=column):
        to_preferences(log.drop(columns=column))


def test_a_missing_kind_is_unknown(log: pd.DataFrame) -> None:
    log.loc[0, "event"] = None
    with pytest.raises(DataError, match="unknown event nan"):
        to_preferences(log)


@pytest.mark.parametrize("rating", [np.nan, np.inf, "five"])
def test_rating_events_need_a_number(rating: object) -> None:
    log = pd.DataFrame(
        {"user_id": ["u1"], "item_id": ["A"], "event": ["rating"], "rating": [rating]}
    )
    with pytest.raises(DataError, match="1 'rating' events have no number"):
        to_preferences(log)
    with pytest.raises(DataError, match="need the column 'rating'"):
        to_preferences(log.drop(columns="rating"))


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf, "2"])
def test_weights_are_finite_and_not_negative(log: pd.DataFrame, weight: object) -> None:
    with pytest.raises(OptionError, match="'view'"):
        to_preferences(log, {"view": weight})


def test_stated_ratings_take_no_weight(log: pd.DataFrame) -> None:
    with pytest.raises(OptionError, match="own rating"):
        to_preferences(log, {"rating": 1.0})
    assert "rating" not in EVENT_WEIGHTS
