"""See who or what is similar, and what the similarity rests on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.compute import Neighbours, common_ratings, resolve, similar
from workbench.compute.metrics import METRICS
from workbench.compute.options import OF
from workbench.datasets import Dataset
from workbench.families import MIN_OVERLAP
from workbench.panels.controls.figure_view import FigureView
from workbench.panels.controls.panel import Panel, choice, labels, search, slider
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
    """Pick an item or user; its neighbours, and the ratings behind one of them.

    Parameters
    ----------
    ds : Dataset
    of : {"items", "users"}
    metric, k, min_overlap
        Where the controls stand at first; see `workbench.similar`.
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}
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
        self._neighbours, self._common = FigureView(), FigureView()
        self._pick = choice(text, "similarity.why", [("", None)], None)
        self._pick.observe(self._draw_common, "value")
        sides = [(text(f"similarity.{side}"), side) for side in OF]
        rows = list(self._labels[of])
        controls = {
            "of": choice(text, "similarity.of", sides, of),
            "row": search(text, "similarity.row", rows, rows[0]),
            "metric": choice(text, "similarity.metric", list(METRICS), metric),
            "k": slider(text, "similarity.k", k, 1, 50),
            "min_overlap": slider(text, "similarity.min_overlap", min_overlap, 1, 50),
        }
        right = widgets.VBox([self._pick, self._common])
        grid = widgets.GridBox(
            [self._neighbours, right],
            layout={"grid_template_columns": "minmax(0, 3fr) minmax(0, 2fr)"},
        )
        super().__init__(
            ds,
            language=language,
            device=resolve(device),
            title="similarity.title",
            controls=controls,
            views=[grid],
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
        self._neighbours.show(
            neighbour_bars(table, titles, self.text, title=title, metric=state.metric)
        )
        self._pick.options = list(zip(titles, table["neighbour_id"].tolist(), strict=True)) or [
            ("", None)
        ]
        self._pick.value = self._pick.options[0][1]
        self._draw_common()

    def _draw_common(self, change: Any = None) -> None:
        if self.state is None and change is not None:
            return
        state = self._state()
        common = state.shared(self._pick.value)
        figure = common_ratings_figure(
            common, self.controls["row"].value, self._pick.label or "", self.text
        )
        self._common.show(figure)
