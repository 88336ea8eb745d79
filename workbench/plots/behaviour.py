"""Figures of behaviour data and of one user's taste."""

import itertools

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.plots.axes import EVERYBODY, MINE, blank, paired_bars
from workbench.strings import Strings


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
    top = table.head(most)
    shares = {
        text("figure.you"): top["share"],
        text("figure.everybody"): top["share"] / top["lift"],
    }
    labels = top["genre"].tolist()
    figure = paired_bars(labels, shares, title=text("figure.taste"), x=text("figure.share"))
    return figure.update_xaxes(tickformat=".0%")


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


def _rating_bins(ratings: pd.Series) -> np.ndarray:
    """Bins centred on the ratings that occur, or twenty where there are more."""
    values = np.unique(ratings)
    if len(values) > 20:
        return np.linspace(values[0], values[-1], 21)
    step = np.diff(values).min() if len(values) > 1 else 1.0
    return np.arange(values[0] - step / 2, values[-1] + step, step)
