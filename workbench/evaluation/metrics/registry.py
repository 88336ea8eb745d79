"""Every metric by its name, and how a name is read."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from workbench.errors import OptionError
from workbench.evaluation.metrics import beyond_accuracy, ranking, rating_prediction
from workbench.evaluation.predictions import LISTS, RATINGS, SCORES, Predictions
from workbench.evaluation.statistics.bootstrap import UserSums
from workbench.validation import at_least, one_of

HIGHER, LOWER, EITHER = "higher", "lower", ""


class Metric(NamedTuple):
    """A metric: what computes it, what that reads of the predictions, and which way is better.

    One that reads lists is called with (predictions, k), any other with (predictions). Those of
    hits depend on what is relevant.
    """

    sums: Callable[..., UserSums]
    reads: str
    better: str
    of_hits: bool = False


METRICS = {
    "precision": Metric(ranking.precision, LISTS, HIGHER, of_hits=True),
    "recall": Metric(ranking.recall, LISTS, HIGHER, of_hits=True),
    "capped_recall": Metric(ranking.capped_recall, LISTS, HIGHER, of_hits=True),
    "hit_rate": Metric(ranking.hit_rate, LISTS, HIGHER, of_hits=True),
    "ndcg": Metric(ranking.ndcg, LISTS, HIGHER, of_hits=True),
    "mrr": Metric(ranking.mrr, LISTS, HIGHER, of_hits=True),
    "map": Metric(ranking.average_precision, LISTS, HIGHER, of_hits=True),
    "auc": Metric(ranking.auc, SCORES, HIGHER),
    "coverage": Metric(beyond_accuracy.coverage, LISTS, HIGHER),
    "gini": Metric(beyond_accuracy.gini, LISTS, LOWER),
    "novelty": Metric(beyond_accuracy.novelty, LISTS, EITHER),
    "diversity": Metric(beyond_accuracy.diversity, LISTS, EITHER),
    "serendipity": Metric(beyond_accuracy.serendipity, LISTS, HIGHER, of_hits=True),
    "calibration": Metric(beyond_accuracy.calibration, LISTS, LOWER),
    "popularity_bias": Metric(beyond_accuracy.popularity_bias, LISTS, EITHER),
    "rmse": Metric(rating_prediction.rmse, RATINGS, LOWER),
    "mae": Metric(rating_prediction.mae, RATINGS, LOWER),
    "accuracy": Metric(rating_prediction.accuracy, RATINGS, HIGHER),
    "f1": Metric(rating_prediction.f1, RATINGS, HIGHER),
    "log_loss": Metric(rating_prediction.log_loss, RATINGS, LOWER),
    "ece": Metric(rating_prediction.ece, RATINGS, LOWER),
}


class RequestedMetric(NamedTuple):
    """A metric that was asked for: "ndcg@10" is (metric "ndcg", k 10)."""

    metric: Metric
    k: int | None

    def sums(self, predictions: Predictions) -> UserSums:
        """Compute it from a model's predictions."""
        return self.metric.sums(predictions, *([] if self.k is None else [self.k]))


def requested_metrics(names: str | Iterable[str]) -> dict[str, RequestedMetric]:
    """Read the names of metrics.

    Raises
    ------
    OptionError
        If there is no such metric, or it lacks a k, or has one that it does not take.
    """
    listed = [names] if isinstance(names, str) else list(names)
    if not listed:
        raise OptionError(f"metrics is empty; choose of {', '.join(METRICS)}")
    return {str(name): _read(str(name)) for name in listed}


def _read(name: str) -> RequestedMetric:
    stem, at, cut = name.partition("@")
    metric = METRICS[one_of("metric", stem, METRICS)]
    if metric.reads != LISTS:
        if at:
            raise OptionError(f"metric={name!r} takes no k; write {stem!r}")
        return RequestedMetric(metric, None)
    if not at:
        raise OptionError(f"metric={name!r} needs the length of the list; write '{stem}@10'")
    return RequestedMetric(
        metric, at_least(f"k in {name!r}: k", int(cut) if cut.isdecimal() else cut, 1)
    )
