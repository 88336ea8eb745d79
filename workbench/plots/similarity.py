"""Figures of similarity: the nearest, and what one of them has in common with a row."""

import pandas as pd
import plotly.graph_objects as go

from workbench.columns import Columns
from workbench.plots.axes import ACCENT, bars, blank, shorten
from workbench.strings import Strings


def neighbour_bars(
    table: pd.DataFrame, names: pd.Series, text: Strings, *, title: str, metric: str
) -> go.Figure:
    """Each neighbour's ``score``, and under the pointer how many ratings they share."""
    shared = table["common"].map(lambda count: text("similarity.common", count=count))
    return bars(names, table[Columns.SCORE], title=title, x=metric, hover=shared)


def common_ratings(common: pd.DataFrame, first: str, second: str, text: Strings) -> go.Figure:
    """How often each pair of ratings occurs among those that two rows have in common."""
    counts = common.groupby(["first", "second"]).size().reset_index(name="count")
    figure = blank(text("figure.agreement"), x=shorten(first), y=shorten(second))
    return figure.add_scatter(
        x=counts["first"],
        y=counts["second"],
        mode="markers",
        customdata=counts["count"],
        marker={
            "size": counts["count"],
            "sizemode": "area",
            "sizeref": max(1, counts["count"].max() if len(counts) else 1) / 900,
            "sizemin": 4,
            "color": ACCENT,
            "opacity": 0.75,
        },
        hovertemplate="%{x} / %{y}: %{customdata}<extra></extra>",
    )
