"""Neighbours brought up to date when ratings arrive, at a cost in proportion to what they touch.

A rating changes the row it is of, and what a metric takes from the whole: with a new length of a
row all its similarities change; with a new mean or weight of a column, those of all rows that
have an entry there. So let D be the rows whose prepared values differ. They are searched anew.
Any other row r keeps its similarities but those to D: its best are among its old list without D
and the best of D. Where the list was full, what it left out scored no more than its last; if the
new last scores less than that, r is searched anew too.
"""

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from workbench.compute.cpu.packing import scale_of
from workbench.compute.similarity import Neighbours, Search, engine_on, searched
from workbench.compute.topk_keys import EMPTY, best, repack, unpack
from workbench.compute.weighting import Preparation
from workbench.datasets import extended
from workbench.errors import OptionError

MOST = 0.15  # of all work: a full search, which meets each pair but once, is faster than more


def updated(near: Neighbours, new: pd.DataFrame) -> Neighbours:
    """See `Neighbours.update`."""
    start = perf_counter()
    if near.search is None:
        raise OptionError(
            "only neighbours that similar() found in a Dataset, and not on a cluster, can be "
            "updated; call similar() again"
        )
    search = near.search._replace(data=extended(near.search.data, new))
    found = _in_part(near, near.search, search) or searched(search, near.device)
    return replace(found, seconds=perf_counter() - start)


def _in_part(near: Neighbours, before: Search, search: Search) -> Neighbours | None:
    """Search only what changed; None where it is as well to search for all that is asked."""
    if search.ids is not None:
        return None
    then, now = _Rows(before), _Rows(search)
    changed = _changed(then, now)
    # As much again is found missing.
    if then.scale != now.scale or 2 * now.share(changed) > MOST:
        return None
    indices, scores, missing = near.indices, near.scores, changed
    if len(changed):
        indices, scores, missing = _merged(near, then, now, changed)
    again = np.union1d(changed, missing)
    if now.share(again) > MOST:
        return None
    if len(again):
        found = engine_on(near.device).nearest(now.by_feature, search.request, rows=again)
        indices[again], scores[again] = found
    return replace(
        near, ids=now.ids, pool=now.ids, indices=indices, scores=scores,
        data_hash=search.data.hash, search=search, computed=len(again),
    )  # fmt: skip


class _Rows:
    """The rows that are compared, prepared, of a data set."""

    def __init__(self, search: Search) -> None:
        data, definition, users = search.data, search.request.definition, search.of == "users"
        raw = data.matrix.T.tocsr() if users else data.matrix
        self.request = search.request
        self.by_feature = Preparation(raw, definition, search.weighting).of_features(raw)
        self.ids = data.user_ids if users else data.item_ids
        self.features = data.item_ids if users else data.user_ids
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
    held = grown.repeat(before[features])
    old = features.repeat(before[features])[held], row[then.by_feature.indices[held]]
    new = np.arange(len(lengths)).repeat(lengths)[fresh], now.by_feature.indices[fresh]
    (of_old, of_new), n = (old, new), np.int64(len(now.ids))
    places = np.searchsorted(of_new[0] * n + of_new[1], of_old[0] * n + of_old[1])
    fresh[np.nonzero(fresh)[0][places]] = False
    return fresh


def _merged(near: Neighbours, then: _Rows, now: _Rows, changed: np.ndarray) -> Any:
    """Lists of all rows from the old ones and from what changed; and which may miss some row.

    Returns
    -------
    indices, scores : arrays of shape (n, k)
    missing : int array
    """
    n, k = len(now.ids), near.indices.shape[1]
    place = now.ids.get_indexer(then.ids)
    columns = np.where(near.indices < 0, -1, place[near.indices])
    keys = np.full((n, k), EMPTY)
    keys[place] = repack(columns, near.scores)
    last = keys[:, -1].copy()
    is_changed = np.zeros(n + 1, bool)  # and at -1, where there is no neighbour
    is_changed[changed] = True
    stale = is_changed[columns]
    keys[place] = np.where(stale, EMPTY, keys[place])
    queries = now.by_feature.T.tocsr()
    found, found_scores = engine_on(near.device).nearest_to(
        now.by_feature[:, changed], queries, now.request, own=np.full(n, -1), scale=now.scale
    )
    other = (found >= 0).any(axis=1)
    other[place] |= stale.any(axis=1)
    offers = repack(np.where(found < 0, -1, changed[found]), found_scores)
    keys[other] = best(np.concatenate([keys[other], offers[other]], axis=1), k)
    return *unpack(keys), np.nonzero(keys[:, -1] < last)[0]
