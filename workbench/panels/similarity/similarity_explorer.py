"""See who or what is similar, and what the similarity rests on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.compute import Neighbours, common_ratings, similar
from workbench.compute.metrics import METRICS
from workbench.compute.options import OF
from workbench.datasets import Dataset
from workbench.families import MIN_OVERLAP
from workbench.panels.controls.figure_view import FigureView
from workbench.panels.controls.panel import (
    Panel,
    choice,
    labels,
    search,
    side_by_side,
    slider,
)
from workbench.plots.axes import shorten
from workbench.plots.similarity import common_ratings as common_ratings_figure
from workbench.plots.similarity import neighbour_bars
from workbench.strings import Strings


@dataclass(frozen=True)
class Neighbourhood:
    """The neighbours of one row, and the ratings it has in common with each.

    Parameters
    ----------
    ds : Dataset
    row_id : str or int
        Id of the item or user.
    of, metric, k, min_overlap, device
        As in `workbench.similar`.
    """

    ds: Dataset
    row_id: Any
    of: str = "items"
    metric: str = "cosine"
    k: int = 12
    min_overlap: int = 1
    device: str = "auto"

    @cached_property
    def near(self) -> Neighbours:
        """The neighbours, as `workbench.similar` gives them."""
        return similar(
            self.ds,
            of=self.of,
            metric=self.metric,
            k=self.k,
            min_overlap=self.min_overlap,
            ids=[self.row_id],
            device=self.device,
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """Columns ``neighbour_id``, ``score``, ``rank`` and ``common``, the shared ratings."""
        frame = self.near.frame().drop(columns=Columns.ITEM if self.of == "items" else Columns.USER)
        return frame.assign(common=[len(self.shared(other)) for other in frame["neighbour_id"]])

    def shared(self, neighbour_id: Any) -> pd.DataFrame:
        """Ratings in common with a neighbour, see `workbench.compute.common_ratings`."""
        return common_ratings(self.ds, self.row_id, neighbour_id, of=self.of)


class SimilarityExplorer(Panel):
    """Choose an item or user; its neighbours, and the ratings behind one of them.

    Parameters
    ----------
    ds : Dataset
    of : {"items", "users"}
    metric, k, min_overlap
        Where the controls stand at first; see `workbench.similar`.
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}

    Attributes
    ----------
    neighbour : Dropdown
        Whose ratings in common are shown.
    neighbours, common : FigureView
        The nearest, and the ratings in common with one of them.
    """

    def __init__(
        self,
        ds: Dataset,
        *,
        of: str = "items",
        metric: str = "cosine",
        k: int = 12,
        min_overlap: int = MIN_OVERLAP,
        language: str = "en",
        device: str = "auto",
    ) -> None:
        text = Strings(language)
        self._labels = {side: labels(ds, side, language) for side in OF}
        self.neighbours, self.common = FigureView(), FigureView()
        self.neighbour = choice(text, "similarity.why", [("", None)], None)
        self.neighbour.observe(self._draw_common, "value")
        sides = [(text(f"similarity.{side}"), side) for side in OF]
        rows = list(self._labels[of])
        controls = {
            "of": choice(text, "similarity.of", sides, of),
            "row": search(text, "similarity.row", rows, rows[0]),
            "metric": choice(text, "similarity.metric", list(METRICS), metric),
            "k": slider(text, "similarity.k", k, 1, 50),
            "min_overlap": slider(text, "similarity.min_overlap", min_overlap, 1, 50),
        }
        right = widgets.VBox([self.neighbour, self.common])
        super().__init__(
            ds,
            text,
            title="similarity.title",
            device=device,
            controls=controls,
            views=[side_by_side([self.neighbours, right], (3, 2))],
        )

    def _changed(self, change: Any) -> None:
        if change.owner is self.controls["of"]:
            rows = list(self._labels[change.new])
            with self.controls["row"].hold_trait_notifications():
                self.controls["row"].options = rows
                self.controls["row"].value = rows[0]
        else:
            self.refresh()

    def _state(self) -> Neighbourhood:
        of = self.controls["of"].value
        return Neighbourhood(
            self.ds,
            self._labels[of][self.controls["row"].value],
            of,
            self.controls["metric"].value,
            self.controls["k"].value,
            self.controls["min_overlap"].value,
            self.device.kind,
        )

    def _draw(self, state: Neighbourhood) -> None:
        names = {row_id: label for label, row_id in self._labels[state.of].items()}
        table = state.table
        titles = table["neighbour_id"].map(names).astype(str)
        title = self.text("similarity.nearest", row=shorten(names[state.row_id]))
        self.neighbours.show(
            neighbour_bars(table, titles, self.text, title=title, metric=state.metric)
        )
        neighbours = list(zip(titles, table["neighbour_id"].tolist(), strict=True))
        # While they change the figure waits: it is drawn once.
        self.neighbour.unobserve(self._draw_common, "value")
        self.neighbour.options = neighbours or [("", None)]
        self.neighbour.index = 0
        self.neighbour.observe(self._draw_common, "value")
        self._draw_common()

    def _draw_common(self, change: Any = None) -> None:
        common = self.state.shared(self.neighbour.value)
        row, neighbour = self.controls["row"].value, self.neighbour.label or ""
        self.common.show(common_ratings_figure(common, row, neighbour, self.text))
