"""A control to choose one of several cards."""

import anywidget
import traitlets

from workbench.panels.assets import asset


class CardPicker(anywidget.AnyWidget):
    """Cards one under the other, of which one is chosen, by a click or with the arrow keys.

    Attributes
    ----------
    cards : list of str
        Their HTML, in which what comes from data is escaped.
    value : int
        Place of the one that is chosen.
    """

    _esm = asset("card_picker.js")
    _css = asset("card_picker.css")

    cards = traitlets.List(traitlets.Unicode()).tag(sync=True)
    value = traitlets.Int(0).tag(sync=True)
