"""From users to one number, and how sure it is: the bootstrap over users."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

LEVEL = 0.95
BATCH_BYTES = 64 * 2**20

Finish = Callable[[np.ndarray, np.ndarray], np.ndarray]


def ratio(sums: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Divide; NaN where there is nothing to divide by."""
    return np.divide(sums, totals, out=np.full(np.shape(sums), np.nan), where=totals > 0)


@dataclass(frozen=True, eq=False)
class UserSums:
    """What each user adds to a metric.

    The metric of any users, drawn once or twice or not at all, is a function of two sums. So one
    formula gives the value, its bootstrap and its breakdown by groups.

    Attributes
    ----------
    numerator : float64 array of shape (users,), or array or CSR array of shape (users, parts)
        Summed over users. With parts, such as the items of a catalogue, the metric is one of the
        whole: no user has a value of their own.
    denominator : float64 array of shape (users,)
        Summed over users; 0 for a user who has no part in the metric.
    finish : callable
        From sums of shape (n,) or (n, parts) and totals of shape (n,) to values of shape (n,).
    steady : bool
        Whether a metric of the whole says of a sample of the users what it says of all, as counts
        of words do. Else resampling would bias it (a sample reaches fewer items than all do), so
        that it has no interval.
    """

    numerator: np.ndarray | sparse.csr_array
    denominator: np.ndarray
    finish: Finish = ratio
    steady: bool = False

    @property
    def of_the_whole(self) -> bool:
        """Whether only all users together have a value."""
        return self.numerator.ndim == 2

    @property
    def users(self) -> int:
        """Users who have a part in the metric."""
        return int((self.denominator > 0).sum())

    def values(self, weights: np.ndarray) -> np.ndarray:
        """Values for n groups of users, from weights of shape (n, users)."""
        return self.finish(weights @ self.numerator, weights @ self.denominator)

    def value(self) -> float:
        """Value for all users."""
        return float(self.values(np.ones((1, len(self.denominator))))[0])

    def of(self, rows: np.ndarray) -> "UserSums":
        """UserSums of some users only."""
        return replace(self, numerator=self.numerator[rows], denominator=self.denominator[rows])


def mean(values: np.ndarray, counted: np.ndarray | None = None) -> UserSums:
    """UserSums of a mean over users: all, or those `counted` (bool)."""
    weight = np.ones(len(values)) if counted is None else counted.astype(np.float64)
    return UserSums(np.where(weight > 0, values, 0.0), weight)


class Stack:
    """Tallies side by side, so that users are drawn, or shuffled, once for all metrics.

    Those that a sample would bias are left out.
    """

    def __init__(self, user_sums: Mapping[Any, UserSums]) -> None:
        self.user_sums = {
            n: one for n, one in user_sums.items() if one.steady or not one.of_the_whole
        }
        pairs = [
            column for one in self.user_sums.values() for column in (one.numerator, one.denominator)
        ]
        self.columns = np.column_stack(pairs) if pairs else np.empty((0, 0))

    def values(self, sums: np.ndarray) -> dict[Any, np.ndarray]:
        """Metrics, of shape (n,), from n sums over `columns`, of shape (n, columns)."""
        found, start = {}, 0
        for name, one in self.user_sums.items():
            end = start + (one.numerator.shape[1] if one.of_the_whole else 1)
            numerator = sums[:, start:end] if one.of_the_whole else sums[:, start]
            found[name] = one.finish(numerator, sums[:, end])
            start = end + 1
        return found


def bootstrap(
    user_sums: Mapping[Any, UserSums], *, resamples: int, seed: int
) -> dict[Any, np.ndarray]:
    """Values of metrics for users drawn with replacement, the same users for every metric.

    Returns
    -------
    dict of float64 arrays of shape (resamples,)
        By the keys of `user_sums`, without metrics that a sample would bias. Two models that were
        asked for the same users, with the same seed, have paired samples.
    """
    stack = Stack(user_sums)
    if not stack.user_sums:
        return {}
    rng = np.random.default_rng(seed)
    users = len(stack.columns)
    sums = []
    for size in batch_sizes(resamples, 8 * users):
        drawn = rng.integers(users, size=(size, users)) + users * np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=size * users).reshape(size, users)
        sums.append(weights.astype(np.float64) @ stack.columns)
    return stack.values(np.concatenate(sums))


def batch_sizes(rows: int, bytes_a_row: int) -> list[int]:
    """How many rows at a time, so that they stay small."""
    step = max(1, BATCH_BYTES // bytes_a_row)
    return [min(step, rows - start) for start in range(0, rows, step)]


def interval(samples: np.ndarray | None) -> tuple[float, float]:
    """Percentile interval of bootstrap samples (Efron and Tibshirani 1993, section 13.3)."""
    known = np.array([]) if samples is None else samples[np.isfinite(samples)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def table(user_sums: Mapping[str, UserSums], samples: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """One row a metric: ``metric``, ``value``, ``low``, ``high``, ``users``.

    One user alone, drawn again and again, would look certain: there is no interval then.
    """
    rows = [
        (
            name,
            sums.value(),
            *interval(samples.get(name) if sums.users > 1 else None),
            sums.users,
        )
        for name, sums in user_sums.items()
    ]
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "users"])
