"""Figures as wide as their place."""

import anywidget

from workbench.panels.assets import asset


class FigureWidth(anywidget.AnyWidget):
    """Nothing to see: makes the figures in the same box take its width, and keep it.

    Plotly draws a figure before it has a place, 700 pixels wide, and looks again only when the
    window changes. This tells it to whenever the box does: when its figures come up, or when a side
    bar opens.
    """

    _esm = asset("figure_width.js")
