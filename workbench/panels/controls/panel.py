"""What every panel is: a title, controls, views and the badge of where it was computed."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import ipywidgets as widgets
import numpy as np

from workbench.compute import Device, resolve
from workbench.datasets import Dataset
from workbench.errors import WorkbenchError
from workbench.panels.controls import cards
from workbench.panels.controls.figure_width import FigureWidth
from workbench.strings import Strings

BOXED = {
    "border": "1px solid var(--jp-border-color2,#dfe5ea)",
    "padding": "8px 12px",
    "justify_content": "space-between",
}  # layout of a box with a border


class Panel(widgets.VBox):
    """A thin view: controls make a state that computes, the state is drawn.

    Subclasses say what state the controls stand for (`_state`) and how to show it (`_draw`).

    Attributes
    ----------
    state : object
        What is shown: a plain object that computes, to read numbers from.
    message, badge : HTML
        What went wrong, and where and how fast it was computed.
    """

    def __init__(
        self,
        ds: Dataset,
        text: Strings,
        *,
        title: str,
        device: Device | str,
        controls: Mapping[str, widgets.Widget],
        views: Sequence[widgets.Widget],
    ) -> None:
        self.ds, self.text = ds, text
        self.device = resolve(device) if isinstance(device, str) else device
        self.controls = dict(controls)
        self.state: Any = None
        self.message, self.badge = widgets.HTML(), widgets.HTML()
        for control in self.controls.values():
            control.observe(self._changed, "value")
        head = widgets.HTML(cards.STYLE + cards.box(cards.heading(text(title))))
        row = widgets.HBox(
            list(self.controls.values()), layout={"flex_flow": "row wrap", "grid_gap": "4px 14px"}
        )
        super().__init__([head, row, self.message, *views, self.badge, FigureWidth()])
        self.refresh()

    def refresh(self) -> None:
        """Compute and draw; what goes wrong on purpose is told in the panel."""
        start = perf_counter()
        try:
            self.state = self._state()
            self._draw(self.state)
        except WorkbenchError as error:
            self.message.value = cards.box(cards.error(error))
            return
        self.message.value = ""
        seconds = perf_counter() - start
        self.badge.value = cards.box(
            cards.badge(self.text, device=self.device, data_hash=self.ds.hash, seconds=seconds)
        )

    def _changed(self, change: Any) -> None:
        self.refresh()

    @abstractmethod
    def _state(self) -> Any: ...

    @abstractmethod
    def _draw(self, state: Any) -> None: ...


def side_by_side(
    children: Sequence[widgets.Widget], shares: Sequence[int], gap: str = "0"
) -> widgets.GridBox:
    """Widgets in one row, which they share in these proportions."""
    template = " ".join(f"minmax(0, {share}fr)" for share in shares)
    return widgets.GridBox(children, layout={"grid_template_columns": template, "grid_gap": gap})


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


def share_slider(
    text: Strings, label: str, value: float, low: float, high: float, step: float, **options: Any
) -> widgets.FloatSlider:
    """A slider of a share that computes once it is let go."""
    return widgets.FloatSlider(
        value,
        min=low,
        max=high,
        step=step,
        description=text(label),
        continuous_update=False,
        style={"description_width": "initial"},
        **options,
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


def button(
    text: Strings,
    label: str,
    action: Callable[[], object],
    *,
    icon: str = "",
    style: str = "",
    width: str = "auto",
    labelled: bool = True,
) -> widgets.Button:
    """A button; one without a label has it as what shows under the pointer."""
    words = {"description" if labelled else "tooltip": text(label)}
    result = widgets.Button(icon=icon, button_style=style, layout={"width": width}, **words)
    result.on_click(lambda _: action())
    return result


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
