"""What a split holds out, by hand and as properties of any data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.datasets.dataset import Dataset
from workbench.datasets.splits import split
from workbench.errors import DataError, OptionError


def dataset(users: list[str], days: list[int | None] | None = None) -> Dataset:
    """One item an interaction, numbered in order, so that an item names its interaction."""
    items = np.arange(len(users))
    interactions = pd.DataFrame({"user_id": users, "item_id": items, "rating": 1.0})
    if days is not None:
        start = pd.Timestamp("2025-01-01")
        interactions["timestamp"] = start + pd.to_timedelta(pd.Series(days), unit="D")
    titles = pd.Series(items).astype(str)
    return Dataset(interactions, pd.DataFrame({"item_id": items, "title": titles}))


def held(ds: Dataset) -> list[int]:
    return ds.interactions["item_id"].tolist()


def test_time_cuts_once_for_everybody() -> None:
    ds = dataset(["a", "b", "a", "c", "b"], [5, 1, 2, 4, 3])
    train, test = split(ds, by="time", holdout=0.4)
    assert held(train) == [1, 2, 4]
    assert held(test) == [0, 3]


def test_interactions_at_the_moment_of_the_cut_stay_in_train() -> None:
    _, test = split(dataset(list("abcab"), [1, 2, 2, 2, 3]), by="time", holdout=0.6)
    assert held(test) == [4]


def test_user_time_takes_the_newest_of_each_user() -> None:
    ds = dataset(list("aaaaabbbc"), [5, 1, 4, 2, 3, 30, 10, 20, 1])
    train, test = split(ds, by="user-time", holdout=0.4)
    assert held(test) == [0, 2, 5]  # two of five, one of three (1.2), and c keeps its only one
    assert held(train) == [1, 3, 4, 6, 7, 8]


def test_equal_times_of_a_user_are_drawn_by_seed() -> None:
    ds = dataset(["a"] * 30, [7] * 30)
    drawn = {tuple(held(split(ds, by="user-time", seed=seed)[1])) for seed in range(4)}
    assert {len(items) for items in drawn} == {6}
    assert len(drawn) == 4


def test_leave_one_out_takes_the_last_by_time_and_spares_singles() -> None:
    ds = dataset(["a", "a", "b", "b", "c"], [9, 1, None, 2, 3])
    train, test = split(ds, leave_one_out=True)
    assert held(train) == [1, 2, 4]
    assert held(test) == [0, 3]


def test_leave_one_out_without_timestamps_is_drawn_by_seed() -> None:
    ds = dataset(["a"] * 50 + ["b"] * 50)
    drawn = {tuple(held(split(ds, leave_one_out=True, seed=seed)[1])) for seed in range(5)}
    assert len(drawn) > 1
    assert all(first < 50 <= second for first, second in drawn)


def test_user_share_is_rounded_and_never_all() -> None:
    ds = dataset(["a"] * 10 + ["b"] * 3 + ["c"] * 1)
    _, test = split(ds, by="user", holdout=0.3)
    assert test.interactions["user_id"].value_counts().to_dict() == {"a": 3, "b": 1}
    _, test = split(ds, by="user", holdout=0.99)
    assert test.interactions["user_id"].value_counts().to_dict() == {"a": 9, "b": 2}


def test_random_holds_out_the_share_and_leaves_each_user_one() -> None:
    ds = dataset(["a"] * 90 + ["b"] * 9 + ["c"])
    train, test = split(ds, holdout=0.2)
    assert len(test.interactions) == 20
    assert set(train.interactions["user_id"]) == {"a", "b", "c"}
    assert "c" not in set(test.interactions["user_id"])


def test_random_is_even_over_the_interactions() -> None:
    ds = dataset(["a"] * 20 + ["b"] * 20)
    times = sum(
        np.isin(np.arange(40), held(split(ds, holdout=0.5, seed=seed)[1])) for seed in range(200)
    )
    assert 60 < times.min() <= times.max() < 140


def test_parts_keep_tables_and_say_what_they_are() -> None:
    ds = dataset(["a"] * 10)
    train, test = split(ds)
    assert train.items is ds.items
    assert (train.name, test.name) == ("data (train)", "data (test)")
    assert test.account == ("test: 2 of 10 interactions, held out: a random 20%",)
    assert train.interactions.index.tolist() == list(range(8))


WAYS = [*({"by": by} for by in ("random", "user", "time", "user-time")), {"leave_one_out": True}]


@given(
    rows=st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9)), min_size=2, max_size=40),
    holdout=st.floats(0.05, 0.95),
    seed=st.integers(0, 99),
    way=st.sampled_from(WAYS),
)
def test_parts_are_disjoint_complete_and_reproducible(
    rows: list[tuple[str, int]], holdout: float, seed: int, way: dict[str, object]
) -> None:
    users, days = (list(column) for column in zip(*rows, strict=True))
    ds = dataset(users, days)
    try:
        train, test = split(ds, holdout=holdout, seed=seed, **way)
    except DataError:
        return
    assert sorted(held(train) + held(test)) == list(range(len(rows)))
    assert held(train) == sorted(held(train))
    assert held(split(ds, holdout=holdout, seed=seed, **way)[1]) == held(test)
    assert held(test)
    if way.get("by") == "time":
        assert train.interactions["timestamp"].max() < test.interactions["timestamp"].min()
    else:
        assert set(train.interactions["user_id"]) == set(users)


@pytest.mark.parametrize("holdout", [0, 1, 0.0, 1.0, -0.1, 2, float("nan"), "0.2", None])
def test_bad_holdout_is_refused(holdout: object) -> None:
    with pytest.raises(OptionError, match="between 0 and 1"):
        split(dataset(["a"] * 5), holdout=holdout)


def test_unknown_or_contradicting_ways_are_refused() -> None:
    with pytest.raises(OptionError, match="'random', 'user', 'time', 'user-time'"):
        split(dataset(["a"] * 5), by="item")
    with pytest.raises(OptionError, match="drop by='time'"):
        split(dataset(["a"] * 5, [1] * 5), by="time", leave_one_out=True)


@pytest.mark.parametrize("by", ["time", "user-time"])
def test_time_needs_every_timestamp(by: str) -> None:
    with pytest.raises(DataError, match=f"by='{by}' needs the column 'timestamp'"):
        split(dataset(["a"] * 5), by=by)
    with pytest.raises(DataError, match="2 interactions have no 'timestamp'"):
        split(dataset(["a"] * 5, [1, None, None, 2, 3]), by=by)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_to_hold_out_is_an_error(way: dict[str, object]) -> None:
    with pytest.raises(DataError, match="nothing can be held out"):
        split(dataset(["a", "b", "c"], [1, 1, 1]), **way)
