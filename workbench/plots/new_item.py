"""Figure of a new item's reach."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from workbench.plots.axes import ACCENT, EVERYBODY, MINE, blank
from workbench.strings import Strings


def reach_lines(curves: Mapping[str, np.ndarray], reach: float, text: Strings) -> go.Figure:
    """Share of its choosers who are reached, by the share of users who are shown it.

    Parameters
    ----------
    curves : mapping of str to array of shape (users,)
        Share reached of the choosers after every user, by the name of two orders of the users.
    reach : float
        Share of the users at which a line stands.
    """
    figure = blank(text("newitem.gain"), x=text("newitem.shown"), y=text("newitem.chose"))
    for (name, share), colour in zip(curves.items(), (EVERYBODY, MINE), strict=True):
        shown = np.arange(1, len(share) + 1) / len(share)
        figure.add_scatter(x=shown, y=share, name=name, mode="lines", line_color=colour)
    figure.add_vline(x=reach, line_dash="dot", line_color=ACCENT)
    figure.update_xaxes(tickformat=".0%", range=[0, 1.02])
    return figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
