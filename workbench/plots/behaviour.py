"""Plotly figures, each from a table; the same for panels and reports."""

import itertools
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.language.grounding.item_facts import clean
from workbench.strings import Strings

MINE, EVERYBODY, ACCENT = "#2f63c4", "#b3bfca", "#e0793a"
GRID = {
    "automargin": True,
    "gridcolor": "rgba(128,140,150,.2)",
    "zeroline": False,
    "ticklabelstandoff": 4,
}
FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"PingFang SC","Noto Sans CJK SC",sans-serif'


def rating_distribution(ds: Dataset, text: Strings, *, mine: pd.Series | None = None) -> go.Figure:
    """Share of each rating: everybody's and, beside it, one user's."""
    everybody = ds.table[Columns.RATING]
    bins = _rating_bins(everybody)
    series = [(text("figure.everybody"), everybody, EVERYBODY)]
    if mine is not None:
        series.insert(0, (text("figure.you"), mine, MINE))
    figure = blank(
        text("figure.ratings" if ds.explicit else "figure.preferences"),
        x=text("figure.rating" if ds.explicit else "figure.preference"),
        y=text("figure.share"),
    )
    for name, ratings, colour in series:
        counts, _ = np.histogram(ratings, bins)
        centres = (bins[:-1] + bins[1:]) / 2
        figure.add_bar(x=centres, y=counts / counts.sum(), name=name, marker_color=colour)
    figure.update_layout(barmode="group", bargap=0.15, showlegend=mine is not None)
    return figure.update_yaxes(tickformat=".0%")


def taste(table: pd.DataFrame, text: Strings, *, most: int = 10) -> go.Figure:
    """One user's shares by genre beside everybody's, from `features.taste`."""
    top = table.head(most).iloc[::-1]
    figure = blank(text("figure.taste"), x=text("figure.share"), height=60 + 34 * len(top) + 40)
    everybody = top["share"] / top["lift"]
    for name, share, colour in (
        (text("figure.everybody"), everybody, EVERYBODY),
        (text("figure.you"), top["share"], MINE),
    ):
        figure.add_bar(
            y=top["genre"].map(shorten), x=share, name=name, orientation="h", marker_color=colour
        )
    figure.update_layout(barmode="group", bargap=0.25, legend_traceorder="reversed")
    return figure.update_xaxes(tickformat=".0%")


def bars(
    labels: pd.Series, values: pd.Series, *, title: str, x: str, hover: pd.Series
) -> go.Figure:
    """Horizontal bars, the first on top; labels that repeat stay apart."""
    figure = blank(title, x=x, height=90 + 24 * len(labels))
    rows = np.arange(len(labels))[::-1]
    names = [shorten(str(label)) for label in labels]
    figure.add_bar(
        y=rows,
        x=values,
        orientation="h",
        marker_color=MINE,
        customdata=[[shorten(str(a), 200), b] for a, b in zip(labels, hover, strict=True)],
        hovertemplate="%{customdata[0]}<br>%{x:.4f}<br>%{customdata[1]}<extra></extra>",
    )
    return figure.update_yaxes(tickvals=rows, ticktext=names, showgrid=False)


def agreement(common: pd.DataFrame, first: str, second: str, text: Strings) -> go.Figure:
    """How often each pair of ratings occurs among the ratings that two rows have in common."""
    counts = common.groupby(["first", "second"]).size().reset_index(name="count")
    figure = blank(text("figure.agreement"), x=shorten(first), y=shorten(second))
    figure.add_scatter(
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
    return figure


def long_tail(ds: Dataset, text: Strings) -> go.Figure:
    """Share of interactions that fall on the most popular items."""
    counts = np.sort(np.bincount(ds.matrix.indices))[::-1]
    items = np.arange(1, len(counts) + 1) / len(counts)
    share = np.cumsum(counts) / counts.sum()
    kept = np.unique(np.linspace(0, len(counts) - 1, 200).astype(int))
    figure = blank(text("figure.long_tail"), x=text("figure.items_by_popularity"))
    figure.add_scatter(
        x=items[kept],
        y=share[kept],
        fill="tozeroy",
        line_color=MINE,
        fillcolor="rgba(47,99,196,.15)",
    )
    return figure.update_xaxes(tickformat=".0%").update_yaxes(tickformat=".0%", range=[0, 1.03])


def activity(ds: Dataset, text: Strings) -> go.Figure:
    """Users by their number of interactions, in bins that double."""
    counts = np.diff(ds.matrix.indptr)
    edges = 2 ** np.arange(int(np.log2(counts.max())) + 2)
    users, _ = np.histogram(counts, edges)
    first = int(np.argmax(users > 0))
    figure = blank(text("figure.activity"), x=text("figure.interactions_per_user"))
    labels = [f"{low}–{high - 1}" for low, high in itertools.pairwise(edges)]
    figure.add_bar(x=labels[first:], y=users[first:], marker_color=MINE)
    return figure.update_xaxes(type="category")


def over_time(ds: Dataset, text: Strings) -> go.Figure:
    """Interactions by month, or by day where they span less than four months."""
    figure = blank(text("figure.over_time"))
    if Columns.TIMESTAMP not in ds.interactions:
        return figure.add_annotation(text=text("figure.no_time"), showarrow=False)
    times = ds.table[Columns.TIMESTAMP].dropna()
    unit = "D" if times.max() - times.min() < pd.Timedelta(days=120) else "ME"
    counts = pd.Series(1, index=times).resample(unit).sum()
    # Dates go as text: a widget would show the nanoseconds of a datetime64.
    days = counts.index.strftime("%Y-%m-%d")
    figure.add_scatter(x=days, y=counts, line_color=MINE, line_width=1.5)
    return figure.update_xaxes(type="date")


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


def _rating_bins(ratings: pd.Series) -> np.ndarray:
    """Bins centred on the ratings that occur, or twenty where there are more."""
    values = np.unique(ratings)
    if len(values) > 20:
        return np.linspace(values[0], values[-1], 21)
    step = np.diff(values).min() if len(values) > 1 else 1.0
    return np.arange(values[0] - step / 2, values[-1] + step, step)


def shorten(label: str, most: int = 34) -> str:
    """Cut a label to length, without what is not seen, and keep it from being read as markup."""
    # Plotly reads tags and entities in labels; titles come from outside.
    label = clean(label)
    return escape(label if len(label) <= most else label[: most - 1] + "…", quote=False)
