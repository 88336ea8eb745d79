"""A new item that nobody has chosen yet: what it is like, and whom to show it to."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd
import plotly.graph_objects as go

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.models import ContentBased
from workbench.models.sparse_rows import binarized
from workbench.panels.controls import cards
from workbench.panels.controls.figure_view import FigureGrid
from workbench.panels.controls.panel import Panel, labels, search, slider
from workbench.panels.controls.recommendation_card import genres_of
from workbench.plots.axes import bars, blank
from workbench.plots.new_item import reach_lines
from workbench.strings import Strings

ALIKE = 10  # items shown that it is most like


@dataclass(frozen=True)
class NewItem:
    r"""An item as if it had just arrived: known by its content alone.

    The users it is for are those whose histories hold most that is like it,
    :math:`s(u) = \sum_{j \in H_u} \cos(v_i, v_j)`, with :math:`v` as in `ContentBased`.

    Parameters
    ----------
    ds : Dataset
    item_id : str or int
        Of the catalogue. Where it has been chosen already, its interactions are taken away, and
        serve to see whether the users found are those who chose it.
    device : {"auto", "cpu", "gpu"}
    """

    ds: Dataset
    item_id: Any
    device: str = "auto"

    @cached_property
    def known(self) -> Dataset:
        """The data without the item's interactions."""
        others = self.ds.interactions[Columns.ITEM] != self.item_id
        return replace(self.ds, interactions=self.ds.interactions[others])

    @cached_property
    def similar(self) -> pd.Series:
        """Likeness in content of every item that has any, the most alike first, indexed by id."""
        model = ContentBased(device=self.device).fit(self.known)
        recs = model.recommend_for([(self.item_id, 1.0)], n=max(1, len(model.item_ids)), evidence=0)
        return recs.set_index(Columns.ITEM)[Columns.SCORE]

    @cached_property
    def audience(self) -> pd.Series:
        """Score of every user, best first, indexed by id; ties to the more active."""
        near = self.similar.reindex(self.known.item_ids, fill_value=0.0).to_numpy()
        scores = pd.Series(binarized(self.known.matrix) @ near, self.known.user_ids)
        order = np.lexsort((-np.diff(self.known.matrix.indptr), -scores.to_numpy()))
        return scores.iloc[order]

    @cached_property
    def choosers(self) -> pd.Index:
        """Users who did choose it; empty for an item that is really new."""
        mine = self.ds.interactions[self.ds.interactions[Columns.ITEM] == self.item_id]
        return pd.Index(mine[Columns.USER]).intersection(self.known.user_ids)

    def reached(self, order: pd.Index) -> np.ndarray:
        """Share of its choosers among the first users of an order; shape (users,)."""
        return np.cumsum(order.isin(self.choosers)) / max(1, len(self.choosers))


class NewItemExplorer(Panel):
    """Take any item as new: the items it is like, its audience, and who really chose it.

    Parameters
    ----------
    ds : Dataset
    item_id : str or int, optional
        Looked at first; by default a fairly popular one.
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}
    """

    def __init__(
        self, ds: Dataset, item_id: Any = None, *, language: str = "en", device: str = "auto"
    ) -> None:
        text = Strings(language)
        self.items = _labels(ds, language)
        names = list(self.items)
        first = names[len(ds.item_ids) // 20]
        if item_id is not None:
            first = next((name for name, known in self.items.items() if known == item_id), first)
        self.numbers = widgets.HTML()
        self.figures = FigureGrid(2)
        super().__init__(
            ds,
            text,
            title="newitem.title",
            device=ContentBased(device=device).device,
            controls={
                "item": search(text, "newitem.item", names, first),
                "reach": slider(text, "newitem.reach", 10, 1, 100),
            },
            views=[self.numbers, self.figures],
        )

    def _state(self) -> NewItem:
        item = self.items[self.controls["item"].value]
        if self.state is not None and self.state.item_id == item:
            return self.state
        return NewItem(self.ds, item, self.device.kind)

    def _draw(self, state: NewItem) -> None:
        language = self.text.language
        reach = self.controls["reach"].value / 100
        count = max(1, round(len(state.audience) * reach))
        reached = state.audience.index[:count]
        tiles = {self.text("newitem.reached"): f"{count:,}"}
        if len(state.choosers):
            share = reached.isin(state.choosers).sum() / len(state.choosers)
            tiles |= {
                self.text("newitem.choosers"): f"{len(state.choosers):,}",
                self.text("newitem.found"): f"{share:.0%}",
            }
        chips = cards.chips(genres_of(self.ds, state.item_id, language))
        self.numbers.value = cards.box(f"<div>{chips}</div>", cards.tiles(tiles))
        self.figures.show(self._alike(state), self._reach(state, reach))

    def _alike(self, state: NewItem) -> go.Figure:
        """Bars of the items that its content is most like."""
        near, language = state.similar[:ALIKE], self.text.language
        titles = near.index.to_series().map(self.ds.titles_in(language))
        genres = [", ".join(genres_of(self.ds, item, language)) for item in near.index]
        title, x = self.text("newitem.alike"), self.text("newitem.likeness")
        return bars(titles, near, title=title, x=x, hover=pd.Series(genres))

    def _reach(self, state: NewItem, reach: float) -> go.Figure:
        """How soon its choosers are reached; of an item that is really new nothing is known."""
        if not len(state.choosers):
            return blank(self.text("newitem.nobody"))
        active = np.argsort(-np.diff(state.known.matrix.indptr), kind="stable")
        orders = {
            self.text("newitem.by_activity"): state.known.user_ids[active],
            self.text("newitem.by_content"): state.audience.index,
        }
        curves = {name: state.reached(order) for name, order in orders.items()}
        return reach_lines(curves, reach, self.text)


def _labels(ds: Dataset, language: str) -> dict[str, Any]:
    """Label -> id of every item of the catalogue, those that nobody has chosen last."""
    titles = ds.titles_in(language)
    new = titles[~titles.index.isin(ds.item_ids)]
    return labels(ds, "items", language) | {f"{name} #{item}": item for item, name in new.items()}
