"""LambdaMART over what several models propose."""

from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.compute import top_k
from workbench.datasets import Dataset
from workbench.datasets.features import item_profiles
from workbench.device import cores
from workbench.errors import MissingExtraError

TREES = 100
ROWS_A_THREAD = 250_000
OPTIONS = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,  # somewhat above the usual length of a list
    "learning_rate": 0.05,
    "num_leaves": 7,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def library() -> Any:
    """LightGBM, or the error that says how to install it."""
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtraError("lightgbm", "models", "Hybrid(how='ranker')") from error
    return lightgbm


def learn(features: np.ndarray, hits: np.ndarray, lengths: np.ndarray, *, seed: int) -> str:
    """Learn to put hits before the other candidates of the same user; trees in LightGBM's format.

    Features are float32, of shape (candidates, features), user after user, of whom each has
    as many candidates as `lengths` says.
    """
    lightgbm = library()
    options = OPTIONS | {"seed": seed, "num_threads": threads(features)}
    table = lightgbm.Dataset(features, hits.astype(np.int8), group=lengths)
    return str(lightgbm.train(options, table, TREES).model_to_string())


def booster(trees: str) -> Any:
    """LightGBM's booster of what `learn` returned."""
    return library().Booster(model_str=trees)


def threads(features: np.ndarray) -> int:
    """As many as pay: on little data, threads that wait for each other take most of the time."""
    return min(cores(), 1 + len(features) // ROWS_A_THREAD)


def proposed(parts: np.ndarray, seen: np.ndarray, n: int) -> np.ndarray:
    """Which unseen items are among the n best of any model; bool of shape (b, items), as `seen`.

    `parts` are the scores of shape (models, b, items), NaN where there is none.
    """
    chosen = np.zeros_like(seen)
    for scores in parts:
        columns = top_k(np.where(seen, np.nan, scores), n)[0]
        rows, ranks = np.nonzero(columns >= 0)
        chosen[rows, columns[rows, ranks]] = True
    return chosen


def item_features(ds: Dataset, items: pd.Index) -> np.ndarray:
    """All numbers that `item_profiles` knows of items, such as popularity and age; else NaN."""
    known = item_profiles(ds).set_index(Columns.ITEM).select_dtypes("number").reindex(items)
    return known.to_numpy(np.float32, na_value=np.nan)
