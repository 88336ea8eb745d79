"""Compare recommendation lists side by side, and react to them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.models import Recommender
from workbench.panels import cards
from workbench.panels.base import Panel, labels, search, slider
from workbench.strings import Strings


@dataclass
class Lists:
    """Several models' lists for one user, whose reactions fold in at once.

    A like counts as the highest rating in the data, a dislike as that rating below zero, which
    moves lists away from what is similar.

    Parameters
    ----------
    models : dict of str to Recommender
        Fitted on the same data.
    user_id : str or int
    n : int
    reactions : dict
        Item id -> rating.
    """

    models: dict[str, Recommender]
    user_id: Any
    n: int = 6
    reactions: dict[Any, float] = field(default_factory=dict)

    @property
    def ds(self) -> Dataset:
        """The data that the models were fitted on."""
        return next(iter(self.models.values())).data

    @property
    def history(self) -> dict[Any, float]:
        """Item id -> rating, the reactions included."""
        mine = self.ds.history(self.user_id)
        return dict(zip(mine[Columns.ITEM], mine[Columns.RATING], strict=True)) | self.reactions

    def react(self, item_id: Any, *, like: bool) -> None:
        """Take in a reaction to an item."""
        best = float(self.ds.interactions[Columns.RATING].max())
        self.reactions[item_id] = best if like else -best

    def recommend(self) -> dict[str, pd.DataFrame]:
        """Return the list of each model by its name."""
        if not self.reactions:
            return {
                name: model.recommend([self.user_id], n=self.n)
                for name, model in self.models.items()
            }
        history = list(self.history.items())
        return {name: model.recommend_for(history, n=self.n) for name, model in self.models.items()}


class ListComparison(Panel):
    """Lists side by side; like and dislike change them at once.

    Parameters
    ----------
    models : dict of str to Recommender
        Fitted on the same data; the names head the columns.
    user_id : str or int
        Who is looked at first.
    n : int
        Items a list.
    language : {"en", "zh"}
    """

    def __init__(
        self, models: dict[str, Recommender], user_id: Any, *, n: int = 6, language: str = "en"
    ) -> None:
        text = Strings(language)
        first = next(iter(models.values()))
        self._models = models
        self._users = labels(first.data, "users", language)
        self._before: dict[str, set[Any]] = {}
        self._lists = widgets.GridBox(
            layout={"grid_template_columns": f"repeat({len(models)}, minmax(0, 1fr))"}
        )
        self._forget = widgets.Button(description=text("recommend.forget"))
        self._forget.on_click(lambda _: self.forget())
        self.reactions: dict[Any, float] = {}
        super().__init__(
            first.data,
            language=language,
            device=first.device,
            title="recommend.title",
            controls={
                "user": search(text, "recommend.user", list(self._users), str(user_id)),
                "n": slider(text, "recommend.n", n, 1, 20),
            },
            views=[self._forget, self._lists],
        )

    def react(self, item_id: Any, *, like: bool) -> None:
        """Fold a reaction in and show the new lists."""
        self.state.react(item_id, like=like)
        self.refresh()

    def forget(self) -> None:
        """Take all reactions back."""
        self.reactions.clear()
        self.refresh()

    def _changed(self, change: Any) -> None:
        if change.owner is self.controls["user"]:
            self.reactions.clear()
            self._before.clear()
        self.refresh()

    def _state(self) -> Lists:
        user_id = self._users[self.controls["user"].value]
        return Lists(self._models, user_id, self.controls["n"].value, self.reactions)

    def _draw(self, state: Lists) -> None:
        history = state.history
        self._forget.disabled = not state.reactions
        self._lists.children = [
            self._column(name, recs, history) for name, recs in state.recommend().items()
        ]

    def _column(self, name: str, recs: pd.DataFrame, history: dict[Any, float]) -> widgets.VBox:
        before = self._before.get(name, set(recs[Columns.ITEM]))
        self._before[name] = set(recs[Columns.ITEM])
        head = widgets.HTML(cards.box(f"<b>{cards.escape(name)}</b>"))
        rows = [
            self._card(rec, history, new=rec.item_id not in before) for rec in recs.itertuples()
        ]
        return widgets.VBox([head, *rows], layout={"padding": "0 8px 0 0"})

    def _card(self, rec: Any, history: dict[Any, float], *, new: bool) -> widgets.HBox:
        language = self.text.language
        body = cards.card(
            rec.rank,
            self.ds.titles_in(language)[rec.item_id],
            score=rec.score,
            labels=cards.genres_of(self.ds, rec.item_id, language),
            why=cards.because(rec.because, self.ds, history, self.text),
            marks=cards.chips([self.text("recommend.new")], "new") if new else "",
        )
        buttons = widgets.VBox(
            [
                self._button(icon, key, partial(self.react, rec.item_id, like=like))
                for icon, key, like in (
                    ("thumbs-up", "recommend.like", True),
                    ("thumbs-down", "recommend.dislike", False),
                )
            ],
            layout={"flex": "0 0 44px", "margin": "8px 0"},
        )
        text = widgets.HTML(cards.box(body), layout={"flex": "1 1 auto", "min_width": "0"})
        return widgets.HBox([text, buttons])

    def _button(self, icon: str, key: str, action: Callable[[], None]) -> widgets.Button:
        button = widgets.Button(icon=icon, tooltip=self.text(key), layout={"width": "40px"})
        button.on_click(lambda _: action())
        return button
