"""Event logs into preferences: what a view, a cart or a purchase says about liking."""

from collections.abc import Mapping
from numbers import Real
from typing import Final

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.errors import DataError, OptionError

RATING_EVENT: Final = "rating"

EVENT_WEIGHTS: Final[dict[str, float]] = {
    "view": 1.0,
    "click": 2.0,
    "watch": 2.0,
    "like": 3.0,
    "follow": 3.0,
    "share": 3.0,
    "cart": 4.0,
    "subscribe": 4.0,
    "complete": 5.0,
    "purchase": 5.0,
}

_PAIR = [Columns.USER, Columns.ITEM]


def to_preferences(
    interactions: pd.DataFrame, weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Merge an event log into one preference a (user, item) pair.

    The rule: a pair's ``rating`` is the sum of the weights of its events. A pair that has
    ``rating`` events keeps the latest stated rating as it stands and its other events add
    nothing, since an opinion that was given beats one that was guessed. ``timestamp`` is the
    latest of the pair, ``session_id`` that of the latest event, ``event`` the heaviest kind (a
    stated rating before all), ``value`` the sum of the known values. "Latest" goes by
    ``timestamp`` where the column exists (an unknown time is the oldest), else by row order. Rows
    without an id are merged as if the gap were an id, so that `clean` can count and drop them.

    Parameters
    ----------
    interactions : DataFrame
        One row an event: ``user_id``, ``item_id``, ``event`` and, where known, ``timestamp``,
        ``session_id``, ``value``; ``rating`` on the rows whose event is ``rating``.
    weights : mapping of str to float, optional
        Weights that replace or extend ``EVENT_WEIGHTS``. A weight of 0 drops the kind.

    Returns
    -------
    DataFrame
        ``user_id``, ``item_id``, ``rating`` (float64), then those of ``timestamp``, ``event``,
        ``session_id``, ``value`` that are known, ascending by user and item.

    Raises
    ------
    DataError
        If a column is missing, an event is of an unknown kind or a ``rating`` event has no
        finite rating.
    OptionError
        If a weight is negative or not finite, or given to ``rating``.
    """
    known = {**EVENT_WEIGHTS, **_checked(weights or {})}
    _check_log(interactions, known)
    log = _oldest_first(interactions[interactions[Columns.EVENT].map(known).ne(0.0)])
    return _merge(log.assign(**{Columns.RATING: _worth(log, known)}), known)


def _checked(weights: Mapping[str, float]) -> Mapping[str, float]:
    if RATING_EVENT in weights:
        raise OptionError("weights: 'rating' events keep their own rating; leave 'rating' out")
    for kind, weight in weights.items():
        if not (isinstance(weight, Real) and 0 <= weight < np.inf):
            raise OptionError(f"weights[{kind!r}] is {weight!r}; a weight is finite and at least 0")
    return weights


def _check_log(log: pd.DataFrame, known: Mapping[str, float]) -> None:
    for column in (*_PAIR, Columns.EVENT):
        if column not in log:
            raise DataError(f"an event log needs the column {column!r}; it has {list(log.columns)}")
    unknown = ~log[Columns.EVENT].isin([*known, RATING_EVENT]).to_numpy()
    if unknown.any():
        first = int(unknown.argmax())
        kind = log[Columns.EVENT].iloc[first]
        raise DataError(
            f"unknown event {kind!r} in column {Columns.EVENT!r}, row {first + 1} "
            f"({unknown.sum():,} such rows); valid kinds: "
            f"{', '.join(sorted([*known, RATING_EVENT]))}. "
            f"Give it a weight with weights={{{kind!r}: 1.0}}, 0 to drop it"
        )


def _oldest_first(log: pd.DataFrame) -> pd.DataFrame:
    if Columns.TIMESTAMP not in log:
        return log.reset_index(drop=True)
    by_time = {"kind": "stable", "na_position": "first", "ignore_index": True}
    return log.sort_values(Columns.TIMESTAMP, **by_time)


def _worth(log: pd.DataFrame, known: Mapping[str, float]) -> pd.Series:
    weight = log[Columns.EVENT].map(known).astype(np.float64)
    stated = log[Columns.EVENT] == RATING_EVENT
    if not stated.any():
        return weight
    if Columns.RATING not in log:
        raise DataError(f"'rating' events need the column {Columns.RATING!r}, which is missing")
    ratings = pd.to_numeric(log.loc[stated, Columns.RATING], errors="coerce")
    if not np.isfinite(ratings).all():
        raise DataError(
            f"{(~np.isfinite(ratings)).sum():,} 'rating' events have no number in column "
            f"{Columns.RATING!r}; drop these rows or give them a rating"
        )
    latest = ratings[~log.loc[stated, _PAIR].duplicated(keep="last")]
    has_opinion = stated.groupby([log[column] for column in _PAIR], dropna=False).transform("any")
    weight = weight.mask(has_opinion, 0.0)
    weight.loc[latest.index] = latest
    return weight


def _merge(log: pd.DataFrame, known: Mapping[str, float]) -> pd.DataFrame:
    pairs = log.groupby(_PAIR, dropna=False)
    merged = pairs[[Columns.RATING]].sum()
    strength = log[Columns.EVENT].map({**known, RATING_EVENT: np.inf}).astype(np.float64)
    heaviest = strength.groupby([log[column] for column in _PAIR], dropna=False).idxmax()
    merged[Columns.EVENT] = log.loc[heaviest, Columns.EVENT].to_numpy()
    for column in (Columns.TIMESTAMP, Columns.SESSION):
        if column in log:
            merged[column] = pairs[column].last()
    if Columns.VALUE in log:
        merged[Columns.VALUE] = pairs[Columns.VALUE].sum(min_count=1)
    order = [Columns.RATING, Columns.TIMESTAMP, Columns.EVENT, Columns.SESSION, Columns.VALUE]
    return merged[[column for column in order if column in merged]].reset_index()
