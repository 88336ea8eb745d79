"""Pictures of a search for parameters: how it went, and what mattered."""

from html import escape

import ipywidgets as widgets
import plotly.graph_objects as go

from workbench.evaluation import Tuning
from workbench.panels.performance.search_speed import view
from workbench.plots import behaviour
from workbench.strings import Strings


def history_dots(found: Tuning, *, language: str = "en") -> go.Figure:
    """Every trial's value, and the best so far."""
    text = Strings(language)
    table = found.frame().dropna(subset="value")
    values, trials = table["value"], table["trial"] + 1
    upward = found.value == values.max()
    figure = behaviour.blank(text("tuning.history"), x=text("tuning.trial"), y=found.metric)
    figure.add_scatter(
        x=trials,
        y=values,
        mode="markers",
        name=text("tuning.each"),
        marker={"color": behaviour.EVERYBODY, "size": 8},
        hovertext=[_parameters(row) for row in table[list(found.best)].to_dict("records")],
        hovertemplate="%{y:.4f}<br>%{hovertext}<extra></extra>",
    )
    best = values.cummax() if upward else values.cummin()
    line = {"color": behaviour.MINE, "shape": "hv"}
    return figure.add_scatter(x=trials, y=best, line=line, name=text("tuning.best"), mode="lines")


def importance_bars(found: Tuning, *, language: str = "en") -> go.Figure:
    """What decided whether a trial was among the best."""
    text = Strings(language)
    table = found.importance()
    best = table["parameter"].map(lambda name: f"{text('tuning.best')}: {found.best[name]}")
    title, x = text("tuning.mattered"), text("tuning.importance")
    return behaviour.bars(table["parameter"], table["importance"], title=title, x=x, hover=best)


def tuning_view(found: Tuning, *, language: str = "en") -> widgets.VBox:
    """Both pictures of what `workbench.tune` found, side by side."""
    return view(history_dots(found, language=language), importance_bars(found, language=language))


def _parameters(values: dict[str, object]) -> str:
    return "<br>".join(escape(f"{name} = {value}") for name, value in values.items())
