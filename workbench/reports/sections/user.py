"""A report on one user: who they are, who is like them, what to recommend, in which words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML

from workbench import __version__
from workbench.columns import Columns
from workbench.compute import resolve
from workbench.datasets import Dataset, load
from workbench.families import MIN_OVERLAP
from workbench.language import Copywriter
from workbench.models import ItemKNN
from workbench.panels.controls import cards
from workbench.panels.copy.copy_cards import line_cards
from workbench.panels.data.user import UserProfile, similar_users, typical_user
from workbench.panels.similarity.similarity_explorer import Neighbourhood
from workbench.plots import behaviour
from workbench.reports.sections.parts import report_html
from workbench.strings import Strings


@dataclass
class UserReport:
    """The sections of a report on one user, each ready to be shown.

    Parameters
    ----------
    ds : Dataset or str
        The data, or what `load` takes.
    user_id : str or int, optional
        By default a typical active user, see `typical_user`.
    n : int
        Recommendations.
    k, metric, min_overlap
        As in `ItemKNN`; the similar users are found with the same.
    language, tone, seed
        As in `Copywriter.write`.
    model : str, optional
        Language model, see `Copywriter`.
    device : {"auto", "cpu", "gpu"}

    Attributes
    ----------
    seconds : dict of str to float
        How long each step took.
    """

    ds: Any
    user_id: Any = None
    n: int = 10
    k: int = 50
    metric: str = "cosine"
    min_overlap: int = MIN_OVERLAP
    language: str = "en"
    tone: str = "warm"
    seed: int = 0
    model: str | None = None
    device: str = "auto"
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text = Strings(self.language)
        if not isinstance(self.ds, Dataset):
            with self._timed("load"):
                self.ds = load(self.ds)
        if self.user_id is None:
            self.user_id = typical_user(self.ds)
        self.profile = UserProfile(self.ds, self.user_id)
        self._where = resolve(self.device)

    def header(self) -> HTML:
        """Title, data and the user's figures."""
        with self._timed("profile"):
            numbers = self.profile.numbers(self.text)
        title = self.text("report.title", user=self.user_id)
        note = self.text("report.data", name=self.ds.name, users=f"{len(self.ds.user_ids):,}")
        return report_html(cards.STYLE, cards.heading(title, note, level=1), cards.tiles(numbers))

    def taste(self) -> go.Figure:
        """Taste by genre beside everybody's."""
        with self._timed("profile"):
            return behaviour.taste(self.profile.taste(self.language), self.text)

    def ratings(self) -> go.Figure:
        """Rating distribution beside everybody's."""
        with self._timed("profile"):
            mine = self.profile.history[Columns.RATING]
            return behaviour.rating_distribution(self.ds, self.text, mine=mine)

    def similar_users(self, most: int = 12) -> go.Figure:
        """The most similar users."""
        with self._timed("similar_users"):
            near = Neighbourhood(
                self.ds,
                self.user_id,
                "users",
                self.metric,
                most,
                self.min_overlap,
                self._where.kind,
            )
            return similar_users(near, self.text)

    @cached_property
    def recommendations(self) -> pd.DataFrame:
        """The list, with the columns of `Recommender.recommend`."""
        with self._timed("recommend"):
            model = ItemKNN(
                k=self.k,
                metric=self.metric,
                min_overlap=self.min_overlap,
                device=self._where.kind,
            ).fit(self.ds)
            return model.recommend([self.user_id], n=self.n)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The list with its copy, with the columns of `Copywriter.write`."""
        recs = self.recommendations
        with self._timed("copy"):
            writer = Copywriter(self.model, device=self._where.kind)
            return writer.write(
                recs, self.ds, language=self.language, tone=self.tone, seed=self.seed
            )

    def recommended(self) -> HTML:
        """The list as cards: score, copy, evidence."""
        lines = self.lines
        return report_html(
            cards.heading(self.text("report.list"), self.text("report.list_note", k=self.k)),
            line_cards(lines, self.ds, self.text),
        )

    def colophon(self) -> HTML:
        """Return where, on what and how fast all of it was computed."""
        rows = {
            self.text("report.device"): str(self._where),
            self.text("report.model"): ", ".join(sorted(set(self.lines[Columns.MODEL]))),
            self.text("report.hash"): f"{self.ds.name} · {self.ds.hash}",
            self.text("report.version"): __version__,
            **{
                self.text(f"step.{step}"): self.text("report.seconds", seconds=f"{seconds:.2f}")
                for step, seconds in self.seconds.items()
            },
        }
        return report_html(cards.heading(self.text("report.how")), cards.facts(rows))

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + perf_counter() - start
