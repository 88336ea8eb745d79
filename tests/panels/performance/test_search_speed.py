from dataclasses import replace

import pandas as pd
import plotly.graph_objects as go
import pytest

import workbench as wb
from workbench.panels.performance import search_speed, timings
from workbench.plots import behaviour


@pytest.fixture(scope="module")
def near():
    return wb.similar(wb.synthetic(60, 50, 900), k=5, device="cpu")


def test_bars_show_every_metric_and_both_sides():
    table = pd.DataFrame({"items": [2.0, 3.0], "users": [0.5, 0.7]}, index=["cosine", "pearson"])
    users, items = search_speed.metric_bars(table).data
    # Plotly draws from below: the first metric comes out on top.
    assert (list(items.y), list(items.x)) == (["pearson", "cosine"], [3.0, 2.0])
    assert (users.name, items.name) == ("users", "items")


def test_growth_shows_points_and_the_line_through_them(results):
    here = pd.DataFrame({"interactions": [100, 1_000, 10_000], "seconds": [0.01, 0.1, 1.0]})
    points, line, kept, _ = search_speed.growth_lines(here, results).data
    assert list(points.y) == [0.01, 0.1, 1.0]
    assert list(line.y) == pytest.approx([0.01, 0.1, 1.0])
    assert points.name == "here, now: power 1.00"
    assert list(kept.y) == [0.5, 8.0]
    assert kept.name == "kept with the repository: power 2.00"


@pytest.mark.parametrize("results", [{}, {"scaling": {"items": {"steps": []}}}])
def test_growth_goes_without_what_was_not_kept(results):
    here = pd.DataFrame({"interactions": [100, 1_000], "seconds": [0.01, 0.1]})
    assert len(search_speed.growth_lines(here, results).data) == 2


def test_every_dot_says_its_seconds_and_how_many_times_ours(results):
    brute, ours, quick = search_speed.race_dots(timings.races(results)[9_000], 9_000).data
    assert [trace.text.strip() for trace in (quick, ours)] == ["1.00 s · 0.50 ×", "2.00 s"]
    assert brute.text.strip() == "≈ 400 s · 200 ×"
    assert [trace.marker.symbol for trace in (brute, ours)] == ["circle-open", "circle"]
    assert [trace.marker.color for trace in (quick, ours)] == [behaviour.EVERYBODY, behaviour.MINE]


def test_the_two_largest_races_stand_side_by_side(results):
    grid, _ = search_speed.comparison(results).children
    assert [view.figure.layout.title.text for view in grid.children] == [
        "1,000 interactions, all items",
        "9,000 interactions, all items",
    ]
    assert all(isinstance(view.figure, go.FigureWidget) for view in grid.children)


@pytest.mark.parametrize(("language", "words"), [("en", "repository"), ("zh", "代码仓库")])
def test_without_results_a_sentence_says_where_they_are(language, words):
    note = search_speed.comparison({}, language=language).value
    assert words in note
    assert "benchmarks/results.json" in note


@pytest.mark.parametrize(("language", "words"), [("en", "Nothing has been"), ("zh", "尚未")])
def test_the_table_of_a_card_is_blank_until_one_has_measured(language, words, tmp_path):
    shown = search_speed.card(timings.card(tmp_path / "gpu.json"), language=language).value
    assert words in shown
    assert shown.count("<td></td><td>0.1</td><td></td>") == 1


def test_the_table_of_a_card_says_which(tmp_path):
    table = timings.card(tmp_path / "gpu.json")
    table.loc["items_kernel", "measured"] = 0.0625
    table.attrs = {"device": "GPU · <H200>", "date": "2026-12-01"}
    shown = search_speed.card(table).value
    assert "Measured on GPU · &lt;H200&gt;, 2026-12-01" in shown
    assert "<td>0.0625</td><td>0.1</td><td></td>" in shown


def test_searches_that_agree_differ_nowhere(near):
    some = replace(near, ids=near.ids[::10], indices=near.indices[::10], scores=near.scores[::10])
    assert _tiles(search_speed.agreement(near, some)) == [str(len(some.ids)), "0"]


def test_a_list_that_differs_in_a_score_or_an_id_is_counted(near):
    indices, scores = near.indices.copy(), near.scores.copy()
    indices[3, 0] = near.indices[3, 1]
    scores[7, 4] += 1e-7
    other = replace(near, indices=indices, scores=scores)
    assert _tiles(search_speed.agreement(near, other)) == [str(len(near.ids)), "2"]


def test_what_was_computed_here_says_where(near):
    here = str(near.device)
    _, badge, _ = search_speed.view(behaviour.blank("one"), device="cpu").children
    assert here in badge.value
    other = replace(near, device=replace(near.device, name="Dask <2 workers>"))
    shown = search_speed.agreement(near, other).value
    assert here in shown
    assert "Dask &lt;2 workers&gt;" in shown


def _tiles(widget):
    return [part.split("</b>")[0] for part in widget.value.split("<b>")[1:3]]
