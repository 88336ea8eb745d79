"""What the users of the synthetic shop do: sessions of views that go down a funnel."""

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets.synthetic.shop.catalogue import numbered

_FUNNEL = np.array(["view", "click", "cart", "purchase"])
BOUGHT = len(_FUNNEL) - 1

_YEAR = np.datetime64("2025-01-01", "ns")
_FILLERS = 10  # popular items an attacker looks at to pass for a customer


def visits(
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
            "pleased": liking + quality[item] + rng.normal(0.0, 0.5, len(user)) > 0.4,
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


def attack(
    culprits: pd.Series, appeal: np.ndarray, session: int, rng: np.random.Generator
) -> pd.DataFrame:
    """A session each within two hours: popular items looked at, then the target bought."""
    count = len(culprits)
    popular = np.argsort(-appeal)[: 3 * _FILLERS]
    fillers = rng.permuted(np.tile(popular, (count, 1)), axis=1)[:, :_FILLERS]
    item = np.column_stack([fillers, np.full(count, appeal.argmin())])
    place = np.broadcast_to(np.arange(_FILLERS + 1), item.shape)
    start = 200 * 86_400 + rng.integers(7_200, size=(count, 1))
    yes = np.ones(item.size, dtype=bool)  # an array keeps its type where there is no attacker
    return pd.DataFrame(
        {
            Columns.USER: culprits.repeat(_FILLERS + 1).to_numpy(),
            "session": session + np.repeat(np.arange(count), _FILLERS + 1),
            "seconds": (start + 60 * place).ravel(),
            "item": item.ravel(),
            "depth": np.where(place == _FILLERS, BOUGHT, 1).ravel(),
            "pleased": yes,
            "planted": yes,
        }
    )


def when(seconds: np.ndarray) -> np.ndarray:
    """Seconds since the start of the shop's year, 2025, as datetime64[ns]."""
    return _YEAR + seconds.astype("timedelta64[s]")


def events_of(views: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """The log behind the views, oldest first: each step of a view is an event of its own."""
    steps = views["depth"].to_numpy() + 1
    step = np.arange(steps.sum()) - np.repeat(steps.cumsum() - steps, steps)
    row = views.loc[views.index.repeat(steps)]
    sessions = numbered("s", views["session"].max() + 1)
    goods_row = catalogue.iloc[row["item"]]
    log = pd.DataFrame(
        {
            Columns.USER: row[Columns.USER].to_numpy(),
            Columns.ITEM: goods_row[Columns.ITEM].to_numpy(),
            Columns.EVENT: _FUNNEL[step],
            Columns.TIMESTAMP: when(row["seconds"].to_numpy() + 12 * step),
            Columns.SESSION: sessions.iloc[row["session"]].to_numpy(),
            Columns.VALUE: np.where(step == BOUGHT, goods_row[Columns.PRICE], np.nan),
        }
    )
    return log.sort_values(Columns.TIMESTAMP, kind="stable", ignore_index=True)
