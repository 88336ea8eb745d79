"""Where one line of copy is worked on."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.html import escape
from workbench.language.grounding.violation import Claim
from workbench.language.review.review import OPEN
from workbench.panels.controls import cards
from workbench.panels.controls.panel import BOXED, button
from workbench.panels.copy import copy_cards
from workbench.strings import Strings

ROW_CHARACTERS = 60  # at about which the text area begins another row
FULL_WIDTH = {"width": "calc(100% - 4px)"}  # within the margins that widgets have
BOTH_ENDS = {"flex_flow": "row wrap", "justify_content": "space-between"}
BUTTONS = {
    "approve": ("copy.approve", "check", "success"),
    "reject": ("copy.reject", "times", "danger"),
    "reopen": ("copy.reopen", "undo", ""),
    "again": ("copy.again", "refresh", ""),
    "vary": ("copy.others", "columns", ""),
}


class LineEditor(widgets.VBox):
    """One line: its words and what they rest on, its text to edit, the check, the decision.

    Attributes
    ----------
    subject : Text
        Shown for an e-mail.
    area : Textarea
        The text; both change as they are typed.
    reason : Text
        For a rejection, or an approval against the check.
    buttons : dict of str to Button
    about, marked, verdict, facts, prompt, message : HTML
        What the line is about, its words and what they rest on, what the check says, what the
        model was sent, and what went wrong.
    variants : GridBox
        Other lines, each with a button that takes it.
    """

    def __init__(self, text: Strings, actions: Mapping[str, Callable[[], object]]) -> None:
        self._text = text
        self.about, self.marked, self.verdict, self.facts = (widgets.HTML() for _ in range(4))
        self.prompt, self.message = widgets.HTML(), widgets.HTML()
        self.subject = widgets.Text(
            description=text("copy.subject"),
            layout=FULL_WIDTH,
            style={"description_width": "initial"},
        )
        self.area = widgets.Textarea(layout=FULL_WIDTH)
        self.reason = widgets.Text(placeholder=text("copy.reason"), layout=FULL_WIDTH)
        self.buttons = {
            name: button(text, label, actions[name], icon=icon, style=style)
            for name, (label, icon, style) in BUTTONS.items()
        }
        decide, write = (
            widgets.HBox([self.buttons[name] for name in names])
            for names in (("approve", "reject", "reopen"), ("again", "vary"))
        )
        columns = "repeat(auto-fit, minmax(210px, 1fr))"
        self.variants = widgets.GridBox(
            layout={"grid_template_columns": columns, "grid_gap": "10px"}
        )
        super().__init__(
            [
                *(self.about, self.marked, self.subject, self.area, self.verdict, self.reason),
                widgets.HBox([decide, write], layout=BOTH_ENDS),
                *(self.message, self.variants, self.facts, self.prompt),
            ]
        )

    def open_line(self, line: pd.Series, evidence: str, prompt: str) -> None:
        """Take another line in, with what it rests on and what the model was sent for it."""
        rank = f"{line[Columns.RANK]}. " if line.get(Columns.RANK) else ""
        self.about.value = cards.box(
            f'<div class="title">{rank}{escape(copy_cards.headline(line, self._text))}</div>',
            f'<div class="why">{escape(evidence)}</div>',
            copy_cards.source_chip(line[Columns.SOURCE], self._text),
            f'<span class="why">{self._origin(line)}</span>',
        )
        shown = f"<pre>{escape(prompt)}</pre>" if prompt else ""
        note = self._text("copy.sent_note" if prompt else "copy.not_sent")
        self.prompt.value = cards.box(
            f"<details><summary>{escape(self._text('copy.sent'))}</summary>",
            f'<p class="soft">{escape(note)}</p>{shown}</details>',
        )
        self.reason.value = line["note"]
        self.variants.children = []

    def show_line(self, line: pd.Series, claims: Sequence[Claim], subject: Sequence[Claim]) -> None:
        """Show how the line stands, with the claims of its text and those of its subject."""
        copy, head = line[Columns.TEXT], line.get(Columns.SUBJECT)
        self.area.value = copy
        self.area.rows = max(3, sum(1 + len(part) // ROW_CHARACTERS for part in copy.split("\n")))
        self.subject.layout.display = "none" if head is None else None
        if head is not None:
            self.subject.value = head
        words = copy_cards.marked_line(line, claims, self._text, subject=subject, size="large")
        self.marked.value = cards.box(words)
        self.verdict.value = cards.box(
            copy_cards.verdict(line["reasons"], self._text), self._decision(line)
        )
        rests = cards.heading(self._text("copy.rests"), level=3)
        texts = ((head or "", subject), (copy, claims))
        self.facts.value = cards.box(rests, copy_cards.fact_table(texts, self._text))
        self.buttons["approve"].disabled = not copy.strip()
        self.buttons["reopen"].layout.display = "none" if line["status"] == OPEN else None
        self.message.value = ""

    def show_variants(self, variants: pd.DataFrame, choose: Callable[[pd.Series], None]) -> None:
        """Show other lines side by side, each with a button that takes it."""
        self.variants.children = [self._variant(line, choose) for _, line in variants.iterrows()]

    def show_message(self, message: str) -> None:
        """Show a message; it is HTML."""
        self.message.value = cards.box(message)

    def _origin(self, line: pd.Series) -> str:
        model, seed = line[Columns.MODEL], line[Columns.SEED]
        return escape(self._text("copy.by", model=model, seed=seed))

    def _decision(self, line: pd.Series) -> str:
        if line["status"] == OPEN:
            return ""
        label = cards.chips([self._text(f"status.{line['status']}")], line["status"])
        who = " · ".join(filter(None, (line["editor"], line["note"])))
        return f'<div>{label}<span class="why">{escape(who)}</span></div>'

    def _variant(self, line: pd.Series, choose: Callable[[pd.Series], None]) -> widgets.VBox:
        body = cards.box(
            copy_cards.marked_line(line, (), self._text),
            copy_cards.source_chip(line[Columns.SOURCE], self._text),
            f'<div class="why">{self._origin(line)}</div>',
        )
        take = button(self._text, "copy.use", partial(choose, line), icon="check")
        return widgets.VBox([widgets.HTML(body), take], layout=BOXED)
