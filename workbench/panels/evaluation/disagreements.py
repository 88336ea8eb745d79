"""Where two models part: the users they serve most differently, list beside list."""

from typing import Any

import ipywidgets as widgets

from workbench.evaluation import Comparison
from workbench.panels.controls import cards
from workbench.panels.controls.panel import choice
from workbench.panels.evaluation.experiment import Experiment
from workbench.strings import Strings

EXAMPLES = 12  # users to choose from
SHOWN = 5  # items of each list


class Apart(widgets.VBox):
    """Choose two models and one of the users they serve most differently; see both lists."""

    def __init__(self, text: Strings) -> None:
        self.text = text
        self.controls = {
            "one": choice(text, "evaluate.one", (), None),
            "other": choice(text, "evaluate.other", (), None),
            "user": choice(text, "recommend.user", (), None),
        }
        self._asked: tuple[Experiment, Comparison, str] | None = None
        self._lists = widgets.HTML()
        self._note = widgets.HTML()
        for name in ("one", "other"):
            self.controls[name].observe(lambda _: self._find(), "value")
        self.controls["user"].observe(lambda _: self._draw(), "value")
        row = widgets.HBox(list(self.controls.values()), layout={"flex_flow": "row wrap"})
        super().__init__([self._note, row, self._lists])

    def show(self, experiment: Experiment, found: Comparison, metric: str) -> None:
        """Begin with the best model and the last; nothing to see of one model alone."""
        self._asked = None
        level, beaten = found.best(metric)
        ranked = [*level, *beaten]
        self.layout.display = None if len(ranked) > 1 else "none"
        for name, value in (("one", ranked[0]), ("other", ranked[-1])):
            self.controls[name].options = ranked
            self.controls[name].value = value
        note = self.text("evaluate.apart_note", metric=metric)
        self._note.value = cards.box(cards.heading(self.text("evaluate.apart"), note))
        self._asked = experiment, found, metric
        self._find()

    def _find(self) -> None:
        if self._asked is None:
            return
        _, found, metric = self._asked
        table = found.disagreements(self._value("one"), self._value("other"), metric=metric)
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
        if self._asked is None or self._value("user") is None:
            return
        experiment, *_ = self._asked
        self._lists.value = cards.box(
            experiment.side_by_side(
                [self._value("one"), self._value("other")], self._value("user"), SHOWN, self.text
            )
        )

    def _value(self, name: str) -> Any:
        return self.controls[name].value
