"""A control to choose several of a few."""

from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets as widgets
import traitlets

ON = "primary"


class Chips(widgets.HBox):
    """Labels that are on or off, in their order.

    Parameters
    ----------
    label : str
    options : dict of str to str
        What each stands for, shown while the pointer is over it.
    value : iterable of str
        Those that are on.
    """

    value = traitlets.Tuple()

    def __init__(self, label: str, options: Mapping[str, str], value: Iterable[str]) -> None:
        chosen = set(value)
        self._buttons = {
            name: widgets.ToggleButton(
                name in chosen,
                description=name,
                tooltip=note,
                button_style=ON if name in chosen else "",
                layout={"width": "auto"},
            )
            for name, note in options.items()
        }
        for button in self._buttons.values():
            button.observe(self._pressed, "value")
        super().__init__(
            [widgets.Label(label, layout={"width": "120px"}), *self._buttons.values()],
            layout={"flex_flow": "row wrap", "width": "100%"},
            value=tuple(name for name in options if name in chosen),
        )
        self.observe(self._told, "value")

    def _pressed(self, change: Any) -> None:
        name = change.owner.description
        if change.new != (name in self.value):
            on = {*self.value} ^ {name}
            self.value = tuple(other for other in self._buttons if other in on)

    def _told(self, change: Any) -> None:
        for name, button in self._buttons.items():
            button.value = name in change.new
            button.button_style = ON if button.value else ""
