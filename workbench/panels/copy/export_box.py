"""Where approved copy leaves."""

from collections.abc import Callable, Mapping
from functools import partial

import ipywidgets as widgets

from workbench.panels.controls import cards
from workbench.panels.controls.panel import button
from workbench.strings import Strings


class ExportBox(widgets.VBox):
    """How many lines are decided on, and where those that are approved go.

    Attributes
    ----------
    editor, path : Text
    export_button : Button
    message : HTML
    """

    def __init__(
        self, text: Strings, export: Callable[[], object], *, editor: str, path: str
    ) -> None:
        self._text = text
        self._tiles, self.message = widgets.HTML(), widgets.HTML()
        field = partial(widgets.Text, style={"description_width": "initial"})
        self.editor = field(editor, description=text("copy.editor"), layout={"width": "220px"})
        self.path = field(path, description=text("copy.path"), layout={"width": "420px"})
        self.export_button = button(text, "copy.export", export, icon="download", style="primary")
        row = [self.editor, self.path, self.export_button]
        super().__init__(
            [self._tiles, widgets.HBox(row, layout={"flex_flow": "row wrap"}), self.message]
        )

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """Show how many lines there are of each status."""
        names = {self._text(f"status.{status}"): count for status, count in counts.items()}
        self._tiles.value = cards.box(cards.tiles(names))
        self.message.value = ""

    def show_message(self, message: str) -> None:
        """Show a message; it is HTML."""
        self.message.value = cards.box(message)
