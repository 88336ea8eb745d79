"""Several models, one table, and which differences are more than chance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import OptionError, WorkbenchError
from workbench.evaluation.evaluate import DEFAULT, RESAMPLES, answer
from workbench.evaluation.intervals import interval
from workbench.evaluation.metrics import EITHER, HIGHER, wanted
from workbench.evaluation.protocol import task
from workbench.evaluation.result import Evaluation
from workbench.models import Recommender
from workbench.options import at_least

ALPHA = 0.05
NO_DIFFERENCE = "no difference"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models that answered the same task.

    Attributes
    ----------
    evaluations : dict of str to Evaluation
        By the models' names.
    fit_seconds : dict of str to float
        NaN for a model that came fitted.
    """

    evaluations: Mapping[str, Evaluation] = field(repr=False)
    fit_seconds: Mapping[str, float]

    def frame(self) -> pd.DataFrame:
        """One row a model and metric.

        Returns
        -------
        DataFrame
            ``model``, the columns of `Evaluation.frame`, ``fit_seconds`` and ``seconds_a_user``
            (to recommend).
        """
        tables = [
            evaluation.frame().assign(
                fit_seconds=self.fit_seconds[name], seconds_a_user=evaluation.seconds_a_user
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
        better = next(iter(self.evaluations.values())).wanted[metric].metric.better
        sign = np.sign(tests["difference"]) * (1 if better in (HIGHER, EITHER) else -1)
        winner = tests["a"].where(sign > 0, tests["b"])
        verdict = winner + (" is better" if better else " is higher")
        tests["verdict"] = verdict.where(tests["p_holm"] < ALPHA, NO_DIFFERENCE)
        return tests

    def _difference(self, metric: str, a: str, b: str) -> tuple[float, float, float, float]:
        one, other = self.evaluations[a], self.evaluations[b]
        difference = one.tallies[metric].value() - other.tallies[metric].value()
        drawn = one.samples[metric] - other.samples[metric]
        if min(one.tallies[metric].users, other.tallies[metric].users) < 2:
            return difference, np.nan, np.nan, np.nan
        return difference, *interval(drawn), p_value(difference, drawn)


def p_value(difference: float, drawn: np.ndarray) -> float:
    """Share of bootstrap differences, moved to be 0 on average, that are as far from it."""
    shifted = np.abs(drawn[np.isfinite(drawn)] - difference)
    # Sums in another order differ in the last digit.
    reached = shifted >= abs(difference) * (1 - 1e-12)
    return float((1 + reached.sum()) / (1 + len(shifted)))


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values for how many there are (Holm 1979); NaN, no test, counts for nothing."""
    corrected = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


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
    chosen = wanted(metrics)
    at_least("resamples", resamples, 1)
    asked = task(train, test, seed=seed, **options)
    fit_seconds = {name: _fit(model, train) for name, model in models.items()}
    evaluations = {
        name: answer(model, asked, chosen, resamples=resamples, seed=seed)
        for name, model in models.items()
    }
    return Comparison(evaluations, fit_seconds)


def _fit(model: Recommender, train: Dataset) -> float:
    """Fit a model that is not, and say how long that took."""
    try:
        fitted = model.data is not None
    except WorkbenchError:
        fitted = False
    if fitted:
        return np.nan
    started = perf_counter()
    model.fit(train)
    return perf_counter() - started
