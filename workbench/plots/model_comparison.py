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
from workbench.evaluation.metrics.registry import HIGHER, LOWER
from workbench.evaluation.model_comparison import NO_DIFFERENCE
from workbench.plots import behaviour
from workbench.strings import Strings

COLOURS = (behaviour.MINE, behaviour.ACCENT, "#3a9a78", "#b3478f", "#8a6fd1", "#c29a1c", "#4aa3c4")
ARROWS = {HIGHER: " ↑", LOWER: " ↓"}
COLUMNS = 4  # small figures side by side, at most


def intervals(found: Comparison, *, language: str = "en") -> go.Figure:
    """Value of every metric and model, and its interval: a small figure a metric."""
    metrics = _first(found).wanted
    titles = [f"{name}{ARROWS.get(entry.metric.better, '')}" for name, entry in metrics.items()]
    figure = _side_by_side(titles, found, Strings(language)("evaluate.values"))
    table = found.frame()
    for number, metric in enumerate(metrics):
        values = table[table["metric"] == metric].set_index(Columns.MODEL)
        for name, colour in _colours(found).items():
            _place(figure, number, _dot(values.loc[[name]], name, colour))
    return figure


def ahead(found: Comparison, metric: str, *, language: str = "en") -> go.Figure:
    """What the best model is ahead of each other by; hollow where chance gives as much."""
    text = Strings(language)
    best = found.best(metric)[0][0]
    title = text("evaluate.ahead", model=behaviour.shorten(best))
    figure = behaviour.blank(title, x=metric, height=_height(len(found.evaluations) - 1))
    for other, colour in _colours(found).items():
        if other == best:
            continue
        row = _ahead(found, metric, best, other)
        dot = _dot(row, other, colour)
        dot.marker.symbol = "circle-open" if row["verdict"].iloc[0] == NO_DIFFERENCE else "circle"
        figure.add_trace(dot)
    figure.add_vline(0, line={"color": behaviour.EVERYBODY, "width": 1.5})
    return figure.update_yaxes(autorange="reversed", showgrid=False)


def tradeoff(found: Comparison, accuracy: str, other: str, *, language: str = "en") -> go.Figure:
    """Accuracy against what lies beyond it, a dot a model."""
    table = found.frame()
    x, y = (
        table[table["metric"] == metric].set_index(Columns.MODEL) for metric in (accuracy, other)
    )
    title = Strings(language)("evaluate.tradeoff")
    figure = behaviour.blank(title, x=accuracy, y=other, height=340)
    for name, colour in _colours(found).items():
        figure.add_scatter(
            x=x["value"][[name]],
            y=y["value"][[name]],
            error_x=whiskers(x.loc[[name]], colour),
            error_y=whiskers(y.loc[[name]], colour),
            mode="markers+text",
            text=behaviour.shorten(name),
            textposition="top right",
            marker={"size": 11, "color": colour},
            hovertemplate=behaviour.shorten(name) + "<br>%{x:.4f}<br>%{y:.4f}<extra></extra>",
            showlegend=False,
        )
    return figure


def by_group(
    found: Comparison, metric: str, groups: str = "activity", *, language: str = "en"
) -> go.Figure:
    """A metric for each group of users and model."""
    text = Strings(language)
    table = found.by(groups)
    table = table[table["metric"] == metric]
    names = table["group"].unique().tolist()
    label = text("evaluate.activity") if groups == "activity" else groups
    title = text("evaluate.by_group", metric=metric)
    figure = behaviour.blank(title, x=behaviour.shorten(label), y=metric, height=340)
    _lines(figure, table.assign(place=table["group"].map(names.index)), found, mode="markers")
    shown = [behaviour.shorten(str(name)) for name in names]
    if groups == "activity":
        shown = [text(f"level.{name}") for name in names]
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=shown, showgrid=False)
    return figure.update_yaxes(rangemode="tozero")


def by_popularity(found: Comparison, metric: str, *, language: str = "en") -> go.Figure:
    """A metric for each tenth of the items by popularity, and each model."""
    text = Strings(language)
    table = found.by_popularity()
    table = table[table["metric"] == metric]
    title = text("evaluate.by_popularity", metric=metric)
    figure = behaviour.blank(title, x=text("evaluate.decile"), y=metric, height=340)
    _lines(figure, table.assign(place=table["decile"]), found, mode="lines+markers")
    return figure.update_xaxes(dtick=1, showgrid=False)


