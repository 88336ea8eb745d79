"""Figure of a new item's reach."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from workbench.plots.axes import ACCENT, EVERYBODY, MINE, blank
from workbench.strings import Strings


def reach_lines(curves: Mapping[str, np.ndarray], reach: float, text: Strings) -> go.Figure:
    """Share of its choosers reached, shape (users,) an order, by the share of users shown it."""
    figure = blank(text("newitem.gain"), x=text("newitem.shown"), y=text("newitem.chose"))
    for (name, share), colour in zip(curves.items(), (EVERYBODY, MINE), strict=True):
        shown = np.arange(1, len(share) + 1) / len(share)
        figure.add_scatter(x=shown, y=share, name=name, mode="lines", line_color=colour)
    figure.add_vline(x=reach, line_dash="dot", line_color=ACCENT)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02])
    return figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
