"""How a search for parameters went, beside what mattered."""

import ipywidgets as widgets

from workbench.evaluation import Tuning
from workbench.panels.controls.figure_view import figure_row
from workbench.plots.tuning import history_dots, importance_bars


def tuning_view(tuning: Tuning, *, language: str = "en") -> widgets.VBox:
    """Both figures of what `workbench.tune` returns, side by side."""
    history = history_dots(tuning, language=language)
    return figure_row(history, importance_bars(tuning, language=language))
