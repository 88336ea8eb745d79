"""Figures of how good copy is, and how long: for panels, reports and scripts alike."""

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.evaluation.metrics.registry import HIGHER, LOWER
from workbench.language import COPY_METRICS, CopyEvaluation
from workbench.plots.axes import (
    ACCENT,
    ARROWS,
    COLOURS,
    EVERYBODY,
    GRID,
    MINE,
    blank,
    interval_hover,
    shorten,
    whiskers,
)
from workbench.strings import Strings, catalogue

NUMBERS = ("unsupported", "div", "length", "bleu")  # all others but grades are shares
NOT_LINES = {"changed": HIGHER, "follows": HIGHER, "lags": LOWER, "answered": HIGHER}


def copy_measures(
    evaluation: CopyEvaluation, groups: Sequence[Hashable] | None = None, *, language: str = "en"
) -> go.Figure:
    """Draw what `evaluate_copy`, `personalisation` or `judge` gives, with 95 % intervals.

    Parameters
    ----------
    evaluation : CopyEvaluation
    groups : sequence, optional
        Group of each line, as for `CopyEvaluation.by`: each has a colour.
    language : {"en", "zh"}

    Returns
    -------
    Figure
        Shares on one axis, and below them each number, such as the length, on one of its own.
    """
    text = Strings(language)
    table = evaluation.frame().assign(group="") if groups is None else evaluation.by(groups)
    table = table.dropna(subset=["value"])
    named = list(table["metric"].unique())
    shares = [name for name in named if _is_share(name)]
    numbers = [name for name in named if not _is_share(name)]
    colours = dict(zip(table["group"].unique(), COLOURS, strict=False))
    figure = _frame(shares, [_label(name, text) for name in numbers], len(colours), text)
    places = {name: place for place, name in enumerate(shares)}
    for number, (group, colour) in enumerate(colours.items()):
        rows = table[table["group"] == group]
        below = (number - (len(colours) - 1) / 2) * 0.7 / len(colours)
        rows = rows.assign(place=rows["metric"].map(places).fillna(0) + below)
        on_axes = [rows[rows["metric"].isin(shares)], *(rows[rows["metric"] == n] for n in numbers)]
        for axis, part in enumerate(on_axes):
            dots = _dots(part, str(group), colour, text)
            dots.showlegend = len(colours) > 1 and axis == 0
            figure.add_trace(dots, row=1 if axis == 0 else 2, col=max(axis, 1))
    labels = [_label(name, text) for name in shares]
    figure.update_yaxes(tickvals=list(places.values()), ticktext=labels, row=1, col=1)
    return figure


def length_histogram(lengths: pd.Series, limit: int, *, language: str = "en") -> go.Figure:
    """How many characters lines have, beside the most they may have; a limit of 0 is none."""
    text = Strings(language)
    figure = blank(text("campaign.by_length"), x=text("campaign.characters"))
    # What is just long enough stands on this side of the mark, in a bin that ends there.
    mark, width = limit + 0.5, max(1, round(np.ptp([*lengths, 0]) / 25))
    bins = {"start": mark % width - width, "size": width}
    figure.add_histogram(x=lengths, xbins=bins, marker_color=MINE)
    if limit:
        figure.add_vline(x=mark, line_dash="dot", line_color=ACCENT)
    return figure.update_layout(bargap=0.05)


def _frame(shares: list[str], numbers: list[str], groups: int, text: Strings) -> go.Figure:
    """Return the axes: one for all shares over a row of one for each number."""
    tall, low = 40 + len(shares) * (18 + 9 * groups), (50 + 12 * groups) * bool(numbers)
    figure = blank(text("measure.title"), height=90 + tall + low)
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
    figure.update_yaxes(**GRID, showticklabels=False)
    left = {"showgrid": False, "showline": True, "linecolor": EVERYBODY}
    figure.update_yaxes(**left, range=[0.7, -0.7], row=2)
    figure.update_yaxes(showticklabels=True, range=[len(shares) - 0.4, -0.6], row=1, col=1)
    figure.update_xaxes(**GRID, rangemode="tozero", nticks=4)
    return figure.update_xaxes(range=[-0.03, 1.03], tickformat=".0%", tickangle=0, row=1, col=1)


def _dots(rows: pd.DataFrame, name: str, colour: str, text: Strings) -> go.Scatter:
    ends = zip(rows["low"], rows["high"], strict=True)
    labels = rows["metric"].map(lambda metric: _label(metric, text))
    return go.Scatter(
        x=rows["value"],
        y=rows["place"],
        error_x=whiskers(rows, colour),
        mode="markers",
        name=shorten(name),
        legendgroup=name,
        marker={"size": 9, "color": colour},
        customdata=list(zip(labels, (interval_hover(*pair) for pair in ends), strict=True)),
        hovertemplate="%{customdata[0]}: %{x:.4f}%{customdata[1]}<extra></extra>",
    )


def _is_share(name: str) -> bool:
    return name in NOT_LINES or (name in COPY_METRICS and name not in NUMBERS)


def _label(name: str, text: Strings) -> str:
    """A measure in words, and which way is better; a criterion of a judge is its own word."""
    better = COPY_METRICS[name].better if name in COPY_METRICS else NOT_LINES.get(name, HIGHER)
    words = text(f"measure.{name}") if name in catalogue()["measure"] else shorten(name)
    return f"{words}{ARROWS.get(better, '')}"
