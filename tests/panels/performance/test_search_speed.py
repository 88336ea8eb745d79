from dataclasses import replace

import plotly.graph_objects as go
import pytest

import workbench as wb
from tests.plots.benchmark_results import results
from workbench.panels.controls.figure_view import figure_row
from workbench.panels.performance import search_speed, timings
from workbench.plots.axes import blank


@pytest.fixture(scope="module")
def near():
    return wb.similar(wb.synthetic(60, 50, 900), k=5, device="cpu")


def test_the_two_largest_races_stand_side_by_side():
    grid, _ = search_speed.library_races(results()).children
    assert [view.figure.layout.title.text for view in grid.children] == [
        "1,000 interactions, all items",
        "9,000 interactions, all items",
    ]
    assert all(isinstance(view.figure, go.FigureWidget) for view in grid.children)


@pytest.mark.parametrize(("language", "words"), [("en", "repository"), ("zh", "代码仓库")])
def test_without_results_a_sentence_says_where_they_are(language, words):
    note = search_speed.library_races({}, language=language).value
    assert words in note
    assert "benchmarks/results.json" in note


@pytest.mark.parametrize(("language", "words"), [("en", "Nothing has been"), ("zh", "尚未")])
def test_the_table_of_a_card_is_blank_until_one_has_measured(language, words, tmp_path):
    shown = search_speed.gpu_table(
        timings.gpu_figures(tmp_path / "gpu.json"), language=language
    ).value
    assert words in shown
    assert shown.count("<td></td><td>0.1</td><td></td>") == 1


def test_the_table_of_a_card_says_which(tmp_path):
    table = timings.gpu_figures(tmp_path / "gpu.json")
    table.loc["items_kernel", "measured"] = 0.0625
    table.attrs = {"device": "GPU · <H200>", "date": "2026-12-01"}
    shown = search_speed.gpu_table(table).value
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
    _, badge, _ = figure_row(blank("one"), device="cpu").children
    assert here in badge.value
    other = replace(near, device=replace(near.device, name="Dask <2 workers>"))
    shown = search_speed.agreement(near, other).value
    assert here in shown
    assert "Dask &lt;2 workers&gt;" in shown


def _tiles(widget):
    return [part.split("</b>")[0] for part in widget.value.split("<b>")[1:3]]
