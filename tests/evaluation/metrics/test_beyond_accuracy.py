"""Metrics beyond accuracy: by hand, and by their definitions in loops."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation import reference
from tests.evaluation.tasks import GENRES, answered, at_random, by_hand, dataset, parts, task_of
from workbench.errors import DataError
from workbench.evaluation.metrics import beyond_accuracy
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.statistics.bootstrap import UserSums

LISTS = [3, 5, 4], [4, 1], [1, 3, 4]


@pytest.fixture
def predictions() -> Predictions:
    return answered(by_hand(), *LISTS)


def each(sums: UserSums) -> list[float]:
    return sums.finish(sums.numerator, sums.denominator).tolist()


def test_coverage(predictions: Predictions) -> None:
    assert beyond_accuracy.coverage(predictions, 3).value() == 4 / 6
    assert beyond_accuracy.coverage(predictions, 1).value() == 3 / 6


def test_gini(predictions: Predictions) -> None:
    """Items 1 to 6 are listed 2, 0, 2, 3, 1, 0 times; (2j - n - 1) x sums to 22."""
    assert beyond_accuracy.gini(predictions, 3).value() == pytest.approx(22 / 48)


def test_gini_is_0_if_all_are_listed_alike_and_near_1_if_one_is() -> None:
    assert beyond_accuracy.gini(answered(by_hand(), [1, 4], [2, 5], [3, 6]), 2).value() == 0
    assert beyond_accuracy.gini(answered(by_hand(), [6], [6], [6]), 1).value() == pytest.approx(
        5 / 6
    )


def test_novelty() -> None:
    """Item 2 has three users of four, all others one."""
    predictions = answered(by_hand(), [3, 2], [2], [])
    assert each(beyond_accuracy.novelty(predictions, 2))[:2] == pytest.approx(
        [1 - np.log2(0.75) / 2, -np.log2(0.75)]
    )
    assert beyond_accuracy.novelty(predictions, 2).users == 2


def test_popularity_bias(predictions: Predictions) -> None:
    """Lists hold items of one user; the histories of a, b and c average 2, 2 and 3 users."""
    assert each(beyond_accuracy.popularity_bias(predictions, 3)) == pytest.approx(
        [1 / 2, 1 / 2, 1 / 3]
    )
    assert beyond_accuracy.popularity_bias(predictions, 3).value() == pytest.approx(3 / 7)


def test_diversity(predictions: Predictions) -> None:
    """Only items 3 and 4 share a genre, one of two; item 5, of none, is unlike all."""
    assert each(beyond_accuracy.diversity(predictions, 3)) == pytest.approx(
        [1 - 0.5 / 3, 1, 1 - 0.5 / 3]
    )
    assert beyond_accuracy.diversity(predictions, 1).users == 0
    assert np.isnan(beyond_accuracy.diversity(predictions, 1).value())


def test_serendipity() -> None:
    """Popular and new: to a 3, 4, 5, to b 1, 4, 5, to c 1, 3, 4. So 6 surprises a, and 5 c."""
    predictions = answered(by_hand(), [6, 3, 5], [6, 1, 4], [5, 6, 1])
    assert each(beyond_accuracy.serendipity(predictions, 3)) == pytest.approx([1 / 3, 0, 1 / 3])


def test_calibration(predictions: Predictions) -> None:
    """a's history is 3/4 X and 1/4 Y, the list 3/4 Y and 1/4 Z."""
    a = 0.75 * log(0.75 / 0.0075) + 0.25 * log(0.25 / (0.99 * 0.75 + 0.01 * 0.25))
    assert each(beyond_accuracy.calibration(predictions, 3))[0] == pytest.approx(a)


def test_a_list_like_the_history_is_calibrated() -> None:
    """b chose X, Y and twice half of Y: 1/4 X and 3/4 Y; so does this list."""
    predictions = answered(by_hand(), [5], [2, 3], [2])
    assert each(beyond_accuracy.calibration(predictions, 2))[1:] == pytest.approx([0, 0])
    assert beyond_accuracy.calibration(predictions, 2).users == 2  # item 5 has no genres


def test_genres_are_needed_and_counted_once() -> None:
    task = task_of(dataset("a1:1 b2:1"), dataset("a2:1"))
    for metric in (beyond_accuracy.diversity, beyond_accuracy.calibration):
        with pytest.raises(DataError, match="items have no column 'genres'"):
            metric(answered(task, [2]), 1)
    genres = {**GENRES, 1: ["X", "X"], 2: "X"}
    twice = task_of(dataset("a1:1 b2:1 b1:1", genres=genres), dataset("a2:1"))
    assert twice.genres.toarray()[:2].tolist() == [[1.0], [1.0]]


@settings(max_examples=25)
@given(seed=st.integers(0, 99), k=st.integers(1, 8))
def test_equal_their_definitions_in_loops(seed: int, k: int) -> None:
    train, test = parts(seed % 5)
    predictions = at_random(task_of(train, test, relevant=3.0), 8, seed)
    task = predictions.task
    lists, histories = reference.lists_of(predictions, k), reference.histories_of(predictions)
    relevant = reference.relevant_of(predictions)
    popularity = task.popularity.tolist()
    labels = train.items.set_index("item_id")["genres"].reindex(task.items).map(set).tolist()

    def check(metric, expected: list[float]) -> None:
        np.testing.assert_allclose(each(metric(predictions, k)), expected, atol=1e-9)

    nan = float("nan")
    rows = list(zip(lists, relevant, histories, strict=True))
    users = len(train.user_ids)
    known = [max(count, 1) for count in popularity]  # as if one user had what nobody has
    check(
        beyond_accuracy.novelty,
        [reference.novelty(items, known, users) if items else nan for items in lists],
    )
    check(
        beyond_accuracy.diversity,
        [reference.diversity(items, labels) if len(items) > 1 else nan for items in lists],
    )
    check(
        beyond_accuracy.serendipity,
        [
            reference.serendipity(items, hits, past, popularity, k) if hits else nan
            for items, hits, past in rows
        ],
    )
    check(
        beyond_accuracy.calibration,
        [
            reference.calibration(items, past, labels)
            if any(labels[item] for item in items) and any(labels[item] for item in past)
            else nan
            for items, _, past in rows
        ],
    )
    exposure = [sum(item in items for items in lists) for item in range(len(popularity))]
    of_train = [count for count, has in zip(exposure, popularity, strict=True) if has]
    assert beyond_accuracy.coverage(predictions, k).value() == pytest.approx(
        np.mean(np.array(of_train) > 0)
    )
    if sum(of_train):
        assert beyond_accuracy.gini(predictions, k).value() == pytest.approx(
            reference.gini(of_train)
        )
    chosen = [np.mean([popularity[item] for item in past]) for past in histories]
    listed = [np.mean([popularity[item] for item in items]) if items else nan for items in lists]
    check(beyond_accuracy.popularity_bias, np.divide(listed, chosen).tolist())


def test_batches_do_not_change_diversity(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions = at_random(task_of(*parts(2)), 6, 1)
    expected = each(beyond_accuracy.diversity(predictions, 6))
    monkeypatch.setattr(beyond_accuracy, "BATCH_BYTES", 1)
    np.testing.assert_array_equal(each(beyond_accuracy.diversity(predictions, 6)), expected)
