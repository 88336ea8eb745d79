"""Breakdowns: for whom, and for which items, a model is good."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from workbench.columns import Columns
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.protocol import Task
from workbench.evaluation.sparse_entries import filtered
from workbench.evaluation.statistics.bootstrap import Stack, UserSums, batch_sizes
from workbench.validation import one_of

ACTIVITY = "activity"
LEVELS = ("light", "medium", "heavy")
DECILES = 10
UNKNOWN = "unknown"
GAP = ("metric", "gap", "highest", "lowest", "p")


def user_groups(task: Task, by: str) -> tuple[np.ndarray, pd.Index]:
    """Group of every user.

    Parameters
    ----------
    by : str
        "activity": thirds of the users by the length of their history, "light" to "heavy"; users
        of equal length stay together. Else a column of the users table, where a user without a
        value is "unknown".

    Returns
    -------
    codes : int array of shape (u,)
    names : Index of shape (groups,)
    """
    table = task.train.users
    attributes = None if table is None else table.set_index(Columns.USER)
    columns = [] if attributes is None else list(attributes)
    if one_of("by", by, [ACTIVITY, *columns]) == ACTIVITY or attributes is None:
        thirds = quantiles(np.diff(task.history.indptr), len(LEVELS))
        labels = pd.Series(pd.Categorical.from_codes(thirds, LEVELS, ordered=True))
    else:
        labels = attributes[by].reindex(task.users)
        if labels.isna().any():
            labels = labels.astype(object).where(labels.notna(), UNKNOWN)
    codes, names = pd.factorize(labels, sort=True)
    return codes, pd.Index(names)


def quantiles(values: np.ndarray, parts: int) -> np.ndarray:
    """Which of so many equal parts a value is in, from 0; equal values share one."""
    return (parts * (rankdata(values) - 0.5) / len(values)).astype(np.int64)


def by_popularity(predictions: Predictions) -> dict[int, Predictions]:
    """Take a tenth of the relevant items at a time, 1 the least popular in train, to be hits.

    Items of the other tenths are no hits then; equally popular items share a tenth, so that some
    may be empty and are left out.
    """
    relevant = predictions.task.relevant
    items = np.unique(relevant.indices)
    decile = np.zeros(len(predictions.task.items), dtype=np.int64)
    decile[items] = 1 + quantiles(predictions.task.popularity[items], DECILES)
    entries = decile[relevant.indices]
    return {
        int(number): replace(
            predictions,
            task=replace(predictions.task, relevant=filtered(relevant, entries == number)),
        )
        for number in np.unique(entries)
    }


def gaps(
    user_sums: Mapping[str, UserSums],
    codes: np.ndarray,
    names: pd.Index,
    *,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Largest difference between groups of users, and whether chance would give as much."""
    stack = Stack(user_sums)
    if not stack.user_sums:
        return pd.DataFrame(columns=GAP)
    own = stack.values(_indicators(codes[None], len(names)) @ stack.columns)
    chance = _gaps_by_chance(stack, codes, len(names), permutations, seed)
    rows = []
    for metric, values in own.items():
        if np.isnan(values).all():
            continue
        highest, lowest = np.nanargmax(values), np.nanargmin(values)
        gap = values[highest] - values[lowest]
        # Sums in another order differ in the last digit.
        reached = (chance[metric] >= gap - 1e-12 * np.nanmax(np.abs(values))).sum()
        p = (1 + reached) / (1 + permutations)
        rows.append((metric, gap, names[highest], names[lowest], p))
    return pd.DataFrame(rows, columns=GAP)


def _gaps_by_chance(
    stack: Stack, codes: np.ndarray, groups: int, permutations: int, seed: int
) -> dict[str, np.ndarray]:
    """Gaps once users have changed groups at random; arrays of shape (permutations,)."""
    rng = np.random.default_rng(seed)
    sums = []
    for size in batch_sizes(permutations, 8 * groups * len(codes)):
        shuffled = rng.permuted(np.tile(codes, (size, 1)), axis=1)
        sums.append(_indicators(shuffled, groups) @ stack.columns)
    return {
        metric: _range(values.reshape(permutations, groups))
        for metric, values in stack.values(np.concatenate(sums)).items()
    }


def _range(values: np.ndarray) -> np.ndarray:
    """Highest less lowest of every row; a group in which nobody has a part is neither."""
    highest = np.where(np.isnan(values), -np.inf, values).max(axis=1)
    return highest - np.where(np.isnan(values), np.inf, values).min(axis=1)


def _indicators(codes: np.ndarray, groups: int) -> np.ndarray:
    """Ones for the members of each group; (n, u) codes give shape (n * groups, u)."""
    members = codes[:, None, :] == np.arange(groups)[None, :, None]
    return members.reshape(-1, codes.shape[1]).astype(np.float64)
