"""How a search for parameters went, and what mattered."""

import pytest

from workbench.datasets import synthetic
from workbench.evaluation import Tuning, tune
from workbench.models import ItemKNN
from workbench.panels import tuning_view
from workbench.plots.tuning import history_dots, importance_bars


@pytest.fixture(scope="module", params=["ndcg@5", "gini@5"])
def found(request) -> Tuning:
    space = {"k": (1, 20), "metric": ["cosine", "jaccard"]}
    data = synthetic(60, 40, 900, seed=2)
    return tune(ItemKNN, data, space, metric=request.param, budget=5, progress=False)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_best_so_far_ends_at_the_best(found: Tuning, language: str) -> None:
    each, best = history_dots(found, language=language).data
    assert list(each.y) == found.frame()["value"].tolist()
    assert best.y[-1] == found.value
    assert best.y[0] == each.y[0]
    assert f"k = {found.frame()['k'][0]}<br>metric = " in each.hovertext[0]


def test_bars_are_the_importance(found: Tuning) -> None:
    figure = importance_bars(found)
    assert list(figure.data[0].x) == found.importance()["importance"].tolist()
    assert list(figure.layout.yaxis.ticktext) == found.importance()["parameter"].tolist()
    assert len(tuning_view(found, language="zh").children[0].children) == 2
