"""For whom, and for which items."""

import numpy as np
import pandas as pd
import pytest

from tests.evaluation.tasks import answered, by_hand, parts, task_of
from workbench.errors import OptionError
from workbench.evaluation.statistics import bootstrap
from workbench.evaluation.statistics.bootstrap import mean
from workbench.evaluation.statistics.groups import by_popularity, gaps, quantiles, user_groups


def test_quantiles_keep_equal_values_together() -> None:
    assert quantiles(np.array([5, 1, 3]), 3).tolist() == [2, 0, 1]
    assert quantiles(np.array([1, 1, 1, 9]), 2).tolist() == [0, 0, 0, 1]
    assert quantiles(np.array([4, 4, 4]), 3).tolist() == [1, 1, 1]
    assert np.bincount(quantiles(np.arange(100), 10)).tolist() == [10] * 10


def test_activity_is_the_length_of_the_history() -> None:
    """a and b have two interactions in train, c has one."""
    codes, names = user_groups(by_hand(), "activity")
    assert names[codes].tolist() == ["heavy", "heavy", "light"]


def test_levels_go_from_light_to_heavy() -> None:
    assert user_groups(task_of(*parts(0)), "activity")[1].tolist() == ["light", "medium", "heavy"]


def test_attributes_come_from_the_users_table() -> None:
    task = task_of(*parts(0))
    codes, names = user_groups(task, "city")
    assert set(names) == {"Ulm", "Jena", "Bonn", "unknown"}
    cities = task.train.users.set_index("user_id")["city"].reindex(task.users)
    assert names[codes].tolist() == cities.fillna("unknown").tolist()
    with pytest.raises(OptionError, match="by='cty' is not one of 'activity', 'city'; did"):
        user_groups(task, "cty")
    with pytest.raises(OptionError, match="by='city' is not one of 'activity'"):
        user_groups(by_hand(), "city")


def test_relevant_items_by_popularity_in_train() -> None:
    """Items 1, 3, 4, 5 and 6 are relevant and all have one user: they share the middle tenth."""
    alone = by_popularity(answered(by_hand(), [3], [1], [5]))
    assert list(alone) == [6]
    assert alone[6].task.relevant.toarray().tolist() == by_hand().relevant.toarray().tolist()


def test_every_relevant_item_is_in_one_tenth() -> None:
    task = task_of(*parts(2))
    nothing = np.full((len(task.users), 3), -1)
    split = by_popularity(answered(task, *nothing.tolist()))
    total = sum(part.task.relevant for part in split.values())
    assert (total != task.relevant).nnz == 0
    means = [
        task.popularity[np.unique(part.task.relevant.indices)].mean() for part in split.values()
    ]
    assert means == sorted(means)


def test_the_gap_is_between_the_highest_and_the_lowest_group() -> None:
    values = np.array([1, 1, 0.5, 0.5, 0, 0.5])
    codes, names = np.array([0, 0, 1, 1, 2, 2]), pd.Index(["x", "y", "z"])
    row = gaps({"m": mean(values)}, codes, names, permutations=99, seed=0).iloc[0]
    assert row[["metric", "gap", "highest", "lowest"]].tolist() == ["m", 0.75, "x", "z"]


def test_p_of_the_gap_is_the_share_of_groupings_with_as_large_a_one() -> None:
    """Of the 20 ways to halve six users, two part the ones from the zeros."""
    user_sums = {"m": mean(np.array([1.0, 1, 1, 0, 0, 0]))}
    codes, names = np.array([0, 0, 0, 1, 1, 1]), pd.Index(["x", "y"])
    found = gaps(user_sums, codes, names, permutations=20_000, seed=0)
    assert found["p"][0] == pytest.approx(2 / 20, abs=0.01)
    alike = {"m": mean(np.full(6, 0.1))}
    assert gaps(alike, codes, names, permutations=99, seed=0)["p"][0] == 1


def test_a_group_without_a_value_is_neither() -> None:
    sums = mean(np.array([1.0, 0.5, np.nan]), np.array([True, True, False]))
    codes, names = np.array([0, 1, 2]), pd.Index(["x", "y", "z"])
    row = gaps({"m": sums}, codes, names, permutations=99, seed=0).iloc[0]
    assert (row["gap"], row["highest"], row["lowest"]) == (0.5, "x", "y")
    nobody = {"m": mean(np.full(3, np.nan), np.zeros(3, dtype=bool))}
    assert gaps(nobody, codes, names, permutations=9, seed=0).empty


def test_batches_do_not_change_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    user_sums = {"m": mean(np.random.default_rng(0).random(12))}
    codes, names = np.arange(12) % 3, pd.Index(["x", "y", "z"])
    expected = gaps(user_sums, codes, names, permutations=99, seed=0)
    monkeypatch.setattr(bootstrap, "BATCH_BYTES", 1)
    assert gaps(user_sums, codes, names, permutations=99, seed=0).equals(expected)
