import numpy as np
import pytest

import workbench as wb
from workbench.evaluation import Comparison
from workbench.plots import model_comparison as pictures

METRICS = ["ndcg@5", "diversity@5", "coverage@5"]


@pytest.fixture(scope="module")
def found(shop) -> Comparison:
    train, test = wb.split(shop, by="user")
    twin = wb.UserKNN().fit(train)
    models = {"popular": wb.Popular(), "users": twin, "<b>": twin}
    return wb.compare(models, train, test, metrics=METRICS)


def test_every_metric_and_model_has_its_dot_and_whiskers(found):
    figure = pictures.intervals(found)
    table = found.frame().sort_values("metric", key=lambda names: names.map(METRICS.index))
    assert [trace.x[0] for trace in figure.data] == found_values(found)
    low, high = (trace_ends(figure, sign) for sign in (-1, 1))
    assert len(table) == len(figure.data) == 9
    frame = found.frame().set_index(["metric", "model"])
    expected = [frame.loc[(m, name)] for m in METRICS for name in found.evaluations]
    np.testing.assert_allclose(low[:6], [row["low"] for row in expected[:6]])
    np.testing.assert_allclose(high[:6], [row["high"] for row in expected[:6]])
    assert low[6:] == high[6:]  # coverage has no interval
    titles = [note.text for note in figure.layout.annotations]
    assert titles == ["ndcg@5 ↑", "diversity@5", "coverage@5 ↑"]
    assert figure.data[2].y == ("&lt;b&gt;",)


def found_values(found):
    values = found.frame().set_index(["metric", "model"])["value"]
    return [values[metric, name] for metric in METRICS for name in found.evaluations]


def trace_ends(figure, sign):
    side = "array" if sign > 0 else "arrayminus"
    return [trace.x[0] + sign * trace.error_x[side][0] for trace in figure.data]


def test_the_best_is_ahead_and_hollow_is_no_difference(found):
    popular, twin = pictures.ahead(found, "ndcg@5").data
    tests = found.tests().set_index(["metric", "a", "b"]).loc["ndcg@5", "popular", "users"]
    assert popular.x[0] == -tests["difference"] > 0
    assert popular.x[0] - popular.error_x.arrayminus[0] == pytest.approx(-tests["high"])
    assert (popular.marker.symbol, twin.marker.symbol) == ("circle", "circle-open")
    assert twin.x[0] == 0


def test_accuracy_stands_against_what_lies_beyond(found):
    figure = pictures.tradeoff(found, "ndcg@5", "coverage@5")
    values = found.frame().set_index(["metric", "model"])["value"]
    for name, trace in zip(found.evaluations, figure.data, strict=True):
        assert (trace.x[0], trace.y[0]) == (values["ndcg@5", name], values["coverage@5", name])


@pytest.mark.parametrize("groups", ["activity", "member_level"])
def test_groups_are_those_of_the_table(found, groups):
    figure = pictures.by_group(found, "ndcg@5", groups, language="zh")
    table = found.by(groups)
    table = table[table["metric"] == "ndcg@5"]
    for name, trace in zip(found.evaluations, figure.data, strict=True):
        assert list(trace.y) == table[table["model"] == name]["value"].tolist()
    shown = list(figure.layout.xaxis.ticktext)
    names = table["group"].unique().tolist()
    assert shown == (["低活跃", "中活跃", "高活跃"] if groups == "activity" else names)


def test_tenths_of_the_items_are_those_of_the_table(found):
    figure = pictures.by_popularity(found, "ndcg@5")
    table = found.by_popularity()
    mine = table[(table["metric"] == "ndcg@5") & (table["model"] == "users")]
    assert list(figure.data[1].y) == mine["value"].tolist()
    assert np.round(figure.data[1].x).tolist() == mine["decile"].tolist()


def test_costs_are_those_of_the_table_and_a_fitted_model_has_no_time(found):
    figure = pictures.costs(found)
    frame = found.frame().drop_duplicates("model").set_index("model")
    assert figure.data[0].x[0] == frame["fit_seconds"]["popular"]
    assert [trace.text for trace in figure.data[1:3]] == ["–", "–"]
    assert figure.data[7].x[0] == frame["memory"]["users"] / 2**20


def test_a_model_has_one_colour_everywhere(found):
    drawn = pictures.intervals(found), pictures.by_group(found, "ndcg@5"), pictures.costs(found)
    colours = [[trace.marker.color for trace in figure.data[:3]] for figure in drawn]
    assert colours[0] == colours[1] == colours[2]
    assert len(set(colours[0])) == 3
