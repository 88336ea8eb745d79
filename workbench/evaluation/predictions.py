"""What a model answered: lists, places of the relevant items, predicted ratings."""

from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.compute import midranks, top_k
from workbench.device.arrays import library_of, library_on, to_host
from workbench.evaluation.protocol import Task, batches
from workbench.evaluation.sparse_entries import look_up, present, row_numbers
from workbench.models import Recommender

Array = Any

LISTS, SCORES, RATINGS = "lists", "scores", "ratings"
"""What a metric reads of the predictions; only what is read is asked for."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one model answered to a task; every metric is a function of this.

    Attributes
    ----------
    task : Task
    lists : int array of shape (u, depth)
        Items of each user's list by their number in ``task.items``, best first, -1 where padded,
        and for an item of neither set, which a model that reads the catalogue may recommend.
    auc : float64 array of shape (u,)
        Area under the ROC curve a user; NaN where it is not defined, or not asked for.
    predicted : float64 array of shape (entries of ``task.test_ratings``,)
        The model's score of every test pair; NaN where it has none, or not asked for.
    seconds_a_user : float
        Time to recommend; NaN where no lists were asked for.
    xp : module
        NumPy, or CuPy where the model is on a card: lists are judged there.
    """

    task: Task
    lists: np.ndarray
    auc: np.ndarray
    predicted: np.ndarray
    seconds_a_user: float = np.nan
    xp: Any = np

    @cached_property
    def _listed(self) -> Array:
        return self.xp.asarray(self.lists)

    @cached_property
    def _found(self) -> tuple[Array, Array]:
        return look_up(self.task.relevant, self._listed)

    def listed(self, k: int) -> Array:
        """The first k items of `lists`, on the device."""
        return self._listed[:, :k]

    def hits(self, k: int) -> Array:
        """Whether each of the first k items is relevant; bool array of shape (u, k), there."""
        return self._found[0][:, :k]

    def gains(self, k: int) -> Array:
        """Gain of each of the first k items, 0 for no hit; float64 array of shape (u, k), there."""
        return self._found[1][:, :k]

    def hit_counts(self, k: int) -> np.ndarray:
        """Relevant items among the first k; int array of shape (u,), on the host."""
        return to_host(self.hits(k).sum(axis=1))


def collect_predictions(
    model: Recommender, task: Task, *, depth: int, reads: Set[str]
) -> Predictions:
    """Ask a model for what metrics read, once."""
    users = len(task.users)
    lists = np.full((users, depth), -1)
    auc = np.full(users, np.nan)
    predicted = np.full(task.test_ratings.nnz, np.nan)
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
    return Predictions(task, lists, auc, predicted, seconds, library_on(model.device))


def _recommended(model: Recommender, task: Task, depth: int) -> np.ndarray:
    recs = model.recommend(task.users, n=depth, evidence=0)
    lists = np.full((len(task.users), depth), -1)
    rows = task.users.get_indexer(recs[Columns.USER])
    lists[rows, recs[Columns.RANK].to_numpy() - 1] = task.items.get_indexer(recs[Columns.ITEM])
    return lists


def _over_candidates(model: Recommender, task: Task, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Score every candidate of every user, in batches: lists, where candidates are few, and AUC."""
    lists = np.full((len(task.users), depth), -1)
    auc = np.empty(len(task.users))
    places = model.item_ids.get_indexer(task.items)
    for rows in batches(len(task.users), len(task.items), model.device.kind):
        scores = model.scores(task.users[rows], on_device=True)
        xp = library_of(scores)
        candidates = task.candidates(rows, xp)
        scores = scores[:, xp.asarray(places)]
        scores[~candidates | xp.asarray(places < 0)] = xp.nan
        if task.sampled is not None:
            lists[rows] = to_host(top_k(scores, depth)[0])
        relevant = present(task.relevant[rows], xp)
        auc[rows] = to_host(user_auc(scores, candidates, relevant))
    return lists, auc


def user_auc(scores: Array, candidates: Array, relevant: Array) -> Array:
    """Share of (relevant, other) pairs of candidates in the right order; ties count half.

    Parameters
    ----------
    scores : float64 array of shape (users, items)
        Of NumPy, or of CuPy: then all is done on the card. NaN, no score, ranks below all scores.
    candidates, relevant : bool arrays of shape (users, items)
        Every relevant item is a candidate.

    Returns
    -------
    float64 array of shape (users,)
        NaN for a user with nothing relevant, or nothing else.
    """
    xp = library_of(scores)
    ordered = xp.where(xp.isnan(scores), -xp.inf, scores)
    ordered[~candidates] = xp.nan
    rows, items = xp.nonzero(relevant)
    ranks = xp.bincount(rows, midranks(ordered, rows, items), minlength=len(scores))
    hits = relevant.sum(axis=1)
    pairs = hits * (candidates.sum(axis=1) - hits)
    wins = ranks - hits * (hits + 1) / 2
    return xp.where(pairs > 0, wins / xp.maximum(pairs, 1), xp.nan)


def _predicted(model: Recommender, task: Task) -> np.ndarray:
    """Score the test pairs; an item that the model does not know has no score."""
    rows, items = row_numbers(task.test_ratings), task.test_ratings.indices
    known = task.items.isin(model.item_ids)[items]
    pairs = {Columns.USER: task.users[rows[known]], Columns.ITEM: task.items[items[known]]}
    predicted = np.full(len(items), np.nan)
    predicted[known] = model.score(pd.DataFrame(pairs))
    return predicted
