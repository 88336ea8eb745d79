"""Made data keep their promises at any size."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets.dataset import Dataset
from workbench.datasets.synthetic.long_tail import example, synthetic
from workbench.errors import OptionError


@pytest.fixture(scope="module")
def ds() -> Dataset:
    return synthetic(2_000, 3_000, 200_000)


def test_exact_count_and_no_pair_twice(ds: Dataset) -> None:
    assert len(ds.interactions) == 200_000
    assert not ds.interactions.duplicated(["user_id", "item_id"]).any()


def test_contract_of_the_columns(ds: Dataset) -> None:
    assert ds.interactions.dtypes.astype(str).to_dict() == {
        "user_id": "int64",
        "item_id": "int64",
        "rating": "float64",
    }
    assert ds.items.head(2).to_numpy().tolist() == [[1, "Item 1"], [2, "Item 2"]]
    assert ds.user_ids.tolist() == list(range(1, 2_001))
    assert ds.item_ids.tolist() == ds.items["item_id"].tolist()


def test_ratings_are_half_stars(ds: Dataset) -> None:
    assert np.unique(ds.interactions["rating"]).tolist() == [n / 2 for n in range(1, 11)]


def test_a_few_items_hold_most_ratings_and_a_few_users_give_them(ds: Dataset) -> None:
    popularity = ds.interactions["item_id"].value_counts()
    activity = ds.interactions["user_id"].value_counts()
    assert popularity.iloc[:300].sum() > 0.5 * 200_000
    assert 0.2 < popularity.iloc[0] / 2_000 < 0.5
    assert activity.mean() > 1.5 * activity.median()


def test_ids_do_not_tell_popularity(ds: Dataset) -> None:
    popularity = ds.interactions["item_id"].value_counts().sort_index()
    assert abs(np.corrcoef(popularity.index, popularity)[0, 1]) < 0.1


def test_seed_decides(ds: Dataset) -> None:
    assert synthetic(2_000, 3_000, 200_000).hash == ds.hash
    assert synthetic(2_000, 3_000, 200_000, seed=1).hash != ds.hash


@settings(deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.floats(0, 1), st.integers(0, 9))
def test_any_density_up_to_all_pairs(users: int, items: int, density: float, seed: int) -> None:
    fewest, most = max(users, items), users * items
    wanted = round(fewest + density * (most - fewest))
    ds = synthetic(users, items, wanted, seed=seed)
    assert len(ds.interactions) == wanted
    assert not ds.interactions.duplicated(["user_id", "item_id"]).any()
    assert (len(ds.user_ids), len(ds.item_ids)) == (users, items)


@pytest.mark.parametrize(
    ("size", "word"),
    [
        ((1, 10, 10), "at least 2"),
        ((10, 20, 19), "from 20"),
        ((10, 20, 201), "to 200"),
    ],
)
def test_impossible_sizes_are_refused(size: tuple[int, int, int], word: str) -> None:
    with pytest.raises(OptionError, match=word):
        synthetic(*size)


@pytest.mark.parametrize(("table", "cosine"), [(1, 26 / sqrt(34 * 20)), (2, 20 / sqrt(34 * 20))])
def test_worked_tables(table: int, cosine: float) -> None:
    one, two = example(table=table).matrix.toarray()
    assert one @ two / (np.linalg.norm(one) * np.linalg.norm(two)) == pytest.approx(cosine)


def test_example_goods_have_a_line_in_both_languages() -> None:
    items = example().items
    assert items["item_id"].tolist() == ["A", "B", "C"]
    words = items[["title", "title_zh", "description", "description_zh"]]
    assert words.map(len).gt(0).all(axis=None)
    assert example(table=2).interactions["item_id"].tolist() == ["A", "B", "A", "C"]


def test_there_are_two_tables() -> None:
    with pytest.raises(OptionError, match="1 and 2"):
        example(table=3)
