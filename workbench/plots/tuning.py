"""Figures of a search for parameters: how it went, and what mattered."""

import plotly.graph_objects as go

from workbench.evaluation import Tuning
from workbench.html import verbatim
from workbench.plots.axes import EVERYBODY, MINE, bars, blank
from workbench.strings import Strings


def history_dots(tuning: Tuning, *, language: str = "en") -> go.Figure:
    """Every trial's value, and the best so far."""
    text = Strings(language)
    table = tuning.frame().dropna(subset="value")
    values, trials = table["value"], table["trial"] + 1
    upward = tuning.value == values.max()
    figure = blank(text("tuning.history"), x=text("tuning.trial"), y=tuning.metric)
    figure.add_scatter(
        x=trials,
        y=values,
        mode="markers",
        name=text("tuning.each"),
        marker={"color": EVERYBODY, "size": 8},
        hovertext=[_parameters(row) for row in table[list(tuning.best)].to_dict("records")],
        hovertemplate="%{y:.4f}<br>%{hovertext}<extra></extra>",
    )
    best = values.cummax() if upward else values.cummin()
    line = {"color": MINE, "shape": "hv"}
    return figure.add_scatter(x=trials, y=best, line=line, name=text("tuning.best"), mode="lines")


def importance_bars(tuning: Tuning, *, language: str = "en") -> go.Figure:
    """What decided whether a trial was among the best."""
    text = Strings(language)
    table = tuning.importance()
    best = table["parameter"].map(lambda name: f"{text('tuning.best')}: {tuning.best[name]}")
    title, x = text("tuning.mattered"), text("tuning.importance")
    return bars(table["parameter"], table["importance"], title=title, x=x, hover=best)


def _parameters(values: dict[str, object]) -> str:
    return "<br>".join(verbatim(f"{name} = {value}") for name, value in values.items())
