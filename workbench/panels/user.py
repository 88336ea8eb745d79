"""One user: who they are, who is like them, what to recommend, and in which words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML

from workbench import __version__
from workbench.columns import Columns
from workbench.compute import resolve
from workbench.datasets import Dataset, load
from workbench.datasets.features import taste
from workbench.language import Copywriter
from workbench.language.lexicon import genre_name
from workbench.models import ItemKNN
from workbench.panels import cards, figures
from workbench.panels.base import FigureView, Panel, labels, search, slider
from workbench.panels.copy_cards import copy_cards
from workbench.panels.similarity import Neighbourhood
from workbench.strings import Strings


@dataclass(frozen=True)
class UserProfile:
    """Who a user is, by what they did.

    Parameters
    ----------
    ds : Dataset
    user_id : str or int
    """

    ds: Dataset
    user_id: Any

    @cached_property
    def history(self) -> pd.DataFrame:
        """The user's interactions, best rated first."""
        return self.ds.history(self.user_id)

    def taste(self, language: str = "en") -> pd.DataFrame:
        """Shares by genre, see `features.taste`; empty where items have no genres."""
        column = self.ds.column(Columns.GENRES, language)
        if column not in self.ds.items:
            return pd.DataFrame({"genre": [], "share": [], "lift": []})
        table = taste(self.ds, user_id=self.user_id, by=column)
        return table.assign(genre=[genre_name(genre, language) for genre in table["genre"]])

    def numbers(self, text: Strings) -> dict[str, str]:
        """The figures a reader wants first, by label."""
        activity = len(self.history)
        percentile = (np.diff(self.ds.matrix.indptr) <= activity).mean()
        mean = "user.mean" if self.ds.explicit else "user.mean_preference"
        result = {
            text("user.activity"): f"{activity:,}",
            text("user.percentile"): f"{percentile:.0%}",
            text(mean): f"{self.history[Columns.RATING].mean():.2f}",
        }
        if Columns.TIMESTAMP in self.history:
            times = self.history[Columns.TIMESTAMP]
            result[text("user.first")] = f"{times.min():%Y-%m-%d}"
            result[text("user.last")] = f"{times.max():%Y-%m-%d}"
        return result


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
    min_overlap: int = 5
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
        return self._html(cards.STYLE, cards.heading(title, note, level=1), cards.tiles(numbers))

    def taste(self) -> go.Figure:
        """Taste by genre beside everybody's."""
        with self._timed("profile"):
            return figures.taste(self.profile.taste(self.language), self.text)

    def ratings(self) -> go.Figure:
        """Rating distribution beside everybody's."""
        with self._timed("profile"):
            mine = self.profile.history[Columns.RATING]
            return figures.rating_distribution(self.ds, self.text, mine=mine)

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
            return neighbours_figure(near, self.text)

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
        return self._html(
            cards.heading(self.text("report.list"), self.text("report.list_note", k=self.k)),
            copy_cards(lines, self.ds, self.text),
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
        return self._html(cards.heading(self.text("report.how")), cards.facts(rows))

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + perf_counter() - start

    def _html(self, *parts: str) -> HTML:
        return HTML(cards.box(*parts))


class UserExplorer(Panel):
    """Look at any user: taste, ratings and the users like them.

    Parameters
    ----------
    ds : Dataset
    user_id : str or int, optional
        Who is looked at first; by default a typical active user.
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}
    """

    def __init__(
        self, ds: Dataset, user_id: Any = None, *, language: str = "en", device: str = "auto"
    ) -> None:
        text = Strings(language)
        first = typical_user(ds) if user_id is None else user_id
        self._users = labels(ds, "users", language)
        self._numbers = widgets.HTML()
        self._figures = [FigureView() for _ in range(3)]
        grid = widgets.GridBox(
            self._figures, layout={"grid_template_columns": "repeat(3, minmax(0, 1fr))"}
        )
        super().__init__(
            ds,
            language=language,
            device=resolve(device),
            title="user.title",
            controls={
                "user": search(text, "recommend.user", list(self._users), str(first)),
                "k": slider(text, "similarity.k", 10, 1, 30),
            },
            views=[self._numbers, grid],
        )

    def _state(self) -> UserProfile:
        return UserProfile(self.ds, self._users[self.controls["user"].value])

    def _draw(self, state: UserProfile) -> None:
        self._numbers.value = cards.box(cards.tiles(state.numbers(self.text)))
        near = Neighbourhood(
            self.ds, state.user_id, "users", k=self.controls["k"].value, device=self.device.kind
        )
        drawn = (
            figures.taste(state.taste(self.text.language), self.text),
            figures.rating_distribution(self.ds, self.text, mine=state.history[Columns.RATING]),
            neighbours_figure(near, self.text),
        )
        for view, figure in zip(self._figures, drawn, strict=True):
            view.show(figure)


def neighbours_figure(near: Neighbourhood, text: Strings) -> go.Figure:
    """Bars of the most similar users."""
    table = near.table
    return figures.bars(
        table["neighbour_id"].map(lambda user: text("user.name", user=user)),
        table[Columns.SCORE],
        title=text("user.similar"),
        x=near.metric,
        hover=table["common"].map(lambda count: text("similarity.common", count=count)),
    )


def typical_user(ds: Dataset) -> Any:
    """Return the user whose activity is nearest to the upper quartile: enough to say something."""
    activity = ds.table.groupby(Columns.USER).size()
    return (activity - activity.quantile(0.75)).abs().idxmin()
