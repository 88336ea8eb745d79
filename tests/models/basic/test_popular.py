"""The baseline to beat, by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from tests.models.contract import Contract, assert_takes_in_what_a_fit_on_all_learns, dataset, pairs
from workbench.datasets import load
from workbench.errors import DataError, OptionError
from workbench.models import Popular, Recommender


class TestPopular(Contract):
    def make(self) -> Recommender:
        return Popular()


DS = dataset(("a", 1, 5), ("a", 2, 1), ("b", 2, 1), ("b", 3, 5), ("c", 2, 1), ("c", 1, 2))


def test_by_hand() -> None:
    recs = Popular().fit(DS).recommend(n=2, seen="keep")
    expected = pd.DataFrame(
        {
            "user_id": list("aabbcc"),
            "item_id": [2, 1] * 3,
            "score": [3.0, 2.0] * 3,
            "rank": [1, 2] * 3,
            "because": [[(2, 3.0)], [(1, 2.0)]] * 3,
        }
    )
    assert_frame_equal(recs, expected)


def test_what_was_seen_is_skipped() -> None:
    assert Popular().fit(DS).recommend()["item_id"].tolist() == [3, 1, 3]


def test_somebody_of_whom_nothing_is_known_gets_the_most_chosen() -> None:
    recs = Popular().fit(DS).recommend_for([])
    assert recs["item_id"].tolist() == [2, 1, 3]
    assert pairs(recs["because"]) == [[(2, 3.0)], [(1, 2.0)], [(3, 1.0)]]


def test_new_interactions_are_counted() -> None:
    assert_takes_in_what_a_fit_on_all_learns(Popular())


def test_what_is_chosen_of_late_counts_more_by_hand() -> None:
    """Of 10 days to the half, ages are 0 and 10; 40, an unknown one and 20; an unknown one."""
    days = pd.to_datetime(["2024-03-01", "2024-02-20", "2024-01-21", None, "2024-02-10", None])
    table = DS.interactions.sort_values(["item_id", "user_id"], ignore_index=True)
    assert table["item_id"].tolist() == [1, 1, 2, 2, 2, 3]
    ds = replace(DS, interactions=table.assign(timestamp=days))
    recs = Popular(half_life=10).fit(ds).recommend(["a"], seen="keep")
    assert recs["item_id"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(recs["score"], [1.5, 1 / 16 + 1 / 16 + 1 / 4, 1 / 16])
    assert pairs(recs["because"]) == [[(1, 2.0)], [(2, 3.0)], [(3, 1.0)]]


def test_a_half_life_without_end_counts_all_alike() -> None:
    ds = load("shop")
    late, ever = (Popular(half_life=h).fit(ds).recommend(n=5) for h in (1e9, None))
    assert_frame_equal(late, ever, rtol=1e-5)


def test_a_half_life_needs_timestamps_and_is_positive() -> None:
    undated = DS.interactions.drop(columns="timestamp")
    with pytest.raises(DataError, match="half_life=7 needs timestamps"):
        Popular(half_life=7).fit(replace(DS, interactions=undated))
    with pytest.raises(OptionError, match="half_life=0 must be a finite number above 0"):
        Popular(half_life=0)
