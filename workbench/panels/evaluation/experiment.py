"""Models measured by one division of the data: what the evaluation's panel and report rest on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import pandas as pd

from workbench import models
from workbench.columns import Columns
from workbench.datasets import Dataset, split
from workbench.errors import OptionError
from workbench.evaluation import METRICS, Comparison, compare
from workbench.families import FAMILIES
from workbench.html import escape
from workbench.models import Recommender
from workbench.panels.controls import cards
from workbench.panels.controls.recommendation_card import ratings_of, recommendation_card
from workbench.strings import Strings, catalogue
from workbench.validation import one_of

SPLITS: Mapping[str, Mapping[str, Any]] = {
    "random": {},
    "user": {"by": "user"},
    "time": {"by": "time"},
    "user-time": {"by": "user-time"},
    "last": {"leave_one_out": True},
}
PROMISED: Mapping[str, bool | str] = {"time": True, "user-time": "user"}  # held to by leak checks
OFFERED = tuple(catalogue()["metric"])  # those that are explained in words
ACCURACY = tuple(name for name in OFFERED if METRICS[name].group == "ranking")
BEYOND = tuple(name for name in OFFERED if METRICS[name].group == "beyond_accuracy")

Make = Callable[[], Recommender]


def families(device: str = "auto") -> dict[str, Make]:
    """What makes a model of each family, to be fitted, by its name."""
    classes = {name: getattr(models, family) for name, family in FAMILIES.items()}
    return {
        name: partial(family, device=device if family.on_gpu else "cpu")
        for name, family in classes.items()
    }


@dataclass(frozen=True)
class Experiment:
    """Models measured by what was held out of the data; a model is measured once.

    Parameters
    ----------
    ds : Dataset
    metrics : tuple of str
        As in `workbench.compare`.
    split : {"random", "user", "time", "user-time", "last"}
        What is held out, see `workbench.split`; "last" leaves one out.
    holdout : float
        The share held out.
    seed : int
        Of the split and the bootstrap.

    Attributes
    ----------
    models : dict of str to Recommender
        Those that were measured.
    """

    ds: Dataset
    metrics: tuple[str, ...]
    split: str = "user"
    holdout: float = 0.2
    seed: int = 0
    models: dict[str, Recommender] = field(default_factory=dict, compare=False, repr=False)
    _measured: dict[str, Comparison] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def sets(self) -> tuple[Dataset, Dataset]:
        """Train and test."""
        options = SPLITS[one_of("split", self.split, SPLITS)]
        return split(self.ds, holdout=self.holdout, seed=self.seed, **options)

    def compare(
        self, chosen: Mapping[str, Make], *, tell: Callable[[str, int], None] = lambda *_: None
    ) -> Comparison:
        """Compare models; those that were measured before are not measured again.

        Parameters
        ----------
        chosen : dict of str to callable
            What makes each model, not fitted yet.
        tell : callable
            Is called with the name and number of each model before it is measured.
        """
        if not chosen:
            raise OptionError("no model is chosen; choose at least one")
        for number, (name, make) in enumerate(chosen.items()):
            if name not in self._measured:
                tell(name, number)
                self._measured[name] = self._measure(name, make())
        parts = [self._measured[name] for name in chosen]
        return Comparison(
            {name: one for part in parts for name, one in part.evaluations.items()},
            {name: one for part in parts for name, one in part.costs.items()},
        )

    def _measure(self, name: str, model: Recommender) -> Comparison:
        self.models[name] = model
        train, test = self.sets
        return compare(
            {name: model},
            train,
            test,
            metrics=self.metrics,
            temporal=PROMISED.get(self.split, False),
            seed=self.seed,
        )

    def numbers(self, comparison: Comparison, text: Strings) -> dict[str, str]:
        """The size of the question, by label."""
        task = next(iter(comparison.evaluations.values())).predictions.task
        return {
            text("evaluate.train"): f"{len(task.train.interactions):,}",
            text("evaluate.users"): f"{len(task.users):,}",
            text("evaluate.hits"): f"{task.relevant.nnz:,}",
            text("evaluate.unknown"): f"{task.unknown_users:,}",
        }

    def side_by_side(self, names: Iterable[str], user_id: Any, n: int, text: Strings) -> str:
        """The lists of several models for a user as cards, with evidence; hits are marked."""
        columns = [
            f"<div><b>{escape(name)}</b>{self._cards(name, user_id, n, text)}</div>"
            for name in names
        ]
        return f'<div class="columns">{"".join(columns)}</div>'

    def _cards(self, name: str, user_id: Any, n: int, text: Strings) -> str:
        train, test = self.sets
        recs = self.models[name].recommend([user_id], n=n)
        hits = set(test.history(user_id)[Columns.ITEM])
        ratings, hit = ratings_of(train, user_id), cards.chips([text("evaluate.hit")], "new")
        return "".join(
            recommendation_card(rec, train, ratings, text, marks=hit if rec.item_id in hits else "")
            for rec in recs.itertuples()
        )


def measures(ds: Dataset, names: Iterable[str]) -> list[str]:
    """Metrics that the data have what it takes for: without genres, two are left out."""
    return [name for name in names if Columns.GENRES in ds.items or not METRICS[name].of_genres]


def verdict(comparison: Comparison, metric: str, text: Strings) -> str:
    """Which model is best, in a sentence: none, if chance gives as much."""
    level, beaten = comparison.best(metric)
    best, *same = level
    comma = text("evaluate.list_comma")
    names = {"best": best, "level": comma.join(same), "others": comma.join(beaten)}
    if not same and not beaten:
        value = comparison.evaluations[best].user_sums[metric].value()
        return text("evaluate.alone", best=best, metric=metric, value=f"{value:.3f}")
    key = "evaluate.part" if same and beaten else "evaluate.none" if same else "evaluate.clear"
    return text(key, metric=metric, **names)


def number_table(table: pd.DataFrame) -> str:
    """A table as HTML, with what it holds escaped."""
    return table.to_html(index=False, border=0, na_rep="–", float_format=lambda x: f"{x:.4f}")