def costs(found: Comparison, *, language: str = "en") -> go.Figure:
    """Seconds to fit, milliseconds to recommend to a user, and memory."""
    text = Strings(language)
    table = found.frame().drop_duplicates(Columns.MODEL).set_index(Columns.MODEL)
    columns = {
        text("evaluate.fit"): table["fit_seconds"],
        text("evaluate.recommend"): 1000 * table["seconds_a_user"],
        text("evaluate.memory"): table["memory"] / 2**20,
    }
    figure = _side_by_side(list(columns), found, text("evaluate.costs"))
    for number, values in enumerate(columns.values()):
        for name, colour in _colours(found).items():
            bar = go.Bar(
                x=[values[name]],
                y=[behaviour.shorten(name)],
                text=_brief(values[name]),
                orientation="h",
                marker_color=colour,
                hoverinfo="skip",
                textposition="outside",
                cliponaxis=False,
            )
            _place(figure, number, bar)
        # Room for the numbers beside the bars.
        figure.update_xaxes(range=[0, 1.3 * np.nanmax([*values, 1e-9])], col=number + 1)
    return figure.update_xaxes(showticklabels=False, showgrid=False)


def _ahead(found: Comparison, metric: str, best: str, other: str) -> pd.DataFrame:
    """The row of `Comparison.tests` on two models, as best less other."""
    tests = found.tests()
    pair = tests["a"].isin([best, other]) & tests["b"].isin([best, other])
    row = tests[pair & (tests["metric"] == metric)].rename(columns={"difference": "value"})
    if row["a"].iloc[0] == best:
        return row
    return row.assign(value=-row["value"], low=-row["high"], high=-row["low"])


def _first(found: Comparison) -> Any:
    return next(iter(found.evaluations.values()))


def _colours(found: Comparison) -> dict[str, str]:
    return dict(zip(found.evaluations, cycle(COLOURS), strict=False))


def _height(models: int, rows: int = 1) -> int:
    return 60 + rows * (70 + 28 * models)


def _side_by_side(titles: list[str], found: Comparison, title: str) -> go.Figure:
    """Small figures that share the models on their y axis."""
    rows = -(-len(titles) // COLUMNS)
    columns = -(-len(titles) // rows)
    figure = behaviour.blank(title, height=_height(len(found.evaluations), rows))
    figure.set_subplots(
        rows, columns, shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.04
    )
    figure.update_annotations(font_size=13).update_layout(showlegend=False, margin_t=76)
    figure.update_xaxes(**behaviour.GRID, nticks=4)
    # A line at the left of each, that dots of one are not read as those of the next.
    left = {"showgrid": False, "showline": True, "linecolor": behaviour.EVERYBODY}
    return figure.update_yaxes(**behaviour.GRID | left, autorange="reversed")


def _place(figure: go.Figure, number: int, trace: Any) -> None:
    columns = len(figure._grid_ref[0])
    figure.add_trace(trace, row=number // columns + 1, col=number % columns + 1)


def _dot(row: pd.DataFrame, name: str, colour: str) -> go.Scatter:
    label = behaviour.shorten(name)
    low, high = row["low"].iloc[0], row["high"].iloc[0]
    return go.Scatter(
        x=row["value"],
        y=[label],
        error_x=whiskers(row, colour),
        mode="markers",
        marker={"size": 10, "color": colour, "line": {"width": 2, "color": colour}},
        hovertemplate=f"{label}: %{{x:.4f}}{between(low, high)}<extra></extra>",
        showlegend=False,
    )


def between(low: float, high: float) -> str:
    """An interval as a line of what shows under the pointer; empty where there is none."""
    return "" if np.isnan(low) else f"<br>{low:.4f} – {high:.4f}"


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


def _lines(figure: go.Figure, table: pd.DataFrame, found: Comparison, *, mode: str) -> None:
    """Values with whiskers along the column ``place``, models beside each other."""
    figure.update_layout(margin_t=70)  # the legend has a line of its own
    step = 0.3 / len(found.evaluations)
    for number, (name, colour) in enumerate(_colours(found).items()):
        mine = table[table[Columns.MODEL] == name]
        figure.add_scatter(
            x=mine["place"] + (number - (len(found.evaluations) - 1) / 2) * step,
            y=mine["value"],
            error_y=whiskers(mine, colour),
            mode=mode,
            name=behaviour.shorten(name),
            line={"color": colour, "width": 1.5},
            marker={"size": 8, "color": colour},
            hovertemplate=behaviour.shorten(name) + ": %{y:.4f}<extra></extra>",
        )


def _brief(number: float) -> str:
    return "–" if np.isnan(number) else f"{number:,.{2 if number < 10 else 0}f}"
