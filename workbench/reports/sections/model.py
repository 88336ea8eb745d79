"""One model beside popularity: how good it is, for whom, and what users would have seen."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import plotly.graph_objects as go
from IPython.display import HTML

from workbench import __version__
from workbench.datasets import Dataset, load
from workbench.evaluation import Comparison
from workbench.families import FAMILIES
from workbench.html import escape
from workbench.panels.controls import cards
from workbench.panels.evaluation.experiment import Experiment, families, measures, verdict
from workbench.plots import model_comparison as plots
from workbench.reports.sections.parts import report_html
from workbench.strings import Strings
from workbench.validation import at_least, one_of

BASELINE = "popular"
METRICS = ("ndcg", "recall", "hit_rate", "diversity", "coverage", "novelty")
SHOWN = 5  # items of each list


@dataclass
class ModelReport:
    """The sections of a report on one model, each ready to be shown.

    Parameters
    ----------
    ds : Dataset or str
        The data, or what `load` takes.
    model : str
        A family, as in `workbench.families`.
    split : {"random", "user", "time", "user-time", "last"}
        What is held out: see `workbench.split`; "last" is the last interaction of each user.
    holdout : float
        Share that is held out.
    k : int
        Length of the lists.
    examples : int
        Users whose lists are shown.
    seed : int
        Of the split and the intervals.
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}
    """

    ds: Any
    model: str = "item-knn"
    split: str = "user"
    holdout: float = 0.2
    k: int = 10
    examples: int = 3
    seed: int = 0
    language: str = "en"
    device: str = "auto"

    def __post_init__(self) -> None:
        one_of("model", self.model, FAMILIES)
        at_least("k", self.k, 1)
        at_least("examples", self.examples, 0)
        self.text = Strings(self.language)
        if not isinstance(self.ds, Dataset):
            self.ds = load(self.ds)
        metrics = tuple(f"{name}@{self.k}" for name in measures(self.ds, METRICS))
        self.experiment = Experiment(self.ds, metrics, self.split, self.holdout, self.seed)

    @cached_property
    def comparison(self) -> Comparison:
        """The model and the baseline, measured."""
        makes = families(self.device)
        return self.experiment.compare({name: makes[name] for name in (self.model, BASELINE)})

    def header(self) -> HTML:
        """Title, data, the size of the question and the answer in a sentence."""
        title = self.text("report.model_title", model=self.model)
        note = self.text("report.model_data", name=self.ds.name, baseline=BASELINE)
        return report_html(
            cards.STYLE,
            cards.heading(title, note, level=1),
            cards.tiles(self.experiment.numbers(self.comparison, self.text)),
            f"<p><b>{escape(verdict(self.comparison, self._metric, self.text))}</b></p>",
        )

    def intervals(self) -> go.Figure:
        """Every metric with its interval."""
        return plots.intervals(self.comparison, language=self.language)

    def by_activity(self) -> go.Figure:
        """For whom: thirds of the users by activity."""
        return plots.by_group(self.comparison, self._metric, language=self.language)

    def by_popularity(self) -> go.Figure:
        """Of what: tenths of the items by popularity."""
        return plots.by_popularity(self.comparison, self._metric, language=self.language)

    def costs(self) -> go.Figure:
        """Time and memory."""
        return plots.costs(self.comparison, language=self.language)

    def lists(self) -> HTML:
        """Lists of a few users with evidence, from the best served to the worst."""
        values = self.comparison.evaluations[self.model].per_user[self._metric].dropna()
        ranked = values.sort_values(ascending=False, kind="stable")
        places = (
            np.linspace(0, len(ranked) - 1, min(self.examples, len(ranked))).round().astype(int)
        )
        note = self.text("report.examples_note", metric=self._metric)
        return report_html(
            cards.heading(self.text("report.examples"), note),
            *(self._lists(user, value) for user, value in ranked.iloc[places].items()),
        )

    def colophon(self) -> HTML:
        """Return where and on what all of it was computed."""
        evaluations = self.comparison.evaluations
        one = evaluations[self.model]
        rows = {
            self.text("report.device"): ", ".join(
                f"{name}: {evaluation.device}" for name, evaluation in evaluations.items()
            ),
            self.text("report.hash"): f"{self.ds.name} · {self.ds.hash}",
            self.text(
                "report.held_out"
            ): f"{one.predictions.task.test.account[-1]} · {one.data_hash}",
            self.text("report.intervals"): self.text("report.resamples", count=one.resamples),
            self.text("report.version"): __version__,
        }
        return report_html(cards.heading(self.text("report.how")), cards.facts(rows))

    @property
    def _metric(self) -> str:
        return self.experiment.metrics[0]

    def _lists(self, user_id: Any, value: float) -> str:
        name = self.text("user.name", user=user_id)
        names = dict.fromkeys((self.model, BASELINE))
        return cards.heading(f"{name} · {self._metric} {value:.2f}", level=3) + (
            self.experiment.side_by_side(names, user_id, min(SHOWN, self.k), self.text)
        )
