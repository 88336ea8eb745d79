"""Several models, and whether their differences are more than chance."""

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from tests.evaluation.tasks import Told, parts, told_at_random
from workbench.errors import OptionError
from workbench.evaluation import Comparison

METRICS = ["ndcg@5", "coverage@5", "rmse", "novelty@5"]


def oracle(test: wb.Dataset) -> Told:
    table = test.interactions.pivot_table(index="user_id", columns="item_id", values="rating")
    return Told(table)


@pytest.fixture(scope="module")
def found() -> Comparison:
    train, test = parts(2)
    fitted = told_at_random(train, 1).fit(train)
    models = {"oracle": oracle(test), "chance": fitted, "twin": fitted}
    return wb.compare(models, train, test, metrics=METRICS)


def test_one_table_a_row_a_model_and_metric(found: Comparison) -> None:
    frame = found.frame()
    assert frame.columns.tolist() == [
        *("model", "metric", "value", "low", "high", "users"),
        *("fit_seconds", "seconds_a_user", "memory"),
    ]
    assert frame["model"].tolist() == np.repeat(["oracle", "chance", "twin"], 4).tolist()
    assert frame["metric"].tolist() == METRICS * 3
    by_model = frame.drop_duplicates("model").set_index("model")
    assert by_model["fit_seconds"].isna().tolist() == [False, True, True]
    assert (by_model[["seconds_a_user", "memory"]] > 0).all(axis=None)


def test_rows_are_those_of_each_evaluation(found: Comparison) -> None:
    one = found.evaluations["oracle"]
    model = one.predictions
    train, test = model.task.train, model.task.test
    alone = wb.evaluate(oracle(test).fit(train), train, test, metrics=METRICS).frame()
    mine = found.frame().query("model == 'oracle'").reset_index(drop=True)
    pd.testing.assert_frame_equal(mine[alone.columns], alone)


def test_tests_name_the_better_model_or_no_difference(found: Comparison) -> None:
    tests = found.tests()
    assert set(tests["metric"]) == {"ndcg@5", "rmse", "novelty@5"}  # coverage has no test
    verdicts = tests.set_index(["metric", "a", "b"])["verdict"]
    assert verdicts["ndcg@5"].to_dict() == {
        ("oracle", "chance"): "oracle is better",
        ("oracle", "twin"): "oracle is better",
        ("chance", "twin"): "no difference",
    }
    assert verdicts["rmse", "oracle", "chance"] == "oracle is better"
    assert not verdicts["novelty@5"].str.contains("better").any()  # a matter of taste
    twins = tests.query("a == 'chance' and b == 'twin'")
    assert twins["difference"].eq(0).all()
    assert twins["p"].eq(1).all()
    assert (tests["p_holm"] >= tests["p"]).all()
    assert tests["difference"].between(tests["low"], tests["high"]).all()


def test_the_best_is_the_best_with_all_that_nothing_tells_from_it(found: Comparison) -> None:
    assert found.best("ndcg@5") == (["oracle"], ["chance", "twin"])
    assert found.best("rmse")[0] == ["oracle"]  # lower is better
    twins = {name: found.evaluations[name] for name in ("chance", "twin")}
    assert Comparison(twins, found.costs).best("ndcg@5") == (["chance", "twin"], [])
    with pytest.raises(OptionError, match="metric='coverage@5' is not one of"):
        found.best("coverage@5")


def test_one_model_has_a_table_and_no_tests() -> None:
    train, test = parts(0)
    alone = wb.compare({"popular": wb.Popular()}, train, test)
    assert len(alone.frame()) == 4
    assert alone.tests().empty
    assert "verdict" in alone.tests()
    assert alone.best("ndcg@10") == (["popular"], [])


def test_one_user_decides_nothing() -> None:
    train, test = parts(0)
    one = test.interactions[test.interactions["user_id"] == test.user_ids[0]]
    test = type(test)(one.reset_index(drop=True), test.items)
    models = {"oracle": oracle(test), "chance": told_at_random(train, 3)}
    tests = wb.compare(models, train, test, metrics=["ndcg@5"]).tests()
    assert tests["difference"][0] > 0
    assert tests[["low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert tests["verdict"].tolist() == ["no difference"]


def test_breakdowns_hold_every_model(found: Comparison) -> None:
    for parted in (found.by("activity"), found.gap("city"), found.by_popularity()):
        assert parted.columns[0] == "model"
        assert parted["model"].unique().tolist() == ["oracle", "chance", "twin"]


def test_all_models_see_the_same_sampled_candidates() -> None:
    train, test = parts(0)
    options = {"candidates": "sampled", "negatives": 3}
    found = wb.compare({"a": wb.Popular(), "b": wb.Popular()}, train, test, **options)
    assert found.tests()["difference"].eq(0).all()


def test_bad_input_is_refused() -> None:
    train, test = parts(0)
    with pytest.raises(OptionError, match="models is empty"):
        wb.compare({}, train, test)
    with pytest.raises(OptionError, match="metric='ndcg' needs the length"):
        wb.compare({"popular": wb.Popular()}, train, test, metrics=["ndcg"])
