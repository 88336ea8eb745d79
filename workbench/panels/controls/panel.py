"""What every panel is: a title, controls, views and the badge of where it was computed."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.compute import Device
from workbench.datasets import Dataset
from workbench.errors import WorkbenchError
from workbench.panels.controls import cards
from workbench.panels.controls.figure_width import Fit
from workbench.strings import Strings


class Panel(widgets.VBox):
    """A thin view: controls make a state that computes, the state is drawn.

    Subclasses say what state the controls stand for (`_state`) and how to show it (`_draw`).

    Attributes
    ----------
    state : object
        What is shown: a plain object that computes, to read numbers from.
    """

    def __init__(
        self,
        ds: Dataset,
        *,
        language: str,
        device: Device,
        title: str,
        controls: Mapping[str, widgets.Widget],
        views: Sequence[widgets.Widget],
    ) -> None:
        self.ds = ds
        self.text = Strings(language)
        self.device = device
        self.controls = dict(controls)
        self.state: Any = None
        self._message = widgets.HTML()
        self._badge = widgets.HTML()
        for control in self.controls.values():
            control.observe(self._changed, "value")
        head = widgets.HTML(cards.STYLE + cards.box(cards.heading(self.text(title))))
        row = widgets.HBox(
            list(self.controls.values()), layout={"flex_flow": "row wrap", "grid_gap": "4px 14px"}
        )
        super().__init__([head, row, self._message, *views, self._badge, Fit()])
        self.refresh()

    def refresh(self) -> None:
        """Compute and draw; what goes wrong on purpose is said in the panel."""
        start = perf_counter()
        try:
            self.state = self._state()
            self._draw(self.state)
        except WorkbenchError as error:
            self._message.value = cards.box(cards.error(error))
            return
        self._message.value = ""
        self._badge.value = cards.box(
            cards.badge(
                self.text,
                device=self.device,
                data_hash=self.ds.hash,
                seconds=perf_counter() - start,
            )
        )

    def _changed(self, change: Any) -> None:
        self.refresh()

    @abstractmethod
    def _state(self) -> Any: ...

    @abstractmethod
    def _draw(self, state: Any) -> None: ...


def slider(text: Strings, label: str, value: int, low: int, high: int) -> widgets.IntSlider:
    """A slider that computes once it is let go."""
    return widgets.IntSlider(
        value,
        low,
        high,
        description=text(label),
        continuous_update=False,
        layout={"width": "440px"},
        style={"description_width": "initial"},
    )


def choice(text: Strings, label: str, options: Any, value: Any) -> widgets.Dropdown:
    """A drop-down list."""
    return widgets.Dropdown(
        options=options,
        value=value,
        description=text(label),
        style={"description_width": "initial"},
    )


def search(text: Strings, label: str, options: Sequence[str], value: str) -> widgets.Combobox:
    """A field that completes what is typed from a long list."""
    return widgets.Combobox(
        options=options,
        value=value,
        description=text(label),
        ensure_option=True,
        continuous_update=False,
        layout={"width": "420px"},
        style={"description_width": "initial"},
    )


def labels(ds: Dataset, of: str, language: str) -> dict[str, Any]:
    """Label -> id of every user or item, the most active or popular first, no label twice."""
    matrix = ds.matrix if of == "users" else ds.matrix.T.tocsr()
    order = np.argsort(-np.diff(matrix.indptr), kind="stable")
    ids = (ds.user_ids if of == "users" else ds.item_ids)[order]
    names = ids.astype(str) if of == "users" else ds.titles_in(language).loc[ids].to_numpy()
    result: dict[str, Any] = {}
    for name, row_id in zip(names, ids.tolist(), strict=True):
        result[f"{name} #{row_id}" if name in result else str(name)] = row_id
    return result
