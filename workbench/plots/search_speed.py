"""Figures of how fast neighbours are found: by metric, as data grow, beside other libraries."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.plots.axes import EVERYBODY, MINE, blank, paired_bars
from workbench.strings import Strings

OURS = "workbench"
TICKS = [step * 10.0**power for power in range(-3, 9) for step in (1, 2, 5)]


def metric_bars(table: pd.DataFrame, *, language: str = "en") -> go.Figure:
    """Seconds by metric, for items and for users, from `timings.by_metric`."""
    text = Strings(language)
    series = {text(f"similarity.{of}"): table[of] for of in ("items", "users")}
    title, x = text("speed.here"), text("speed.seconds")
    figure = paired_bars(table.index.tolist(), series, title=title, x=x)
    return figure.update_yaxes(showgrid=False).update_traces(hovertemplate="%{y}: %{x:.3f} s")


def growth_lines(
    table: pd.DataFrame, results: dict[str, Any], *, language: str = "en"
) -> go.Figure:
    """Seconds against interactions, here and as the repository keeps them, and lines through."""
    text = Strings(language)
    axes = {"x": text("speed.interactions"), "y": text("speed.seconds")}
    figure = blank(text("speed.growth"), height=400, **axes)
    kept = pd.DataFrame(results.get("scaling", {}).get("items", {}).get("steps", ()))
    here = table, text("speed.now"), MINE
    for points, name, colour in (
        here,
        (kept.rename(columns={"wall": "seconds"}), text("speed.kept"), EVERYBODY),
    ):
        if len(points) < 2:
            continue
        x, y, power = points["interactions"], points["seconds"], exponent(points)
        line = np.exp(np.log(y).mean() + power * (np.log(x) - np.log(x).mean()))
        name = text("speed.power", name=name, power=f"{power:.2f}")
        figure.add_scatter(
            x=x, y=y, name=name, mode="markers", marker={"color": colour, "size": 10}
        )
        style = {"color": colour, "width": 1.5, "dash": "dot"}
        figure.add_scatter(
            x=x, y=line, mode="lines", line=style, showlegend=False, hoverinfo="skip"
        )
    figure.update_xaxes(tickformat="~s")
    return figure.update_xaxes(type="log", tickvals=TICKS).update_yaxes(type="log", tickvals=TICKS)


def exponent(table: pd.DataFrame) -> float:
    """Power of the interactions that seconds grow with."""
    return float(np.polyfit(np.log(table["interactions"]), np.log(table["seconds"]), 1)[0])


def race_dots(table: pd.DataFrame, interactions: int, *, language: str = "en") -> go.Figure:
    """Seconds of every library and how many times ours; hollow where estimated from a sample."""
    text = Strings(language)
    title = text("speed.race", interactions=f"{interactions:,}")
    figure = blank(title, x=text("speed.seconds"), height=110 + 32 * len(table))
    low, high = np.log10(table["wall"].iloc[[0, -1]])
    for row in table.iloc[::-1].itertuples():
        ours, right = row.name == OURS, np.log10(row.wall) > (low + high) / 2
        times = "" if ours else f" · {_short(row.times_ours)} ×"
        figure.add_scatter(
            x=[row.wall],
            y=[row.name],
            mode="markers+text",
            text=f"  {'≈ ' if row.estimated else ''}{_short(row.wall)} s{times}  ",
            textposition="middle left" if right else "middle right",
            marker={
                "size": 12,
                "symbol": "circle-open" if row.estimated else "circle",
                "color": MINE if ours else EVERYBODY,
                "line_width": 2 if row.estimated else 0,
            },
            showlegend=False,
            hoverinfo="skip",
        )
    margin = 0.05 * (high - low) + 0.02
    return figure.update_xaxes(type="log", dtick=1, range=[low - margin, high + margin])


def _short(number: float) -> str:
    return f"{number:,.{2 - int(np.clip(np.log10(number), 0, 2))}f}"
