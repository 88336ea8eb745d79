"""Choose models and how to measure them; see which is better, for whom, and where they differ."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import plotly.graph_objects as go

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import OptionError
from workbench.evaluation import Comparison
from workbench.html import escape
from workbench.panels.controls import cards
from workbench.panels.controls.figure_view import FigureView
from workbench.panels.controls.model_controls import suited
from workbench.panels.controls.multi_select import MultiSelect
from workbench.panels.controls.panel import (
    Panel,
    button,
    choice,
    share_slider,
    side_by_side,
    slider,
)
from workbench.panels.evaluation.disagreements import Disagreements
from workbench.panels.evaluation.experiment import (
    ACCURACY,
    BEYOND,
    SPLITS,
    Experiment,
    Make,
    families,
    measures,
    number_table,
    verdict,
)
from workbench.plots import model_comparison as plots
from workbench.strings import Strings
from workbench.validation import one_of

CHOSEN = ("item-knn", "user-knn", "popular")
FIGURES = ("intervals", "ahead", "tradeoff", "groups", "popularity", "costs")
TABS = ("quality", "compared", "whom", "costs", "apart", "table")


class ModelComparison(Panel):
    """Which model is better, for whom, and whether that is more than chance.

    Parameters
    ----------
    ds : Dataset
    models : dict of str to callable, optional
        What can be chosen: a class or function that makes a model, by a name. By default one of
        every family that ranks and suits the data, as its defaults are.
    chosen : sequence of str, optional
        Names of those that are compared at first.
    split : {"random", "user", "time", "user-time", "last"}
        What is held out: see `workbench.split`; "last" is the last interaction of each user.
    holdout : float
        Share that is held out.
    metrics : sequence of str
        Names without k; the first of the accuracy decides.
    k : int
        Length of the lists.
    seed : int
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}

    Attributes
    ----------
    comparison : Comparison
        What is shown.
    figures : dict of str to FigureView
        By what each shows.
    groups : Dropdown
        What users are grouped by.
    disagreements : Disagreements
    tabs : Tab
    verdict, tables : HTML
    run : Button
        Measures what is chosen.
    progress : IntProgress
    note : Label

    Raises
    ------
    OptionError
        If a chosen model is unknown, or does not suit the data.
    """

    comparison: Comparison

    def __init__(
        self,
        ds: Dataset,
        *,
        models: Mapping[str, Make] | None = None,
        chosen: Sequence[str] | None = None,
        split: str = "user",
        holdout: float = 0.2,
        metrics: Sequence[str] = ("ndcg", "recall", "diversity", "coverage", "novelty"),
        k: int = 10,
        seed: int = 0,
        language: str = "en",
        device: str = "auto",
    ) -> None:
        text = Strings(language)
        self._seed = seed
        if models is None:
            suitable = suited(ds)
            models = {name: make for name, make in families(device).items() if name in suitable}
            chosen = chosen or CHOSEN
        self._models = dict(models)
        names = [one_of("chosen", name, models) for name in chosen or models]
        splits = [(text(f"split.{name}"), name) for name in SPLITS]
        controls = {
            "models": MultiSelect(text("evaluate.models"), dict.fromkeys(self._models, ""), names),
            "accuracy": _metrics(text, "evaluate.accuracy", ACCURACY, metrics),
            "beyond": _metrics(text, "evaluate.beyond", measures(ds, BEYOND), metrics),
            "split": choice(text, "evaluate.split", splits, split),
            "holdout": share_slider(
                text, "evaluate.holdout", holdout, 0.05, 0.5, 0.05, readout_format=".0%"
            ),
            "k": slider(text, "evaluate.k", k, 1, 50),
        }
        self.run = button(text, "evaluate.run", self.refresh, style="primary")
        self.progress, self.note = widgets.IntProgress(), widgets.Label()
        self.verdict, self.tables = widgets.HTML(), widgets.HTML()
        self.figures = {name: FigureView() for name in FIGURES}
        self.groups = choice(text, "evaluate.groups", _groups(text, ds), "activity")
        self.groups.observe(lambda _: self._draw_groups(), "value")
        self.disagreements = Disagreements(text)
        # To draw all tabs takes longer than to measure: each draws its own once it is seen.
        self.tabs = widgets.Tab(
            self._sections(), titles=tuple(text(f"evaluate.{name}") for name in TABS)
        )
        self.tabs.selected_index = 0
        self.tabs.observe(lambda _: self._draw_tab(), "selected_index")
        self._stale: set[str] = set()
        super().__init__(
            ds,
            text,
            title="evaluate.title",
            device=device,
            controls=controls,
            views=[widgets.HBox([self.run, self.progress, self.note]), self.verdict, self.tabs],
        )

    def refresh(self) -> None:
        """Measure what has not been measured, and show it."""
        super().refresh()
        self.note.value = ""
        self.progress.layout.display = "none"

    def _changed(self, change: Any) -> None:
        self.note.value = self.text("evaluate.waiting")

    def _state(self) -> Experiment:
        names = [*self.controls["accuracy"].value, *self.controls["beyond"].value]
        if not self.controls["accuracy"].value:
            raise OptionError(f"{self.text('evaluate.accuracy')}: {self.text('evaluate.choose')}")
        k = self.controls["k"].value
        fresh = Experiment(
            self.ds,
            tuple(f"{name}@{k}" for name in names),
            self.controls["split"].value,
            self.controls["holdout"].value,
            self._seed,
        )
        state: Experiment = self.state if fresh == self.state else fresh
        chosen = {name: self._models[name] for name in self.controls["models"].value}
        self.progress.max = len(chosen)
        self.comparison = state.compare(chosen, tell=self.show_progress)
        return state

    def show_progress(self, name: str, number: int) -> None:
        """Show which model is measured, and how many have been."""
        self.progress.layout.display = None
        self.progress.value = number
        self.note.value = self.text(
            "evaluate.running", model=name, number=number + 1, count=self.progress.max
        )

    def _draw(self, state: Experiment) -> None:
        sentence = verdict(self.comparison, state.metrics[0], self.text)
        self.verdict.value = cards.box(
            cards.tiles(state.numbers(self.comparison, self.text)),
            f'<p class="copy"><b>{escape(sentence)}</b></p>',
        )
        self._stale = set(TABS)
        self._draw_tab()

    def _draw_tab(self) -> None:
        tab = TABS[self.tabs.selected_index or 0]
        if tab in self._stale:
            self._stale.remove(tab)
            getattr(self, f"_draw_{tab}")()

    def _show(self, name: str, figure: Callable[..., go.Figure], *options: str) -> None:
        """Draw a figure of the comparison."""
        drawn = figure(self.comparison, *options, language=self.text.language)
        self.figures[name].show(drawn)

    def _draw_quality(self) -> None:
        self._show("intervals", plots.intervals)

    def _draw_compared(self) -> None:
        accuracy = self.state.metrics[0]
        beyond = [name for name in self.state.metrics if name.split("@")[0] in BEYOND]
        several = len(self.comparison.evaluations) > 1
        for name, shown in (("ahead", several), ("tradeoff", bool(beyond))):
            self.figures[name].layout.display = None if shown else "none"
        if several:
            self._show("ahead", plots.ahead, accuracy)
        if beyond:
            self._show("tradeoff", plots.tradeoff, accuracy, beyond[0])

    def _draw_whom(self) -> None:
        self._show("popularity", plots.by_popularity, self.state.metrics[0])
        self._draw_groups()

    def _draw_groups(self) -> None:
        if self.state:
            self._show("groups", plots.by_group, self.state.metrics[0], self.groups.value)

    def _draw_costs(self) -> None:
        self._show("costs", plots.costs)

    def _draw_apart(self) -> None:
        self.disagreements.show(self.state, self.comparison, self.state.metrics[0])

    def _draw_table(self) -> None:
        self.tables.value = cards.box(
            number_table(self.comparison.frame().loc[:, :"users"]),
            cards.heading(self.text("evaluate.tests")),
            number_table(self.comparison.tests()),
        )

    def _sections(self) -> list[widgets.Widget]:
        """What each tab holds, in their order."""
        figures = self.figures
        groups = widgets.VBox([figures["groups"], self.groups])
        return [
            figures["intervals"],
            side_by_side([figures["ahead"], figures["tradeoff"]], (1, 1)),
            side_by_side([groups, figures["popularity"]], (1, 1)),
            figures["costs"],
            self.disagreements,
            self.tables,
        ]


def _metrics(text: Strings, label: str, names: Sequence[str], chosen: Sequence[str]) -> MultiSelect:
    return MultiSelect(text(label), {name: text(f"metric.{name}") for name in names}, chosen)


def _groups(text: Strings, ds: Dataset) -> list[tuple[str, str]]:
    """What users can be grouped by: their activity, or a column of the users table."""
    columns = [] if ds.users is None else [name for name in ds.users if name != Columns.USER]
    return [(text("evaluate.activity"), "activity"), *((name, name) for name in columns)]
