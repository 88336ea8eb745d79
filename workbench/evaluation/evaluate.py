"""One model, one table: metrics of its lists and scores, and how sure they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter

import numpy as np
import pandas as pd

from workbench.compute import Device
from workbench.datasets import Dataset
from workbench.evaluation.answers import LISTS, Answers, ask
from workbench.evaluation.groups import by_popularity, gaps, user_groups
from workbench.evaluation.intervals import Tally, bootstrap, table
from workbench.evaluation.leaks import check_model
from workbench.evaluation.metrics import Wanted, wanted
from workbench.evaluation.protocol import Task, task
from workbench.models import Recommender
from workbench.options import at_least

DEFAULT = ("ndcg@10", "recall@10", "coverage@10", "novelty@10")
RESAMPLES = 2000


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

    answers: Answers = field(repr=False)
    wanted: Mapping[str, Wanted] = field(repr=False)
    tallies: Mapping[str, Tally] = field(repr=False)
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
        return self._bootstrap(self.tallies)

    @cached_property
    def per_user(self) -> pd.DataFrame:
        """A row a user and a column a metric, those of the whole catalogue left out.

        NaN where the user has no part in the metric, such as one with nothing relevant.
        """
        columns = {
            name: tally.finish(tally.top, tally.bottom)
            for name, tally in self.tallies.items()
            if not tally.of_the_whole
        }
        return pd.DataFrame(columns, index=self.answers.task.users)

    def frame(self) -> pd.DataFrame:
        """One row a metric.

        Returns
        -------
        DataFrame
            ``metric``, ``value``, ``low`` and ``high`` (95 % percentile interval of the bootstrap
            over users; NaN for coverage, gini and ece, which resampling would bias) and
            ``users``, how many have a part in it.
        """
        return table(self.tallies, self.samples)

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
        codes, names = user_groups(self.answers.task, groups)
        parts = []
        for code, name in enumerate(names):
            rows = np.flatnonzero(codes == code)
            mine = {metric: tally.of(rows) for metric, tally in self.tallies.items()}
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
        codes, names = user_groups(self.answers.task, groups)
        return gaps(self.tallies, codes, names, permutations=self.resamples, seed=self.seed)

    def by_popularity(self) -> pd.DataFrame:
        """One row a tenth of the relevant items by popularity in train, and metric of lists.

        Returns
        -------
        DataFrame
            ``decile``, from 1, the least popular, and the columns of `frame`. Only items of that
            tenth are hits, and only users with one of them count. Metrics that do not depend on
            what is relevant are the same in all and so of little use here.
        """
        parts = []
        for decile, answers in by_popularity(self.answers).items():
            mine = {
                name: entry.tally(answers)
                for name, entry in self.wanted.items()
                if entry.metric.reads == LISTS
            }
            parts.append((decile, table(mine, self._bootstrap(mine))))
        return _labelled(parts, "decile")

    def _bootstrap(self, tallies: Mapping[str, Tally]) -> dict[str, np.ndarray]:
        return bootstrap(tallies, resamples=self.resamples, seed=self.seed)


def evaluate(
    model: Recommender,
    train: Dataset,
    test: Dataset,
    *,
    metrics: str | Iterable[str] = DEFAULT,
    relevant: float | None = None,
    gain: str = "binary",
    candidates: str = "all",
    negatives: int = 100,
    temporal: bool | str = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Measure a model that was fitted on train by what test holds.

    Users of test who are not in train are skipped and counted. Items of test that are not in
    train cannot be recommended and count as missed.

    Parameters
    ----------
    model : Recommender
        Fitted on `train`.
    train, test : Dataset
        As `workbench.split` gives them.
    metrics : sequence of str
        Of lists, at any length: ``precision@10``, ``recall@10`` (hits / relevant),
        ``capped_recall@10`` (hits / min(k, relevant)), ``hit_rate@10``, ``ndcg@10``, ``mrr@10``,
        ``map@10``; ``coverage@10``, ``gini@10``, ``novelty@10``, ``diversity@10``,
        ``serendipity@10``, ``calibration@10``, ``popularity_bias@10``. Of scores: ``auc``. Of
        predicted ratings: ``rmse``, ``mae``. Of predicted clicks: ``accuracy``, ``f1``,
        ``log_loss``, ``ece``. Pairs that the model does not score are left out of the last six.
        The formulas stand in `workbench.evaluation.ranking`, ``beyond`` and ``ratings``.
    relevant : float, optional
        Lowest rating in test that is a hit; by default every test interaction is one.
    gain : {"binary", "rating"}
        What a hit adds to ``ndcg``: 1, or its rating.
    candidates : {"all", "sampled"}
        All items that are not in the user's history, or of these only the relevant and
        `negatives` others. Sampled metrics are not estimates of the real ones and may order
        models differently (Krichene and Rendle 2020): sample only to compare with results that
        were. Lists of sampled candidates come from ``model.score``.
    negatives : int
        Sampled candidates a user, beside the relevant ones.
    temporal : {False, True, "user"}
        What the split promises, and is held to: nothing, that no interaction of train is later
        than the first of test, or that none is later than its own user's first of test.
    resamples : int
        Samples of the bootstrap over users.
    seed : int
        Of the bootstrap and the sampled candidates.

    Returns
    -------
    Evaluation
        ``.frame()`` is the table; ``.per_user``, ``.by("activity")``, ``.gap("activity")`` and
        ``.by_popularity()`` say for whom it holds.

    Raises
    ------
    OptionError
        If a metric is unknown or lacks its k, another option is not allowed, or click metrics
        meet scores that are not probabilities.
    DataError
        If test is empty, nothing in it is relevant, a pair of test is in train, the model was
        fitted on other data, or a promised order in time is not kept.
    """
    chosen = wanted(metrics)
    at_least("resamples", resamples, 1)
    asked = task(
        train,
        test,
        relevant=relevant,
        gain=gain,
        candidates=candidates,
        negatives=negatives,
        temporal=temporal,
        seed=seed,
    )
    return answer(model, asked, chosen, resamples=resamples, seed=seed)


def answer(
    model: Recommender, asked: Task, chosen: Mapping[str, Wanted], *, resamples: int, seed: int
) -> Evaluation:
    """Evaluate a model on a task that is lined up."""
    started = perf_counter()
    check_model(model, asked.train)
    depth = max(entry.k or 1 for entry in chosen.values())
    answers = ask(model, asked, depth=depth, reads={e.metric.reads for e in chosen.values()})
    tallies = {name: entry.tally(answers) for name, entry in chosen.items()}
    return Evaluation(
        answers,
        chosen,
        tallies,
        resamples,
        seed,
        device=model.device,
        data_hash=f"{asked.train.hash}-{asked.test.hash}",
        seconds=perf_counter() - started,
        seconds_a_user=answers.seconds_a_user,
        unknown_users=asked.unknown_users,
    )


def _labelled(parts: Iterable[tuple[object, pd.DataFrame]], column: str) -> pd.DataFrame:
    tables = []
    for name, part in parts:
        part.insert(0, column, [name] * len(part))
        tables.append(part)
    return pd.concat(tables, ignore_index=True)
