"""What is task of a model: only what metrics read, and the same whatever the batches."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation import reference
from tests.evaluation.tasks import Told, by_hand, parts, task_of, told_at_random
from workbench.evaluation import protocol
from workbench.evaluation.predictions import LISTS, RATINGS, SCORES, collect_predictions
from workbench.evaluation.sparse_entries import present
from workbench.models import ItemKNN, Recommender

TABLE = pd.DataFrame(
    {1: [9, 1, np.nan], 2: [9, 9, 9], 3: [3, 9, 2], 4: [2, 3, 2], 5: [4, 2, 1], 6: [np.nan, 4, 5]},
    index=list("abc"),
)


@pytest.fixture
def model() -> Recommender:
    task = by_hand()
    return Told(TABLE).fit(task.train)


def ids(lists: np.ndarray) -> list[list[int]]:
    return [[item + 1 for item in row if item >= 0] for row in lists.tolist()]


def test_lists_are_the_models_without_what_was_seen(model: Recommender) -> None:
    found = collect_predictions(model, by_hand(), depth=4, reads={LISTS})
    assert ids(found.lists) == [[5, 3, 4], [6, 4, 5, 1], [6, 3, 4, 5]]
    assert found.seconds_a_user > 0
    assert np.isnan(found.auc).all()
    assert np.isnan(found.predicted).all()


def test_auc_by_hand(model: Recommender) -> None:
    """To a, 3 and 4 lose to 5 only, and 6, without a score, to 5; c's 5 beats 1 (no score)."""
    found = collect_predictions(model, by_hand(), depth=1, reads={SCORES})
    assert found.auc.tolist() == pytest.approx([0, 0, 1 / 4])
    assert np.isnan(found.seconds_a_user)


def test_predictions_are_those_of_the_test_pairs(model: Recommender) -> None:
    found = collect_predictions(model, by_hand(), depth=1, reads={RATINGS}).predicted
    np.testing.assert_array_equal(found, [3, 2, np.nan, 1, 1])


def test_an_item_that_train_does_not_know_is_missed_not_an_error() -> None:
    train, test = parts(3)
    some = train.interactions["item_id"] != train.item_ids[0]
    known = type(train)(train.interactions[some].reset_index(drop=True), train.items)
    model = ItemKNN(device="cpu").fit(known)
    found = collect_predictions(
        model, task_of(known, test), depth=5, reads={LISTS, SCORES, RATINGS}
    )
    assert found.lists.shape == (len(found.task.users), 5)
    assert np.isnan(found.predicted[found.task.test_ratings.indices == 0]).all()
    assert np.isfinite(found.predicted).any()


@settings(max_examples=15)
@given(seed=st.integers(0, 99), sampled=st.booleans())
def test_lists_and_auc_of_candidates_equal_their_definitions(seed: int, sampled: bool) -> None:
    train, test = parts(seed % 5)
    task = task_of(train, test, candidates="sampled" if sampled else "all", negatives=4, seed=seed)
    model = told_at_random(train, seed).fit(train)
    found = collect_predictions(model, task, depth=3, reads={LISTS, SCORES})
    candidates, relevant = task.candidates(np.arange(len(task.users))), present(task.relevant)
    places = train.item_ids.get_indexer(task.items)
    for row, user in enumerate(train.user_ids.get_indexer(task.users)):
        scores = [
            None if place < 0 or np.isnan(model.told[user, place]) else model.told[user, place]
            for place in places
        ]
        mine = np.flatnonzero(candidates[row]).tolist()
        scored = [item for item in mine if scores[item] is not None]
        best = sorted(scored, key=lambda item: (-scores[item], item))[:3]
        assert [item for item in found.lists[row].tolist() if item >= 0] == best
        expected = reference.auc(scores, mine, set(np.flatnonzero(relevant[row]).tolist()))
        assert found.auc[row] == pytest.approx(
            np.nan if expected is None else expected, nan_ok=True
        )


def test_batches_do_not_change_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = parts(1)
    task = task_of(train, test, candidates="sampled", negatives=5)
    model = told_at_random(train, 1).fit(train)
    expected = collect_predictions(model, task, depth=4, reads={LISTS, SCORES})
    monkeypatch.setitem(protocol.BATCH_PAIRS, "cpu", 40)
    found = collect_predictions(model, task, depth=4, reads={LISTS, SCORES})
    np.testing.assert_array_equal(found.lists, expected.lists)
    np.testing.assert_array_equal(found.auc, expected.auc)
