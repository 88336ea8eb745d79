"""Neighbours brought up to date: to the bit what a new search gives."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compute.reference import (
    CENTRED,
    CLOSE,
    WITHOUT_SHRINK,
    assert_same,
    assert_well_formed,
)
from workbench.compute import Neighbours, incremental_update, similar
from workbench.compute.metrics import METRICS
from workbench.compute.options import WEIGHTINGS
from workbench.datasets import Dataset, extended, synthetic
from workbench.errors import OptionError

ITEMS = pd.DataFrame({"item_id": range(9), "title": "T"})
CPU = {"device": "cpu", "progress": False}


def frame(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user_id", "item_id", "rating"])


def assert_as_new(near: Neighbours, new: pd.DataFrame, *, exact: bool = True, **options) -> None:
    """Compare an update with a new search."""
    data = near.search.data
    found, expected = near.update(new), similar(extended(data, new), **CPU, **options)
    pd.testing.assert_index_equal(found.ids, expected.ids)
    pd.testing.assert_index_equal(found.pool, expected.pool)
    assert found.data_hash == expected.data_hash
    assert (found.of, found.metric, found.device) == (near.of, near.metric, near.device)
    if exact:
        assert_same((found.indices, found.scores), (expected.indices, expected.scores))
    else:
        assert_well_formed(found.indices, found.scores)
        np.testing.assert_allclose(found.scores, expected.scores, **CLOSE)


def test_by_hand() -> None:
    """Item 2 becomes the nearest of 1; 3 and 4 share no user with what is new."""
    old = [(1, 1, 1.0), (1, 2, 2.0), (2, 1, 2.0), (2, 5, 1.0), (3, 3, 1.0), (3, 4, 1.0)]
    near = similar(Dataset(frame(old), ITEMS), k=1, **CPU)
    assert near.frame()["neighbour_id"].tolist() == [5, 1, 4, 3, 1]
    found = near.update(frame([(2, 2, 4.0)]))
    # cos(1, 2) = 10 / (sqrt(5) sqrt(20)) = 1; cos(2, 5) = 4 / sqrt(20) = cos(1, 5): the lower id
    assert found.frame()["neighbour_id"].tolist() == [2, 1, 4, 3, 1]
    np.testing.assert_allclose(found.scores[:, 0], [1, 1, 1, 1, 4 / 20**0.5])
    assert found.update(frame([(2, 2, 4.0)])).frame().equals(found.frame())


LARGE = synthetic(300, 200, 3000, seed=5)
FEW = st.lists(
    st.tuples(st.integers(1, 320), st.integers(1, 220), st.integers(1, 10).map(lambda n: n / 2)),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=settings.default.max_examples // 16)
@given(new=FEW, k=st.sampled_from([1, 3, 10, 400]), signed=st.booleans(), overlap=st.integers(1, 3))
def test_a_few_ratings(of: str, metric: str, new: list, k: int, signed: bool, overlap: int) -> None:
    shrink = 0.0 if metric in WITHOUT_SHRINK else 2.5
    options = {"of": of, "metric": metric, "k": k, "signed": signed, "min_overlap": overlap}
    options |= {"shrink": shrink}
    near = similar(LARGE, **CPU, **options)
    assert_as_new(near, frame(new), exact=metric not in CENTRED, **options)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@settings(max_examples=settings.default.max_examples // 6)
@given(new=FEW)
def test_weighted(weighting: str, new: list) -> None:
    options = {"weighting": weighting, "k": 5}
    near = similar(LARGE, **CPU, **options)
    assert_as_new(near, frame(new), exact=weighting == "none", **options)


ROWS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 30), st.integers(0, 10).map(lambda n: n / 2))
)


@given(
    old=ROWS, new=ROWS, metric=st.sampled_from([m for m in METRICS if m not in CENTRED]),
    of=st.sampled_from(["items", "users"]), k=st.integers(1, 4), most=st.sampled_from([0.15, 2.0]),
)  # fmt: skip
def test_tables_of_any_shape(
    old: list, new: list, metric: str, of: str, k: int, most: float
) -> None:
    """Also where most rows change and none of them is worth a full search."""
    data = extended(Dataset(frame([(90, 90, 1.0), (91, 91, 1.5)]), ITEMS), frame(old))
    near = similar(data, of=of, metric=metric, k=k, **CPU)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incremental_update, "MOST", most)
        assert_as_new(near, frame(new), of=of, metric=metric, k=k)


def test_one_after_another() -> None:
    near, data = similar(LARGE, k=5, **CPU), LARGE
    rng = np.random.default_rng(0)
    for _ in range(10):
        new = frame([(rng.integers(1, 320), rng.integers(1, 220), rng.integers(1, 11) / 2)])
        near, data = near.update(new), extended(data, new)
    expected = similar(data, k=5, **CPU)
    assert_same((near.indices, near.scores), (expected.indices, expected.scores))
    assert near.search.data.hash == data.hash


def test_only_rows_that_are_touched_are_searched_anew() -> None:
    near = similar(LARGE, k=5, **CPU)
    assert near.computed == len(near.ids)
    known = LARGE.interactions.iloc[0]
    same = near.update(frame([tuple(known[["user_id", "item_id", "rating"]])]))
    assert same.computed == 0
    rated = near.update(frame([(known["user_id"], known["item_id"], known["rating"] - 0.5)]))
    assert 1 <= rated.computed < 20


def test_a_list_that_lost_a_neighbour_finds_the_next() -> None:
    """Item 2 was the only neighbour kept of 1; what was left out, item 3, is now before it."""
    old = [(u, i, 5.0) for u in (1, 2) for i in (1, 2)] + [(1, 3, 4.0), (2, 3, 3.0)]
    old += [(u, i, 1.0) for u in range(3, 90) for i in (10 + u, 110 + u)]
    near = similar(Dataset(frame(old), ITEMS), k=1, **CPU)
    assert near.frame().set_index("item_id")["neighbour_id"][1] == 2
    found = near.update(frame([(9, 2, 5.0)]))
    assert found.frame().set_index("item_id")["neighbour_id"][1] == 3
    assert found.computed == 2
    assert_as_new(near, frame([(9, 2, 5.0)]), k=1)


def test_of_some_rows() -> None:
    near = similar(LARGE, ids=[7, 3], k=4, **CPU)
    found = near.update(frame([(1, 3, 0.5), (2, 3, 5.0)]))
    expected = similar(found.search.data, ids=[7, 3], k=4, **CPU)
    assert found.ids.tolist() == [7, 3]
    assert_same((found.indices, found.scores), (expected.indices, expected.scores))


def test_neighbours_that_were_stored_take_in_new_items() -> None:
    """All rows were asked for, and are still; a new row is one of them."""
    near = pickle.loads(pickle.dumps(similar(LARGE, k=4, **CPU)))
    assert_as_new(near, frame([(1, 990, 4.0), (2, 990, 3.0)]), k=4)


def test_ratings_of_another_scale() -> None:
    """Tenths among half stars: all is held in tenths then."""
    near = similar(LARGE, k=5, **CPU)
    assert_as_new(near, frame([(1, 2, 3.3)]), k=5)
    assert near.update(frame([(1, 2, 3.3)])).computed == len(near.ids)


def test_decimals_to_the_bit() -> None:
    """1.1 * 10 is 11.000000000000002, which is no whole number."""
    table = LARGE.interactions.assign(rating=lambda table: (table["rating"] * 2 + 1) / 10)
    data = Dataset(table, LARGE.items)
    near = similar(data, k=5, **CPU)
    assert_as_new(near, frame([(1, 2, 0.3), (4, 5, 1.0)]), k=5)


def test_neighbours_of_vectors_have_no_interactions() -> None:
    with pytest.raises(OptionError, match=r"updated; call similar\(\) again"):
        similar(np.eye(3), **CPU).update(frame([(1, 1, 1.0)]))
