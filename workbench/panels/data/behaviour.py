"""Look at behaviour data: how much of it there is, and how unevenly it is spread."""

from dataclasses import dataclass
from functools import cached_property

import ipywidgets as widgets
import numpy as np

from workbench.columns import Columns
from workbench.datasets import SOURCES, Dataset, load
from workbench.html import escape
from workbench.panels.controls import cards
from workbench.panels.controls.figure_view import FigureGrid
from workbench.panels.controls.panel import Panel, choice, slider
from workbench.plots import behaviour
from workbench.strings import Strings


@dataclass(frozen=True)
class Behaviour:
    """The interactions of users who are active enough.

    Parameters
    ----------
    ds : Dataset
    min_activity : int
        Interactions a user has at least.
    """

    ds: Dataset
    min_activity: int = 1

    @cached_property
    def kept(self) -> Dataset:
        """The data of these users alone."""
        if self.min_activity <= 1:
            return self.ds
        users = self.ds.user_ids[np.diff(self.ds.matrix.indptr) >= self.min_activity]
        table = self.ds.table
        kept = table[table[Columns.USER].isin(users)]
        return Dataset(kept, self.ds.items, self.ds.users, self.ds.name, self.ds.account)

    @property
    def density(self) -> float:
        """Share of the (user, item) pairs that have an interaction."""
        users, items = self.kept.matrix.shape
        return len(self.kept.interactions) / (users * items)

    @property
    def head_share(self) -> float:
        """Share of the interactions that fall on the most popular fifth of the items."""
        counts = np.sort(np.bincount(self.kept.matrix.indices))[::-1]
        return float(counts[: -(-len(counts) // 5)].sum() / counts.sum())

    def numbers(self, text: Strings) -> dict[str, str]:
        """The figures a reader wants first, by label."""
        return {
            text("data.users"): f"{len(self.kept.user_ids):,}",
            text("data.items"): f"{len(self.kept.item_ids):,}",
            text("data.interactions"): f"{len(self.kept.interactions):,}",
            text("data.density"): f"{self.density:.2%}",
            text("data.head_share"): f"{self.head_share:.0%}",
        }


class DataPicker(Panel):
    """Choose a data set and see its size.

    Parameters
    ----------
    dataset : str
        A name that `load` knows.
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}
    """

    def __init__(
        self, dataset: str = "movielens-small", *, language: str = "en", device: str = "auto"
    ) -> None:
        text = Strings(language)
        self.numbers = widgets.HTML()
        names = list(dict.fromkeys([*SOURCES, dataset]))
        super().__init__(
            load(dataset),
            text,
            title="start.title",
            device=device,
            controls={"dataset": choice(text, "start.dataset", names, dataset)},
            views=[self.numbers],
        )

    def _state(self) -> Behaviour:
        self.ds = load(self.controls["dataset"].value)
        return Behaviour(self.ds)

    def _draw(self, state: Behaviour) -> None:
        account = "".join(f"<p class='soft'>{escape(line)}</p>" for line in self.ds.account)
        self.numbers.value = cards.box(cards.tiles(state.numbers(self.text)), account)


class BehaviourExplorer(Panel):
    """The long tail, activity, ratings and time, for users who are active enough.

    Parameters
    ----------
    ds : Dataset
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}
    """

    def __init__(self, ds: Dataset, *, language: str = "en", device: str = "auto") -> None:
        text = Strings(language)
        most = int(np.sort(np.diff(ds.matrix.indptr))[-2])
        self.numbers = widgets.HTML()
        self.figures = FigureGrid(4, columns=2)
        super().__init__(
            ds,
            text,
            title="behaviour.title",
            device=device,
            controls={"min_activity": slider(text, "behaviour.min_activity", 1, 1, most)},
            views=[self.numbers, self.figures],
        )

    def _state(self) -> Behaviour:
        return Behaviour(self.ds, self.controls["min_activity"].value)

    def _draw(self, state: Behaviour) -> None:
        self.numbers.value = cards.box(cards.tiles(state.numbers(self.text)))
        self.figures.show(
            behaviour.long_tail(state.kept, self.text),
            behaviour.activity(state.kept, self.text),
            behaviour.rating_distribution(state.kept, self.text),
            behaviour.over_time(state.kept, self.text),
        )
