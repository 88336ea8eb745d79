"""Recommendation lists side by side, which take reactions in at once."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.compute import Device
from workbench.datasets import Dataset
from workbench.html import escape
from workbench.models import Recommender
from workbench.models.rerank.filters import Rule
from workbench.panels.controls import cards
from workbench.panels.controls.model_controls import rule_controls, rules_of
from workbench.panels.controls.panel import Panel, button, labels, search, slider
from workbench.panels.controls.recommendation_card import ratings_of, recommendation_card
from workbench.panels.lists.reactions import REACTIONS
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
    filters : sequence of rules
        See `Recommender.recommend`.
    """

    models: dict[str, Recommender]
    user_id: Any
    n: int = 6
    reactions: dict[Any, float] = field(default_factory=dict)
    filters: Sequence[Rule] = ()

    @property
    def ds(self) -> Dataset:
        """The data that the models were fitted on."""
        return next(iter(self.models.values())).data

    @property
    def history(self) -> dict[Any, float]:
        """Item id -> rating, the reactions included."""
        return ratings_of(self.ds, self.user_id) | self.reactions

    def react(self, item_id: Any, *, like: bool) -> None:
        """Take in a reaction to an item."""
        best = float(self.ds.interactions[Columns.RATING].max())
        self.reactions[item_id] = best if like else -best

    def recommend(self) -> dict[str, pd.DataFrame]:
        """Return the list of each model by its name."""
        options: dict[str, Any] = {"n": self.n, "filters": self.filters}
        if not self.reactions:
            return {
                name: model.recommend([self.user_id], **options)
                for name, model in self.models.items()
            }
        history = list(self.history.items())
        return {
            name: model.recommend_for(history, **options) for name, model in self.models.items()
        }


class ListPanel(Panel):
    """Lists side by side, of one user, under rules; like and dislike change them at once.

    Its state is the `Lists`. Subclasses say which models make them (`_models`).

    Attributes
    ----------
    reactions : dict
        Item id -> rating.
    columns : GridBox
        A box a list: its name, and a card and two buttons an item.
    forget_button : Button
    """

    def __init__(
        self,
        ds: Dataset,
        text: Strings,
        user_id: Any,
        *,
        n: int,
        device: Device | str,
        pickers: Mapping[str, widgets.Widget],
    ) -> None:
        self._users = labels(ds, "users", text.language)
        self._before: dict[str, set[Any]] = {}
        self.columns = widgets.GridBox()
        self.forget_button = button(text, "recommend.forget", self.forget)
        self.reactions: dict[Any, float] = {}
        super().__init__(
            ds,
            text,
            title="recommend.title",
            device=device,
            controls={
                "user": search(text, "recommend.user", list(self._users), str(user_id)),
                "n": slider(text, "recommend.n", n, 1, 20),
                **pickers,
                **rule_controls(ds, text),
            },
            views=[self.forget_button, self.columns],
        )

    @abstractmethod
    def _models(self) -> dict[str, Recommender]:
        """The models to show, by what heads their columns."""

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
        n, filters = self.controls["n"].value, rules_of(self.controls)
        return Lists(self._models(), user_id, n, self.reactions, filters)

    def _draw(self, state: Lists) -> None:
        history = state.history
        self.columns.layout.grid_template_columns = f"repeat({len(state.models)}, minmax(0, 1fr))"
        self.forget_button.disabled = not state.reactions
        self.columns.children = [
            self._column(name, recs, history) for name, recs in state.recommend().items()
        ]

    def _column(self, name: str, recs: pd.DataFrame, history: dict[Any, float]) -> widgets.VBox:
        before = self._before.get(name, set(recs[Columns.ITEM]))
        self._before[name] = set(recs[Columns.ITEM])
        head = widgets.HTML(cards.box(f"<b>{escape(name)}</b>"))
        rows = [
            self._card(rec, history, new=rec.item_id not in before) for rec in recs.itertuples()
        ]
        return widgets.VBox([head, *rows], layout={"padding": "0 8px 0 0"})

    def _card(self, rec: Any, history: dict[Any, float], *, new: bool) -> widgets.HBox:
        marks = cards.chips([self.text("recommend.new")], "new") if new else ""
        body = recommendation_card(rec, self.ds, history, self.text, score=rec.score, marks=marks)
        buttons = [
            button(
                self.text,
                reaction.label,
                partial(self.react, rec.item_id, like=reaction.like),
                icon=reaction.icon,
                width="40px",
                labelled=False,
            )
            for reaction in REACTIONS
        ]
        card = widgets.HTML(cards.box(body), layout={"flex": "1 1 auto", "min_width": "0"})
        layout = {"flex": "0 0 44px", "margin": "8px 0"}
        return widgets.HBox([card, widgets.VBox(buttons, layout=layout)])


class ListComparison(ListPanel):
    """Lists of models side by side; like and dislike change them at once.

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
        self._fitted = models
        first = next(iter(models.values()))
        text = Strings(language)
        super().__init__(first.data, text, user_id, n=n, device=first.device, pickers={})

    def _models(self) -> dict[str, Recommender]:
        return self._fitted
