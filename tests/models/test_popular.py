"""The baseline to beat, by hand."""

import pandas as pd
from pandas.testing import assert_frame_equal

from tests.models.contract import Contract, assert_takes_in_what_a_fit_on_all_learns, dataset, pairs
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
