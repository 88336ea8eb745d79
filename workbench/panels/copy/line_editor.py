"""Where one line of copy is worked on, and where what is approved leaves."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.html import escape
from workbench.language.grounding.violation import Claim
from workbench.language.review.review import OPEN
from workbench.panels.controls import cards
from workbench.panels.copy import copy_cards
from workbench.strings import Strings

WIDE = {"width": "auto"}
WRAPS = 60  # characters, at about which the text area begins another row
FULL = {"width": "calc(100% - 4px)"}  # within the margins that widgets have
APART = {"flex_flow": "row wrap", "justify_content": "space-between"}


class Desk(widgets.VBox):
    """One line: its words and what they rest on, its text to edit, the check, the decision.

    Attributes
    ----------
    subject : Text
        Shown for an e-mail.
    area : Textarea
        The text; both are told as they are typed.
    reason : Text
        For a rejection, or an approval against the check.
    approve, reject, reopen, again, others : Button
    """

    def __init__(self, text: Strings) -> None:
        self._text = text
        self._head, self._marked, self._verdict, self._facts = (widgets.HTML() for _ in range(4))
        self._sent, self._message = widgets.HTML(), widgets.HTML()
        self.subject = widgets.Text(
            description=text("copy.subject"), layout=FULL, style={"description_width": "initial"}
        )
        self.area = widgets.Textarea(layout=FULL)
        self.reason = widgets.Text(placeholder=text("copy.reason"), layout=FULL)
        self.approve = _button(text, "copy.approve", "check", "success")
        self.reject = _button(text, "copy.reject", "times", "danger")
        self.reopen = _button(text, "copy.reopen", "undo")
        self.again = _button(text, "copy.again", "refresh")
        self.others = _button(text, "copy.others", "columns")
        self._variants = widgets.GridBox(
            layout={
                "grid_template_columns": "repeat(auto-fit, minmax(210px, 1fr))",
                "grid_gap": "10px",
            }
        )
        decide = widgets.HBox([self.approve, self.reject, self.reopen])
        write = widgets.HBox([self.again, self.others])
        super().__init__(
            [
                *(self._head, self._marked, self.subject, self.area, self._verdict, self.reason),
                widgets.HBox([decide, write], layout=APART),
                *(self._message, self._variants, self._facts, self._sent),
            ]
        )

    def lay(self, line: pd.Series, evidence: str, sent: str) -> None:
        """Lay another line on the desk."""
        by = self._text("copy.by", model=line[Columns.MODEL], seed=line[Columns.SEED])
        rank = f"{line[Columns.RANK]}. " if line.get(Columns.RANK) else ""
        title = escape(copy_cards.headline(line, self._text))
        self._head.value = cards.box(
            f'<div class="title">{rank}{title}</div>',
            f'<div class="why">{escape(evidence)}</div>',
            copy_cards.source(line[Columns.SOURCE], self._text),
            f'<span class="why">{escape(by)}</span>',
        )
        shown = f"<pre>{escape(sent)}</pre>" if sent else ""
        note = self._text("copy.sent_note" if sent else "copy.not_sent")
        self._sent.value = cards.box(
            f"<details><summary>{escape(self._text('copy.sent'))}</summary>",
            f'<p class="soft">{escape(note)}</p>{shown}</details>',
        )
        self.reason.value = line["note"]
        self._variants.children = []

    def show(self, line: pd.Series, claims: Sequence[Claim], subject: Sequence[Claim]) -> None:
        """Show how the line stands, with the claims of its text and those of its subject."""
        copy, head = line[Columns.TEXT], line.get(Columns.SUBJECT)
        self.area.value = copy
        self.area.rows = max(3, sum(1 + len(part) // WRAPS for part in copy.split("\n")))
        self.subject.layout.display = "none" if head is None else None
        if head is not None:
            self.subject.value = head
        words = copy_cards.words(line, claims, self._text, subject=subject, size="large")
        self._marked.value = cards.box(words)
        self._verdict.value = cards.box(
            copy_cards.verdict(line["reasons"], self._text), self._decision(line)
        )
        rests = cards.heading(self._text("copy.rests"), level=3)
        texts = ((head or "", subject), (copy, claims))
        self._facts.value = cards.box(rests, copy_cards.facts(texts, self._text))
        self.approve.disabled = not copy.strip()
        self.reopen.layout.display = "none" if line["status"] == OPEN else None
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
        return f'<div>{label}<span class="why">{escape(who)}</span></div>'

    def _variant(self, line: pd.Series, use: Callable[[pd.Series], None]) -> widgets.VBox:
        button = _button(self._text, "copy.use", "check")
        button.on_click(lambda _: use(line))
        by = self._text("copy.by", model=line[Columns.MODEL], seed=line[Columns.SEED])
        body = (
            f"{copy_cards.words(line, (), self._text)}"
            f"{copy_cards.source(line[Columns.SOURCE], self._text)}"
            f'<div class="why">{escape(by)}</div>'
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
