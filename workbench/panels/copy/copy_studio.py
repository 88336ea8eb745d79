"""Write copy for a list, see what each word rests on, change it, approve it, export it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.compute import resolve
from workbench.datasets import Dataset
from workbench.errors import OptionError, WorkbenchError
from workbench.html import escape
from workbench.language import Copywriter, Review
from workbench.language.copy.brief.domain import DOMAINS, domain_named
from workbench.language.copy.brief.text_format import FORMATS, format_named
from workbench.language.copy.brief.voice import TONES, Voice
from workbench.language.grounding.violation import Claim
from workbench.language.review.review import OPEN, STATUSES
from workbench.models import Recommender
from workbench.panels.controls import cards
from workbench.panels.controls.card_picker import Pick
from workbench.panels.controls.panel import Panel, choice, labels, search, slider
from workbench.panels.copy import copy_cards
from workbench.panels.copy.line_editor import Desk, Outbox
from workbench.strings import Strings
from workbench.validation import one_of

LENGTHS = {"en": (400, 160, 120, 80), "zh": (200, 60, 45, 30)}  # characters to choose from
VARIANTS = 3


@dataclass(frozen=True)
class CopyDraft:
    """One user's list with its lines, or with the one text about all of it.

    Parameters
    ----------
    model : Recommender
        Fitted.
    writer : Copywriter
    user_id : str or int
    n : int
        Items of the list.
    kind, preset, tone, language, seed
        As in `Copywriter.write`.
    max_chars : int, optional
        Length at which a line is too long.
    """

    model: Recommender
    writer: Copywriter
    user_id: Any
    n: int = 5
    tone: str = "warm"
    language: str = "en"
    seed: int = 0
    max_chars: int | None = None
    kind: str = "line"
    preset: str | Path | None = None

    @property
    def ds(self) -> Dataset:
        """The data that the model was fitted on."""
        return self.model.data

    @property
    def voice(self) -> Voice:
        """What every line is held to."""
        return Voice(self.tone, max_chars=self.max_chars)

    @cached_property
    def recs(self) -> pd.DataFrame:
        """The list."""
        return self.model.recommend([self.user_id], n=self.n)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """What `Copywriter.write` returns: a line for each item, or one for all."""
        return self._written(self.recs, self.seed)

    def variants(
        self, line: int, *, count: int = VARIANTS, after: int = 0, known: tuple[str, ...] = ()
    ) -> pd.DataFrame:
        """Write others in place of one of the lines, each by a seed of its own.

        Parameters
        ----------
        line : int
            Place among the lines, from 0.
        count : int
            How many, at most: seeds that say what is known already are passed over.
        after : int
            How many seeds to leave out.
        known : tuple of str
            Texts not to come up with again.
        """
        recs = self._about(line)
        found = [self._written(self.recs.head(0), self.seed)]
        seen = set(known)
        for seed in range(self.seed + after + 1, self.seed + after + 1 + 3 * count):
            written = self._written(recs, seed)
            if written[Columns.TEXT].iloc[0] not in seen:
                seen |= set(written[Columns.TEXT])
                found.append(written)
            if len(found) > count:
                break
        return pd.concat(found[1:] or found, ignore_index=True)

    def sent(self, line: int, seed: int | None = None) -> str:
        """Return what the model was sent for a line, or for a variant of it, word for word."""
        alone = seed is not None and seed != self.seed
        recs = self._about(line) if alone else self.recs
        prompts = self.writer.prompts(
            recs, self.ds, seed=self.seed if seed is None else int(seed), **self._brief
        )
        return str(prompts["sent"].iloc[0 if alone else line])

    def _about(self, line: int) -> pd.DataFrame:
        """Return the recommendations that a line is about."""
        return self.recs if format_named(self.kind).per == "list" else self.recs.iloc[[line]]

    def _written(self, recs: pd.DataFrame, seed: int) -> pd.DataFrame:
        return self.writer.write(recs, self.ds, seed=seed, **self._brief)

    @property
    def _brief(self) -> dict[str, Any]:
        settings = {"kind": self.kind, "preset": self.preset}
        return settings | {"language": self.language, "voice": self.voice}


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
        self._numbers: list[int] = []  # of the lines shown, in the review
        self._seeds: Counter[int] = Counter()  # tried for a line beyond that of the list
        self.list = Pick()
        self.desk = Desk(text)
        self.outbox = Outbox(text, editor=self.review.editor, path=path)
        self._wire()
        halves = widgets.GridBox(
            [self.list, self.desk],
            layout={"grid_template_columns": "minmax(0, 2fr) minmax(0, 3fr)", "grid_gap": "28px"},
        )
        lengths = sorted({*LENGTHS[language], *([max_chars] if max_chars else [])}, reverse=True)
        options = [(text("copy.any_length"), 0)]
        options += [(text("copy.at_most", count=count), count) for count in lengths]
        kinds = [(text(f"text.{name}"), name) for name in FORMATS]
        presets: list[Any] = [(text(f"preset.{name}"), name) for name in DOMAINS]
        if preset not in (None, *DOMAINS):  # a file of one's own
            presets.append((domain_named(preset).name, preset))
        presets.insert(0, (text("copy.by_data"), ""))  # of None, a list shows no option as chosen
        tones = [(text(f"tone.{name}"), name) for name in TONES]
        controls = {
            "user": search(text, "recommend.user", list(self._users), str(user_id)),
            "kind": choice(text, "copy.kind", kinds, one_of("kind", kind, FORMATS)),
            "preset": choice(text, "copy.preset", presets, preset or ""),
            "n": slider(text, "copy.n", n, 1, 20),
            "tone": choice(text, "copy.tone", tones, tone),
            "length": choice(text, "copy.length", options, max_chars or 0),
            "seed": slider(text, "copy.seed", seed, 0, 20),
        }
        for control in controls.values():
            control.layout.width, control.style.description_width = "260px", "84px"
        super().__init__(
            model.data,
            language=language,
            device=resolve("auto"),
            title="copy.title",
            controls=controls,
            views=[halves, self.outbox],
        )

    @property
    def line(self) -> int:
        """Number of the line on the desk, in the review."""
        return self._numbers[self.list.value]

    def refresh(self) -> None:
        """Write the list anew; what is decided stays."""
        self._message.value = cards.box(self._busy)
        super().refresh()

    def edit(self, text: str | None = None, *, subject: str | None = None) -> None:
        """Change the line on the desk; the check reads it at once."""
        own = self._own
        if text not in (None, own[Columns.TEXT]) or subject not in (None, own.get(Columns.SUBJECT)):
            self._do(lambda: self.review.edit(self.line, text, subject=subject))

    def approve(self) -> None:
        """Approve the line; against the check that takes the reason that is typed."""
        self._decide(self.review.approve, needed=bool(self._own["reasons"]))

    def reject(self) -> None:
        """Reject the line, for the reason that is typed."""
        self._decide(self.review.reject, needed=True)

    def reopen(self) -> None:
        """Take the decision back."""
        self._do(lambda: self.review.reopen(self.line))

    def again(self) -> None:
        """Write this line again, by the next seed; the others stay."""
        self.desk.say(self._busy)
        self._do(lambda: self._use(self._variants(1).iloc[0]))

    def vary(self) -> None:
        """Show other lines beside this one."""
        self.desk.say(self._busy)
        self._do(lambda: self.desk.offer(self._variants(VARIANTS), self.use))

    def use(self, written: pd.Series) -> None:
        """Put a variant in the place of this line."""
        self._do(lambda: self._use(written))

    def export(self) -> None:
        """Write the lines of all users that are approved to the file that is named."""
        try:
            path = self.review.export(self.outbox.path.value)
        except WorkbenchError as error:
            self.outbox.say(cards.error(error))
            return
        count = len(self.review.approved)
        done = self.text("copy.exported", count=count, path=path)
        self.outbox.say(f'<div class="passes">{escape(done)}</div>')

    @property
    def _own(self) -> pd.Series:
        return self.review.lines.loc[self.line]

    @property
    def _busy(self) -> str:
        return f'<p class="soft">{self.text("copy.writing")}</p>'

    def _wire(self) -> None:
        for name in ("approve", "reject", "reopen", "again"):
            getattr(self.desk, name).on_click(lambda _, name=name: getattr(self, name)())
        self.desk.others.on_click(lambda _: self.vary())
        self.desk.area.observe(lambda change: self.edit(change.new), "value")
        self.desk.subject.observe(lambda change: self.edit(subject=change.new), "value")
        self.list.observe(lambda _: self._open(), "value")
        self.outbox.export.on_click(lambda _: self.export())
        self.outbox.editor.observe(
            lambda change: setattr(self.review, "editor", change.new), "value"
        )

    def _decide(self, decision: Callable[..., Any], *, needed: bool) -> None:
        reason = self.desk.reason.value
        if needed and not reason.strip():
            self.desk.say(cards.error(self.text("copy.needs_reason")))
            return
        self._do(lambda: decision(self.line, reason=reason))

    def _use(self, written: pd.Series) -> None:
        self.review.replace(self.line, written)
        self._open()

    def _variants(self, count: int) -> pd.DataFrame:
        found = self.state.variants(
            self.list.value,
            count=count,
            after=self._seeds[self.line],
            known=(self._own[Columns.TEXT],),
        )
        if found.empty:
            raise OptionError(self.text("copy.none_other"))
        self._seeds[self.line] = int(found[Columns.SEED].max()) - self.state.seed
        return found

    def _do(self, action: Callable[[], Any]) -> None:
        """Do what was asked for and show what has become of it, or why it was not done."""
        try:
            action()
        except WorkbenchError as error:
            self.desk.say(cards.error(error))
        else:
            self._show()

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
            self.list.value = min(self.list.value, max(len(self._numbers) - 1, 0))
            self._open()

    def _open(self) -> None:
        """Lay the line that is picked on the desk."""
        self.desk.layout.display = None if self._numbers else "none"
        if self._numbers:
            own = self._own
            sent = self.state.sent(self.list.value, own[Columns.SEED])
            self.desk.lay(own, copy_cards.evidence(own, self.ds, self.text), sent)
        self._show()

    def _show(self) -> None:
        lines = self.review.lines
        if self._numbers:
            own = lines.loc[self.line]
            self.desk.show(own, *self._claims(own))
        self.list.cards = [self._card(lines.loc[number]) for number in self._numbers]
        counts = lines["status"].value_counts() if len(lines) else {}
        self.outbox.show({status: int(counts.get(status, 0)) for status in STATUSES})

    def _card(self, line: pd.Series) -> str:
        status = line["status"]
        marks = "" if status == OPEN else cards.chips([self.text(f"status.{status}")], status)
        claims, subject = self._claims(line)
        why = [] if line[Columns.TEXT] else line["reasons"]
        said = (escape(copy_cards.in_words(reason, self.text)) for reason in why)
        below = "".join(f'<div class="why">{reason}</div>' for reason in said)
        return cards.box(
            copy_cards.line_card(line, claims, self.text, subject=subject, marks=marks, below=below)
        )

    def _claims(self, line: pd.Series) -> tuple[list[Claim], list[Claim]]:
        """Return those of a line's text, and those of its subject."""
        has_subject = line.get(Columns.SUBJECT) is not None
        subject = self.review.claims(line.name, of=Columns.SUBJECT) if has_subject else []
        return self.review.claims(line.name), subject
