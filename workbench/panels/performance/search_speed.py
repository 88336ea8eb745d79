"""Pictures of how fast neighbours are found, and whether two searches agree."""

from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.compute import Neighbours, resolve
from workbench.panels.controls import cards
from workbench.panels.controls.figure_width import Fit
from workbench.panels.controls.panel import FigureView
from workbench.panels.performance.timings import OURS, exponent, races
from workbench.plots import behaviour
from workbench.strings import Strings

TICKS = [step * 10.0**power for power in range(-3, 9) for step in (1, 2, 5)]


def metric_bars(table: pd.DataFrame, *, language: str = "en") -> go.Figure:
    """Seconds by metric, for items and for users."""
    text = Strings(language)
    figure = behaviour.blank(text("speed.here"), x=text("speed.seconds"), height=340)
    users = "users", text("similarity.users"), behaviour.EVERYBODY
    for of, name, colour in (users, ("items", text("similarity.items"), behaviour.MINE)):
        shown = table[of].iloc[::-1]
        figure.add_bar(y=shown.index, x=shown, name=name, orientation="h", marker_color=colour)
    figure.update_layout(barmode="group", bargap=0.3, legend_traceorder="reversed")
    return figure.update_yaxes(showgrid=False).update_traces(hovertemplate="%{y}: %{x:.3f} s")


def growth_lines(
    table: pd.DataFrame, results: dict[str, Any], *, language: str = "en"
) -> go.Figure:
    """Seconds against interactions, here and as the repository keeps them, and lines through."""
    text = Strings(language)
    axes = {"x": text("speed.interactions"), "y": text("speed.seconds")}
    figure = behaviour.blank(text("speed.growth"), height=400, **axes)
    kept = pd.DataFrame(results.get("scaling", {}).get("items", {}).get("steps", ()))
    here = table, text("speed.now"), behaviour.MINE
    for points, name, colour in (
        here,
        (kept.rename(columns={"wall": "seconds"}), text("speed.kept"), behaviour.EVERYBODY),
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


def race_dots(table: pd.DataFrame, interactions: int, *, language: str = "en") -> go.Figure:
    """Seconds of every library and how many times ours; hollow where estimated from a sample."""
    text = Strings(language)
    title = text("speed.race", interactions=f"{interactions:,}")
    figure = behaviour.blank(title, x=text("speed.seconds"), height=110 + 32 * len(table))
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
                "color": behaviour.MINE if ours else behaviour.EVERYBODY,
                "line_width": 2 if row.estimated else 0,
            },
            showlegend=False,
            hoverinfo="skip",
        )
    margin = 0.05 * (high - low) + 0.02
    return figure.update_xaxes(type="log", dtick=1, range=[low - margin, high + margin])


def _short(number: float) -> str:
    return f"{number:,.{2 - int(np.clip(np.log10(number), 0, 2))}f}"


def view(*drawn: go.Figure, device: str | None = None) -> widgets.VBox:
    """Figures side by side, and the device of what they show, where it was computed here."""
    views = [FigureView() for _ in drawn]
    for held, figure in zip(views, drawn, strict=True):
        held.show(figure)
    columns = f"repeat({len(drawn)}, minmax(0, 1fr))"
    shown = [widgets.GridBox(views, layout={"grid_template_columns": columns})]
    if device:
        line = f'<div class="badge">{cards.escape(str(resolve(device)))}</div>'
        shown.append(widgets.HTML(cards.STYLE + cards.box(line)))
    return widgets.VBox([*shown, Fit()])


def comparison(results: dict[str, Any], *, language: str = "en") -> widgets.Widget:
    """Races on the two largest data sets that were measured, or a sentence where they are not."""
    largest = list(races(results).items())[-2:]
    if largest:
        return view(*(race_dots(table, size, language=language) for size, table in largest))
    note = cards.escape(Strings(language)("speed.elsewhere"))
    return widgets.HTML(cards.STYLE + cards.box(f"<p>{note}</p>"))


def card(table: pd.DataFrame, *, language: str = "en") -> widgets.HTML:
    """What was measured on a card, from `timings.card`, and a sentence where nothing was."""
    text = Strings(language)
    known = table.attrs["device"] is not None
    note = text("card.where", **table.attrs) if known else text("card.none")
    head = "".join(f"<th>{text(f'card.{name}')}</th>" for name in table.columns)
    rows = (
        f"<tr><td>{cards.escape(text(f'card.{key}'))}</td>"
        + "".join(f"<td>{'' if np.isnan(cell) else f'{cell:.3g}'}</td>" for cell in cells)
        + "</tr>"
        for key, *cells in table.dropna(how="all").itertuples()
    )
    body = f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"
    return widgets.HTML(cards.STYLE + cards.box(cards.heading(text("card.title"), note), body))


def agreement(mine: Neighbours, other: Neighbours, *, language: str = "en") -> widgets.HTML:
    """Whether two searches found the same, over the rows of the second."""
    text, rows = Strings(language), mine.ids.get_indexer(other.ids)
    differ = (mine.indices[rows] != other.indices) | (mine.scores[rows] != other.scores)
    numbers = {
        text("speed.compared"): f"{len(rows):,}",
        text("speed.differ"): f"{differ.any(axis=1).sum():,}",
        text("speed.first"): f"{mine.seconds:.2f}",
        text("speed.second"): f"{other.seconds:.2f}",
    }
    badges = (
        cards.badge(text, device=near.device, data_hash=near.data_hash, seconds=near.seconds)
        for near in (mine, other)
    )
    return widgets.HTML(cards.STYLE + cards.box(cards.tiles(numbers) + "".join(badges)))
