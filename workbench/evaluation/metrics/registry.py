"""Every metric by its name, and how a name is read."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from workbench.errors import OptionError
from workbench.evaluation.predictions import LISTS, Predictions
from workbench.evaluation.statistics.bootstrap import UserSums
from workbench.validation import at_least, one_of

HIGHER, LOWER, EITHER = "higher", "lower", ""


class Metric(NamedTuple):
    """A metric: what computes it, what that reads of the predictions, and which way is better.

    One that reads lists is called with (predictions, k), any other with (predictions). Those of
    hits depend on what is relevant, those of genres need items that have some.
    """

    sums: Callable[..., UserSums]
    reads: str
    better: str
    of_hits: bool
    of_genres: bool

    @property
    def group(self) -> str:
        """The file that it stands in: ranking, beyond_accuracy or rating_prediction."""
        return self.sums.__module__.rpartition(".")[2]


METRICS: dict[str, Metric] = {}  # filled by the files of this folder


def metric(
    reads: str, better: str, *, name: str = "", of_hits: bool = False, of_genres: bool = False
) -> Callable[[Callable[..., UserSums]], Callable[..., UserSums]]:
    """Register a function as the metric of its name, or of another."""

    def registered(sums: Callable[..., UserSums]) -> Callable[..., UserSums]:
        METRICS[name or sums.__name__] = Metric(sums, reads, better, of_hits, of_genres)
        return sums

    return registered


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
