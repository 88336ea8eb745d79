"""Train and test sets that say what they hold out."""

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from workbench.columns import Columns
from workbench.datasets import tables
from workbench.datasets.dataset import Dataset
from workbench.device.arrays import library_of
from workbench.errors import DataError, OptionError

_WAYS = ("random", "user", "time", "user-time")


def split(
    ds: Dataset,
    *,
    holdout: float = 0.2,
    by: str = "random",
    leave_one_out: bool = False,
    seed: int = 42,
) -> tuple[Dataset, Dataset]:
    """Divide the interactions into a train and a test set; items and users stay whole.

    What is held out:

    - ``by="random"``: a share ``holdout`` of all interactions (rounded, at least one), drawn
      evenly except that each user keeps one interaction, itself drawn at random, in train.
    - ``by="user"``: the same share of each user's interactions, rounded to the nearest whole,
      drawn at random; a user always keeps one in train.
    - ``by="time"``: the newest interactions, cut at one moment for all users. Every test
      interaction is later than every train interaction, so those that share the moment of the
      cut stay in train and the test share may fall below ``holdout``. Test users may be new.
    - ``by="user-time"``: the same share of each user's interactions as ``by="user"``, the newest
      ones; equal times are drawn by ``seed``. What others did later may be in train.
    - ``leave_one_out=True``: the last interaction of each user by ``timestamp`` (an unknown time
      counts as the oldest, equal times are drawn by ``seed``), a random one where the data have
      no timestamps. ``holdout`` plays no part.

    Except with ``by="time"``, a user with a single interaction stays in train.

    Parameters
    ----------
    ds : Dataset
        The data to divide.
    holdout : float
        Share to hold out, between 0 and 1, both excluded.
    by : {"random", "user", "time", "user-time"}
        See above.
    leave_one_out : bool
        See above; asks for ``by="random"``.
    seed : int
        Seed of every draw.

    Returns
    -------
    train, test : Dataset
        Disjoint, together all interactions of ``ds``, each in the order of ``ds``.

    Raises
    ------
    OptionError
        If ``holdout`` is not between 0 and 1, ``by`` is unknown or contradicts
        ``leave_one_out``.
    DataError
        If a split by time finds no or missing timestamps, or nothing can be held out.
    """
    _check_options(holdout, by, leave_one_out)
    rng = np.random.default_rng(seed)
    if leave_one_out:
        test, rule = _last_of_each_user(ds, rng), "the last interaction of each user"
    elif by == "time":
        test, rule = _newest(ds, holdout), f"the newest {holdout:.0%}"
    elif by == "user":
        test, rule = _share_of_each_user(ds, holdout, rng), f"{holdout:.0%} of each user"
    elif by == "user-time":
        test, rule = (
            _newest_of_each_user(ds, holdout, rng),
            f"the newest {holdout:.0%} of each user",
        )
    else:
        test, rule = _share_of_all(ds, holdout, rng), f"a random {holdout:.0%}"
    if not test.any():
        raise DataError(
            f"{ds.name}: nothing can be held out ({rule} of {len(test):,} interactions); "
            f"every user needs more interactions, or hold out a larger share"
        )
    return _part(ds, ~test, "train", rule), _part(ds, test, "test", rule)


def _check_options(holdout: float, by: str, leave_one_out: bool) -> None:
    if not isinstance(holdout, Real) or not 0 < holdout < 1:
        raise OptionError(f"holdout is {holdout!r}; it is a share between 0 and 1, such as 0.2")
    if by not in _WAYS:
        raise OptionError(f"by is {by!r}; it is one of {', '.join(map(repr, _WAYS))}")
    if leave_one_out and by != "random":
        raise OptionError(f"leave_one_out=True already says what is held out; drop by={by!r}")


def _part(ds: Dataset, chosen: Any, name: str, rule: str) -> Dataset:
    interactions = tables.rows(ds.interactions, chosen)
    note = f"{name}: {len(interactions):,} of {len(chosen):,} interactions, held out: {rule}"
    return replace(
        ds, interactions=interactions, name=f"{ds.name} ({name})", account=(*ds.account, note)
    )


def _permutation(ds: Dataset, rng: np.random.Generator) -> Any:
    """Positions of the interactions in random order: NumPy's draws, wherever the table is."""
    return library_of(ds.interactions).asarray(rng.permutation(len(ds.interactions)))


def _place_in_user(ds: Dataset, order: Any) -> tuple[Any, Any]:
    """Place of each interaction in its user's sequence when read in ``order``, and its length."""
    users, ids = tables.encoded(ds.interactions[Columns.USER])
    xp = library_of(users)
    counts = xp.bincount(users, minlength=len(ids))
    place = xp.empty_like(order)
    place[order] = xp.arange(len(order))
    by_user = xp.argsort(users * len(order) + place)
    place[by_user] = xp.arange(len(order)) - (xp.cumsum(counts) - counts)[users[by_user]]
    return place, counts[users]


def _share_of_all(ds: Dataset, holdout: float, rng: np.random.Generator) -> Any:
    order = _permutation(ds, rng)
    place, _ = _place_in_user(ds, order)
    spare = order[place[order] > 0]
    drawn = rng.permutation(len(spare))[: max(1, round(holdout * len(order)))]
    xp = library_of(order)
    test = xp.zeros(len(order), dtype=bool)
    test[spare[xp.asarray(drawn)]] = True
    return test


def _share_of_each_user(ds: Dataset, holdout: float, rng: np.random.Generator) -> Any:
    place, length = _place_in_user(ds, _permutation(ds, rng))
    return place < _share(holdout, length)


def _newest_of_each_user(ds: Dataset, holdout: float, rng: np.random.Generator) -> Any:
    times = _times(ds, "user-time")
    order = _permutation(ds, rng)
    order = order[library_of(order).argsort(times[order], kind="stable")]
    place, length = _place_in_user(ds, order)
    return place >= length - _share(holdout, length)


def _share(holdout: float, length: Any) -> Any:
    """Interactions to hold out of so many of a user, who keeps one."""
    xp = library_of(length)
    return xp.minimum(xp.rint(holdout * length), length - 1)


def _last_of_each_user(ds: Dataset, rng: np.random.Generator) -> Any:
    order = _permutation(ds, rng)
    if Columns.TIMESTAMP in ds.interactions:
        times = tables.moments(ds.interactions[Columns.TIMESTAMP])
        order = order[library_of(order).argsort(times[order], kind="stable")]
    place, length = _place_in_user(ds, order)
    return (place == length - 1) & (length > 1)


def _newest(ds: Dataset, holdout: float) -> Any:
    times = _times(ds, "time")
    kept = max(1, len(times) - round(holdout * len(times)))
    return times > library_of(times).sort(times)[kept - 1]


def _times(ds: Dataset, by: str) -> Any:
    """Moments of all interactions, none of them unknown."""
    if Columns.TIMESTAMP not in ds.interactions:
        raise DataError(f"{ds.name}: by={by!r} needs the column {Columns.TIMESTAMP!r}")
    unknown = int(tables.missing(ds.interactions[Columns.TIMESTAMP]).sum())
    if unknown:
        raise DataError(
            f"{ds.name}: {unknown:,} interactions have no {Columns.TIMESTAMP!r}; "
            f"drop them or split by 'random' or 'user'"
        )
    return tables.moments(ds.interactions[Columns.TIMESTAMP])
