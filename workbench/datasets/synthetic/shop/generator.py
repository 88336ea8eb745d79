"""A made-up bilingual shop whose truth is known: tastes, sentiments, attackers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets.dataset import Dataset
from workbench.datasets.readers.events import to_preferences
from workbench.datasets.synthetic.shop.catalogue import DEPARTMENT, NOUN, goods, numbered, words
from workbench.datasets.synthetic.shop.sessions import BOUGHT, attack, events_of, visits, when
from workbench.errors import OptionError


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
    appeal = 1.0 / (rng.permutation(items) + 20.0)
    quality = rng.normal(size=items)
    honest = visits(affinity, catalogue[DEPARTMENT], appeal, quality, rng)
    planted = attack(people[Columns.USER][culprit], appeal, honest["session"].max() + 1, rng)
    views = pd.concat([honest, planted], ignore_index=True)
    events = events_of(views, catalogue)
    bought = views[(views["depth"] == BOUGHT) & (rng.random(len(views)) < 0.6)]
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
            Columns.TIMESTAMP: when(bought["seconds"].to_numpy() + 5 * 86_400),
            "language": speaks,
            Columns.TEXT: around[0] + noun + around[2],
            "sentiment": np.where(pleased, "positive", "negative"),
            "stars": stars,
            "planted": bought["planted"].to_numpy(),
        }
    )
