"""How names of metrics are read."""

import inspect

import pytest

from workbench.errors import OptionError
from workbench.evaluation.metrics.registry import METRICS, requested_metrics
from workbench.evaluation.model_evaluation import evaluate
from workbench.evaluation.predictions import LISTS


def test_names_are_a_metric_and_a_length() -> None:
    found = requested_metrics(["ndcg@10", "auc"])
    assert list(found) == ["ndcg@10", "auc"]
    assert found["ndcg@10"] == (METRICS["ndcg"], 10)
    assert found["auc"] == (METRICS["auc"], None)
    assert list(requested_metrics("mrr@5")) == ["mrr@5"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["ndgc@10"], "metric='ndgc' is not one of 'precision', .*'ece'; did you mean 'ndcg'"),
        (["ndcg"], "metric='ndcg' needs the length of the list; write 'ndcg@10'"),
        (["auc@10"], "metric='auc@10' takes no k; write 'auc'"),
        (["rmse@"], "metric='rmse@' takes no k"),
        (["ndcg@0"], "k=0 must be a whole number of 1 or more"),
        (["ndcg@ten"], "k='ten' must be a whole number of 1 or more"),
        (["ndcg@"], "k='' must be"),
        (["ndcg@-3"], "k='-3' must be"),
        ([], "metrics is empty; choose of precision, recall"),
        ([None], "metric='None' is not one of"),
    ],
)
def test_others_are_refused(names: list, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        requested_metrics(names)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_documented(name: str) -> None:
    metric = METRICS[name]
    assert inspect.getdoc(metric.sums)
    written = f"``{name}@10``" if metric.reads == LISTS else f"``{name}``"
    assert written in str(evaluate.__doc__)
