"""What is dropped, what is refused, and that the account adds up."""

import re
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from workbench.datasets import Dataset
from workbench.datasets.readers.cleaning import clean, tidy_ids
from workbench.errors import DataError


def log(*rows: tuple, **columns: list) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rating"]).assign(**columns)


GOOD = (("a", 1, 4.0), ("a", 2, 3.0), ("b", 1, 2.0), ("b", 2, 1.0))


def test_clean_rows_come_back_sorted_with_nothing_to_account_for() -> None:
    table, account = clean(log(*GOOD[::-1]))
    assert_frame_equal(table, log(*GOOD))
    assert account == ()


def test_every_drop_is_counted_with_its_reason() -> None:
    table, account = clean(
        log(
            *GOOD,
            (None, 1, 5.0),
            ("a", 3, np.nan),
            ("a", 4, np.inf),
            ("a", 5, -np.inf),
            ("a", 1, 4.0),
            ("b", 2, 5.0),
        ),
        signed=True,
    )
    assert account == (
        "1 of 10 rows dropped: without a user or item id",
        "1 of 9 rows dropped: whose rating is missing (NaN)",
        "2 of 8 rows dropped: whose rating is infinite",
        "1 of 6 rows dropped: that repeat another row exactly",
        "1 of 5 rows dropped: rated again later",
    )
    assert table["rating"].tolist() == [4.0, 3.0, 2.0, 5.0]


def test_of_several_ratings_the_latest_counts_by_time() -> None:
    days = pd.to_datetime(["2024-01-01"] * 4 + ["2023-06-01", "2024-06-01", None])
    rows = (*GOOD, ("a", 1, 0.5), ("a", 2, 0.5), ("b", 1, 0.5))
    table, _ = clean(log(*rows, timestamp=days.tolist()))
    assert table["rating"].tolist() == [4.0, 0.5, 2.0, 1.0]


def test_without_times_the_last_row_counts() -> None:
    table, _ = clean(log(*GOOD, ("a", 1, 0.5)))
    assert table["rating"].tolist() == [0.5, 3.0, 2.0, 1.0]


def test_other_columns_stay_and_rows_that_differ_there_are_not_exact_repeats() -> None:
    table, account = clean(log(*GOOD, ("a", 1, 4.0), session_id=list("pqrst")))
    assert table["session_id"].tolist() == list("tqrs")
    assert account == ("1 of 5 rows dropped: rated again later",)


def test_cells_that_hold_lists_can_be_compared() -> None:
    """A list column, as in nested JSON lines, broke the search for duplicates."""
    table, account = clean(log(*GOOD, GOOD[0], tags=[["x"], [], ["x"], ["y"], ["x"]]))
    assert table["tags"].tolist() == [["x"], [], ["x"], ["y"]]
    assert account == ("1 of 5 rows dropped: that repeat another row exactly",)


def test_the_same_id_as_number_and_as_text_is_one() -> None:
    """Beside "x", the ids 7 and "7" both became "7" after duplicates had been sought.

    The pair stayed twice in the table and its two ratings were added up in the matrix.
    """
    table, account = clean(log((7, 1, 4.0), ("7", 1, 5.0), ("x", 1, 1.0), ("x", 2, 1.0)))
    assert table["user_id"].tolist() == ["7", "x", "x"]
    assert table["rating"].tolist() == [5.0, 1.0, 1.0]
    assert account == ("1 of 4 rows dropped: rated again later",)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([1, 2, 3], [1, 2, 3]),
        (["1", "2", "10"], [1, 2, 10]),
        (["0", "-5", "3"], [0, -5, 3]),
        (["007", "8", "9"], ["007", "8", "9"]),
        (["-0", "8", "9"], ["-0", "8", "9"]),
        (["1", "2", "sku-3"], ["1", "2", "sku-3"]),
        (["12abc", "3x", "4"], ["12abc", "3x", "4"]),
        ([1, "two", 3], ["1", "two", "3"]),
        ([1.0, 2.0, 3.0], [1, 2, 3]),
        ([1.5, 2.0, 3.0], ["1.5", "2.0", "3.0"]),
        (["1.0", "2", "3"], ["1.0", "2", "3"]),
        ([" 1", "2", "3"], [" 1", "2", "3"]),
        (["9" * 18, "1", "2"], [10**18 - 1, 1, 2]),
        (["9" * 30, "1", "2"], ["9" * 30, "1", "2"]),
        (["1２", "12", "3"], ["1２", "12", "3"]),
        (["张三", "李四", "3"], ["张三", "李四", "3"]),
    ],
)
def test_ids_are_whole_numbers_or_text_as_they_went_in(ids: list, expected: list) -> None:
    tidy = tidy_ids(pd.Series(ids))
    assert tidy.tolist() == expected
    assert tidy.dtype == (np.int64 if isinstance(expected[0], int) else "str")


def test_ids_beyond_64_bits_become_text() -> None:
    """Hashed ids in uint64 wrapped around to negative numbers, 1e300 to the least int64."""
    hashed = pd.Series([2**64 - 1, 3], dtype="uint64")
    assert tidy_ids(hashed).tolist() == ["18446744073709551615", "3"]
    assert tidy_ids(pd.Series([3], dtype="uint64")).tolist() == [3]
    assert tidy_ids(pd.Series([1e300, 3.0])).tolist() == ["1e+300", "3.0"]


