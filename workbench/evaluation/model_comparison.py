"""Several models, one table, and which differences are more than chance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import OptionError
from workbench.evaluation.costs import Costs, fit_and_measure
from workbench.evaluation.metrics.registry import LOWER, requested_metrics
from workbench.evaluation.model_evaluation import DEFAULT, RESAMPLES, evaluate_on
from workbench.evaluation.protocol import Protocol, build_task
from workbench.evaluation.result import Evaluation
from workbench.evaluation.statistics.bootstrap import interval
from workbench.evaluation.statistics.paired_tests import disagreements, holm, p_value
from workbench.models import Recommender
from workbench.validation import at_least, one_of

ALPHA = 0.05
NO_DIFFERENCE = "no difference"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models that answered the same task.

    Attributes
    ----------
    evaluations : dict of str to Evaluation
        By the models' names.
    costs : dict of str to Costs
        ``fit_seconds``, NaN for a model that came fitted, and ``memory`` in bytes, of what it
        holds beside the data set.
    """

    evaluations: Mapping[str, Evaluation] = field(repr=False)
    costs: Mapping[str, Costs]

    def frame(self) -> pd.DataFrame:
        """One row a model and metric.

        Returns
        -------
        DataFrame
            ``model``, the columns of `Evaluation.frame`, ``fit_seconds``, ``seconds_a_user`` (to
            recommend) and ``memory`` (bytes that the fitted model holds beside the data).
        """
        tables = [
            evaluation.frame().assign(
                fit_seconds=self.costs[name].fit_seconds,
                seconds_a_user=evaluation.seconds_a_user,
                memory=self.costs[name].memory,
            )
            for name, evaluation in self.evaluations.items()
        ]
        return self._by_model(tables)

    def tests(self) -> pd.DataFrame:
        r"""One row a metric and pair of models: whether the difference is more than chance.

        A paired bootstrap over users: with d the difference and :math:`d^*_b` that among users
        drawn with replacement, B times and the same for both models,

        .. math::
            p = \frac{1 + |\{b : |d^*_b - d| \ge |d|\}|}{1 + B}

        (the shift method: Efron and Tibshirani 1993, section 16.4; Sakai 2006), corrected over
        all pairs of a metric (Holm 1979). It needs no values a user, so that it holds for rmse
        and popularity_bias too. Coverage, gini and ece, which resampling would bias, have no test,
        nor has anything that a single user decides.

        Returns
        -------
        DataFrame
            ``metric``, ``a``, ``b`` (models), ``difference`` (a less b), ``low`` and ``high`` (its
            95 % interval), ``p``, ``p_holm``, ``verdict``: "no difference" unless ``p_holm`` is
            below 0.05, else which is better (or higher, where that is a matter of taste).
        """
        pairs = list(combinations(self.evaluations, 2))
        first = next(iter(self.evaluations.values()))
        tables = [self._tests(metric, pairs) for metric in first.samples]
        columns = ["metric", "a", "b", "difference", "low", "high", "p", "p_holm", "verdict"]
        return pd.concat([pd.DataFrame(columns=columns), *tables], ignore_index=True)

    def best(self, metric: str) -> tuple[list[str], list[str]]:
        """Sort models into those that may be the best by a metric, and those that are not.

        Returns
        -------
        level : list of str
            The model with the best value, and those between which and it `tests` finds no
            difference, best first.
        beaten : list of str
            The others, best first.

        Raises
        ------
        OptionError
            If the metric was not asked for, or has no test.
        """
        first = next(iter(self.evaluations.values()))
        lower = first.requested[one_of("metric", metric, first.samples)].metric.better == LOWER
        values = {name: one.user_sums[metric].value() for name, one in self.evaluations.items()}
        ranked = pd.Series(values).sort_values(ascending=lower, kind="stable").index.tolist()
        tests = self._tests(metric, list(combinations(ranked, 2)))
        apart = tests[(tests["a"] == ranked[0]) & (tests["verdict"] != NO_DIFFERENCE)]
        beaten = apart["b"].tolist()
        return [name for name in ranked if name not in beaten], beaten

    def disagreements(self, a: str, b: str, *, metric: str) -> pd.DataFrame:
        """Users by how differently two models served them, those with the widest gap first.

        Parameters
        ----------
        a, b : str
            Names of models.
        metric : str
            One that was asked for and has a value a user.

        Returns
        -------
        DataFrame
            ``user_id``, ``a`` and ``b`` (the metric), ``difference`` (a less b), ``shared`` (items
            that both lists hold). Of equal differences, fewer shared items come first.
        """
        one, other = (self.evaluations[one_of("model", name, self.evaluations)] for name in (a, b))
        return disagreements(one, other, one_of("metric", metric, one.per_user))

    def by(self, groups: str = "activity") -> pd.DataFrame:
        """`Evaluation.by` of every model, with ``model``."""
        return self._by_model([one.by(groups) for one in self.evaluations.values()])

    def gap(self, groups: str = "activity") -> pd.DataFrame:
        """`Evaluation.gap` of every model, with ``model``."""
        return self._by_model([one.gap(groups) for one in self.evaluations.values()])

    def by_popularity(self) -> pd.DataFrame:
        """`Evaluation.by_popularity` of every model, with ``model``."""
        return self._by_model([one.by_popularity() for one in self.evaluations.values()])

    def _by_model(self, tables: list[pd.DataFrame]) -> pd.DataFrame:
        for name, part in zip(self.evaluations, tables, strict=True):
            part.insert(0, Columns.MODEL, name)
        return pd.concat(tables, ignore_index=True)

    def _tests(self, metric: str, pairs: list[tuple[str, str]]) -> pd.DataFrame:
        rows = [(metric, a, b, *self._difference(metric, a, b)) for a, b in pairs]
        columns = ["metric", "a", "b", "difference", "low", "high", "p"]
        tests = pd.DataFrame(rows, columns=columns)
        tests["p_holm"] = holm(tests["p"].to_numpy(np.float64))
        better = next(iter(self.evaluations.values())).requested[metric].metric.better
        sign = np.sign(tests["difference"]) * (1 if better != LOWER else -1)
        winner = tests["a"].where(sign > 0, tests["b"])
        verdict = winner + (" is better" if better else " is higher")
        tests["verdict"] = verdict.where(tests["p_holm"] < ALPHA, NO_DIFFERENCE)
        return tests

    def _difference(self, metric: str, a: str, b: str) -> tuple[float, float, float, float]:
        one, other = self.evaluations[a], self.evaluations[b]
        difference = one.user_sums[metric].value() - other.user_sums[metric].value()
        drawn = one.samples[metric] - other.samples[metric]
        if min(one.user_sums[metric].users, other.user_sums[metric].users) < 2:
            return difference, np.nan, np.nan, np.nan
        return difference, *interval(drawn), p_value(difference, drawn)


