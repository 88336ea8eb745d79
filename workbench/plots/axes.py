"""What all figures share: axes, colours, labels, bars and whiskers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.evaluation.metrics.registry import HIGHER, LOWER
from workbench.html import verbatim
from workbench.words import clean

MINE, EVERYBODY, ACCENT = "#2f63c4", "#b3bfca", "#e0793a"
COLOURS = (MINE, ACCENT, "#3a9a78", "#b3478f", "#8a6fd1", "#c29a1c", "#4aa3c4")
ARROWS = {HIGHER: " ↑", LOWER: " ↓"}
GRID = {
    "automargin": True,
    "gridcolor": "rgba(128,140,150,.2)",
    "zeroline": False,
    "ticklabelstandoff": 4,
}
FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"PingFang SC","Noto Sans CJK SC",sans-serif'


def blank(title: str, *, x: str = "", y: str = "", height: int = 300) -> go.Figure:
    """Return a figure with nothing in it yet, in the look of all."""
    figure = go.Figure()
    figure.update_layout(
        title={"text": title, "x": 0, "xanchor": "left", "font_size": 15},
        font={"family": FONT, "size": 12, "color": "#6b7885"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        template="none",
        autosize=True,
        height=height,
        margin={"l": 10, "r": 10, "t": 44, "b": 10},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"},
        hoverlabel={"font_family": FONT},
    )
    return figure.update_xaxes(title=x, **GRID).update_yaxes(title=y, **GRID)


def bars(
    labels: pd.Series,
    values: pd.Series,
    *,
    title: str,
    x: str = "",
    hover: pd.Series | None = None,
) -> go.Figure:
    """Horizontal bars, the first on top; labels that repeat get a bar each.

    Without `hover`, values, which are counts, stand beside their bars in the place of an axis.
    """
    figure = blank(title, x=x, height=90 + 24 * len(labels))
    rows = np.arange(len(labels))[::-1]
    figure.add_bar(x=values, y=rows, orientation="h", marker_color=MINE)
    if hover is None:
        counts = [f"{value:,}" for value in values]
        figure.update_traces(text=counts, textposition="outside", cliponaxis=False)
        figure.update_xaxes(rangemode="tozero", showticklabels=False, showgrid=False)
    else:
        figure.update_traces(
            customdata=[[shorten(str(a), 200), b] for a, b in zip(labels, hover, strict=True)],
            hovertemplate="%{customdata[0]}<br>%{x:.4f}<br>%{customdata[1]}<extra></extra>",
        )
    names = [shorten(str(label)) for label in labels]
    return figure.update_yaxes(tickvals=rows, ticktext=names, showgrid=False)


def paired_bars(
    labels: list[str], series: Mapping[str, pd.Series], *, title: str, x: str = ""
) -> go.Figure:
    """Two horizontal bars a label, the first label and the first series on top."""
    figure = blank(title, x=x, height=100 + 34 * len(labels))
    names = [shorten(label) for label in labels[::-1]]
    # Plotly draws from below.
    for (name, values), colour in zip([*series.items()][::-1], (EVERYBODY, MINE), strict=True):
        figure.add_bar(x=values[::-1], y=names, name=name, orientation="h", marker_color=colour)
    return figure.update_layout(barmode="group", bargap=0.25, legend_traceorder="reversed")


def whiskers(rows: pd.DataFrame, colour: str) -> dict[str, Any]:
    """From values to the ends of their intervals; of no length where there is no interval."""
    # Lab was seen to draw nothing of a figure with a NaN in its whiskers.
    above = (rows["high"] - rows["value"]).fillna(0.0)
    below = (rows["value"] - rows["low"]).fillna(0.0)
    return {
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "color": colour,
        "thickness": 1.5,
    }


def interval_hover(low: float, high: float) -> str:
    """An interval as a line of what shows under the pointer; empty where there is none."""
    return "" if np.isnan(low) else f"<br>{low:.4f} – {high:.4f}"


def shorten(label: str, most: int = 34) -> str:
    """Cut a label to length, without what is not seen, and keep it from being read as markup."""
    # Plotly reads tags and entities in labels; titles come from outside.
    label = clean(label)
    return verbatim(label if len(label) <= most else label[: most - 1] + "…", quote=False)
