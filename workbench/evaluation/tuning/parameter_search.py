"""The parameters that suit a data set, found by trying."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from workbench.compute import Device
from workbench.datasets import Dataset, split
from workbench.errors import MissingExtraError, OptionError
from workbench.evaluation.metrics.registry import EITHER, HIGHER, RequestedMetric, requested_metrics
from workbench.evaluation.model_evaluation import evaluate_on
from workbench.evaluation.protocol import Protocol, Task, build_task
from workbench.evaluation.tuning.search_space import check_names, distributions
from workbench.evaluation.tuning.study import REFUSED, conclude, finished, opened, quiet, trials
from workbench.models import Recommender
from workbench.validation import at_least


@dataclass(frozen=True, eq=False)
class Tuning:
    """What tuning found.

    Attributes
    ----------
    best : dict
        The parameters of the best trial.
    value : float
        Its metric on the validation part; of the best of many, so rather too good.
    model : Recommender
        With those parameters, fitted on the whole of train.
    metric : str
    device : Device
        Where the model computed.
    data_hash : str
        Of train.
    """

    best: dict[str, Any]
    value: float
    model: Recommender = field(repr=False)
    metric: str
    device: Device
    data_hash: str
    study: Any = field(repr=False)

    def frame(self) -> pd.DataFrame:
        """One row a trial.

        Returns
        -------
        DataFrame
            ``trial`` (from 0), the parameters, ``value`` of the metric, ``seconds`` and
            ``refused``: why the model did not take the parameters, else None.
        """
        return pd.DataFrame(
            {
                "trial": trial.number,
                **trial.params,
                "value": np.nan if trial.value is None else trial.value,
                "seconds": trial.duration.total_seconds(),
                REFUSED: trial.user_attrs.get(REFUSED),
            }
            for trial in finished(self.study)
        )

    def importance(self) -> pd.DataFrame:
        """How much each parameter decides whether a trial is among the best.

        Returns
        -------
        DataFrame
            ``parameter`` and ``importance``, which add up to 1, by PED-ANOVA (Watanabe et al.
            2023), the largest first.

        Raises
        ------
        OptionError
            If fewer than two trials have a value.
        """
        from optuna.importance import get_param_importances

        if self.frame()["value"].notna().sum() < 2:
            raise OptionError("importance needs two trials with a value; raise budget")
        found = get_param_importances(self.study).items()
        table = pd.DataFrame(found, columns=["parameter", "importance"])
        return table.sort_values("importance", ascending=False, ignore_index=True)


def tune(
    model: Callable[..., Recommender],
    train: Dataset,
    space: Mapping[str, Any],
    *,
    metric: str = "ndcg@10",
    budget: int = 50,
    timeout: float | None = None,
    holdout: float = 0.2,
    by: str = "user",
    storage: str | Path | None = None,
    progress: bool = True,
    seed: int = 0,
    **options: Any,
) -> Tuning:
    """Search for the parameters that serve a data set best.

    Trials are fitted on one part of train and measured on the rest, by default a fifth of each
    user's interactions; test data have no part in it. Parameters are proposed by a
    tree-structured Parzen estimator (Bergstra et al. 2011), the first ten at random.

    Parameters
    ----------
    model : callable
        Class of a recommender, or a function that makes one of the parameters as keywords, such
        as ``functools.partial(wb.ItemKNN, metric="cosine")``.
    train : Dataset
    space : dict
        What to try by parameter: a list of choices, ``(low, high)`` or ``(low, high, "log")``,
        both ends included; whole numbers if both are.
    metric : str
        As in `workbench.evaluate`; one of which it is known whether higher is better.
    budget : int
        Trials in all, those of a continued study included.
    timeout : float, optional
        Seconds after which no further trial starts.
    holdout, by
        The validation part, see `workbench.split`.
    storage : path, optional
        File to keep the study in. With the same file and arguments, it goes on where it stopped,
        as if it had not; a larger budget adds to it.
    progress : bool
        Whether to show a progress bar.
    seed : int
        The same seed proposes the same parameters.
    **options
        Of `workbench.evaluate`, such as ``relevant=4``.

    Returns
    -------
    Tuning
        ``.best``, ``.model``, ``.frame()`` and ``.importance()``.

    Raises
    ------
    MissingExtraError
        If Optuna is not installed.
    OptionError
        If an argument is not allowed, `storage` holds a study of other data, space or options, or
        the model refuses all parameters that were tried. Where it refuses some, the trial is
        passed over with a warning, and `Tuning.frame` says why.
    DataError
        As `workbench.split` and `workbench.evaluate`.
    DataFileError
        If `storage` is a file of something else.

    Examples
    --------
    >>> import workbench as wb
    >>> found = wb.tune(wb.ItemKNN, wb.synthetic(60, 40, 900), {"k": (1, 20)}, budget=3)
    >>> found.model.k == found.best["k"]
    True
    """
    if find_spec("optuna") is None:
        raise MissingExtraError("optuna", "models", "Tuning")
    at_least("budget", budget, 1)
    at_least("seed", seed, 0)
    tried, chosen = distributions(space), _one(metric)
    check_names(model, space)
    part, validation = split(train, holdout=holdout, by=by, seed=seed)
    task = build_task(part, validation, Protocol(seed=seed, **options))
    about = {
        "model": _name(model), "data": train.hash, "space": {k: repr(v) for k, v in space.items()},
        "metric": metric, "holdout": holdout, "by": by, "seed": seed, "options": options,
    }  # fmt: skip
    with quiet():
        study = opened(storage, about, maximise=chosen.metric.better == HIGHER)
        turns = trials(study, tried, seed=seed, budget=budget, timeout=timeout)
        bar = {"initial": len(finished(study)), "total": budget, "disable": not progress}
        for trial in tqdm(turns, unit=" trials", **bar):
            value, reason = _measured(partial(model, **trial.params), task, metric, chosen)
            conclude(study, trial, value, reason)
    best = _best(study)
    if passed_over := sum(trial.value is None for trial in finished(study)):
        message = (
            f"{passed_over} trials were passed over; the column {REFUSED!r} of .frame() says why"
        )
        warnings.warn(message, stacklevel=2)
    fitted = model(**best.params).fit(train)
    return Tuning(best.params, best.value, fitted, metric, fitted.device, train.hash, study)


def _measured(
    model: Callable[[], Recommender], task: Task, metric: str, chosen: RequestedMetric
) -> tuple[float | None, str | None]:
    """The metric of a model; or, where it refuses its parameters, why."""
    try:
        fitted = model().fit(task.train)
    except OptionError as error:
        return None, str(error)
    found = evaluate_on(fitted, task, {metric: chosen}, resamples=1, seed=0)
    value = float(found.user_sums[metric].value())
    return (value, None) if isfinite(value) else (None, f"{metric} is {value}")


def _best(study: Any) -> Any:
    """The best trial; of equals, the first."""
    from optuna.trial import TrialState

    if not study.get_trials(states=(TrialState.COMPLETE,)):
        last = finished(study)[-1]
        raise OptionError(
            f"no trial has a value; the last was {last.params}: {last.user_attrs[REFUSED]}"
        )
    return study.best_trial


def _one(metric: str) -> RequestedMetric:
    """The metric to tune for."""
    (chosen,) = requested_metrics(str(metric)).values()
    if chosen.metric.better == EITHER:
        raise OptionError(
            f"metric={metric!r} is neither good nor bad; tune for one such as ndcg@10"
        )
    return chosen


def _name(model: Any) -> str:
    """What a study calls its model."""
    if isinstance(model, partial):
        fixed = ", ".join(f"{name}={value!r}" for name, value in model.keywords.items())
        return f"{_name(model.func)}({fixed})"
    return f"{model.__module__}.{getattr(model, '__qualname__', model)}"
