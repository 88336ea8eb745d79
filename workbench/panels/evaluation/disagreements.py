"""Where two models differ most: the users they serve most differently, list beside list."""

from typing import Any

import ipywidgets as widgets

from workbench.evaluation import Comparison
from workbench.panels.controls import cards
from workbench.panels.controls.panel import choice
from workbench.panels.evaluation.experiment import Experiment
from workbench.strings import Strings

EXAMPLES = 12  # users to choose from
SHOWN = 5  # items of each list


class Disagreements(widgets.VBox):
    """Choose two models and one of the users they serve most differently; see both lists.

    Attributes
    ----------
    controls : dict of str to Dropdown
        "one" and "other" model, and "user".
    lists : HTML
    """

    def __init__(self, text: Strings) -> None:
        self.text = text
        self.controls = {
            "one": choice(text, "evaluate.one", (), None),
            "other": choice(text, "evaluate.other", (), None),
            "user": choice(text, "recommend.user", (), None),
        }
        self._shown: tuple[Experiment, Comparison, str] | None = None
        self.lists, self._note = widgets.HTML(), widgets.HTML()
        for name in ("one", "other"):
            self.controls[name].observe(lambda _: self._list_users(), "value")
        self.controls["user"].observe(lambda _: self._draw(), "value")
        row = widgets.HBox(list(self.controls.values()), layout={"flex_flow": "row wrap"})
        super().__init__([self._note, row, self.lists])

    def show(self, experiment: Experiment, comparison: Comparison, metric: str) -> None:
        """Start from the best model and the last; nothing to see of one model alone."""
        self._shown = None
        level, beaten = comparison.best(metric)
        ranked = [*level, *beaten]
        self.layout.display = None if len(ranked) > 1 else "none"
        for name, value in (("one", ranked[0]), ("other", ranked[-1])):
            self.controls[name].options = ranked
            self.controls[name].value = value
        note = self.text("evaluate.apart_note", metric=metric)
        self._note.value = cards.box(cards.heading(self.text("evaluate.apart"), note))
        self._shown = experiment, comparison, metric
        self._list_users()

    def _list_users(self) -> None:
        if self._shown is None:
            return
        _, comparison, metric = self._shown
        table = comparison.disagreements(self._value("one"), self._value("other"), metric=metric)
        users = [
            (
                self.text(
                    "evaluate.user",
                    user=row.user_id,
                    a=f"{row.a:.2f}",
                    b=f"{row.b:.2f}",
                    shared=row.shared,
                ),
                row.user_id,
            )
            for row in table.head(EXAMPLES).itertuples()
        ]
        self.controls["user"].options = users
        self.controls["user"].value = users[0][1] if users else None
        self._draw()

    def _draw(self) -> None:
        if self._shown is None or self._value("user") is None:
            return
        experiment, *_ = self._shown
        models = [self._value("one"), self._value("other")]
        lists = experiment.side_by_side(models, self._value("user"), SHOWN, self.text)
        self.lists.value = cards.box(lists)

    def _value(self, name: str) -> Any:
        return self.controls[name].value
