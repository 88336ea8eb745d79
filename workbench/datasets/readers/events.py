"""Event logs into preferences: what a view, a cart or a purchase says about liking."""

from collections.abc import Mapping
from numbers import Real
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import tables
from workbench.device.arrays import group_sums, library_of
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
        If a column is missing, an event is of an unknown kind, a ``rating`` event has no
        finite rating or a ``value`` is no number.
    OptionError
        If a weight is negative or not finite, or given to ``rating``.
    """
    strength = _strengths(interactions, {**EVENT_WEIGHTS, **_checked(weights or {})})
    log, strength = tables.rows(interactions, strength > 0), strength[strength > 0]
    pairs = tables.pairs(*(log[column] for column in _PAIR))
    times = tables.moments(log[Columns.TIMESTAMP]) if Columns.TIMESTAMP in log else None
    order, ends = tables.grouped(pairs, times)
    log, strength, pairs = tables.rows(log, order), strength[order], pairs[order]
    pair = library_of(pairs).searchsorted(pairs[ends], pairs)
    return _merged(log, strength, pair, ends)


def _checked(weights: Mapping[str, float]) -> Mapping[str, float]:
    if RATING_EVENT in weights:
        raise OptionError("weights: 'rating' events keep their own rating; leave 'rating' out")
    for kind, weight in weights.items():
        if not (isinstance(weight, Real) and 0 <= weight < np.inf):
            raise OptionError(f"weights[{kind!r}] is {weight!r}; a weight is finite and at least 0")
    return weights


def _strengths(log: pd.DataFrame, known: Mapping[str, float]) -> Any:
    """Weight of every event, infinite for a stated rating; float64 array."""
    for column in (*_PAIR, Columns.EVENT):
        if column not in log:
            raise DataError(f"an event log needs the column {column!r}; it has {list(log.columns)}")
    codes, kinds = tables.encoded(log[Columns.EVENT])
    strengths = {**known, RATING_EVENT: np.inf}
    # A missing kind has the number -1, and so what stands last.
    of_kind = np.array([*(strengths.get(kind, np.nan) for kind in kinds), np.nan])
    found = library_of(codes).asarray(of_kind)[codes]
    unknown = found != found
    if unknown.any():
        first = int(unknown.argmax())
        kind = log[Columns.EVENT].iloc[first]
        raise DataError(
            f"unknown event {kind!r} in column {Columns.EVENT!r}, row {first + 1} "
            f"({int(unknown.sum()):,} such rows); valid kinds: {', '.join(sorted(strengths))}. "
            f"Give it a weight with weights={{{kind!r}: 1.0}}, 0 to drop it"
        )
    return found


def _merged(log: pd.DataFrame, strength: Any, pair: Any, ends: Any) -> pd.DataFrame:
    """One row a pair, of events by pair and time, from where each pair ends."""
    xp = library_of(pair)
    by_strength = xp.argsort(-strength, kind="stable")
    order = by_strength[xp.argsort(pair[by_strength], kind="stable")]
    heaviest = order[xp.concatenate([xp.zeros_like(ends[:1]), ends[:-1] + 1])]
    ratings = group_sums(_worth(log, strength, pair, len(ends)), pair, len(ends))
    merged = tables.rows(log[_PAIR], ends).assign(**{Columns.RATING: ratings})
    if Columns.TIMESTAMP in log:
        merged[Columns.TIMESTAMP] = tables.rows(log[Columns.TIMESTAMP], ends)
    merged[Columns.EVENT] = tables.rows(log[Columns.EVENT], heaviest)
    if Columns.SESSION in log:
        known = ~tables.missing(log[Columns.SESSION])
        latest = ends.copy()
        latest[pair[_last(pair, known)]] = _last(pair, known)
        merged[Columns.SESSION] = tables.rows(log[Columns.SESSION], latest)
    if Columns.VALUE in log:
        merged[Columns.VALUE] = _sums(log[Columns.VALUE], pair, len(ends))
    return merged


def _last(pair: Any, of: Any) -> Any:
    """Position of each pair's last event of some, a bool array."""
    some = library_of(pair).flatnonzero(of)
    return some[tables.last_of_each(pair[some])]


def _worth(log: pd.DataFrame, strength: Any, pair: Any, pairs: int) -> Any:
    """What each event adds to its pair's rating."""
    xp = library_of(pair)
    stated = xp.isinf(strength)
    if not stated.any():
        return strength
    if Columns.RATING not in log:
        raise DataError(f"'rating' events need the column {Columns.RATING!r}, which is missing")
    ratings = tables.numbers(log[Columns.RATING])
    bad = int((stated & ~xp.isfinite(ratings)).sum())
    if bad:
        raise DataError(
            f"{bad:,} 'rating' events have no number in column "
            f"{Columns.RATING!r}; drop these rows or give them a rating"
        )
    has_opinion = xp.bincount(pair[stated], minlength=pairs) > 0
    worth = xp.where(has_opinion[pair], 0.0, strength)
    latest = _last(pair, stated)
    worth[latest] = ratings[latest]
    return worth


def _sums(values: Any, pair: Any, pairs: int) -> Any:
    """Sum of each pair's known values, NaN where none is."""
    xp = library_of(pair)
    numbers = tables.numbers(values)
    known = ~xp.isnan(numbers)
    unread = ~known & ~tables.missing(values)
    if unread.any():
        text = values.iloc[int(unread.argmax())]
        raise DataError(f"column {Columns.VALUE!r}: {text!r} is not a number; correct it")
    sums = group_sums(xp.where(known, numbers, 0.0), pair, pairs)
    return xp.where(xp.bincount(pair[known], minlength=pairs) > 0, sums, np.nan)
