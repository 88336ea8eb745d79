"""A control to choose several of a few."""

from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets as widgets
import traitlets

ON = "primary"


class MultiSelect(widgets.HBox):
    """Labels that are on or off, in their order; a note on each shows under the pointer.

    Attributes
    ----------
    buttons : dict of str to ToggleButton
        By label.
    """

    value = traitlets.Tuple()

    def __init__(self, label: str, options: Mapping[str, str], value: Iterable[str]) -> None:
        chosen = set(value)
        self.buttons = {
            name: widgets.ToggleButton(
                name in chosen,
                description=name,
                tooltip=note,
                button_style=ON if name in chosen else "",
                layout={"width": "auto"},
            )
            for name, note in options.items()
        }
        for button in self.buttons.values():
            button.observe(self._take_press, "value")
        super().__init__(
            [widgets.Label(label, layout={"width": "120px"}), *self.buttons.values()],
            layout={"flex_flow": "row wrap", "width": "100%"},
            value=tuple(name for name in options if name in chosen),
        )
        self.observe(self._show_value, "value")

    def _take_press(self, change: Any) -> None:
        name = change.owner.description
        if change.new != (name in self.value):
            chosen = {*self.value} ^ {name}
            self.value = tuple(other for other in self.buttons if other in chosen)

    def _show_value(self, change: Any) -> None:
        for name, button in self.buttons.items():
            button.value = name in change.new
            button.button_style = ON if button.value else ""
