"""Beside the figures of search speed: other libraries, a GPU, and whether two searches agree."""

from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd

from workbench.compute import Neighbours
from workbench.html import escape
from workbench.panels.controls import cards
from workbench.panels.controls.figure_view import figure_row
from workbench.panels.performance.timings import races
from workbench.plots.search_speed import race_dots
from workbench.strings import Strings


def library_races(results: dict[str, Any], *, language: str = "en") -> widgets.Widget:
    """Races on the two largest data sets that were measured, or a sentence where they are not."""
    largest = list(races(results).items())[-2:]
    if largest:
        return figure_row(*(race_dots(table, size, language=language) for size, table in largest))
    note = escape(Strings(language)("speed.elsewhere"))
    return widgets.HTML(cards.STYLE + cards.box(f"<p>{note}</p>"))


def gpu_table(table: pd.DataFrame, *, language: str = "en") -> widgets.HTML:
    """What was measured on a GPU, from `timings.gpu_figures`, and a sentence where nothing was."""
    text = Strings(language)
    known = table.attrs["device"] is not None
    note = text("gpu_table.where", **table.attrs) if known else text("gpu_table.none")
    head = "".join(f"<th>{text(f'gpu_table.{name}')}</th>" for name in table.columns)
    rows = (
        f"<tr><td>{escape(text(f'gpu_table.{key}'))}</td>"
        + "".join(f"<td>{'' if np.isnan(cell) else f'{cell:.3g}'}</td>" for cell in cells)
        + "</tr>"
        for key, *cells in table.dropna(how="all").itertuples()
    )
    body = f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"
    return widgets.HTML(cards.STYLE + cards.box(cards.heading(text("gpu_table.title"), note), body))


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
