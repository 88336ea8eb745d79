"""One user: who they are, who is like them, what to recommend, and in which words."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.datasets.features import taste
from workbench.language.grounding.lexicon import genre_name
from workbench.panels.controls import cards
from workbench.panels.controls.figure_view import FigureGrid
from workbench.panels.controls.panel import Panel, labels, search, slider
from workbench.panels.similarity.similarity_explorer import Neighbourhood
from workbench.plots import behaviour
from workbench.plots.similarity import neighbour_bars
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
        self.numbers = widgets.HTML()
        self.figures = FigureGrid(3)
        super().__init__(
            ds,
            text,
            title="user.title",
            device=device,
            controls={
                "user": search(text, "recommend.user", list(self._users), str(first)),
                "k": slider(text, "similarity.k", 10, 1, 30),
            },
            views=[self.numbers, self.figures],
        )

    def _state(self) -> UserProfile:
        return UserProfile(self.ds, self._users[self.controls["user"].value])

    def _draw(self, state: UserProfile) -> None:
        self.numbers.value = cards.box(cards.tiles(state.numbers(self.text)))
        near = Neighbourhood(
            self.ds, state.user_id, "users", k=self.controls["k"].value, device=self.device.kind
        )
        self.figures.show(
            behaviour.taste(state.taste(self.text.language), self.text),
            behaviour.rating_distribution(self.ds, self.text, mine=state.history[Columns.RATING]),
            similar_users(near, self.text),
        )


def similar_users(near: Neighbourhood, text: Strings) -> go.Figure:
    """Bars of the most similar users."""
    names = near.table["neighbour_id"].map(lambda user: text("user.name", user=user))
    title = text("user.similar")
    return neighbour_bars(near.table, names, text, title=title, metric=near.metric)


def typical_user(ds: Dataset) -> Any:
    """Return the user whose activity is nearest to the upper quartile: enough to say something."""
    activity = ds.table.groupby(Columns.USER).size()
    return (activity - activity.quantile(0.75)).abs().idxmin()
