"""Choose models and how to measure them; see which is better, for whom, and where they part."""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from workbench.columns import Columns
from workbench.compute import resolve
from workbench.datasets import Dataset
from workbench.errors import OptionError
from workbench.evaluation import Comparison
from workbench.html import escape
from workbench.panels.controls import cards
from workbench.panels.controls.figure_view import FigureView
from workbench.panels.controls.model_controls import suited
from workbench.panels.controls.multi_select import Chips
from workbench.panels.controls.panel import Panel, choice, slider
from workbench.panels.evaluation.disagreements import Apart
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
from workbench.plots import model_comparison as pictures
from workbench.strings import Strings
from workbench.validation import one_of

CHOSEN = ("item-knn", "user-knn", "popular")
TABS = ("quality", "compared", "whom", "costs", "apart", "table")
FIGURES = ("intervals", "ahead", "tradeoff", "groups", "popularity", "costs")


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
    found : Comparison
        What is shown.

    Raises
    ------
    OptionError
        If a chosen model is unknown, or does not suit the data.
    """

    found: Comparison

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
            fit = suited(ds)
            models = {name: make for name, make in families(device).items() if name in fit}
            chosen = chosen or CHOSEN
        self._models = dict(models)
        names = [one_of("chosen", name, models) for name in chosen or models]
        splits = [(text(f"split.{name}"), name) for name in SPLITS]
        controls = {
            "models": Chips(text("evaluate.models"), dict.fromkeys(self._models, ""), names),
            "accuracy": _metrics(text, "evaluate.accuracy", ACCURACY, metrics),
            "beyond": _metrics(text, "evaluate.beyond", measures(ds, BEYOND), metrics),
            "split": choice(text, "evaluate.split", splits, split),
            "holdout": widgets.FloatSlider(
                holdout,
                min=0.05,
                max=0.5,
                step=0.05,
                readout_format=".0%",
                description=text("evaluate.holdout"),
                style={"description_width": "initial"},
            ),
            "k": slider(text, "evaluate.k", k, 1, 50),
        }
        self._run = widgets.Button(description=text("evaluate.run"), button_style="primary")
        self._run.on_click(lambda _: self.refresh())
        self._progress = widgets.IntProgress()
        self._note = widgets.Label()
        self._verdict, self._tables = widgets.HTML(), widgets.HTML()
        self._figures = {name: FigureView() for name in FIGURES}
        self._groups = choice(text, "evaluate.groups", _groups(text, ds), "activity")
        self._groups.observe(self._regrouped, "value")
        self._apart = Apart(text)
        # To draw all tabs takes longer than to measure: each draws its own once it is seen.
        self._tabs = widgets.Tab(
            self._sections(), titles=tuple(text(f"evaluate.{name}") for name in TABS)
        )
        self._tabs.selected_index = 0
        self._tabs.observe(lambda _: self._draw_tab(), "selected_index")
        self._stale: set[str] = set()
        super().__init__(
            ds,
            language=language,
            device=resolve(device),
            title="evaluate.title",
            controls=controls,
            views=[
                widgets.HBox([self._run, self._progress, self._note]),
                self._verdict,
                self._tabs,
            ],
        )

    def refresh(self) -> None:
        """Measure what has not been measured, and show it."""
        super().refresh()
        self._note.value = ""
        self._progress.layout.display = "none"

    def _changed(self, change: Any) -> None:
        self._note.value = self.text("evaluate.waiting")

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
        self._progress.max = len(chosen)
        self.found = state.compare(chosen, tell=self._tell)
        return state

    def _tell(self, name: str, number: int) -> None:
        self._progress.layout.display = None
        self._progress.value = number
        self._note.value = self.text(
            "evaluate.running", model=name, number=number + 1, count=self._progress.max
        )

    def _draw(self, state: Experiment) -> None:
        found, text = self.found, self.text
        self._verdict.value = cards.box(
            cards.tiles(state.numbers(found, text)),
            f'<p class="copy"><b>{escape(verdict(found, state.metrics[0], text))}</b></p>',
        )
        self._stale = set(TABS)
        self._draw_tab()

    def _draw_tab(self) -> None:
        tab = TABS[self._tabs.selected_index or 0]
        if tab in self._stale:
            self._stale.remove(tab)
            getattr(self, f"_draw_{tab}")()

    def _draw_quality(self) -> None:
        figure = pictures.intervals(self.found, language=self.text.language)
        self._figures["intervals"].show(figure)

    def _draw_compared(self) -> None:
        found, language, metrics = self.found, self.text.language, self.state.metrics
        beyond = [name for name in metrics if name.split("@")[0] in BEYOND]
        drawn = {}
        if len(found.evaluations) > 1:
            drawn["ahead"] = pictures.ahead(found, metrics[0], language=language)
        if beyond:
            drawn["tradeoff"] = pictures.tradeoff(found, metrics[0], beyond[0], language=language)
        for name in ("ahead", "tradeoff"):
            self._figures[name].layout.display = None if name in drawn else "none"
            if name in drawn:
                self._figures[name].show(drawn[name])

    def _draw_whom(self) -> None:
        metric, language = self.state.metrics[0], self.text.language
        figure = pictures.by_popularity(self.found, metric, language=language)
        self._figures["popularity"].show(figure)
        self._draw_groups()

    def _regrouped(self, change: Any) -> None:
        if self.state:
            self._draw_groups()

    def _draw_groups(self) -> None:
        metric, groups = self.state.metrics[0], self._groups.value
        figure = pictures.by_group(self.found, metric, groups, language=self.text.language)
        self._figures["groups"].show(figure)

    def _draw_costs(self) -> None:
        self._figures["costs"].show(pictures.costs(self.found, language=self.text.language))

    def _draw_apart(self) -> None:
        self._apart.show(self.state, self.found, self.state.metrics[0])

    def _draw_table(self) -> None:
        tests = number_table(self.found.tests())
        self._tables.value = cards.box(
            number_table(self.found.frame().loc[:, :"users"]),
            cards.heading(self.text("evaluate.tests")),
            tests,
        )

    def _sections(self) -> list[widgets.Widget]:
        """What each tab holds, in their order."""
        half = {"grid_template_columns": "repeat(2, minmax(0, 1fr))"}
        shown = self._figures
        groups = widgets.VBox([shown["groups"], self._groups])
        return [
            shown["intervals"],
            widgets.GridBox([shown["ahead"], shown["tradeoff"]], layout=half),
            widgets.GridBox([groups, shown["popularity"]], layout=half),
            shown["costs"],
            self._apart,
            self._tables,
        ]


def _metrics(text: Strings, label: str, names: Sequence[str], chosen: Sequence[str]) -> Chips:
    return Chips(text(label), {name: text(f"metric.{name}") for name in names}, chosen)


def _groups(text: Strings, ds: Dataset) -> list[tuple[str, str]]:
    """What users can be grouped by: their activity, or a column of the users table."""
    columns = [] if ds.users is None else [name for name in ds.users if name != Columns.USER]
    return [(text("evaluate.activity"), "activity"), *((name, name) for name in columns)]
