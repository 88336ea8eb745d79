"""Small tasks with known predictions, and a model that answers what it is told to."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from workbench.datasets import Dataset, split, synthetic
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.protocol import Protocol, Task, build_task
from workbench.models import Recommender
from workbench.models.profiles import Profiles

GENRES = {1: ["X"], 2: ["X", "Y"], 3: ["Y"], 4: ["Y", "Z"], 5: [], 6: ["Z"]}
PAST = "a1:5 a2:3 b2:4 b3:2 c2:5 d4:1 d5:1 d6:1"
FUTURE = "a3:5 a4:2 a6:4 b1:4 c5:3 z1:5"


def dataset(text: str, *, genres: dict[int, Any] | None = None, **tables: Any) -> Dataset:
    """Data from "a1:5 b2:3": user a rates item 1 with 5, b rates 2 with 3."""
    rows = [
        (pair[0], int(pair[1:].split(":")[0]), float(pair.split(":")[1])) for pair in text.split()
    ]
    interactions = pd.DataFrame(rows, columns=["user_id", "item_id", "rating"])
    items = pd.DataFrame({"item_id": range(1, 7), "title": "T"})
    if genres is not None:
        items["genres"] = items["item_id"].map(genres)
    return Dataset(interactions, items, **tables)


def task_of(train: Dataset, test: Dataset, **options: Any) -> Task:
    """The task of a protocol's options."""
    return build_task(train, test, Protocol(**options))


def by_hand(**options: Any) -> Task:
    """Users a, b and c; d is not in test and z not in train."""
    past, future = dataset(PAST, genres=GENRES), dataset(FUTURE, genres=GENRES)
    return task_of(past, future, **options)


def answered(task: Task, *lists: list[int], **fields: Any) -> Predictions:
    """Predictions with these lists of item ids, one a user."""
    depth = max(map(len, lists)) if lists else 1
    numbers = np.full((len(task.users), depth), -1)
    for row, ids in enumerate(lists):
        numbers[row, : len(ids)] = task.items.get_indexer(ids)
    nothing = {
        "auc": np.full(len(task.users), np.nan),
        "predicted": np.full(task.test_ratings.nnz, np.nan),
    }
    return Predictions(task, numbers, **{**nothing, **fields})


def parts(seed: int = 0) -> tuple[Dataset, Dataset]:
    """Train and test of 20 users and 15 items, which have up to three of five genres."""
    rng = np.random.default_rng(seed)
    ds = synthetic(20, 15, 150, seed=seed)
    genres = [list("VWXYZ"[start : start + rng.integers(4)]) for start in rng.integers(5, size=15)]
    cities = pd.DataFrame({"user_id": range(1, 21), "city": ["Ulm", "Jena", None, "Bonn"] * 5})
    ds = replace(ds, items=ds.items.assign(genres=genres), users=cities)
    return split(ds, by="user", holdout=0.4, seed=seed)


def at_random(task: Task, depth: int, seed: int) -> Predictions:
    """Unseen items in random order; some lists end early."""
    rng = np.random.default_rng(seed)
    lists = np.full((len(task.users), depth), -1)
    for row in range(len(task.users)):
        seen = task.history.indices[task.history.indptr[row] : task.history.indptr[row + 1]]
        unseen = rng.permutation(np.setdiff1d(np.arange(len(task.items)), seen))
        unseen = unseen[: min(depth, rng.integers(depth + 3))]
        lists[row, : len(unseen)] = unseen
    return Predictions(
        task, lists, np.full(len(lists), np.nan), np.full(task.test_ratings.nnz, np.nan)
    )


class Told(Recommender):
    """Scores as in a table of users x items; NaN, or not there, is no score."""

    def __init__(self, table: pd.DataFrame) -> None:
        super().__init__(device="cpu")
        self.table = table

    def _fit(self, ds: Dataset) -> None:
        table = self.table.reindex(index=ds.user_ids, columns=ds.item_ids)
        self.told = table.to_numpy(np.float64)

    def _score(self, profiles: Profiles) -> np.ndarray:
        return self.told[profiles.users]

    def _contributions(self, *_: Any) -> Any:
        raise AssertionError("an evaluation asks for no evidence")


def told_at_random(ds: Dataset, seed: int, *, unknown: float = 0.2) -> Told:
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, 11, (len(ds.user_ids), len(ds.item_ids))) / 10
    scores[rng.random(scores.shape) < unknown] = np.nan
    return Told(pd.DataFrame(scores, index=ds.user_ids, columns=ds.item_ids))
