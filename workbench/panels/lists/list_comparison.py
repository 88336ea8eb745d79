"""Compare recommendation lists side by side, and react to them."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import ipywidgets as widgets
import pandas as pd

from workbench import models
from workbench.columns import Columns
from workbench.compute import Device, resolve
from workbench.datasets import Dataset
from workbench.families import FAMILIES
from workbench.html import escape
from workbench.models import Recommender
from workbench.models.rerank.filters import Rule
from workbench.panels.controls import cards
from workbench.panels.controls.model_controls import rule_controls, rules_of, suited
from workbench.panels.controls.panel import Panel, choice, labels, search, slider
from workbench.strings import Strings
from workbench.validation import one_of


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
        mine = self.ds.history(self.user_id)
        return dict(zip(mine[Columns.ITEM], mine[Columns.RATING], strict=True)) | self.reactions

    def react(self, item_id: Any, *, like: bool) -> None:
        """Take in a reaction to an item."""
        best = float(self.ds.interactions[Columns.RATING].max())
        self.reactions[item_id] = best if like else -best

    def recommend(self) -> dict[str, pd.DataFrame]:
        """Return the list of each model by its name."""
        asked: dict[str, Any] = {"n": self.n, "filters": self.filters}
        if not self.reactions:
            return {
                name: model.recommend([self.user_id], **asked)
                for name, model in self.models.items()
            }
        history = list(self.history.items())
        return {name: model.recommend_for(history, **asked) for name, model in self.models.items()}


class _ListPanel(Panel):
    """Lists side by side, of one user, under rules; like and dislike change them at once."""

    def __init__(
        self,
        ds: Dataset,
        user_id: Any,
        *,
        n: int,
        language: str,
        device: Device,
        pickers: Mapping[str, widgets.Widget],
    ) -> None:
        text = Strings(language)
        self._users = labels(ds, "users", language)
        self._before: dict[str, set[Any]] = {}
        self._lists = widgets.GridBox()
        self._forget = widgets.Button(description=text("recommend.forget"))
        self._forget.on_click(lambda _: self.forget())
        self.reactions: dict[Any, float] = {}
        super().__init__(
            ds,
            language=language,
            device=device,
            title="recommend.title",
            controls={
                "user": search(text, "recommend.user", list(self._users), str(user_id)),
                "n": slider(text, "recommend.n", n, 1, 20),
                **pickers,
                **rule_controls(ds, text),
            },
            views=[self._forget, self._lists],
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
        columns = f"repeat({len(state.models)}, minmax(0, 1fr))"
        self._lists.layout.grid_template_columns = columns
        self._forget.disabled = not state.reactions
        self._lists.children = [
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


class ListComparison(_ListPanel):
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
        self._given = models
        first = next(iter(models.values()))
        super().__init__(
            first.data, user_id, n=n, language=language, device=first.device, pickers={}
        )

    def _models(self) -> dict[str, Recommender]:
        return self._given


class RecommendPanel(_ListPanel):
    """Lists of three models, each chosen of all that suit the data; a model is fitted once.

    Parameters
    ----------
    ds : Dataset
    user_id : str or int
        Who is looked at first.
    families : sequence of str
        Names of `workbench.families.FAMILIES` to begin with, a column each; "recent" is
        `Popular` with a half-life of 30 days.
    n : int
        Items a list.
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If a family is unknown, or does not suit the data.
    """

    def __init__(
        self,
        ds: Dataset,
        user_id: Any,
        *,
        families: Sequence[str] = ("item-knn", "rp3beta", "popular"),
        n: int = 6,
        language: str = "en",
        device: str = "auto",
    ) -> None:
        text, offered = Strings(language), suited(ds)
        self._fitted: dict[str, Recommender] = {}
        self._on = resolve(device)
        options = [(text(f"family.{name}"), name) for name in offered]
        super().__init__(
            ds,
            user_id,
            n=n,
            language=language,
            device=self._on,
            pickers={
                f"model {place}": choice(
                    text, "recommend.model", options, one_of("families", name, offered)
                )
                for place, name in enumerate(families, start=1)
            },
        )

    def _models(self) -> dict[str, Recommender]:
        chosen = [box.value for name, box in self.controls.items() if name.startswith("model ")]
        return {self.text(f"family.{name}"): self._model(name) for name in chosen}

    def _model(self, name: str) -> Recommender:
        if name not in self._fitted:
            if name == "recent":
                model: Recommender = models.Popular(half_life=30)
            else:
                family = getattr(models, FAMILIES[name])
                model = family(device=self._on.kind if family.on_gpu else "cpu")
            self._fitted[name] = model.fit(self.ds)
        return self._fitted[name]
