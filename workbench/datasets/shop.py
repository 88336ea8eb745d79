"""A made-up bilingual shop whose truth is known: tastes, sentiments, attackers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets.catalogue import DEPARTMENT, NOUN, goods, numbered, words
from workbench.datasets.dataset import Dataset
from workbench.datasets.events import to_preferences
from workbench.errors import OptionError

_FUNNEL = np.array(["view", "click", "cart", "purchase"])
_YEAR = np.datetime64("2025-01-01", "us")
_FILLERS = 10  # popular items an attacker looks at to pass for a customer


@dataclass(frozen=True, eq=False)
class ShopTruth:
    """What only the generator knows; D departments.

    Attributes
    ----------
    dataset : Dataset
        The shop as `shop` returns it.
    affinity : DataFrame of shape (honest users, D)
        Share of each user's taste that falls on each department, rows sum to 1. It sets which
        departments a user's sessions visit and how far down the funnel a view goes.
    events : DataFrame
        The raw log, oldest first: ``user_id``, ``item_id``, ``event``, ``timestamp``,
        ``session_id``, ``value`` (yuan, on purchases).
    reviews : DataFrame
        ``user_id``, ``item_id``, ``timestamp``, ``language`` (en, zh), ``text``, ``sentiment``
        (positive, negative), ``stars`` (1, 2 or 4, 5), ``planted`` (written by an attacker).
    attackers : tuple of str
        Users who exist to push ``target``: they look at popular goods, then buy and praise it.
    target : str
        The pushed item, the least appealing of the shop.
    """

    dataset: Dataset
    affinity: pd.DataFrame
    events: pd.DataFrame
    reviews: pd.DataFrame
    attackers: tuple[str, ...]
    target: str


def shop(*, users: int = 300, items: int = 400, seed: int = 7, attackers: int = 6) -> Dataset:
    """Generate a Chinese and English shop: the same data for the same arguments.

    Parameters
    ----------
    users : int
        Number of users, attackers included.
    items : int
        Number of items, from 40 (one a category) to 14,400.
    seed : int
        Seed of the generator.
    attackers : int
        How many of the users push one item; their ids look like any other.

    Returns
    -------
    Dataset
        - interactions: a year of views, clicks, carts and purchases as preferences, see
          `to_preferences`
        - items: ``title``, ``description``, ``genres`` ([department, category]) and ``brand``,
          each with a twin in Chinese, ``…_zh``; ``price`` (yuan), ``stock``, ``launched``
        - users: ``age_band``, ``city``, ``member_level``, ``language`` (en or zh)

    Raises
    ------
    OptionError
        If ``items`` is out of range or fewer than two users are honest.
    """
    return shop_truth(users=users, items=items, seed=seed, attackers=attackers).dataset


def shop_truth(
    *, users: int = 300, items: int = 400, seed: int = 7, attackers: int = 6
) -> ShopTruth:
    """Generate the shop of the same arguments together with the truth behind it.

    See `shop` for the parameters and errors, `ShopTruth` for what is known.
    """
    if attackers < 0 or users - attackers < 2:
        raise OptionError(
            f"users={users!r}, attackers={attackers!r}; at least two users must be honest"
        )
    rng = np.random.default_rng(seed)
    lists = words()
    catalogue = goods(lists, items, rng)
    people = _people(lists, users, rng)
    culprit = np.isin(np.arange(users), rng.choice(users, attackers, replace=False))
    affinity = _affinity(catalogue, people[Columns.USER][~culprit], rng)
    appeal = 1.0 / (rng.permutation(items) + 5.0)
    quality = rng.normal(size=items)
    honest = _visits(affinity, catalogue[DEPARTMENT], appeal, quality, rng)
    planted = _attack(people[Columns.USER][culprit], appeal, honest["session"].max() + 1, rng)
    views = pd.concat([honest, planted], ignore_index=True)
    events = _events(views, catalogue)
    bought = views[(views["depth"] == len(_FUNNEL) - 1) & (rng.random(len(views)) < 0.6)]
    reviews = _reviews(bought, catalogue, people, lists["reviews"], rng)
    dataset = Dataset(
        to_preferences(events),
        catalogue.drop(columns=[DEPARTMENT, NOUN, f"{NOUN}_zh"]),
        people,
        name="shop",
        account=(f"{len(events):,} events of a synthetic shop merged into preferences",),
    )
    culprits = tuple(people[Columns.USER][culprit])
    target = str(catalogue[Columns.ITEM][appeal.argmin()])
    return ShopTruth(dataset, affinity, events, reviews, culprits, target)


def _people(lists: dict[str, Any], count: int, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            Columns.USER: numbered("u", count),
            "age_band": rng.choice(lists["age_bands"], count),
            "city": rng.choice(lists["cities"], count),
            "member_level": rng.choice(lists["member_levels"], count, p=[0.6, 0.3, 0.1]),
            "language": rng.choice(["zh", "en"], count),
        }
    )


def _affinity(catalogue: pd.DataFrame, ids: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    departments = np.sort(catalogue[DEPARTMENT].unique())
    shares = rng.dirichlet(np.full(len(departments), 0.4), len(ids))
    return pd.DataFrame(shares, index=pd.Index(ids, name=Columns.USER), columns=departments)


def _visits(
    affinity: pd.DataFrame,
    department: pd.Series,
    appeal: np.ndarray,
    quality: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row a view: who, in which session, when, what, how deep into the funnel, how liked."""
    shares = affinity.to_numpy()
    sessions = 1 + rng.poisson(rng.lognormal(1.5, 0.6, len(shares)))
    user = np.repeat(np.arange(len(shares)), sessions)
    topic = _choose(shares[user], rng)
    start = rng.integers(365 * 86_400, size=len(user))
    session = np.repeat(np.arange(len(user)), 1 + rng.poisson(4.0, len(user)))
    place = pd.Series(session).groupby(session).cumcount().to_numpy()
    user = user[session]
    strays = rng.random(len(user)) < 0.15
    topics = np.where(strays, _choose(shares[user], rng), topic[session])
    codes = affinity.columns.get_indexer(department)
    item = _pick(topics, codes, appeal, rng)
    liking = shares[user, codes[item]]
    return pd.DataFrame(
        {
            Columns.USER: affinity.index[user],
            "session": session,
            "seconds": start[session] + 120 * place + rng.integers(60, size=len(user)),
            "item": item,
            "depth": _depth(liking, quality[item], rng),
            "pleased": liking + quality[item] + rng.normal(0.3, 0.5, len(user)) > 0,
            "planted": False,
        }
    )


