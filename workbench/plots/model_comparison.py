"""Pictures of a comparison of models: for panels, reports and scripts alike.

Every model has one colour in all of them.
"""

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.columns import Columns
from workbench.evaluation import Comparison
from workbench.evaluation.model_comparison import NO_DIFFERENCE
from workbench.plots.axes import (
    ARROWS,
    COLOURS,
    EVERYBODY,
    GRID,
    blank,
    interval_hover,
    shorten,
    whiskers,
)
from workbench.strings import Strings

COLUMNS = 4  # small figures side by side, at most


def intervals(comparison: Comparison, *, language: str = "en") -> go.Figure:
    """Value of every metric and model, and its interval: a small figure a metric."""
    metrics = _first(comparison).requested
    titles = [f"{name}{ARROWS.get(entry.metric.better, '')}" for name, entry in metrics.items()]
    figure = _side_by_side(titles, comparison, Strings(language)("evaluate.values"))
    table = comparison.frame()
    for place, metric in zip(_places(len(metrics)), metrics, strict=True):
        values = table[table["metric"] == metric].set_index(Columns.MODEL)
        for name, colour in _colours(comparison).items():
            figure.add_trace(_dot(values.loc[[name]], name, colour), **place)
    return figure


def ahead(comparison: Comparison, metric: str, *, language: str = "en") -> go.Figure:
    """What the best model is ahead of each other by; hollow where chance gives as much."""
    text = Strings(language)
    best = comparison.best(metric)[0][0]
    title = text("evaluate.ahead", model=shorten(best))
    figure = blank(title, x=metric, height=_height(len(comparison.evaluations) - 1))
    for other, colour in _colours(comparison).items():
        if other == best:
            continue
        row = _ahead(comparison, metric, best, other)
        dot = _dot(row, other, colour)
        dot.marker.symbol = "circle-open" if row["verdict"].iloc[0] == NO_DIFFERENCE else "circle"
        figure.add_trace(dot)
    figure.add_vline(0, line={"color": EVERYBODY, "width": 1.5})
    return figure.update_yaxes(autorange="reversed", showgrid=False)


def tradeoff(
    comparison: Comparison, accuracy: str, other: str, *, language: str = "en"
) -> go.Figure:
    """Accuracy against what lies beyond it, a dot a model."""
    table = comparison.frame()
    x, y = (
        table[table["metric"] == metric].set_index(Columns.MODEL) for metric in (accuracy, other)
    )
    title = Strings(language)("evaluate.tradeoff")
    figure = blank(title, x=accuracy, y=other, height=340)
    for name, colour in _colours(comparison).items():
        figure.add_scatter(
            x=x["value"][[name]],
            y=y["value"][[name]],
            error_x=whiskers(x.loc[[name]], colour),
            error_y=whiskers(y.loc[[name]], colour),
            mode="markers+text",
            text=shorten(name),
            textposition="top right",
            marker={"size": 11, "color": colour},
            hovertemplate=shorten(name) + "<br>%{x:.4f}<br>%{y:.4f}<extra></extra>",
            showlegend=False,
        )
    return figure


def by_group(
    comparison: Comparison, metric: str, groups: str = "activity", *, language: str = "en"
) -> go.Figure:
    """A metric for each group of users and model."""
    text = Strings(language)
    table = comparison.by(groups)
    table = table[table["metric"] == metric]
    names = table["group"].unique().tolist()
    label = text("evaluate.activity") if groups == "activity" else groups
    title = text("evaluate.by_group", metric=metric)
    figure = blank(title, x=shorten(label), y=metric, height=340)
    _lines(figure, table.assign(place=table["group"].map(names.index)), comparison, mode="markers")
    shown = [shorten(str(name)) for name in names]
    if groups == "activity":
        shown = [text(f"level.{name}") for name in names]
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=shown, showgrid=False)
    return figure.update_yaxes(rangemode="tozero")


def by_popularity(comparison: Comparison, metric: str, *, language: str = "en") -> go.Figure:
    """A metric for each tenth of the items by popularity, and each model."""
    text = Strings(language)
    table = comparison.by_popularity()
    table = table[table["metric"] == metric]
    title = text("evaluate.by_popularity", metric=metric)
    figure = blank(title, x=text("evaluate.decile"), y=metric, height=340)
    _lines(figure, table.assign(place=table["decile"]), comparison, mode="lines+markers")
    return figure.update_xaxes(dtick=1, showgrid=False)


