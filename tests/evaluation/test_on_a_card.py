"""Scores and lists are judged where the model is: behind CuPy's fence, and on a card."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

import workbench as wb
from tests.compute.gpu.strict_card import Array, strict, up
from tests.evaluation.tasks import parts, told_at_random
from workbench.compute import Device
from workbench.compute.cpu import vector_kernels
from workbench.evaluation.metrics.registry import LISTS, METRICS
from workbench.models import Recommender

CLICKS = ("accuracy", "f1", "log_loss", "ece")
NAMES = [
    name if metric.reads != LISTS else f"{name}@{k}"
    for name, metric in METRICS.items()
    for k in ((3, 7) if metric.reads == LISTS else (1,))
    if name not in CLICKS
]
OPTIONS = [
    {},
    {"gain": "rating", "relevant": 3.0},
    {"candidates": "sampled", "negatives": 4},
]


@pytest.fixture
def came_down(monkeypatch: pytest.MonkeyPatch):
    """A machine with a card behind a fence; shapes of what came down from it."""
    shapes, get = [], Array.get
    monkeypatch.setattr(Array, "get", lambda self: shapes.append(self.shape) or get(self))
    with strict():
        tools = SimpleNamespace(
            select=up(vector_kernels.select),
            midranks=up(vector_kernels.midranks),
            xp=sys.modules["cupy"],
        )
        monkeypatch.setitem(sys.modules, "workbench.compute.gpu.vector_kernels", tools)
        yield shapes


@pytest.mark.parametrize("options", OPTIONS)
def test_one_number_a_user_comes_down_and_it_is_the_processors(
    options: dict, came_down: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = parts(2)
    model = told_at_random(train, 2).fit(train)
    given = {"metrics": NAMES, "resamples": 20, **options}
    expected = wb.evaluate(model, train, test, **given)
    assert not came_down
    told = model.told
    monkeypatch.setattr(model, "_score", lambda profiles: Array(told[profiles.users].copy()))
    monkeypatch.setattr(model, "_score_pairs", lambda users, items: told[users, items])
    model.device = Device("gpu", "behind a fence")
    found = wb.evaluate(model, train, test, **given)
    assert_frame_equal(found.frame(), expected.frame())
    assert_frame_equal(found.by_popularity(), expected.by_popularity())
    assert {shape[1:] for shape in came_down} == {(), (7,)}  # and the lists


@pytest.mark.gpu
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("family", [wb.ItemKNN, wb.EASE, wb.UserKNN])
def test_a_card_measures_what_the_processor_does(family: type[Recommender], options: dict) -> None:
    train, test = wb.split(wb.load("shop"), seed=1)
    measured = [
        wb.evaluate(
            family(device=device).fit(train), train, test, metrics=NAMES, resamples=20, **options
        )
        for device in ("cpu", "gpu")
    ]
    assert_frame_equal(measured[1].frame(), measured[0].frame(), rtol=1e-5)
    assert np.isfinite(measured[1].frame()["value"]).all()
