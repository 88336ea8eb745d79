"""Who is task, out of what, and what may not be task at all."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.tasks import FUTURE, PAST, by_hand, dataset, parts, task_of
from workbench.datasets import Dataset, split
from workbench.errors import DataError, OptionError
from workbench.evaluation import protocol
from workbench.evaluation.sparse_entries import present


def timed(text: str, *days: int | None) -> Dataset:
    ds = dataset(text)
    start = pd.Timestamp("2025-01-01")
    times = start + pd.to_timedelta(pd.Series(days, dtype="Int64"), unit="D")
    return replace(ds, interactions=ds.interactions.assign(timestamp=times))


def test_by_hand() -> None:
    task = by_hand()
    assert task.users.tolist() == ["a", "b", "c"]
    assert task.unknown_users == 1
    assert task.items.tolist() == [1, 2, 3, 4, 5, 6]
    assert task.popularity.tolist() == [1, 3, 1, 1, 1, 1]
    assert task.history.toarray().tolist() == [
        [5, 3, 0, 0, 0, 0],
        [0, 4, 2, 0, 0, 0],
        [0, 5, 0, 0, 0, 0],
    ]
    assert task.relevant.toarray().tolist() == [
        [0, 0, 1, 1, 0, 1],
        [1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 0],
    ]
    unseen = [[0, 0, 1, 1, 1, 1], [1, 0, 0, 1, 1, 1], [1, 0, 1, 1, 1, 1]]
    assert task.candidates(np.arange(3)).tolist() == [list(map(bool, row)) for row in unseen]


def test_a_threshold_and_graded_gains() -> None:
    graded = by_hand(relevant=3.0, gain="rating").relevant
    assert graded.toarray().tolist() == [
        [0, 0, 5, 0, 0, 4],
        [4, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 3, 0],
    ]


def test_items_that_train_does_not_know_are_there_to_be_missed() -> None:
    task = task_of(dataset("a1:1 b3:1"), dataset("a2:1"))
    assert task.items.tolist() == [1, 2, 3]
    assert task.popularity.tolist() == [1, 0, 1]


@settings(max_examples=15)
@given(seed=st.integers(0, 99), negatives=st.integers(1, 20))
def test_sampled_candidates_are_the_relevant_and_so_many_unseen_ones(
    seed: int, negatives: int
) -> None:
    train, test = parts(seed % 5)
    task = task_of(train, test, candidates="sampled", negatives=negatives, seed=seed)
    drawn = task.candidates(np.arange(len(task.users)))
    history, relevant = present(task.history), present(task.relevant)
    assert not (drawn & history).any()
    assert drawn[relevant].all()
    free = (~history & ~relevant & (task.popularity > 0)).sum(axis=1)
    assert (drawn & ~relevant).sum(axis=1).tolist() == np.minimum(free, negatives).tolist()
    again = task_of(train, test, candidates="sampled", negatives=negatives, seed=seed)
    assert (again.candidates(np.arange(len(task.users))) == drawn).all()


def test_sampled_candidates_are_drawn_evenly_and_alike_in_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def drawn(seed: int) -> np.ndarray:
        task = by_hand(candidates="sampled", negatives=1, seed=seed)
        return task.candidates(np.arange(3))

    of_b = sum(drawn(seed)[1].astype(int) for seed in range(100))
    assert of_b[0] == 100  # relevant
    assert of_b[[1, 2]].tolist() == [0, 0]  # seen
    assert of_b[3:].min() > 18
    expected = drawn(7)
    monkeypatch.setitem(protocol.BATCH_PAIRS, "cpu", 1)
    assert (drawn(7) == expected).all()


def test_a_test_pair_in_train_is_a_leak() -> None:
    with pytest.raises(
        DataError, match=r"2 pairs of data are in data too, for example user 'b' and item 2"
    ):
        task_of(dataset(PAST), dataset("a3:5 b2:4 c2:0"))


def test_an_item_rated_zero_in_both_is_a_leak() -> None:
    """SciPy's nonzero() leaves out stored zeros: a leak of non-clicks went unseen."""
    with pytest.raises(DataError, match="1 pairs"):
        task_of(dataset("a1:0 a2:1 b1:1"), dataset("a1:0 b2:1"))


def test_time_is_held_to_what_was_promised() -> None:
    train, test = timed("a1:1 b2:1 b1:1", 1, 5, 2), timed("a2:1 b3:1", 3, 6)
    task_of(train, test)
    task_of(train, test, temporal="user")
    with pytest.raises(DataError, match=r"1 interactions of data are later than the first of data"):
        task_of(train, test, temporal=True)
    late = timed("a2:1 b3:1", 3, 4)
    with pytest.raises(DataError, match=r"1 interactions .* later than their user's first of data"):
        task_of(train, late, temporal="user")


def test_the_same_moment_is_not_later() -> None:
    train, test = timed("a1:1 b2:1", 1, 3), timed("a2:1 b1:1", 3, 3)
    task_of(train, test, temporal=True)
    task_of(train, test, temporal="user")


def test_splits_keep_their_promises() -> None:
    days = list(range(8))
    ds = timed("a1:1 b2:1 b1:1 a2:1 a3:1 c1:1 c3:1 b4:1", *days)
    task_of(*split(ds, by="time", holdout=0.3), temporal=True)
    task_of(*split(ds, leave_one_out=True), temporal="user")


def test_a_promise_needs_times() -> None:
    with pytest.raises(DataError, match="a temporal split needs the column 'timestamp'"):
        task_of(dataset(PAST), dataset(FUTURE), temporal=True)
    with pytest.raises(DataError, match="1 interactions have no 'timestamp'"):
        task_of(timed("a1:1 b2:1", 1, None), timed("a2:1", 3), temporal="user")


def test_nothing_to_evaluate_is_an_error() -> None:
    train = dataset(PAST)
    with pytest.raises(DataError, match="there are no interactions to evaluate on"):
        task_of(train, replace(train, interactions=train.interactions[:0]))
    with pytest.raises(DataError, match="none of its 1 users is in data"):
        task_of(train, dataset("z1:5"))
    with pytest.raises(DataError, match=r"no 'rating' reaches relevant=9; the highest .* is 5"):
        by_hand(relevant=9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gain": "ratings"}, "gain='ratings' is not one of 'binary', 'rating'"),
        ({"candidates": "some"}, "candidates='some' is not one of 'all', 'sampled'"),
        ({"negatives": 0}, "negatives=0 must be a whole number of 1 or more"),
        ({"temporal": "time"}, "temporal='time' is not one of False, True, 'user'"),
    ],
)
def test_bad_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        by_hand(**options)


def test_a_gain_below_zero_is_refused() -> None:
    with pytest.raises(OptionError, match="gain='rating' needs ratings of 0 or more"):
        task_of(dataset(PAST), dataset("a3:-1 b1:2"), gain="rating")