def costs(comparison: Comparison, *, language: str = "en") -> go.Figure:
    """Seconds to fit, milliseconds to recommend to a user, and memory."""
    text = Strings(language)
    table = comparison.frame().drop_duplicates(Columns.MODEL).set_index(Columns.MODEL)
    columns = {
        text("evaluate.fit"): table["fit_seconds"],
        text("evaluate.recommend"): 1000 * table["seconds_a_user"],
        text("evaluate.memory"): table["memory"] / 2**20,
    }
    figure = _side_by_side(list(columns), comparison, text("evaluate.costs"))
    for place, values in zip(_places(len(columns)), columns.values(), strict=True):
        for name, colour in _colours(comparison).items():
            bar = go.Bar(
                x=[values[name]],
                y=[shorten(name)],
                text=_brief(values[name]),
                orientation="h",
                marker_color=colour,
                hoverinfo="skip",
                textposition="outside",
                cliponaxis=False,
            )
            figure.add_trace(bar, **place)
        # Room for the numbers beside the bars.
        figure.update_xaxes(range=[0, 1.3 * np.nanmax([*values, 1e-9])], **place)
    return figure.update_xaxes(showticklabels=False, showgrid=False)


def _ahead(comparison: Comparison, metric: str, best: str, other: str) -> pd.DataFrame:
    """The row of `Comparison.tests` on two models, as best less other."""
    tests = comparison.tests()
    pair = tests["a"].isin([best, other]) & tests["b"].isin([best, other])
    row = tests[pair & (tests["metric"] == metric)].rename(columns={"difference": "value"})
    if row["a"].iloc[0] == best:
        return row
    return row.assign(value=-row["value"], low=-row["high"], high=-row["low"])


def _first(comparison: Comparison) -> Any:
    return next(iter(comparison.evaluations.values()))


def _colours(comparison: Comparison) -> dict[str, str]:
    return dict(zip(comparison.evaluations, cycle(COLOURS), strict=False))


def _height(models: int, rows: int = 1) -> int:
    return 60 + rows * (70 + 28 * models)


def _side_by_side(titles: list[str], comparison: Comparison, title: str) -> go.Figure:
    """Small figures that share the models on their y axis."""
    places = _places(len(titles))
    rows, columns = (max(place[side] for place in places) for side in ("row", "col"))
    figure = blank(title, height=_height(len(comparison.evaluations), rows))
    figure.set_subplots(
        rows, columns, shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.04
    )
    figure.update_annotations(font_size=13).update_layout(showlegend=False, margin_t=76)
    figure.update_xaxes(**GRID, nticks=4)
    # A line at the left of each, that dots of one are not read as those of the next.
    left = {"showgrid": False, "showline": True, "linecolor": EVERYBODY}
    return figure.update_yaxes(**GRID | left, autorange="reversed")


def _places(count: int) -> list[dict[str, int]]:
    """Row and column of each of some small figures, in rows of equal length."""
    rows = -(-count // COLUMNS)
    columns = -(-count // rows)
    return [{"row": n // columns + 1, "col": n % columns + 1} for n in range(count)]


def _dot(row: pd.DataFrame, name: str, colour: str) -> go.Scatter:
    label = shorten(name)
    low, high = row["low"].iloc[0], row["high"].iloc[0]
    return go.Scatter(
        x=row["value"],
        y=[label],
        error_x=whiskers(row, colour),
        mode="markers",
        marker={"size": 10, "color": colour, "line": {"width": 2, "color": colour}},
        hovertemplate=f"{label}: %{{x:.4f}}{interval_hover(low, high)}<extra></extra>",
        showlegend=False,
    )


def _lines(figure: go.Figure, table: pd.DataFrame, comparison: Comparison, *, mode: str) -> None:
    """Values with whiskers along the column ``place``, models beside each other."""
    figure.update_layout(margin_t=70)  # the legend has a line of its own
    step = 0.3 / len(comparison.evaluations)
    for number, (name, colour) in enumerate(_colours(comparison).items()):
        mine = table[table[Columns.MODEL] == name]
        figure.add_scatter(
            x=mine["place"] + (number - (len(comparison.evaluations) - 1) / 2) * step,
            y=mine["value"],
            error_y=whiskers(mine, colour),
            mode=mode,
            name=shorten(name),
            line={"color": colour, "width": 1.5},
            marker={"size": 8, "color": colour},
            hovertemplate=shorten(name) + ": %{y:.4f}<extra></extra>",
        )


def _brief(number: float) -> str:
    return "–" if np.isnan(number) else f"{number:,.{2 if number < 10 else 0}f}"
