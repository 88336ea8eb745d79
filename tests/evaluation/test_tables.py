"""An evaluation of tables on the card is that of their twins in pandas."""

from functools import partial

import pytest
from pandas.testing import assert_frame_equal

from tests.datasets.cudf_model import CARDS
from workbench.datasets import load, split
from workbench.evaluation import METRICS, compare, evaluate, tune
from workbench.evaluation.metrics.registry import LISTS
from workbench.models import Baseline, ItemKNN

EVERY = [f"{name}@5" if metric.reads == LISTS else name for name, metric in METRICS.items()]
PROBABLE = {"accuracy", "f1", "log_loss", "ece"}


@pytest.mark.parametrize("card", CARDS)
def test_wherever_the_tables_are_a_model_is_as_good(card) -> None:
    options = {"metrics": ["ndcg@10", "coverage@10", "diversity@10"], "temporal": True}
    shop = load("shop", device="cpu")

    def measured(ds):
        train, test = split(ds, by="time")
        model = ItemKNN(k=20, device="cpu").fit(train)
        return evaluate(model, train, test, resamples=20, **options)

    with card():
        found, expected = measured(shop.to("gpu")), measured(shop)
    assert_frame_equal(found.frame(), expected.frame())
    assert found.data_hash == expected.data_hash


@pytest.mark.parametrize("card", CARDS)
def test_wherever_the_tables_are_models_compare_and_are_tuned_alike(card) -> None:
    shop = load("shop", device="cpu")

    def measured(ds):
        train, test = split(ds, holdout=0.3, seed=2)
        models = {"items": ItemKNN(k=5, device="cpu"), "mean": Baseline(device="cpu")}
        given = {"metrics": [name for name in EVERY if name not in PROBABLE], "resamples": 20}
        found = compare(models, train, test, candidates="sampled", **given)
        knn = partial(ItemKNN, device="cpu")
        tuned = tune(knn, train, {"k": [3, 9]}, metric="ndcg@5", budget=2, progress=False)
        tables = [found.frame(), found.tests(), found.by("activity"), found.by_popularity()]
        return [*tables, tuned.frame()]

    with card():
        pairs = zip(measured(shop.to("gpu")), measured(shop), strict=True)
    for found, expected in pairs:
        times = [name for name in expected if "seconds" in name or "mib" in name.lower()]
        assert_frame_equal(found.drop(columns=times), expected.drop(columns=times))