def compare(
    models: Mapping[str, Recommender],
    train: Dataset,
    test: Dataset,
    *,
    metrics: Any = DEFAULT,
    resamples: int = RESAMPLES,
    seed: int = 0,
    **options: Any,
) -> Comparison:
    """Measure several models by the same test set, for the same users and candidates.

    Parameters
    ----------
    models : dict of str to Recommender
        Those that are not fitted yet are fitted on `train`, and timed.
    train, test, metrics, resamples, seed, **options
        See `workbench.evaluate`.

    Returns
    -------
    Comparison
        ``.frame()`` is the table of values, ``.tests()`` that of differences.

    Raises
    ------
    OptionError, DataError
        If there is no model, or as `workbench.evaluate`.

    Examples
    --------
    >>> import workbench as wb
    >>> train, test = wb.split(wb.synthetic(60, 40, 900), by="user")
    >>> models = {"popular": wb.Popular(), "items": wb.ItemKNN(k=10)}
    >>> wb.compare(models, train, test, metrics=["ndcg@5"]).frame()["model"].tolist()
    ['popular', 'items']
    """
    if not models:
        raise OptionError("models is empty; name at least one, such as {'popular': wb.Popular()}")
    chosen = requested_metrics(metrics)
    at_least("resamples", resamples, 1)
    task = build_task(train, test, Protocol(seed=seed, **options))
    costs = {name: fit_and_measure(model, train) for name, model in models.items()}
    evaluations = {
        name: evaluate_on(model, task, chosen, resamples=resamples, seed=seed)
        for name, model in models.items()
    }
    return Comparison(evaluations, costs)