def _choose(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One column a row, with the row's shares as probabilities."""
    below = shares.cumsum(axis=1)[:, :-1] < rng.random((len(shares), 1))
    return below.sum(axis=1)


def _pick(
    topics: np.ndarray, codes: np.ndarray, appeal: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One item a topic, with its appeal within the topic as probability."""
    order = np.argsort(codes, kind="stable")
    total = appeal[order].cumsum()
    ends = total[np.bincount(codes).cumsum() - 1]
    starts = np.concatenate([[0.0], ends[:-1]])
    spot = starts[topics] + rng.random(len(topics)) * (ends - starts)[topics]
    return order[np.minimum(total.searchsorted(spot, side="right"), len(order) - 1)]


def _depth(liking: np.ndarray, quality: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Steps taken after the view: 1 a click, 2 a cart, 3 a purchase."""
    floor, slope = np.array([0.25, 0.15, 0.3]), np.array([0.45, 0.45, 0.4])
    chance = floor + slope * liking[:, None] + 0.05 * quality[:, None]
    return (rng.random(chance.shape) < chance).cumprod(axis=1).sum(axis=1)


def _attack(
    culprits: pd.Series, appeal: np.ndarray, session: int, rng: np.random.Generator
) -> pd.DataFrame:
    """A session each within two hours: popular items looked at, then the target bought."""
    count = len(culprits)
    popular = np.argsort(-appeal)[: 3 * _FILLERS]
    fillers = rng.permuted(np.tile(popular, (count, 1)), axis=1)[:, :_FILLERS]
    item = np.column_stack([fillers, np.full(count, appeal.argmin())])
    place = np.broadcast_to(np.arange(_FILLERS + 1), item.shape)
    start = 200 * 86_400 + rng.integers(7_200, size=(count, 1))
    return pd.DataFrame(
        {
            Columns.USER: culprits.repeat(_FILLERS + 1).to_numpy(),
            "session": session + np.repeat(np.arange(count), _FILLERS + 1),
            "seconds": (start + 60 * place).ravel(),
            "item": item.ravel(),
            "depth": np.where(place == _FILLERS, 3, 1).ravel(),
            "pleased": True,
            "planted": True,
        }
    )


def _when(seconds: np.ndarray) -> np.ndarray:
    return _YEAR + seconds.astype("timedelta64[s]")


def _events(views: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    steps = views["depth"].to_numpy() + 1
    step = np.arange(steps.sum()) - np.repeat(steps.cumsum() - steps, steps)
    row = views.loc[views.index.repeat(steps)]
    goods_row = catalogue.iloc[row["item"]]
    log = pd.DataFrame(
        {
            Columns.USER: row[Columns.USER].to_numpy(),
            Columns.ITEM: goods_row[Columns.ITEM].to_numpy(),
            Columns.EVENT: _FUNNEL[step],
            Columns.TIMESTAMP: _when(row["seconds"].to_numpy() + 12 * step),
            Columns.SESSION: numbered("s", views["session"].max() + 1)
            .iloc[row["session"]]
            .to_numpy(),
            Columns.VALUE: np.where(step == 3, goods_row[Columns.PRICE], np.nan),
        }
    )
    return log.sort_values(Columns.TIMESTAMP, kind="stable", ignore_index=True)


def _reviews(
    bought: pd.DataFrame,
    catalogue: pd.DataFrame,
    people: pd.DataFrame,
    sentences: dict[str, list[list[str]]],
    rng: np.random.Generator,
) -> pd.DataFrame:
    thing = catalogue.iloc[bought["item"]].reset_index(drop=True)
    speaks = people.set_index(Columns.USER)["language"].reindex(bought[Columns.USER]).to_numpy()
    pleased = bought["pleased"].to_numpy()
    # Positive sentences come first, each as a row of (English, Chinese).
    pool = np.array(sentences["positive"] + sentences["negative"], dtype=object)
    first = np.where(pleased, 0, len(sentences["positive"]))
    number = np.where(pleased, len(sentences["positive"]), len(sentences["negative"]))
    sentence = pool[rng.integers(first, first + number), (speaks == "zh").astype(int)]
    noun = thing["noun_zh"].where(speaks == "zh", thing[NOUN].str.lower())
    around = pd.Series(sentence, dtype="str").str.partition("{noun}")
    stars = rng.integers(1, 3, len(bought)) + np.where(pleased, 3, 0)
    return pd.DataFrame(
        {
            Columns.USER: bought[Columns.USER].to_numpy(),
            Columns.ITEM: thing[Columns.ITEM],
            Columns.TIMESTAMP: _when(bought["seconds"].to_numpy() + 5 * 86_400),
            "language": speaks,
            Columns.TEXT: around[0] + noun + around[2],
            "sentiment": np.where(pleased, "positive", "negative"),
            "stars": stars,
            "planted": bought["planted"].to_numpy(),
        }
    )
