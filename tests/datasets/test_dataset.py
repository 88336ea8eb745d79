"""What the one object of the house says about itself."""

import numpy as np
import pandas as pd
import pytest

from workbench.datasets import Dataset, example
from workbench.errors import DataError, UnknownIdError

ITEMS = pd.DataFrame(
    {
        "item_id": [10, 20, 30],
        "title": ["Heat", "Heat", "<b>Up</b>"],
        "title_zh": ["盗火线", "热", "飞屋"],
        "year": pd.array([1995, 1986, None], dtype="Int64"),
        "genres": [["Crime", "Drama"], [], ["Animation"]],
    }
)


def table(**columns: list) -> pd.DataFrame:
    base = {"user_id": ["b", "a", "b"], "item_id": [20, 10, 10], "rating": [3.0, 5.0, 3.0]}
    return pd.DataFrame({**base, **columns})


def test_ids_ascend_and_the_matrix_follows_them() -> None:
    ds = Dataset(table(), ITEMS)
    assert ds.user_ids.tolist() == ["a", "b"]
    assert ds.item_ids.tolist() == [10, 20]
    assert ds.matrix.dtype == np.float64
    assert ds.matrix.toarray().tolist() == [[5.0, 0.0], [3.0, 3.0]]


def test_a_rating_of_zero_stays_an_entry_of_the_matrix() -> None:
    matrix = Dataset(table(rating=[0.0, 5.0, 3.0]), ITEMS).matrix
    assert matrix.nnz == 3
    assert np.diff(matrix.indptr).tolist() == [1, 2]


def test_titles_carry_the_year_where_there_is_one_and_follow_the_language() -> None:
    ds = Dataset(table(), ITEMS)
    assert ds.titles.to_dict() == {10: "Heat (1995)", 20: "Heat (1986)", 30: "<b>Up</b>"}
    assert ds.titles_in("zh").to_dict() == {10: "盗火线 (1995)", 20: "热 (1986)", 30: "飞屋"}
    assert ds.titles_in("en").equals(ds.titles)
    assert Dataset(table(), ITEMS.drop(columns="year")).titles[20] == "Heat"


def test_labels_are_ones_by_item_and_ascending_label() -> None:
    items = ITEMS.assign(
        genres=[["War", "Crime", "War"], [], ["Animation"]], brand=["b", None, "a"]
    )
    members, labels = Dataset(table(), items).labels("genres")
    assert labels.tolist() == ["Crime", "War"]  # of items with interactions
    assert members.toarray().tolist() == [[1.0, 1.0], [0.0, 0.0]]
    members, labels = Dataset(table(), items).labels("brand", pd.Index([30, 20, 99, 10]))
    assert labels.tolist() == ["a", "b"]
    assert members.toarray().tolist() == [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    with pytest.raises(DataError, match="no column 'colour'; they have"):
        Dataset(table(), items).labels("colour")


def test_history_is_best_first_then_by_item() -> None:
    assert Dataset(table(), ITEMS).history("b")["item_id"].tolist() == [10, 20]


@pytest.mark.parametrize("asked", ["c", 7, np.int64(7), None])
def test_an_unknown_user_is_an_error_that_shows_real_ids(asked: object) -> None:
    with pytest.raises(UnknownIdError, match="'a', 'b'") as caught:
        Dataset(table(), ITEMS).history(asked)
    shown = getattr(asked, "item", lambda: asked)()
    assert str(caught.value).startswith(f"user {shown!r} has no interactions")
    assert isinstance(caught.value, LookupError)


def test_an_item_in_the_catalogue_without_interactions_is_unknown_to_models() -> None:
    with pytest.raises(UnknownIdError, match="item 30 has no interactions"):
        Dataset(table(), ITEMS).require_items([10, 30])


def test_the_catalogue_is_every_item_that_either_table_knows() -> None:
    ds = Dataset(table(), ITEMS)
    assert ds.catalogue.tolist() == [10, 20, 30]
    assert Dataset(table(), ITEMS[1:]).catalogue.tolist() == [10, 20, 30]
    known = Dataset(table(), ITEMS[:2])
    assert known.catalogue is known.item_ids


def test_a_text_id_is_not_its_number() -> None:
    with pytest.raises(UnknownIdError, match="item '10' has no"):
        Dataset(table(), ITEMS).require_items("10")


def test_positions_come_in_the_order_asked_for() -> None:
    ds = Dataset(table(), ITEMS)
    assert ds.require_items([20, 10, 20]).tolist() == [1, 0, 1]
    assert ds.require_users("b").tolist() == [1]
    assert ds.require_users([]).tolist() == []


def test_explicit_means_differing_ratings_that_no_event_made() -> None:
    assert Dataset(table(), ITEMS).explicit
    assert not Dataset(table(rating=[1.0] * 3), ITEMS).explicit
    assert not Dataset(table(event=["view"] * 3), ITEMS).explicit


def test_hash_is_of_all_tables_and_nothing_else() -> None:
    first = Dataset(table(), ITEMS, name="one", account=("x",))
    assert first.hash == Dataset(table(), ITEMS.copy(), name="two").hash
    assert len(first.hash) == 12
    others = [
        Dataset(table(rating=[3.0, 5.0, 3.5]), ITEMS),
        Dataset(table(item_id=[20, 10, 30]), ITEMS),
        Dataset(table().rename(columns={"rating": "stars"}), ITEMS),
        Dataset(table(), ITEMS.assign(year=1999)),
        Dataset(table(), ITEMS.assign(genres=[["Crime"], [], ["Animation"]])),
        Dataset(table(), ITEMS, pd.DataFrame({"user_id": ["a", "b"]})),
    ]
    assert len({first.hash, *(other.hash for other in others)}) == len(others) + 1


@pytest.mark.parametrize(
    "cells",
    [
        [None, ["x"], ["y"]],
        [np.array(["x"]), np.array(["y"]), None],
        [{"a": 1}, {"a": 2}, {}],
        [["x", 1], "y", 2.5],
    ],
)
def test_hash_takes_lists_arrays_and_dicts_wherever_they_stand(cells: list) -> None:
    """Lists were looked for in the first row alone: ``actors`` without any there broke the hash.

    So did the arrays that a list column of a Parquet file comes back as.
    """
    ds = Dataset(table(), ITEMS.assign(extra=pd.Series(cells, dtype=object)))
    swapped = Dataset(table(), ITEMS.assign(extra=pd.Series(cells[::-1], dtype=object)))
    assert ds.hash != swapped.hash


def test_hash_takes_columns_whose_names_are_numbers() -> None:
    assert Dataset(table(), ITEMS.assign(**{}).join(pd.DataFrame({0: [1, 2, 3]}))).hash


def test_it_says_what_it_is_in_one_line() -> None:
    ds = example()
    shown = f"Dataset('example': 2 users, 2 items, 4 interactions, hash {ds.hash})"
    assert repr(ds) == shown
