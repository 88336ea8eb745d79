"""Breakdowns: for whom, and for which items, a model is good."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from workbench.columns import Columns
from workbench.evaluation.answers import Answers
from workbench.evaluation.entries import filtered
from workbench.evaluation.intervals import Tally
from workbench.evaluation.protocol import Task
from workbench.options import one_of

ACTIVITY = "activity"
LEVELS = ("light", "medium", "heavy")
DECILES = 10
UNKNOWN = "unknown"
BATCH_BYTES = 64 * 2**20


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


def by_popularity(answers: Answers) -> dict[int, Answers]:
    """Take a tenth of the relevant items at a time, 1 the least popular in train, to be hits.

    Items of the other tenths are no hits then; equally popular items share a tenth, so that some
    may be empty and are left out.
    """
    relevant = answers.task.relevant
    items = np.unique(relevant.indices)
    decile = np.zeros(len(answers.task.items), dtype=np.int64)
    decile[items] = 1 + quantiles(answers.task.popularity[items], DECILES)
    entries = decile[relevant.indices]
    return {
        int(number): replace(
            answers, task=replace(answers.task, relevant=filtered(relevant, entries == number))
        )
        for number in np.unique(entries)
    }


def gaps(
    tallies: Mapping[str, Tally],
    codes: np.ndarray,
    names: pd.Index,
    *,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Largest difference between groups of users, and whether chance would give as much."""
    own = _indicators(codes[None], len(names))
    rows = []
    for metric, tally in tallies.items():
        if tally.of_the_whole:
            continue
        values = tally.values(own)
        if np.isnan(values).all():
            continue
        found = np.nanmax(values) - np.nanmin(values)
        chance = _gaps_by_chance(tally, codes, len(names), permutations, seed)
        # Sums in another order differ in the last digit.
        reached = (chance >= found - 1e-12 * np.nanmax(np.abs(values))).sum()
        highest, lowest = names[np.nanargmax(values)], names[np.nanargmin(values)]
        rows.append((metric, found, highest, lowest, (1 + reached) / (1 + permutations)))
    return pd.DataFrame(rows, columns=["metric", "gap", "highest", "lowest", "p"])


def _gaps_by_chance(
    tally: Tally, codes: np.ndarray, groups: int, permutations: int, seed: int
) -> np.ndarray:
    """Gaps once users have changed groups at random; shape (permutations,)."""
    rng = np.random.default_rng(seed)
    step = max(1, BATCH_BYTES // (8 * groups * len(codes)))
    parts = []
    for start in range(0, permutations, step):
        size = min(step, permutations - start)
        shuffled = rng.permuted(np.tile(codes, (size, 1)), axis=1)
        values = tally.values(_indicators(shuffled, groups)).reshape(size, groups)
        # A group in which nobody has a part in the metric is neither highest nor lowest.
        highest = np.where(np.isnan(values), -np.inf, values).max(axis=1)
        lowest = np.where(np.isnan(values), np.inf, values).min(axis=1)
        parts.append(highest - lowest)
    return np.concatenate(parts)


def _indicators(codes: np.ndarray, groups: int) -> np.ndarray:
    """Ones for the members of each group; (n, u) codes give shape (n * groups, u)."""
    members = codes[:, None, :] == np.arange(groups)[None, :, None]
    return members.reshape(-1, codes.shape[1]).astype(np.float64)
