"""New interactions added to a data set."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets.clean import PAIR, clean_rows
from workbench.datasets.dataset import Dataset
from workbench.errors import DataError


def extended(ds: Dataset, new: pd.DataFrame) -> Dataset:
    """Return the data set with interactions added, or rated anew where the pair is known.

    Parameters
    ----------
    ds : Dataset
    new : DataFrame
        ``user_id``, ``item_id``, ``rating`` and any other column; cleaned as `read` does, but
        for ratings below zero, which are kept where the data set has some.

    Returns
    -------
    Dataset
        Items and users that are new stand in its interactions, not in ``items`` or ``users``.

    Raises
    ------
    DataError
        If a column is missing or holds what it must not, or ids are of another kind.
    """
    if not len(new):
        return ds
    signed = bool((ds.interactions[Columns.RATING] < 0).any())
    new, account = clean_rows(new, signed=signed)
    for column in PAIR:
        new[column] = _as_known(new[column], ds.interactions[column])
    users = ds.user_ids.union(new[Columns.USER].unique())
    items = ds.item_ids.union(new[Columns.ITEM].unique())
    table = pd.concat([ds.interactions, new], ignore_index=True)
    rows, columns = users.get_indexer(table[Columns.USER]), items.get_indexer(table[Columns.ITEM])
    pairs = rows * np.int64(len(items)) + columns
    order = np.argsort(pairs, kind="stable")
    order = order[np.append(np.diff(pairs[order]) > 0, True)[: len(order)]]  # the last of a pair
    table = table.take(order).reset_index(drop=True)
    extended = replace(ds, interactions=table, account=(*ds.account, *account))
    # What these would cost from the table is known already.
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows[order], minlength=len(users)))])
    ratings = table[Columns.RATING].to_numpy(np.float64)
    shape = len(users), len(items)
    matrix = sparse.csr_array((ratings, columns[order], starts), shape=shape)
    extended.__dict__.update(user_ids=users, item_ids=items, matrix=matrix)
    return extended


def _as_known(ids: pd.Series, known: pd.Series) -> pd.Series:
    """Ids in the type of those that are there."""
    if pd.api.types.is_integer_dtype(known) and not pd.api.types.is_integer_dtype(ids):
        raise DataError(
            f"column {ids.name!r} holds {ids.iloc[0]!r}, but the ids of these data are whole "
            "numbers; give the new rows ids of the same kind"
        )
    return ids.astype(known.dtype)
