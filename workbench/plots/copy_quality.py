"""A picture of how good copy is: for panels, reports and scripts alike."""

from collections.abc import Hashable, Sequence

import pandas as pd
import plotly.graph_objects as go

from workbench.evaluation.metrics.registry import HIGHER, LOWER
from workbench.language import COPY_METRICS, CopyEvaluation
from workbench.plots import behaviour
from workbench.plots.model_comparison import ARROWS, COLOURS, between, whiskers
from workbench.strings import Strings, catalogue

NUMBERS = ("unsupported", "div", "length", "bleu")  # all others but grades are shares
NOT_LINES = {"changed": HIGHER, "follows": HIGHER, "lags": LOWER, "answered": HIGHER}


def copy_measures(
    found: CopyEvaluation, groups: Sequence[Hashable] | None = None, *, language: str = "en"
) -> go.Figure:
    """Draw what `evaluate_copy`, `personalisation` or `judge` found, with 95 % intervals.

    Parameters
    ----------
    found : CopyEvaluation
    groups : sequence, optional
        Group of each line, as for `CopyEvaluation.by`: each has a colour.
    language : {"en", "zh"}

    Returns
    -------
    Figure
        Shares on one axis, and below them each number, such as the length, on one of its own.
    """
    text = Strings(language)
    table = found.frame().assign(group="") if groups is None else found.by(groups)
    table = table.dropna(subset=["value"])
    named = list(table["metric"].unique())
    shares = [name for name in named if _is_share(name)]
    numbers = [name for name in named if not _is_share(name)]
    colours = dict(zip(table["group"].unique(), COLOURS, strict=False))
    figure = _frame(shares, [_label(name, text) for name in numbers], len(colours), text)
    places = {name: place for place, name in enumerate(shares)}
    for number, (group, colour) in enumerate(colours.items()):
        own = table[table["group"] == group]
        below = (number - (len(colours) - 1) / 2) * 0.7 / len(colours)
        own = own.assign(place=own["metric"].map(places).fillna(0) + below)
        drawn = [own[own["metric"].isin(shares)], *(own[own["metric"] == n] for n in numbers)]
        for row, rows in enumerate(drawn):
            dots = _dots(rows, str(group), colour, text)
            dots.showlegend = len(colours) > 1 and row == 0
            figure.add_trace(dots, row=1 if row == 0 else 2, col=max(row, 1))
    labels = [_label(name, text) for name in shares]
    figure.update_yaxes(tickvals=list(places.values()), ticktext=labels, row=1, col=1)
    return figure


def _frame(shares: list[str], numbers: list[str], groups: int, text: Strings) -> go.Figure:
    """Return the axes: one for all shares over a row of one for each number."""
    tall, low = 40 + len(shares) * (18 + 9 * groups), (50 + 12 * groups) * bool(numbers)
    figure = behaviour.blank(text("measure.title"), height=90 + tall + low)
    columns = max(len(numbers), 1)
    figure.set_subplots(
        2,
        columns,
        specs=[[{"colspan": columns}, *[None] * (columns - 1)], [{}] * columns],
        row_heights=[tall, low or 1],
        vertical_spacing=70 / (90 + tall + low) if numbers else 0,
        subplot_titles=["", *numbers],
    )
    figure.update_annotations(font_size=13).update_layout(margin_t=60)
    figure.update_yaxes(**behaviour.GRID, showticklabels=False)
    left = {"showgrid": False, "showline": True, "linecolor": behaviour.EVERYBODY}
    figure.update_yaxes(**left, range=[0.7, -0.7], row=2)
    figure.update_yaxes(showticklabels=True, range=[len(shares) - 0.4, -0.6], row=1, col=1)
    figure.update_xaxes(**behaviour.GRID, rangemode="tozero", nticks=4)
    return figure.update_xaxes(range=[-0.03, 1.03], tickformat=".0%", tickangle=0, row=1, col=1)


def _dots(rows: pd.DataFrame, name: str, colour: str, text: Strings) -> go.Scatter:
    ends = zip(rows["low"], rows["high"], strict=True)
    labels = rows["metric"].map(lambda metric: _label(metric, text))
    return go.Scatter(
        x=rows["value"],
        y=rows["place"],
        error_x=whiskers(rows, colour),
        mode="markers",
        name=behaviour.shorten(name),
        legendgroup=name,
        marker={"size": 9, "color": colour},
        customdata=list(zip(labels, (between(*pair) for pair in ends), strict=True)),
        hovertemplate="%{customdata[0]}: %{x:.4f}%{customdata[1]}<extra></extra>",
    )


def _is_share(name: str) -> bool:
    return name in NOT_LINES or (name in COPY_METRICS and name not in NUMBERS)


def _label(name: str, text: Strings) -> str:
    """A measure in words, and which way is better; a criterion of a judge is its own word."""
    better = COPY_METRICS[name].better if name in COPY_METRICS else NOT_LINES.get(name, HIGHER)
    said = text(f"measure.{name}") if name in catalogue()["measure"] else behaviour.shorten(name)
    return f"{said}{ARROWS.get(better, '')}"
