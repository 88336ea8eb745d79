"""What a model answered: lists, places of the relevant items, predicted ratings."""

from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from workbench.columns import Columns
from workbench.compute import top_k
from workbench.evaluation.entries import look_up, present, row_numbers
from workbench.evaluation.protocol import Task, batches
from workbench.models import Recommender

LISTS, SCORES, RATINGS = "lists", "scores", "ratings"
"""What a metric reads of the answers; only what is read is asked for."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What one model answered to a task; every metric is a function of this.

    Attributes
    ----------
    task : Task
    lists : int array of shape (u, depth)
        Items of each user's list by their number in ``task.items``, best first, -1 where padded.
    auc : float64 array of shape (u,)
        Area under the ROC curve a user; NaN where it is not defined, or not asked for.
    predicted : float64 array of shape (entries of ``task.held``,)
        The model's score of every test pair; NaN where it has none, or not asked for.
    seconds_a_user : float
        Time to recommend; NaN where no lists were asked for.
    """

    task: Task
    lists: np.ndarray
    auc: np.ndarray
    predicted: np.ndarray
    seconds_a_user: float = np.nan

    @cached_property
    def _found(self) -> tuple[np.ndarray, np.ndarray]:
        return look_up(self.task.relevant, self.lists)

    def hits(self, k: int) -> np.ndarray:
        """Whether each of the first k items is relevant; bool array of shape (u, k)."""
        return self._found[0][:, :k]

    def gains(self, k: int) -> np.ndarray:
        """Gain of each of the first k items, 0 for no hit; float64 array of shape (u, k)."""
        return self._found[1][:, :k]


def ask(model: Recommender, task: Task, *, depth: int, reads: Set[str]) -> Answers:
    """Ask a model for what metrics read, once."""
    users = len(task.users)
    lists = np.full((users, depth), -1)
    auc = np.full(users, np.nan)
    predicted = np.full(task.held.nnz, np.nan)
    seconds = np.nan
    started = perf_counter()
    if LISTS in reads and task.sampled is None:
        lists = _recommended(model, task, depth)
        seconds = (perf_counter() - started) / users
    if SCORES in reads or (LISTS in reads and task.sampled is not None):
        of_candidates, auc = _over_candidates(model, task, depth)
        if task.sampled is not None:
            lists, seconds = of_candidates, (perf_counter() - started) / users
    if RATINGS in reads:
        predicted = _predicted(model, task)
    return Answers(task, lists, auc, predicted, seconds)


def _recommended(model: Recommender, task: Task, depth: int) -> np.ndarray:
    recs = model.recommend(task.users, n=depth, evidence=0)
    lists = np.full((len(task.users), depth), -1)
    rows = task.users.get_indexer(recs[Columns.USER])
    lists[rows, recs[Columns.RANK].to_numpy() - 1] = task.items.get_indexer(recs[Columns.ITEM])
    return lists


def _over_candidates(model: Recommender, task: Task, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Score every candidate of every user, in batches: lists and AUC."""
    lists, aucs = [], []
    for rows in batches(len(task.users), len(task.items)):
        candidates = task.candidates(rows)
        scores = np.full(candidates.shape, np.nan)
        row, item = np.nonzero(candidates & (task.popularity > 0))
        scores[row, item] = _scores(model, task, rows[row], item)
        lists.append(top_k(scores, depth)[0])
        aucs.append(user_auc(scores, candidates, present(task.relevant[rows])))
    return np.concatenate(lists), np.concatenate(aucs)


def user_auc(scores: np.ndarray, candidates: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Share of (relevant, other) pairs of candidates in the right order; ties count half.

    Parameters
    ----------
    scores : float64 array of shape (users, items)
        NaN, no score, ranks below all scores.
    candidates, relevant : bool arrays of shape (users, items)
        Every relevant item is a candidate.

    Returns
    -------
    float64 array of shape (users,)
        NaN for a user with nothing relevant, or nothing else.
    """
    ordered = np.where(np.isnan(scores), -np.inf, scores)
    # Above all candidates, an item that is none leaves their ranks as they are.
    ranks = rankdata(np.where(candidates, ordered, np.inf), axis=1)
    hits = relevant.sum(axis=1)
    pairs = hits * (candidates.sum(axis=1) - hits)
    wins = (ranks * relevant).sum(axis=1) - hits * (hits + 1) / 2
    return np.divide(wins, pairs, out=np.full(len(hits), np.nan), where=pairs > 0)


def _predicted(model: Recommender, task: Task) -> np.ndarray:
    """Score the test pairs; an item that train does not know has no score."""
    rows, items = row_numbers(task.held), task.held.indices
    known = task.popularity[items] > 0
    predicted = np.full(len(items), np.nan)
    predicted[known] = _scores(model, task, rows[known], items[known])
    return predicted


def _scores(model: Recommender, task: Task, rows: np.ndarray, items: np.ndarray) -> np.ndarray:
    pairs = pd.DataFrame({Columns.USER: task.users[rows], Columns.ITEM: task.items[items]})
    return model.score(pairs)
