"""Data sets with new interactions: as if all had been read at once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from workbench.datasets import Dataset, extended
from workbench.datasets.readers.cleaning import clean
from workbench.errors import DataError

ITEMS = pd.DataFrame({"item_id": range(9), "title": "T"})


def dataset(rows: list[tuple]) -> Dataset:
    return Dataset(clean(frame(rows))[0], ITEMS)


def frame(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rating"])


OLD = [(1, 1, 3.0), (1, 4, 2.0), (5, 1, 1.0)]


def test_interactions_are_added_and_rated_anew() -> None:
    ds = extended(dataset(OLD), frame([(5, 1, 4.5), (3, 2, 1.0), (1, 9, 0.5)]))
    expected = [(1, 1, 3.0), (1, 4, 2.0), (1, 9, 0.5), (3, 2, 1.0), (5, 1, 4.5)]
    assert_frame_equal(ds.interactions, frame(expected))
    assert ds.user_ids.tolist() == [1, 3, 5]
    assert ds.item_ids.tolist() == [1, 2, 4, 9]
    assert ds.matrix.toarray().tolist() == [[3, 0, 2, 0.5], [0, 1, 0, 0], [4.5, 0, 0, 0]]


def test_the_data_set_itself_stays_as_it_is() -> None:
    ds = dataset(OLD)
    extended(ds, frame([(1, 1, 5.0)]))
    assert_frame_equal(ds.interactions, frame(OLD))
    assert ds.matrix[0, 0] == 3


def test_what_is_dropped_is_accounted_for() -> None:
    ds = extended(dataset(OLD), frame([(1, 2, 1.0), (1, 2, 4.0), (2, 1, np.nan)]))
    assert ds.matrix[0, 1] == 4
    assert ds.account == (
        "1 of 3 rows dropped: whose rating is missing (NaN)",
        "1 of 2 rows dropped: rated again later",
    )


@pytest.mark.parametrize("rows", [[], [(1, 2, np.nan)]])
def test_nothing_new_changes_nothing(rows: list) -> None:
    ds = dataset(OLD)
    assert extended(ds, frame(rows)).hash == ds.hash


def test_ids_of_another_kind_are_refused() -> None:
    with pytest.raises(DataError, match=r"'item_id' holds 'b7'.*whole numbers.*same kind"):
        extended(dataset(OLD), frame([(1, "b7", 2.0)]))


def test_numbers_are_text_where_ids_are() -> None:
    ds = extended(dataset([("ann", 1, 2.0), ("bob", 2, 3.0)]), frame([(7, 1, 4.0)]))
    assert ds.user_ids.tolist() == ["7", "ann", "bob"]


def test_ratings_below_zero_are_refused_where_there_are_none() -> None:
    with pytest.raises(DataError, match="rating"):
        extended(dataset(OLD), frame([(1, 2, -1.0)]))
    signed = Dataset(frame([(1, 1, -2.0), (2, 2, 3.0)]), ITEMS)
    assert extended(signed, frame([(1, 2, -1.0)])).matrix[0, 1] == -1


ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 10).map(lambda n: n / 2)),
    unique_by=lambda row: row[:2],
    max_size=12,
)


@settings(max_examples=settings.default.max_examples // 2)
@given(ROWS, ROWS)
def test_the_same_comes_out_as_from_all_rows_at_once(old: list, new: list) -> None:
    old = [(90, 90, 1.0), (91, 91, 1.0), *old]
    found, expected = extended(dataset(old), frame(new)), dataset(old + new)
    assert found.hash == expected.hash
    assert_frame_equal(found.interactions, expected.interactions)
    for name in ("user_ids", "item_ids"):
        pd.testing.assert_index_equal(getattr(found, name), getattr(expected, name))
    for part in ("data", "indices", "indptr"):
        left, right = getattr(found.matrix, part), getattr(expected.matrix, part)
        np.testing.assert_array_equal(left, right)
