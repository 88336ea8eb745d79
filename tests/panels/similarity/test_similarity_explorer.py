import numpy as np
import pandas as pd

import workbench as wb


def _direct(ds, state):
    return wb.similar(
        ds,
        of=state.of,
        metric=state.metric,
        k=state.k,
        min_overlap=state.min_overlap,
        ids=[state.row_id],
    ).frame()


def test_every_control_recomputes_what_the_function_gives(movies):
    panel = wb.panels.SimilarityExplorer(movies)
    for control, value in (("metric", "pearson"), ("k", 7), ("min_overlap", 20)):
        panel.controls[control].value = value
        direct = _direct(movies, panel.state)
        assert panel.state.table["neighbour_id"].tolist() == direct["neighbour_id"].tolist()
        assert np.array_equal(np.asarray(panel.neighbours.figure.data[0].x), direct["score"])
    assert (panel.state.metric, panel.state.k, panel.state.min_overlap) == ("pearson", 7, 20)
    assert (panel.state.table["common"] >= 20).all()


def test_another_row_and_the_other_side(movies):
    panel = wb.panels.SimilarityExplorer(movies)
    panel.controls["row"].value = "Toy Story (1995)"
    assert panel.state.row_id == 1
    panel.controls["of"].value = "users"
    assert panel.state.of == "users"
    assert panel.state.row_id in movies.user_ids
    assert (
        panel.state.table["neighbour_id"].tolist()
        == _direct(movies, panel.state)["neighbour_id"].tolist()
    )


def test_why_shows_the_ratings_in_common(movies):
    panel = wb.panels.SimilarityExplorer(movies)
    second = panel.state.table["neighbour_id"][1]
    panel.neighbour.value = second
    common = panel.state.shared(second)
    assert (
        sum(panel.common.figure.data[0].customdata) == len(common) == panel.state.table["common"][1]
    )


def test_titles_that_look_like_markup_stay_text():
    title = "<img src=x onerror=alert(1)>"
    log = pd.DataFrame({"user_id": [1, 1, 2, 2], "item_id": ["a", "b", "a", "b"], "rating": 1.0})
    items = pd.DataFrame({"item_id": ["a", "b"], "title": [title, "plain"]})
    panel = wb.panels.SimilarityExplorer(wb.read(log, items=items), min_overlap=1)
    panel.controls["row"].value = "plain"
    shown = panel.neighbours.figure.data[0]
    assert panel.neighbours.figure.layout.yaxis.ticktext[0].startswith("&lt;img")
    assert "<img" not in str(shown.customdata)


def test_a_row_without_neighbours_leaves_an_empty_figure():
    panel = wb.panels.SimilarityExplorer(wb.load("example"), metric="pearson", min_overlap=50)
    assert len(panel.state.table) == 0
    assert len(panel.neighbours.figure.data[0].x) == 0


def test_the_ratings_in_common_are_drawn_once_a_change(movies, monkeypatch):
    """They were drawn for the neighbour of old, and again for the one that is chosen then."""
    panel, drawn = wb.panels.SimilarityExplorer(movies), []
    monkeypatch.setattr(panel.common, "show", drawn.append)
    for number, (control, value) in enumerate((("k", 7), ("metric", "pearson"), ("of", "users"))):
        panel.controls[control].value = value
        assert len(drawn) == number + 1
    panel.neighbour.index = 1
    assert len(drawn) == 4
    assert panel.neighbour.label in drawn[-1].layout.yaxis.title.text
