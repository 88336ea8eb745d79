"""What an evaluation found: the table, the users behind it, and whom it holds for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.compute import Device
from workbench.evaluation.metrics.registry import RequestedMetric
from workbench.evaluation.predictions import Predictions
from workbench.evaluation.statistics.bootstrap import UserSums, bootstrap, table
from workbench.evaluation.statistics.groups import by_popularity, gaps, user_groups


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good a model is, and for whom.

    Attributes
    ----------
    device : Device
        Where the model computed.
    data_hash : str
        Hashes of train and test, "train-test".
    seconds : float
        Wall time of the evaluation.
    seconds_a_user : float
        Time to recommend a list; NaN where no metric needed one.
    unknown_users : int
        Users of test who are not in train and were skipped.
    """

    predictions: Predictions = field(repr=False)
    requested: Mapping[str, RequestedMetric] = field(repr=False)
    user_sums: Mapping[str, UserSums] = field(repr=False)
    resamples: int = field(repr=False)
    seed: int = field(repr=False)
    device: Device
    data_hash: str
    seconds: float
    seconds_a_user: float
    unknown_users: int

    @cached_property
    def samples(self) -> dict[str, np.ndarray]:
        """Values of each metric for users drawn with replacement; arrays of shape (resamples,)."""
        return self._bootstrap(self.user_sums)

    @cached_property
    def per_user(self) -> pd.DataFrame:
        """A row a user and a column a metric, those of the whole catalogue left out.

        NaN where the user has no part in the metric, such as one with nothing relevant.
        """
        columns = {
            name: sums.finish(sums.numerator, sums.denominator)
            for name, sums in self.user_sums.items()
            if not sums.of_the_whole
        }
        return pd.DataFrame(columns, index=self.predictions.task.users)

    def frame(self) -> pd.DataFrame:
        """One row a metric.

        Returns
        -------
        DataFrame
            ``metric``, ``value``, ``low`` and ``high`` (95 % percentile interval of the bootstrap
            over users; NaN for coverage, gini and ece, which resampling would bias) and
            ``users``, how many have a part in it.
        """
        return table(self.user_sums, self.samples)

    def by(self, groups: str = "activity") -> pd.DataFrame:
        """One row a group of users and metric: ``group`` and the columns of `frame`.

        Parameters
        ----------
        groups : str
            "activity", thirds of the users by the length of their history; or a column of the
            users table.

        Raises
        ------
        OptionError
            If users have no such column.
        """
        codes, names = user_groups(self.predictions.task, groups)
        parts = []
        for code, name in enumerate(names):
            rows = np.flatnonzero(codes == code)
            mine = {metric: sums.of(rows) for metric, sums in self.user_sums.items()}
            parts.append((name, table(mine, self._bootstrap(mine))))
        return _labelled(parts, "group")

    def gap(self, groups: str = "activity") -> pd.DataFrame:
        """Fairness gap: the metric in the best served group of users less that in the worst.

        Any two groups differ by chance, the more so the smaller they are. So beside the gap
        stands the share ``p`` of random groupings of the same sizes that have as large a one.

        Parameters
        ----------
        groups : str
            As for `by`.

        Returns
        -------
        DataFrame
            ``metric``, ``gap``, ``highest`` and ``lowest`` (groups), ``p``. Without coverage,
            gini and ece, which depend on the size of a group.
        """
        codes, names = user_groups(self.predictions.task, groups)
        return gaps(self.user_sums, codes, names, permutations=self.resamples, seed=self.seed)

    def by_popularity(self) -> pd.DataFrame:
        """One row a tenth of the relevant items by popularity in train, and metric of hits.

        Returns
        -------
        DataFrame
            ``decile``, from 1, the least popular, and the columns of `frame`. Only items of that
            tenth are hits, and only users with one of them count. Metrics of lists that do not
            depend on hits, such as coverage, have no row.
        """
        tenths = {
            decile: {
                name: entry.sums(predictions)
                for name, entry in self.requested.items()
                if entry.metric.of_hits
            }
            for decile, predictions in by_popularity(self.predictions).items()
        }
        # Every tenth has the same users: they are drawn once for all.
        samples = self._bootstrap(
            {(decile, name): one for decile, mine in tenths.items() for name, one in mine.items()}
        )
        parts = [
            (decile, table(mine, {name: samples[decile, name] for name in mine}))
            for decile, mine in tenths.items()
        ]
        return _labelled(parts, "decile")

    def _bootstrap(self, user_sums: Mapping[Any, UserSums]) -> dict[Any, np.ndarray]:
        return bootstrap(user_sums, resamples=self.resamples, seed=self.seed)


def _labelled(parts: Iterable[tuple[object, pd.DataFrame]], column: str) -> pd.DataFrame:
    tables = []
    for name, part in parts:
        part.insert(0, column, [name] * len(part))
        tables.append(part)
    return pd.concat(tables, ignore_index=True)
