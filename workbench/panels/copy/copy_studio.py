"""Write copy for a list, see what each word rests on, change it, approve it, export it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.columns import Columns
from workbench.errors import OptionError, WorkbenchError
from workbench.html import escape
from workbench.language import Copywriter, Review
from workbench.language.copy.brief.domain import domain_named
from workbench.language.copy.brief.settings import DOMAINS, FORMATS
from workbench.language.copy.brief.voice import TONES
from workbench.language.grounding.violation import Claim
from workbench.language.review.review import OPEN, STATUSES
from workbench.models import Recommender
from workbench.panels.controls import cards
from workbench.panels.controls.card_picker import CardPicker
from workbench.panels.controls.panel import Panel, choice, labels, search, side_by_side, slider
from workbench.panels.copy import copy_cards
from workbench.panels.copy.copy_draft import VARIANTS, CopyDraft
from workbench.panels.copy.export_box import ExportBox
from workbench.panels.copy.line_editor import LineEditor
from workbench.strings import Strings, catalogue
from workbench.validation import one_of

LENGTHS = {"en": (400, 160, 120, 80), "zh": (200, 60, 45, 30)}  # characters to choose from


class CopyStudio(Panel):
    """Copy for users' lists: look, edit under the check, choose, approve or reject, export.

    Its state is the `CopyDraft` of the list that is shown; what is decided stays in `review` while
    the user, the kind of text, the domain or the tone change.

    Parameters
    ----------
    model : Recommender
        Fitted.
    user_id : str or int
        Who is looked at first.
    writer : Copywriter, optional
        By default the embedded model.
    n : int
        Items of the list.
    kind, preset, tone, seed
        As in `Copywriter.write`.
    max_chars : int, optional
        Length at which a line is too long.
    language : {"en", "zh"}
    editor : str, optional
        Who decides; by default the name of the login.
    path : str
        Where approved lines go.

    Attributes
    ----------
    review : Review
        The lines of all users looked at, and the decisions.
    picker : CardPicker
        The lines of the list that is shown.
    line_editor : LineEditor
        The line that is picked.
    export_box : ExportBox
    """

    def __init__(
        self,
        model: Recommender,
        user_id: Any,
        *,
        writer: Copywriter | None = None,
        n: int = 5,
        tone: str = "warm",
        seed: int = 0,
        max_chars: int | None = None,
        kind: str = "line",
        preset: str | Path | None = None,
        language: str = "en",
        editor: str | None = None,
        path: str = "approved.csv",
    ) -> None:
        text = Strings(language)
        self._model, self._writer = model, writer or Copywriter()
        self._users = labels(model.data, "users", language)
        self.review = Review(model.data, language=language, preset=preset, editor=editor)
        self._table = pd.DataFrame()  # of the review, as it was last shown
        self._numbers: list[int] = []  # of the lines shown, in the review
        self._seeds: Counter[int] = Counter()  # tried for a line beyond that of the list
        self.picker = CardPicker()
        actions = {
            name: getattr(self, name) for name in ("approve", "reject", "reopen", "again", "vary")
        }
        self.line_editor = LineEditor(text, actions)
        self.export_box = ExportBox(text, self.export, editor=self.review.editor, path=path)
        self._observe()
        controls = {
            "user": search(text, "recommend.user", list(self._users), str(user_id)),
            "kind": choice(text, "copy.kind", _formats(text), one_of("kind", kind, FORMATS)),
            "preset": choice(text, "copy.preset", _domains(text, preset), preset or ""),
            "n": slider(text, "copy.n", n, 1, 20),
            "tone": choice(text, "copy.tone", [(text(f"tone.{t}"), t) for t in TONES], tone),
            "length": choice(text, "copy.length", _lengths(text, max_chars), max_chars or 0),
            "seed": slider(text, "copy.seed", seed, 0, 20),
        }
        for control in controls.values():
            control.layout.width, control.style.description_width = "260px", "84px"
        super().__init__(
            model.data,
            text,
            title="copy.title",
            device="auto",
            controls=controls,
            views=[
                side_by_side([self.picker, self.line_editor], (2, 3), "28px"),
                self.export_box,
            ],
        )

    @property
    def line(self) -> int:
        """Number of the line in the editor, in the review."""
        return self._numbers[self.picker.value]

    def refresh(self) -> None:
        """Write the list anew; what is decided stays."""
        self.message.value = cards.box(self._busy)
        super().refresh()

    def edit(self, text: str | None = None, *, subject: str | None = None) -> None:
        """Change the line in the editor; the check reads it at once."""
        row = self._row
        if text not in (None, row[Columns.TEXT]) or subject not in (None, row.get(Columns.SUBJECT)):
            self._act(lambda: self.review.edit(self.line, text, subject=subject))

    def approve(self) -> None:
        """Approve the line; against the check that takes the reason that is typed."""
        self._decide(self.review.approve, needed=bool(self._row["reasons"]))

    def reject(self) -> None:
        """Reject the line, for the reason that is typed."""
        self._decide(self.review.reject, needed=True)

    def reopen(self) -> None:
        """Take the decision back."""
        self._act(lambda: self.review.reopen(self.line))

    def again(self) -> None:
        """Write this line again, by the next seed; the others stay."""
        self.line_editor.show_message(self._busy)
        self._act(lambda: self._replace(self._variants(1).iloc[0]), replaced=True)

    def vary(self) -> None:
        """Show other lines beside this one."""
        self.line_editor.show_message(self._busy)
        self._act(lambda: self.line_editor.show_variants(self._variants(VARIANTS), self.use))

    def use(self, variant: pd.Series) -> None:
        """Put a variant in the place of this line."""
        self._act(lambda: self._replace(variant), replaced=True)

    def export(self) -> None:
        """Write the lines of all users that are approved to the file that is named."""
        try:
            path = self.review.export(self.export_box.path.value)
        except WorkbenchError as error:
            self.export_box.show_message(cards.error(error))
            return
        count = len(self.review.approved)
        done = escape(self.text("copy.exported", count=count, path=path))
        self.export_box.show_message(f'<div class="passes">{done}</div>')

    @property
    def _row(self) -> pd.Series:
        return self._table.loc[self.line]

    @property
    def _busy(self) -> str:
        return f'<p class="soft">{self.text("copy.writing")}</p>'

    def _observe(self) -> None:
        self.line_editor.area.observe(lambda change: self.edit(change.new), "value")
        self.line_editor.subject.observe(lambda change: self.edit(subject=change.new), "value")
        self.picker.observe(lambda _: self._show(opened=True), "value")
        self.export_box.editor.observe(
            lambda change: setattr(self.review, "editor", change.new), "value"
        )

    def _decide(self, decision: Callable[..., Any], *, needed: bool) -> None:
        reason = self.line_editor.reason.value
        if needed and not reason.strip():
            self.line_editor.show_message(cards.error(self.text("copy.needs_reason")))
            return
        self._act(lambda: decision(self.line, reason=reason))

    def _replace(self, variant: pd.Series) -> None:
        self.review.replace(self.line, variant)

    def _variants(self, count: int) -> pd.DataFrame:
        variants = self.state.variants(
            self.picker.value,
            count=count,
            after=self._seeds[self.line],
            known=(self._row[Columns.TEXT],),
        )
        if variants.empty:
            raise OptionError(self.text("copy.none_other"))
        self._seeds[self.line] = int(variants[Columns.SEED].max()) - self.state.seed
        return variants

    def _act(self, action: Callable[[], Any], *, replaced: bool = False) -> None:
        """Take an action and show what has become of the line, or why it was not taken."""
        try:
            action()
        except WorkbenchError as error:
            self.line_editor.show_message(cards.error(error))
        else:
            self._show(opened=replaced)

    def _state(self) -> CopyDraft:
        return CopyDraft(
            self._model,
            self._writer,
            self._users[self.controls["user"].value],
            self.controls["n"].value,
            self.controls["tone"].value,
            self.text.language,
            self.controls["seed"].value,
            self.controls["length"].value or None,
            self.controls["kind"].value,
            self.controls["preset"].value or None,
        )

    def _draw(self, state: CopyDraft) -> None:
        self._numbers = []  # those of other settings are not shown beside an error
        try:
            lines = state.lines
            self.review.preset = state.preset
            self.review.apply_voice(state.voice)
            self._numbers = self.review.add(lines)
        finally:
            place = min(self.picker.value, max(len(self._numbers) - 1, 0))
            if place == self.picker.value:
                self._show(opened=True)
            else:
                self.picker.value = place  # which shows it

    def _show(self, *, opened: bool) -> None:
        """Show how all lines stand, from one table; one that is opened comes to the editor."""
        self._table = self.review.lines
        self.line_editor.layout.display = None if self._numbers else "none"
        if self._numbers:
            row = self._row
            if opened:
                prompt = self.state.prompt(self.picker.value, row[Columns.SEED])
                evidence = copy_cards.evidence_text(row, self.ds, self.text)
                self.line_editor.open_line(row, evidence, prompt)
            self.line_editor.show_line(row, *self._claims(row))
        self.picker.cards = [self._card(self._table.loc[number]) for number in self._numbers]
        counts = self._table["status"].value_counts() if len(self._table) else {}
        self.export_box.show_counts({status: int(counts.get(status, 0)) for status in STATUSES})

    def _card(self, row: pd.Series) -> str:
        status = row["status"]
        marks = "" if status == OPEN else cards.chips([self.text(f"status.{status}")], status)
        claims, subject = self._claims(row)
        reasons = [] if row[Columns.TEXT] else row["reasons"]
        notes = [copy_cards.reason_text(reason, self.text) for reason in reasons]
        return cards.box(
            copy_cards.line_card(row, claims, self.text, subject=subject, marks=marks, notes=notes)
        )

    def _claims(self, row: pd.Series) -> tuple[list[Claim], list[Claim]]:
        """Return those of a line's text, and those of its subject."""
        has_subject = row.get(Columns.SUBJECT) is not None
        subject = self.review.claims(row.name, of=Columns.SUBJECT) if has_subject else []
        return self.review.claims(row.name), subject


def _formats(text: Strings) -> list[tuple[str, str]]:
    return [(text(f"text.{name}"), name) for name in catalogue()["text"]]


def _domains(text: Strings, preset: str | Path | None) -> list[tuple[str, Any]]:
    """Domains to choose from; of None, a list would show no option as chosen."""
    domains: list[tuple[str, Any]] = [
        (text(f"preset.{name}"), name) for name in catalogue()["preset"]
    ]
    if preset not in (None, *DOMAINS):  # a file of one's own
        domains.append((domain_named(preset).name, preset))
    return [(text("copy.by_data"), ""), *domains]


def _lengths(text: Strings, max_chars: int | None) -> list[tuple[str, int]]:
    """Lengths to choose from, the longest first; 0 is any."""
    lengths = sorted({*LENGTHS[text.language], *([max_chars] if max_chars else [])}, reverse=True)
    named = [(text("copy.at_most", count=count), count) for count in lengths]
    return [(text("copy.any_length"), 0), *named]
