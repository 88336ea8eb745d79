"""Neighbours brought up to date when ratings arrive, at a cost in proportion to what they touch.

A rating changes the row it is of, and what a metric takes from the whole: with a new length of a
row all its similarities change; with a new mean or weight of a column, those of all rows that
have an entry there. So let D be the rows whose prepared values differ. They are searched anew.
Any other row r keeps its similarities but those to D: its best are among its old list without D
and the best of D. Where the list was full, what it left out scored no more than its last; if the
new last scores less than that, r is searched anew too.
"""

import numpy as np

from workbench.compute.cpu.packing import scale_of
from workbench.compute.engines import engine_on
from workbench.compute.search import Lists, Search
from workbench.compute.topk_keys import EMPTY, best, repack, unpack
from workbench.compute.weighting import Weighting
from workbench.device import Device

MOST = 0.15  # of all work: a full search, which meets each pair but once, is faster than more


def updated_lists(
    lists: Lists, before: Search, after: Search, device: Device
) -> tuple[np.ndarray, np.ndarray, int] | None:
    """Lists of a search of more ratings, from those of the search before it.

    Indices, scores, and how many rows were searched anew; None where it is as well to search for
    all rows.
    """
    if after.ids is not None:
        return None
    then, now = _Rows(before), _Rows(after)
    changed = _changed(then, now)
    # As much again is missing from other lists.
    if then.scale != now.scale or 2 * now.share(changed) > MOST:
        return None
    indices, scores, missing = *lists, changed
    if len(changed):
        indices, scores, missing = _merged(lists, then, now, changed, device)
    again = np.union1d(changed, missing)
    if now.share(again) > MOST:
        return None
    if len(again):
        engine = engine_on(device)
        indices[again], scores[again] = engine.nearest(now.by_feature, now.options, rows=again)
    return indices, scores, len(again)


class _Rows:
    """The rows that are compared, prepared, of a data set."""

    def __init__(self, search: Search) -> None:
        data, raw = search.data, search.raw()
        self.options, self.ids = search.options, search.pool
        self.by_feature = Weighting(raw, search.options).transform_features(raw)
        self.features = data.item_ids if search.of == "users" else data.user_ids
        self.scale = scale_of(self.by_feature.data)

    def share(self, rows: np.ndarray) -> float:
        """Part of all work that searching these rows by themselves is."""
        lengths = np.diff(self.by_feature.indptr).astype(np.float64)
        searched = np.zeros(len(self.ids), bool)
        searched[rows] = True
        met = lengths.repeat(np.diff(self.by_feature.indptr))[searched[self.by_feature.indices]]
        return float(met.sum() / max(1.0, lengths @ lengths))


def _changed(then: _Rows, now: _Rows) -> np.ndarray:
    """Rows of which an entry is new or has another value, ascending."""
    matrix = now.by_feature
    fresh = _fresh(then, now)
    differs = fresh.copy()
    differs[~fresh] = matrix.data[~fresh] != then.by_feature.data
    return np.unique(matrix.indices[differs])


def _fresh(then: _Rows, now: _Rows) -> np.ndarray:
    """Which entries are new: none is, in features that have as many as before."""
    features, row = now.features.get_indexer(then.features), now.ids.get_indexer(then.ids)
    before = np.zeros(len(now.features), np.int64)
    before[features] = np.diff(then.by_feature.indptr)
    lengths = np.diff(now.by_feature.indptr)
    fresh = (lengths > before).repeat(lengths)
    grown = lengths[features] > before[features]
    known, n = grown.repeat(before[features]), np.int64(len(now.ids))
    old = features.repeat(before[features])[known] * n + row[then.by_feature.indices[known]]
    new = np.arange(len(lengths)).repeat(lengths)[fresh] * n + now.by_feature.indices[fresh]
    places = np.searchsorted(new, old)
    fresh[np.nonzero(fresh)[0][places]] = False
    return fresh


def _merged(
    lists: Lists, then: _Rows, now: _Rows, changed: np.ndarray, device: Device
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lists of all rows from the old ones and from what changed; and which may miss some row."""
    old_indices, old_scores = lists
    n, k = len(now.ids), old_indices.shape[1]
    place = now.ids.get_indexer(then.ids)
    columns = np.where(old_indices < 0, -1, place[old_indices])
    keys = np.full((n, k), EMPTY)
    keys[place] = repack(columns, old_scores)
    last = keys[:, -1].copy()
    is_changed = np.zeros(n + 1, bool)  # and at -1, where there is no neighbour
    is_changed[changed] = True
    stale = is_changed[columns]
    keys[place] = np.where(stale, EMPTY, keys[place])
    queries = now.by_feature.T.tocsr()
    nearest, scores = engine_on(device).nearest_to(
        now.by_feature[:, changed], queries, now.options, exclude=np.full(n, -1), scale=now.scale
    )
    other = (nearest >= 0).any(axis=1)
    other[place] |= stale.any(axis=1)
    offers = repack(np.where(nearest < 0, -1, changed[nearest]), scores)
    keys[other] = best(np.concatenate([keys[other], offers[other]], axis=1), k)
    return *unpack(keys), np.nonzero(keys[:, -1] < last)[0]
