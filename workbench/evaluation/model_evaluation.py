"""One model, measured by what a test set holds."""

from collections.abc import Iterable, Mapping
from time import perf_counter

from workbench.datasets import Dataset
from workbench.evaluation.leakage import check_model
from workbench.evaluation.metrics.registry import RequestedMetric, requested_metrics
from workbench.evaluation.predictions import collect_predictions
from workbench.evaluation.protocol import Protocol, Task, build_task
from workbench.evaluation.result import Evaluation
from workbench.models import Recommender
from workbench.validation import at_least

DEFAULT = ("ndcg@10", "recall@10", "coverage@10", "novelty@10")
RESAMPLES = 2000


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
        predicted ratings: ``rmse``, ``mae`` (of a model whose scores are ratings, such as
        ``ItemKNN(feedback="explicit")``). Of predicted clicks: ``accuracy``, ``f1``,
        ``log_loss``, ``ece``. Pairs that the model does not score are left out of the last six.
        The formulas stand in `workbench.evaluation.metrics.ranking`, ``beyond`` and ``ratings``.
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
    chosen = requested_metrics(metrics)
    at_least("resamples", resamples, 1)
    protocol = Protocol(relevant, gain, candidates, negatives, temporal, seed)
    task = build_task(train, test, protocol)
    return evaluate_on(model, task, chosen, resamples=resamples, seed=seed)


def evaluate_on(
    model: Recommender,
    task: Task,
    chosen: Mapping[str, RequestedMetric],
    *,
    resamples: int,
    seed: int,
) -> Evaluation:
    """Evaluate a model on a task."""
    started = perf_counter()
    check_model(model, task.train)
    depth = max(entry.k or 1 for entry in chosen.values())
    predictions = collect_predictions(
        model, task, depth=depth, reads={e.metric.reads for e in chosen.values()}
    )
    user_sums = {name: entry.sums(predictions) for name, entry in chosen.items()}
    return Evaluation(
        predictions,
        chosen,
        user_sums,
        resamples,
        seed,
        device=model.device,
        data_hash=f"{task.train.hash}-{task.test.hash}",
        seconds=perf_counter() - started,
        seconds_a_user=predictions.seconds_a_user,
        unknown_users=task.unknown_users,
    )
