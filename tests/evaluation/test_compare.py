"""Several models, and whether their differences are more than chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import workbench as wb
from tests.evaluation.tasks import Told, parts, told_at_random
from workbench.errors import OptionError
from workbench.evaluation import Comparison
from workbench.evaluation.compare import holm, p_value
from workbench.evaluation.intervals import bootstrap, mean

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
        *("model", "metric", "value", "low", "high", "users", "fit_seconds", "seconds_a_user")
    ]
    assert frame["model"].tolist() == np.repeat(["oracle", "chance", "twin"], 4).tolist()
    assert frame["metric"].tolist() == METRICS * 3
    by_model = frame.drop_duplicates("model").set_index("model")
    assert by_model["fit_seconds"].isna().tolist() == [False, True, True]
    assert (by_model["seconds_a_user"] > 0).all()


def test_rows_are_those_of_each_evaluation(found: Comparison) -> None:
    one = found.evaluations["oracle"]
    model = one.answers
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


def test_one_model_has_a_table_and_no_tests() -> None:
    train, test = parts(0)
    alone = wb.compare({"popular": wb.Popular()}, train, test)
    assert len(alone.frame()) == 4
    assert alone.tests().empty
    assert "verdict" in alone.tests()


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


def test_p_is_near_that_of_the_paired_t_test() -> None:
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.1, 0.2):
        a, b = rng.normal(shift, 1, 300), rng.normal(0, 1, 300)
        drawn = bootstrap({"m": mean(a - b)}, resamples=8000, seed=0)["m"]
        expected = stats.ttest_rel(a, b).pvalue
        assert p_value((a - b).mean(), drawn) == pytest.approx(expected, abs=0.02)


def test_no_difference_has_its_level() -> None:
    """Of pairs that are alike, one in twenty has p below 0.05, and no more."""
    rng = np.random.default_rng(0)
    values = [mean(rng.normal(size=60)) for _ in range(400)]
    drawn = [bootstrap({"m": value}, resamples=400, seed=1)["m"] for value in values]
    pairs = zip(values, drawn, strict=True)
    rejected = np.mean([p_value(value.value(), samples) < 0.05 for value, samples in pairs])
    assert 0.02 < rejected < 0.09


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]
    np.testing.assert_allclose(holm(np.array([np.nan, 0.01, 0.02])), [np.nan, 0.02, 0.02])


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_equals_its_definition_in_loops(values: list[float]) -> None:
    order = sorted(range(len(values)), key=values.__getitem__)
    expected, reached = [0.0] * len(values), 0.0
    for step, place in enumerate(order):
        reached = max(reached, min(1.0, (len(values) - step) * values[place]))
        expected[place] = reached
    assert holm(np.array(values)).tolist() == pytest.approx(expected)
