"""Whether train knows what test asks."""

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError
from workbench.evaluation.sparse_entries import keys
from workbench.models import Recommender

TEMPORAL = (False, True, "user")


def check_pairs(
    train: Dataset,
    test: Dataset,
    users: pd.Index,
    items: pd.Index,
    history: sparse.csr_array,
    test_ratings: sparse.csr_array,
) -> None:
    """Refuse a test pair that is in train."""
    shared = np.intersect1d(keys(history), keys(test_ratings), assume_unique=True)
    if len(shared):
        user, item = divmod(int(shared[0]), len(items))
        raise DataError(
            f"{len(shared):,} pairs of {test.name} are in {train.name} too, for example user "
            f"{users.tolist()[user]!r} and item {items.tolist()[item]!r}; take them out of train"
        )


def check_times(train: Dataset, test: Dataset, temporal: bool | str) -> None:
    """Refuse a train set that is later than test where a temporal split was promised."""
    if temporal not in TEMPORAL:
        raise OptionError(f"temporal={temporal!r} is not one of {', '.join(map(repr, TEMPORAL))}")
    if temporal is False:
        return
    past, future = _times(train), _times(test)
    if temporal == "user":
        # A user of one set alone has no time in the other: NaT, which is later than nothing.
        first = future.groupby(level=0).min()
        start = first.reindex(past.index).array
        whose, rule = "their user's first", "temporal='user'"
    else:
        start, whose, rule = future.min(), "the first", "temporal=True"
    late = (past.reset_index(drop=True) > start).sum()
    if late:
        raise DataError(
            f"{late:,} interactions of {train.name} are later than {whose} of {test.name}, which "
            f"{rule} promises not to be; split by='time', or evaluate without it"
        )


def check_model(model: Recommender, train: Dataset) -> None:
    """Refuse a model that was fitted on other data, which may hold the test set."""
    if model.data is not train and model.data.hash != train.hash:
        raise DataError(
            f"the {type(model).__name__} was fitted on {model.data!r}, not on {train!r}, so that "
            f"it may have seen the test set; call fit(train) first"
        )


def _times(ds: Dataset) -> pd.Series:
    """Timestamps by user."""
    if Columns.TIMESTAMP not in ds.interactions:
        raise DataError(f"{ds.name}: a temporal split needs the column {Columns.TIMESTAMP!r}")
    times = ds.table.set_index(Columns.USER)[Columns.TIMESTAMP]
    if times.isna().any():
        raise DataError(
            f"{ds.name}: {times.isna().sum():,} interactions have no {Columns.TIMESTAMP!r}, so "
            f"that their order is not known; drop them"
        )
    return times
