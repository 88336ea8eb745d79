"""Made data: long-tailed of any size for benchmarks, and the two worked examples."""

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets.dataset import Dataset
from workbench.errors import OptionError

_ACTIVITY_SIGMA = 1.25  # the mean of a user's count is then 2.2 times the median, as in MovieLens

_GOODS = {
    Columns.ITEM: ["A", "B", "C"],
    Columns.TITLE: ["Jasmine Green Tea", "Stoneware Teapot", "Bamboo Tea Tray"],
    "title_zh": ["茉莉绿茶", "粗陶茶壶", "竹制茶盘"],
    Columns.DESCRIPTION: [
        "A green tea scented with jasmine blossom.",
        "A stoneware teapot for two cups.",
        "A bamboo tray that catches spilled tea.",
    ],
    "description_zh": ["用茉莉花窨制的绿茶。", "可泡两杯茶的粗陶茶壶。", "能接住茶水的竹制茶盘。"],
    Columns.GENRES: [["Tea"], ["Teaware"], ["Teaware"]],
}
_RATINGS = {
    1: [("u1", "A", 5.0), ("u1", "B", 3.0), ("u2", "A", 4.0), ("u2", "B", 2.0)],
    2: [("u1", "A", 5.0), ("u1", "B", 3.0), ("u2", "A", 4.0), ("u2", "C", 2.0)],
}


def example(*, table: int = 1) -> Dataset:
    """Two users, three items: the worked tables on which similarities are computed by hand.

    Parameters
    ----------
    table : {1, 2}
        1: u1 {A: 5, B: 3} and u2 {A: 4, B: 2}: cosine 26 / sqrt(34 * 20) = 0.99705, Pearson 1.
        2: u1 {A: 5, B: 3} and u2 {A: 4, C: 2}: cosine 20 / sqrt(34 * 20) = 0.76696, Pearson
        undefined on one co-rated item.

    Raises
    ------
    OptionError
        If there is no such table.
    """
    if table not in _RATINGS:
        raise OptionError(f"table is {table!r}; the worked tables are 1 and 2")
    columns = [Columns.USER, Columns.ITEM, Columns.RATING]
    return Dataset(
        pd.DataFrame(_RATINGS[table], columns=columns),
        pd.DataFrame(_GOODS),
        pd.DataFrame({Columns.USER: ["u1", "u2"]}),
        name="example",
    )


def synthetic(users: int, items: int, interactions: int, *, seed: int = 0) -> Dataset:
    """Long-tailed ratings of any size; exactly as many as asked for, no pair twice.

    User activity is lognormal (sigma 1.25). Item popularity follows the Zipf-Mandelbrot law:
    the item of rank r is drawn with a probability proportional to 1 / (r + q)^2, q being twice
    the mean activity; as nobody rates an item twice, the most popular one reaches about a third
    of the users. Every user and every item has at least one interaction. Ratings are half stars
    from 0.5 to 5: a mean an item, a bias a user, and noise. There is no taste to be learnt here,
    see `shop` for that.

    Parameters
    ----------
    users, items : int
        How many; ids run from 1.
    interactions : int
        How many, from max(users, items) to users * items.
    seed : int
        Seed of the generator.

    Returns
    -------
    Dataset
        Interactions with ``user_id``, ``item_id`` (int64) and ``rating`` (float64), by user;
        items with ``item_id`` and ``title``; no users table.

    Raises
    ------
    OptionError
        If ``users`` or ``items`` is below 2 or ``interactions`` is out of range.
    """
    if min(users, items) < 2:
        raise OptionError(f"users={users!r}, items={items!r}; both are at least 2")
    if not max(users, items) <= interactions <= users * items:
        raise OptionError(
            f"interactions={interactions:,}; with these users and items it runs from "
            f"{max(users, items):,} (every user and item at least once) to {users * items:,}"
        )
    rng = np.random.default_rng(seed)
    user, item = np.divmod(_pairs(users, items, interactions, rng), items)
    rating = _half_stars(user, item, users, items, rng)
    user += 1
    item += 1
    numbers = pd.Series(np.arange(1, items + 1))
    return Dataset(
        pd.DataFrame({Columns.USER: user, Columns.ITEM: item, Columns.RATING: rating}, copy=False),
        pd.DataFrame({Columns.ITEM: numbers, Columns.TITLE: "Item " + numbers.astype(str)}),
        name=f"synthetic {users:,} x {items:,}",
    )


def _pairs(users: int, items: int, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Sorted int64 keys, user * items + item, each once."""
    by_rank = rng.permutation(items)  # an id must not tell how popular its item is
    activity = rng.lognormal(sigma=_ACTIVITY_SIGMA, size=users)
    flatness = 2 * wanted / users
    keys = _cover(users, items, rng)
    while missing := wanted - len(keys):
        draws = int(missing * users * items / (users * items - len(keys))) + 1
        user = np.repeat(np.arange(users), rng.multinomial(draws, activity / activity.sum()))
        user *= items
        user += by_rank[_ranks(items, flatness, draws, rng)]
        fresh = _unseen(user, keys)
        if len(fresh) > missing:
            fresh = rng.choice(fresh, missing, replace=False, shuffle=False)
        keys = np.concatenate([keys, fresh])
        keys.sort(kind="stable")
        # Popular cells fill up; flatter laws for the rest keep the number of rounds small.
        activity += activity.mean()
        flatness *= 2
    return keys


def _cover(users: int, items: int, rng: np.random.Generator) -> np.ndarray:
    """Fewest pairs that hold every user and every item."""
    step = np.arange(max(users, items))
    keys = rng.permutation(users)[step % users] * items + rng.permutation(items)[step % items]
    return np.sort(keys)


def _ranks(items: int, flatness: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Ranks from 0 with density 1 / (rank + flatness)^2, by inverting its distribution."""
    share = rng.random(draws)
    share *= items / (items + flatness)
    ranks = (flatness * share / (1.0 - share)).astype(np.int64)
    return np.minimum(ranks, items - 1, out=ranks)


def _unseen(drawn: np.ndarray, keys: np.ndarray) -> np.ndarray:
    drawn.sort()
    drawn = drawn[np.concatenate([[True], drawn[1:] != drawn[:-1]])]
    place = np.minimum(keys.searchsorted(drawn), len(keys) - 1)
    return drawn[keys[place] != drawn]


def _half_stars(
    user: np.ndarray, item: np.ndarray, users: int, items: int, rng: np.random.Generator
) -> np.ndarray:
    taste = rng.normal(3.5, 0.5, items)[item]
    taste += rng.normal(0.0, 0.4, users)[user]
    taste += rng.standard_normal(len(user), dtype=np.float32)
    taste *= 2
    np.rint(taste, out=taste)
    taste /= 2
    return np.clip(taste, 0.5, 5.0, out=taste)
