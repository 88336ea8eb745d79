"""Histories in the order of time, as arrays that a network takes: no PyTorch here.

A history is a row of a CSR array of shape (rows, items), its entries in the order of time. What
goes into a network counts items from 1 and is padded with 0 behind.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError


class Holdout(NamedTuple):
    """Users' last items, and what came before."""

    histories: sparse.csr_array
    targets: np.ndarray


def in_time(ds: Dataset) -> sparse.csr_array:
    """Histories of the users of a data set; equal times stand in the order of the data."""
    if Columns.TIMESTAMP not in ds.table:
        raise DataError(f"{ds.name}: Sequential needs the column {Columns.TIMESTAMP!r}")
    times = ds.table[Columns.TIMESTAMP]
    if times.isna().any():
        raise DataError(
            f"{ds.name}: {times.isna().sum():,} interactions have no {Columns.TIMESTAMP!r}, so "
            "that their order is not known; drop them"
        )
    rows = ds.user_ids.get_indexer(ds.table[Columns.USER])
    order = np.lexsort((times.to_numpy(), rows))
    items = ds.item_ids.get_indexer(ds.table[Columns.ITEM].iloc[order])
    ratings = ds.table[Columns.RATING].to_numpy(np.float64)[order]
    return sparse.csr_array((ratings, items, ds.matrix.indptr), shape=ds.matrix.shape)


def latest(histories: sparse.csr_array, length: int) -> np.ndarray:
    """The last `length` items of every history, or as many as the longest has."""
    first, end = histories.indptr[:-1], histories.indptr[1:]
    width = min(length, max(1, int((end - first).max(initial=0))))
    return _padded(histories.indices, np.maximum(first, end - width), end, width)


def pieces(histories: sparse.csr_array, length: int) -> np.ndarray:
    """Histories in pieces of `length` steps, each from the item that ended the one before."""
    steps = np.maximum(np.diff(histories.indptr) - 1, 0)
    counts = -(-steps // length)
    rows = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    first, end = histories.indptr[rows] + place * length, histories.indptr[rows + 1]
    return _padded(histories.indices, first, end, length + 1)


def _padded(items: np.ndarray, first: np.ndarray, end: np.ndarray, width: int) -> np.ndarray:
    places = first[:, None] + np.arange(width)
    numbers = np.append(items, 0)[np.minimum(places, len(items))] + 1
    return np.where(places < end[:, None], numbers, 0).astype(np.int64)


def hold_out_last(
    histories: sparse.csr_array, most: int, rng: np.random.Generator
) -> tuple[sparse.csr_array, Holdout]:
    """Take the last item from at most so many histories, of those that have three."""
    lengths = np.diff(histories.indptr)
    chosen = rng.permutation(np.flatnonzero(lengths > 2))[:most]
    ends = histories.indptr[chosen + 1] - 1
    kept = np.ones(histories.nnz, bool)
    kept[ends] = False
    lengths[chosen] -= 1
    entries = histories.data[kept], histories.indices[kept], np.append(0, np.cumsum(lengths))
    shorter = sparse.csr_array(entries, shape=histories.shape)
    return shorter, Holdout(shorter[chosen], histories.indices[ends])
