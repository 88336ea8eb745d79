"""Ranking metrics: by hand, by scikit-learn, and by their definitions in loops."""

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

from tests.evaluation import reference
from tests.evaluation.tasks import answered, at_random, by_hand, dataset, parts, task_of
from workbench.evaluation.metrics import ranking
from workbench.evaluation.metrics.registry import METRICS
from workbench.evaluation.predictions import Predictions, user_auc
from workbench.evaluation.sparse_entries import present

LOG3 = log2(3)

# Hits: a the first and third of three, b the second of two (the list ends), c none.
LISTS = [3, 5, 4], [4, 1], [1, 3, 4]


def values(metric: str, k: int, **options) -> list[float]:
    sums = METRICS[metric].sums(answered(by_hand(**options), *LISTS), k)
    return sums.finish(sums.numerator, sums.denominator).tolist()


@pytest.mark.parametrize(
    ("metric", "k", "expected"),
    [
        ("precision", 3, [2 / 3, 1 / 3, 0]),
        ("precision", 1, [1, 0, 0]),
        ("recall", 3, [2 / 3, 1, 0]),
        ("recall", 1, [1 / 3, 0, 0]),
        ("capped_recall", 3, [2 / 3, 1, 0]),
        ("capped_recall", 2, [1 / 2, 1, 0]),
        ("hit_rate", 3, [1, 1, 0]),
        ("hit_rate", 1, [1, 0, 0]),
        ("ndcg", 3, [1.5 / (1.5 + 1 / LOG3), 1 / LOG3, 0]),
        ("ndcg", 2, [1 / (1 + 1 / LOG3), 1 / LOG3, 0]),
        ("mrr", 3, [1, 1 / 2, 0]),
        ("map", 3, [(1 + 2 / 3) / 3, 1 / 2, 0]),
        ("map", 1, [1, 0, 0]),
    ],
)
def test_by_hand(metric: str, k: int, expected: list[float]) -> None:
    assert values(metric, k) == pytest.approx(expected)


def test_graded_gain_by_hand() -> None:
    """a's hits are worth 5 and 2; the best list has 5, 4, 2."""
    a = (5 + 2 / 2) / (5 + 4 / LOG3 + 2 / 2)
    assert values("ndcg", 3, gain="rating") == pytest.approx([a, 1 / LOG3, 0])
    assert values("precision", 3, gain="rating") == values("precision", 3)


def test_a_hit_worth_nothing_is_a_hit() -> None:
    """A test rating of 0 is an entry all the same."""
    task = task_of(dataset("a1:5 b2:3 b3:1"), dataset("a2:0 b1:4"), gain="rating")
    predictions = answered(task, [2], [1])
    assert ranking.precision(predictions, 1).value() == 1
    assert ranking.ndcg(predictions, 1).users == 1


def test_only_ratings_from_the_threshold_on_are_relevant() -> None:
    """From 4 on: a has 3 and 6, b has 1, and c nothing, so that c has no part."""
    found = values("recall", 3, relevant=4.0)
    assert found[:2] == [1 / 2, 1]
    assert np.isnan(found[2])
    assert ranking.recall(answered(by_hand(relevant=4.0), *LISTS), 3).value() == 0.75


@pytest.mark.parametrize("metric", reference.OF_RELEVANT)
@settings(max_examples=15)
@given(seed=st.integers(0, 99), k=st.integers(1, 8), gain=st.sampled_from(["binary", "rating"]))
def test_equal_their_definitions_in_loops(metric: str, seed: int, k: int, gain: str) -> None:
    predictions = at_random(task_of(*parts(seed % 5), relevant=3.0, gain=gain), 8, seed)
    sums = METRICS[metric].sums(predictions, k)
    every = zip(reference.lists_of(predictions, k), reference.relevant_of(predictions), strict=True)
    expected = [
        reference.OF_RELEVANT[metric](items, relevant, k) if relevant else np.nan
        for items, relevant in every
    ]
    np.testing.assert_allclose(sums.finish(sums.numerator, sums.denominator), expected, atol=1e-9)
    assert sums.value() == pytest.approx(np.nanmean(expected))
    assert sums.users == np.isfinite(expected).sum()
    assert 0 <= sums.value() <= 1


def full_lists(task) -> tuple[Predictions, np.ndarray]:
    """All items of a task in a random order, and scores that order them so."""
    rng = np.random.default_rng(3)
    lists = rng.permuted(np.tile(np.arange(len(task.items)), (len(task.users), 1)), axis=1)
    scores = np.empty(lists.shape)
    np.put_along_axis(scores, lists, -np.arange(lists.shape[1], dtype=float)[None], axis=1)
    nothing = np.full(len(lists), np.nan)
    return Predictions(task, lists, nothing, nothing), scores


@pytest.mark.parametrize("gain", ["binary", "rating"])
@pytest.mark.parametrize("k", [1, 5, 15])
def test_ndcg_is_that_of_scikit_learn(gain: str, k: int) -> None:
    task = task_of(*parts(1), gain=gain)
    predictions, scores = full_lists(task)
    expected = ndcg_score(task.relevant.toarray(), scores, k=k)
    assert ranking.ndcg(predictions, k).value() == pytest.approx(expected, abs=1e-9)


def test_map_to_the_end_is_average_precision_of_scikit_learn() -> None:
    task = task_of(*parts(1))
    predictions, scores = full_lists(task)
    each = [
        average_precision_score(truth, score)
        for truth, score in zip(present(task.relevant), scores, strict=True)
    ]
    found = ranking.average_precision(predictions, len(task.items)).value()
    assert found == pytest.approx(np.mean(each), abs=1e-9)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_auc_is_that_of_scikit_learn_and_of_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 5, (6, 12)).astype(float)
    scores[rng.random(scores.shape) < 0.2] = np.nan
    candidates = rng.random(scores.shape) < 0.7
    relevant = candidates & (rng.random(scores.shape) < 0.3)
    found = user_auc(scores, candidates, relevant)
    for row in range(6):
        mine, hits = np.flatnonzero(candidates[row]), set(np.flatnonzero(relevant[row]))
        plain = [None if np.isnan(score) else score for score in scores[row]]
        expected = reference.auc(plain, mine, hits)
        if expected is None:
            assert np.isnan(found[row])
            continue
        assert found[row] == pytest.approx(expected)
        low = np.nan_to_num(scores[row, mine], nan=-1.0)
        assert found[row] == pytest.approx(roc_auc_score(relevant[row, mine], low))
