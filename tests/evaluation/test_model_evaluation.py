"""A model, a table."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import workbench as wb
from tests.evaluation.tasks import FUTURE, GENRES, PAST, Told, dataset, parts, told_at_random
from tests.evaluation.test_predictions import TABLE
from workbench.errors import DataError, OptionError, WorkbenchError
from workbench.evaluation import METRICS, Evaluation
from workbench.evaluation.predictions import LISTS
from workbench.models import ItemKNN

EVERY = [f"{name}@5" if metric.reads == LISTS else name for name, metric in METRICS.items()]
WHOLE = ["coverage@5", "gini@5", "ece"]


@pytest.fixture(scope="module")
def found() -> Evaluation:
    train, test = parts(4)
    model = told_at_random(train, 4).fit(train)
    return wb.evaluate(model, train, test, metrics=EVERY, relevant=3.5, resamples=200)


def test_by_hand() -> None:
    """Lists of a 5 3 4, of b 6 4 5, of c 6 3 4; z is not in train."""
    train, test = dataset(PAST, genres=GENRES), dataset(FUTURE, genres=GENRES)
    evaluation = wb.evaluate(
        Told(TABLE).fit(train), train, test, metrics=["recall@3", "mrr@3", "coverage@3", "rmse"]
    )
    frame = evaluation.frame()
    assert frame.columns.tolist() == ["metric", "value", "low", "high", "users"]
    assert frame["metric"].tolist() == ["recall@3", "mrr@3", "coverage@3", "rmse"]
    rmse = np.sqrt((2**2 + 0 + 3**2 + 2**2) / 4)
    assert frame["value"].tolist() == pytest.approx([2 / 9, 1 / 6, 4 / 6, rmse])
    assert frame["users"].tolist() == [3, 3, 3, 3]
    assert evaluation.unknown_users == 1
    assert evaluation.per_user["recall@3"].to_dict() == pytest.approx({"a": 2 / 3, "b": 0, "c": 0})


def test_every_metric_has_its_row_and_interval(found: Evaluation) -> None:
    frame = found.frame().set_index("metric")
    assert frame.index.tolist() == EVERY
    assert frame["value"].notna().all()
    sure = frame.drop(index=WHOLE)
    assert (sure["low"] <= sure["value"]).all()
    assert (sure["value"] <= sure["high"]).all()
    assert frame.loc[WHOLE, ["low", "high"]].isna().all(axis=None)


def test_values_a_user_average_to_the_table(found: Evaluation) -> None:
    assert found.per_user.columns.tolist() == [name for name in EVERY if name not in WHOLE]
    assert found.per_user.index.name == "user_id"
    values = found.frame().set_index("metric")["value"]
    for metric in ("ndcg@5", "diversity@5", "calibration@5", "auc"):
        assert found.per_user[metric].mean() == pytest.approx(values[metric])


def test_an_evaluation_says_where_and_on_what(found: Evaluation) -> None:
    train, test = found.predictions.task.train, found.predictions.task.test
    assert found.device.kind == "cpu"
    assert found.data_hash == f"{train.hash}-{test.hash}"
    assert found.seconds > 0
    assert found.seconds_a_user > 0
    assert "predictions" not in repr(found)


def test_a_seed_gives_the_same_table() -> None:
    train, test = parts(1)
    model = told_at_random(train, 1).fit(train)

    def frame(seed: int, **options) -> pd.DataFrame:
        return wb.evaluate(model, train, test, metrics="ndcg@5", seed=seed, **options).frame()

    assert_frame_equal(frame(3), frame(3))
    assert frame(3)["low"][0] != frame(4)["low"][0]
    sampled = {"candidates": "sampled", "negatives": 3}
    assert_frame_equal(frame(3, **sampled), frame(3, **sampled))
    assert frame(3, **sampled)["value"][0] != frame(4, **sampled)["value"][0]


def test_sampled_candidates_flatter(found: Evaluation) -> None:
    train, test = found.predictions.task.train, found.predictions.task.test
    easy = wb.evaluate(
        told_at_random(train, 4).fit(train),
        train,
        test,
        metrics=["recall@5"],
        relevant=3.5,
        candidates="sampled",
        negatives=1,
    )
    whole = found.frame().set_index("metric")["value"]["recall@5"]
    assert easy.frame()["value"][0] > whole


def test_groups_of_users_share_the_table(found: Evaluation) -> None:
    for by in ("activity", "city"):
        parted = found.by(by)
        assert parted.columns.tolist() == ["group", "metric", "value", "low", "high", "users"]
        ndcg = parted[parted["metric"] == "ndcg@5"]
        total = found.frame().set_index("metric").loc["ndcg@5"]
        assert ndcg["users"].sum() == total["users"]
        average = np.average(ndcg["value"], weights=ndcg["users"])
        assert average == pytest.approx(total["value"])
    assert found.by("activity")["group"].unique().tolist() == ["light", "medium", "heavy"]


def test_the_gap_is_that_of_the_groups(found: Evaluation) -> None:
    values = found.by("city").pivot_table(index="metric", columns="group", values="value")
    gap = found.gap("city").set_index("metric")
    assert set(gap.index) == set(EVERY) - set(WHOLE)
    np.testing.assert_allclose(gap["gap"], (values.max(axis=1) - values.min(axis=1))[gap.index])
    assert gap["highest"].tolist() == values.idxmax(axis=1)[gap.index].tolist()
    assert gap["p"].between(1 / 201, 1).all()


def test_hits_by_popularity_add_up(found: Evaluation) -> None:
    """A list's hits are those among the items of every tenth."""
    parted = found.by_popularity()
    assert parted.columns.tolist() == ["decile", "metric", "value", "low", "high", "users"]
    assert parted["decile"].is_monotonic_increasing
    precision = parted[parted["metric"] == "precision@5"]
    total = found.frame().set_index("metric").loc["precision@5"]
    hits = (precision["value"] * precision["users"]).sum()
    assert hits == pytest.approx(total["value"] * total["users"])


