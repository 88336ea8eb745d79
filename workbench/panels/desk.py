"""Where one line of copy is worked on, and where what is approved leaves."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.language.grounding import Claim
from workbench.language.review import OPEN
from workbench.panels import cards, copy_cards
from workbench.strings import Strings

WIDE = {"width": "auto"}


class Desk(widgets.VBox):
    """One line: its words and what they rest on, its text to edit, the check, the decision.

    Attributes
    ----------
    area : Textarea
        The text, told as it is typed.
    reason : Text
        For a rejection, or an approval against the check.
    approve, reject, reopen, again, others : Button
    """

    def __init__(self, text: Strings) -> None:
        self._text = text
        self._head, self._marked, self._verdict, self._facts = (widgets.HTML() for _ in range(4))
        self._sent, self._message = widgets.HTML(), widgets.HTML()
        self.area = widgets.Textarea(rows=3, layout={"width": "100%"})
        self.reason = widgets.Text(
            placeholder=text("copy.reason"), layout={"flex": "1 1 260px", "width": "auto"}
        )
        self.approve = _button(text, "copy.approve", "check", "success")
        self.reject = _button(text, "copy.reject", "times", "danger")
        self.reopen = _button(text, "copy.reopen", "undo")
        self.again = _button(text, "copy.again", "refresh")
        self.others = _button(text, "copy.others", "columns")
        self._variants = widgets.GridBox(
            layout={"grid_template_columns": "repeat(3, minmax(0, 1fr))", "grid_gap": "10px"}
        )
        decide = [self.approve, self.reject, self.reopen, self.reason]
        super().__init__(
            [
                *(self._head, self._marked, self.area, self._verdict),
                widgets.HBox(decide, layout={"flex_flow": "row wrap"}),
                widgets.HBox([self.again, self.others]),
                *(self._message, self._variants, self._facts, self._sent),
            ]
        )

    def lay(self, line: pd.Series, evidence: str, sent: str) -> None:
        """Lay another line on the desk."""
        by = self._text("copy.by", model=line[Columns.MODEL], seed=line[Columns.SEED])
        self._head.value = cards.box(
            f'<div class="title">{line[Columns.RANK]}. {cards.escape(line[Columns.TITLE])}</div>',
            f'<div class="why">{cards.escape(evidence)}</div>',
            copy_cards.source(line[Columns.SOURCE], self._text),
            f'<span class="why">{cards.escape(by)}</span>',
        )
        shown = f"<pre>{cards.escape(sent)}</pre>" if sent else ""
        note = self._text("copy.sent_note" if sent else "copy.not_sent")
        self._sent.value = cards.box(
            f"<details><summary>{cards.escape(self._text('copy.sent'))}</summary>",
            f'<p class="soft">{cards.escape(note)}</p>{shown}</details>',
        )
        self.reason.value = line["note"]
        self._variants.children = []

    def show(self, line: pd.Series, claims: Sequence[Claim]) -> None:
        """Show how the line stands."""
        copy = line[Columns.TEXT]
        self.area.value = copy
        words = copy_cards.marked(copy, claims, self._text)
        self._marked.value = cards.box(f'<div class="copy large">{words}</div>')
        self._verdict.value = cards.box(
            copy_cards.verdict(line["reasons"], self._text), self._decision(line)
        )
        rests = cards.heading(self._text("copy.rests"), level=3)
        self._facts.value = cards.box(rests, copy_cards.facts(copy, claims, self._text))
        self.reopen.disabled = line["status"] == OPEN
        self._message.value = ""

    def offer(self, variants: pd.DataFrame, use: Callable[[pd.Series], None]) -> None:
        """Show other lines side by side, each with a button that takes it."""
        self._variants.children = [self._variant(line, use) for _, line in variants.iterrows()]

    def say(self, message: str) -> None:
        """Show a message; it is HTML."""
        self._message.value = cards.box(message)

    def _decision(self, line: pd.Series) -> str:
        if line["status"] == OPEN:
            return ""
        label = cards.chips([self._text(f"status.{line['status']}")], line["status"])
        who = " · ".join(filter(None, (line["editor"], line["note"])))
        return f'<div>{label}<span class="why">{cards.escape(who)}</span></div>'

    def _variant(self, line: pd.Series, use: Callable[[pd.Series], None]) -> widgets.VBox:
        button = _button(self._text, "copy.use", "check")
        button.on_click(lambda _: use(line))
        by = self._text("copy.by", model=line[Columns.MODEL], seed=line[Columns.SEED])
        body = (
            f'<div class="copy">{cards.escape(line[Columns.TEXT])}</div>'
            f"{copy_cards.source(line[Columns.SOURCE], self._text)}"
            f'<div class="why">{cards.escape(by)}</div>'
        )
        return widgets.VBox(
            [widgets.HTML(cards.box(body)), button],
            layout={
                "border": "1px solid var(--jp-border-color2,#dfe5ea)",
                "padding": "8px 12px",
                "justify_content": "space-between",
            },
        )


class Outbox(widgets.VBox):
    """How many lines are decided on, and where those that are approved go.

    Attributes
    ----------
    editor, path : Text
    export : Button
    """

    def __init__(self, text: Strings, *, editor: str, path: str) -> None:
        self._text = text
        self._tiles, self._message = widgets.HTML(), widgets.HTML()
        field = partial(widgets.Text, style={"description_width": "initial"})
        self.editor = field(editor, description=text("copy.editor"), layout={"width": "220px"})
        self.path = field(path, description=text("copy.path"), layout={"width": "420px"})
        self.export = _button(text, "copy.export", "download", "primary")
        row = widgets.HBox([self.editor, self.path, self.export], layout={"flex_flow": "row wrap"})
        super().__init__([self._tiles, row, self._message])

    def show(self, counts: Mapping[str, int]) -> None:
        """Show how many lines there are of each status."""
        names = {self._text(f"status.{status}"): count for status, count in counts.items()}
        self._tiles.value = cards.box(cards.tiles(names))
        self._message.value = ""

    def say(self, message: str) -> None:
        """Show a message; it is HTML."""
        self._message.value = cards.box(message)


def _button(text: Strings, label: str, icon: str, style: str = "") -> widgets.Button:
    return widgets.Button(description=text(label), icon=icon, button_style=style, layout=WIDE)