def test_whole_floats_in_an_object_column_are_whole_numbers() -> None:
    """JSON lines with a null id made user 1 into user "1.0"."""
    assert tidy_ids(pd.Series([1.0, 2.0], dtype=object)).tolist() == [1, 2]


def test_categories_and_nullable_numbers_are_ids_too() -> None:
    assert tidy_ids(pd.Series(["5", "6"], dtype="category")).tolist() == [5, 6]
    assert tidy_ids(pd.Series([5, 6], dtype="Int64")).dtype == np.int64


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (log(), "the interactions have no rows; give at least two users and two items"),
        (
            log(*GOOD).rename(columns={"rating": "stars"}),
            "column 'rating' is missing; the table has user_id, item_id, stars. "
            "Say which column it is, for example read(…, rating='user_id')",
        ),
        (
            log(("a", 1, "5"), ("a", 2, "4"), ("b", 1, "good"), ("b", 2, "bad")),
            "column 'rating', row 3: 'good' is not a number; correct it or leave the cell empty",
        ),
        (
            log(("a", 1, "4,5"), ("a", 2, "4")),
            "column 'rating', row 1: '4,5' is not a number; correct it or leave the cell empty",
        ),
        (
            log(*GOOD[:3], ("b", 2, -3.0)),
            "column 'rating', row 4: -3.0 is negative; "
            "pass signed=True if ratings below zero are meant",
        ),
        (
            log(*GOOD, timestamp=["2024-01-01", "yesterdayish", "2024-01-01", None]),
            "column 'timestamp', row 2: 'yesterdayish' is not a date and time; "
            "correct it or leave the cell empty",
        ),
        (
            log(*GOOD, value=["1", "2", "3", "four"]),
            "column 'value', row 4: 'four' is not a number; correct it or leave the cell empty",
        ),
        (
            log(*GOOD[:2]),
            "column 'user_id' has 1 distinct value after cleaning; "
            "similarity needs at least two users and two items",
        ),
        (
            log(*GOOD[::2]),
            "column 'item_id' has 1 distinct value after cleaning; "
            "similarity needs at least two users and two items",
        ),
        (
            log(*GOOD).assign(rating=np.nan),
            "column 'user_id' has 0 distinct values after cleaning; "
            "similarity needs at least two users and two items",
        ),
    ],
)
def test_bad_data_is_refused_with_column_row_and_fix(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=f"^{re.escape(message)}$") as caught:
        clean(table)
    assert isinstance(caught.value, ValueError)


def test_rows_are_counted_from_one_whatever_the_index() -> None:
    with pytest.raises(DataError, match="row 2: 'x'"):
        clean(log(("a", 1, "1"), ("b", 2, "x")).set_axis([70, 90]))


def test_negative_ratings_are_kept_where_they_are_meant() -> None:
    table, account = clean(log(*GOOD[:3], ("b", 2, -3.0)), signed=True)
    assert table["rating"].tolist() == [4.0, 3.0, 2.0, -3.0]
    assert account == ()


def test_the_frame_that_was_given_is_left_alone() -> None:
    given_frame = log(*GOOD[::-1], GOOD[0]).astype({"user_id": "category"})
    before = given_frame.copy()
    clean(given_frame)
    assert_frame_equal(given_frame, before)


IDS = st.one_of(st.integers(0, 3), st.sampled_from(["0", "1", "007", "x", None, np.nan]))
RATINGS = st.one_of(
    st.sampled_from([0.0, 0.5, 5.0, np.nan, np.inf, -np.inf]), st.floats(-1e6, 1e6), st.none()
)
ROWS = st.lists(st.tuples(IDS, IDS, RATINGS), max_size=25)


def counted(account: tuple[str, ...]) -> int:
    return sum(int(sentence.split(" of ")[0].replace(",", "")) for sentence in account)


def cleaned(rows: list[tuple]) -> tuple[pd.DataFrame, tuple[str, ...]] | None:
    """Clean rows that can have one fault alone: None where too little of them is left."""
    try:
        return clean(log(*rows), signed=True)
    except DataError as error:
        if re.search("no rows|distinct value", str(error)):
            return None
        raise


@given(ROWS)
def test_any_table_comes_out_unique_finite_and_accounted_for(rows: list[tuple]) -> None:
    if (result := cleaned(rows)) is None:
        return
    table, account = result
    pairs = table[["user_id", "item_id"]]
    assert not pairs.isna().to_numpy().any()
    assert not pairs.duplicated().any()
    assert np.isfinite(table["rating"]).all()
    assert len(rows) - counted(account) == len(table)
    again, nothing = clean(table, signed=True)
    assert_frame_equal(again, table)
    assert nothing == ()


@given(ROWS, st.randoms())
def test_the_hash_follows_the_content_and_not_the_order_of_rows(
    rows: list[tuple], random: Random
) -> None:
    unique = list(
        {(str(user), str(item)): (user, item, rating) for user, item, rating in rows}.values()
    )
    if (result := cleaned(unique)) is None:
        return
    table, _ = result
    random.shuffle(unique)
    again, _ = clean(log(*unique), signed=True)
    items = pd.DataFrame({"item_id": [1], "title": ["x"]})
    assert Dataset(again, items).hash == Dataset(table, items).hash
    table.loc[0, "rating"] += 1e7
    assert Dataset(again, items).hash != Dataset(table, items).hash