def test_a_model_of_other_data_may_have_seen_the_test() -> None:
    train, test = parts(0)
    ds = type(train)(pd.concat([train.interactions, test.interactions]), train.items)
    with pytest.raises(DataError, match=r"the ItemKNN was fitted on .*call fit\(train\) first"):
        wb.evaluate(ItemKNN().fit(ds), train, test)
    with pytest.raises(WorkbenchError, match="this ItemKNN is not fitted"):
        wb.evaluate(ItemKNN(), train, test)


def test_bad_options_are_refused() -> None:
    train, test = parts(0)
    model = ItemKNN().fit(train)
    with pytest.raises(OptionError, match="metric='hits' is not one of 'precision'"):
        wb.evaluate(model, train, test, metrics=["hits@3"])
    with pytest.raises(OptionError, match="resamples=0 must be a whole number of 1 or more"):
        wb.evaluate(model, train, test, resamples=0)
    with pytest.raises(DataError, match=r"are in .* too"):
        wb.evaluate(model, train, train)


def test_an_oracle_is_perfect() -> None:
    train, test = parts(2)
    table = test.interactions.pivot_table(index="user_id", columns="item_id", values="rating")
    metrics = ["ndcg@9", "capped_recall@3", "map@9", "mrr@9", "hit_rate@1", "auc", "rmse", "mae"]
    oracle = Told(table).fit(train)
    known = test.interactions[test.interactions["item_id"].isin(train.item_ids)]
    test = type(test)(known.reset_index(drop=True), test.items)
    found = wb.evaluate(oracle, train, test, metrics=metrics, gain="rating").frame()
    assert found["value"].tolist() == pytest.approx([1, 1, 1, 1, 1, 1, 0, 0])


def test_an_evaluation_loads_no_language_model() -> None:
    program = """
import sys
import workbench as wb
train, test = wb.split(wb.synthetic(30, 20, 300), by="user")
wb.evaluate(wb.Popular().fit(train), train, test)
print(any(name.startswith("workbench.language") for name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
