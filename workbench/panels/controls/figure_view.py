"""Places for figures, as wide as they are given."""

from typing import Any

import ipywidgets as widgets
import plotly.graph_objects as go

from workbench.compute import resolve
from workbench.html import escape
from workbench.panels.controls import cards
from workbench.panels.controls.figure_width import FigureWidth


class _Figure(go.FigureWidget):
    """A figure that is told to the page once, when all of it is known.

    A FigureWidget tells the page that it is there, and its data and layout in a message that
    follows; where the page was the quicker of the two, it showed empty axes.
    """

    _config: Any
    _complete = False

    def __init__(self, figure: go.Figure) -> None:
        super().__init__(figure)
        self._config = self._config | {"responsive": True, "displaylogo": False}
        self._complete = True
        self.open()

    @property
    def on_page(self) -> bool:
        """Whether a page shows it."""
        return bool(self._view_count)

    def open(self) -> None:
        """Tell the page, unless it is too early."""
        if self._complete:
            super().open()


class FigureView(widgets.VBox):
    """A place for one figure at a time.

    Attributes
    ----------
    figure : FigureWidget
        What is shown; None at first.
    """

    figure: Any = None

    def show(self, figure: go.Figure) -> None:
        """Show another figure."""
        if self.figure is None or not self.figure.on_page:
            # A page that is still loading Plotly loses what it is told: all must come with it.
            self.figure = _Figure(figure)
            self.children = [self.figure]
            return
        with self.figure.batch_update():
            self.figure.update({"data": [], "layout": {}}, overwrite=True)
            self.figure.add_traces(figure.data)
            self.figure.update_layout(figure.layout)


class FigureGrid(widgets.GridBox):
    """Places for figures side by side, in one row unless `columns` says how many a row.

    Attributes
    ----------
    children : tuple of FigureView
    """

    def __init__(self, count: int, columns: int | None = None) -> None:
        template = f"repeat({columns or count}, minmax(0, 1fr))"
        views = [FigureView() for _ in range(count)]
        super().__init__(views, layout={"grid_template_columns": template})

    def show(self, *figures: go.Figure) -> None:
        """Show a figure in each place."""
        for view, figure in zip(self.children, figures, strict=True):
            view.show(figure)


def figure_row(*figures: go.Figure, device: str | None = None) -> widgets.VBox:
    """Figures side by side, and the device of what they show, where it was computed here.

    Parameters
    ----------
    *figures : Figure
        See `workbench.plots`.
    device : {"auto", "cpu", "gpu"}, optional
    """
    grid = FigureGrid(len(figures))
    grid.show(*figures)
    shown: list[widgets.Widget] = [grid]
    if device:
        line = f'<div class="badge">{escape(str(resolve(device)))}</div>'
        shown.append(widgets.HTML(cards.STYLE + cards.box(line)))
    return widgets.VBox([*shown, FigureWidth()])
