"""What panels have in common."""

import ipywidgets as widgets
import plotly.graph_objects as go
import pytest

from workbench.panels.controls.figure_view import FigureView


def figure(title: str, y: list[int]) -> go.Figure:
    return go.Figure(go.Bar(y=y), {"title": {"text": title}})


def test_a_figure_comes_with_all_it_shows_until_a_page_has_it() -> None:
    """A page that still loads Plotly lost what it was told: figures stayed empty in Lab."""
    view = FigureView()
    for title, y in (("one", [1]), ("two", [1, 2])):
        view.show(figure(title, y))
        sent = view.children[0].get_state(["_widget_data", "_widget_layout", "_config"])
        assert len(sent["_widget_data"]) == 1
        assert list(view.figure.data[0].y) == y
        assert sent["_widget_layout"]["title"]["text"] == title
        assert sent["_config"]["responsive"]


def test_a_figure_on_a_page_is_changed_in_place() -> None:
    view = FigureView()
    view.show(figure("one", [1]))
    shown = view.figure
    shown._view_count = 1
    view.show(figure("two", [1, 2]))
    assert view.children == (shown,)
    assert shown.layout.title.text == "two"
    assert list(shown.data[0].y) == [1, 2]


def test_a_figure_is_announced_once_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was announced empty, and its data sent after: a quick page drew empty axes for good."""
    announced = []
    opened = widgets.Widget.open

    def listen(widget: widgets.Widget) -> None:
        if isinstance(widget, go.FigureWidget):
            announced.append(widget.get_state(["_widget_data", "_config"]))
        opened(widget)

    monkeypatch.setattr(widgets.Widget, "open", listen)
    FigureView().show(figure("one", [1]))
    assert len(announced) == 1
    assert len(announced[0]["_widget_data"]) == 1
    assert announced[0]["_config"]["responsive"]
