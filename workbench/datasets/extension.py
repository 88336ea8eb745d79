"""New interactions added to a data set."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import tables
from workbench.datasets.dataset import Dataset
from workbench.datasets.readers.cleaning import PAIR, clean_rows
from workbench.errors import DataError


def extended(ds: Dataset, new: pd.DataFrame) -> Dataset:
    """Return the data set with interactions added, or rated anew where the pair is known.

    Parameters
    ----------
    ds : Dataset
        Its interactions stay where they are; they are merged with the new ones on the host.
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
    signed = bool((ds.table[Columns.RATING] < 0).any())
    new, account = clean_rows(tables.to_pandas(new), signed=signed)
    for column in PAIR:
        new[column] = _as_known(new[column], ds.table[column])
    users = ds.user_ids.union(new[Columns.USER].unique())
    items = ds.item_ids.union(new[Columns.ITEM].unique())
    old = _in_order(ds)
    width, matrix = np.int64(len(items)), ds.matrix
    old_columns = items.get_indexer(ds.item_ids)[matrix.indices]
    old_rows = users.get_indexer(ds.user_ids).repeat(np.diff(matrix.indptr))
    new_rows, new_columns = users.get_indexer(new[PAIR[0]]), items.get_indexer(new[PAIR[1]])
    pairs, new_pairs = old_rows * width + old_columns, new_rows * width + new_columns
    places = np.searchsorted(pairs, new_pairs)
    known = np.append(pairs, -1)[places] == new_pairs
    of_new = len(old) + np.arange(len(new))
    order = np.arange(len(old))
    order[places[known]] = of_new[known]
    order = np.insert(order, places[~known], of_new[~known])
    table = pd.concat([old, new], ignore_index=True).take(order)
    table.index = pd.RangeIndex(len(table))
    interactions = tables.like(table, ds.interactions)
    extended = replace(ds, interactions=interactions, account=(*ds.account, *account))
    # What these would cost from the table is known already.
    columns = np.concatenate([old_columns, new_columns])[order]
    fresh = np.bincount(new_rows[~known], minlength=len(users))
    lengths = np.bincount(users.get_indexer(ds.user_ids), np.diff(matrix.indptr), len(users))
    starts = np.concatenate([[0], np.cumsum(lengths.astype(np.int64) + fresh)])
    ratings = table[Columns.RATING].to_numpy(np.float64)
    shape = len(users), len(items)
    matrix = sparse.csr_array((ratings, columns, starts), shape=shape)
    extended.__dict__.update(user_ids=users, item_ids=items, matrix=matrix)
    return extended


def _in_order(ds: Dataset) -> pd.DataFrame:
    """The interactions by user and item, as the entries of the matrix are."""
    ids = ds.user_ids.to_numpy().repeat(np.diff(ds.matrix.indptr))
    table = ds.table
    in_order = np.array_equal(table[Columns.USER].to_numpy(), ids) and np.array_equal(
        table[Columns.ITEM].to_numpy(), ds.item_ids.to_numpy()[ds.matrix.indices]
    )
    return table if in_order else table.sort_values(PAIR, ignore_index=True)


def _as_known(ids: pd.Series, known: pd.Series) -> pd.Series:
    """Ids in the type of those that are there."""
    if pd.api.types.is_integer_dtype(known) and not pd.api.types.is_integer_dtype(ids):
        raise DataError(
            f"column {ids.name!r} holds {ids.iloc[0]!r}, but the ids of these data are whole "
            "numbers; give the new rows ids of the same kind"
        )
    return ids.astype(known.dtype)
