"""What a person decides about lines of copy before they are published."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError, UnknownIdError
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.domain import Domain, domain_named, domain_of
from workbench.language.copy.brief.text_format import TextFormat, format_named
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.proofreading import faults, subject_faults, unfinished
from workbench.language.grounding.check import claims
from workbench.language.grounding.violation import Claim, Violation
from workbench.language.review.export import PUBLISHED, export
from workbench.validation import one_of

OPEN, APPROVED, FLAGGED, REJECTED = "open", "approved", "flagged", "rejected"
STATUSES = (OPEN, APPROVED, FLAGGED, REJECTED)
NEEDED = (Columns.USER, Columns.SOURCE, Columns.EVIDENCE)
DRAFTS = {Columns.TEXT: "draft", Columns.SUBJECT: "draft_subject"}


class _About(NamedTuple):
    """What a line is about: an item, or a user's list; and what it is held to."""

    key: tuple[Any, ...]
    kind: TextFormat
    preset: Domain
    item: Any  # that the text names; None of a list
    row: dict[str, Any]
    barred: Violation | None  # why no text may recommend it


@dataclass
class _Line:
    """A line as it was written, and what has become of it."""

    written: dict[str, Any]
    about: _About
    texts: dict[str, str]
    reasons: tuple[str, ...] = ()
    status: str = OPEN
    note: str = ""
    editor: str = ""
    decided: Any = pd.NaT

    @property
    def edited(self) -> bool:
        return any(text != self.written[part] for part, text in self.texts.items())

    @property
    def touched(self) -> bool:
        return self.edited or self.status != OPEN


class Review:
    """Lines of copy on their way to publication: each is checked, edited, approved or rejected.

    Lines are counted from 0, in the order in which they came; a line keeps its number. They may be
    texts of any kind, also e-mails with their subjects and the introduction of a whole list.

    Parameters
    ----------
    ds : Dataset
        What they are written from.
    language : {"en", "zh"}
    preset : str or Path, optional
        Domain of the items, as in `Copywriter.write`. Set as an attribute, it holds for lines that
        are added from then on.
    voice : Voice, optional
        What texts are held to beside the facts.
    editor : str, optional
        Who decides; by default the name of the login.

    Examples
    --------
    >>> review = wb.Review(ds)  # doctest: +SKIP
    >>> review.add(wb.Copywriter().write(recs, ds))  # doctest: +SKIP
    [0, 1, 2]
    >>> review.edit(0, "Heat (1995) has a story.")  # doctest: +SKIP
    ('unsupported-word:story',)
    >>> review.reject(0, "dull")  # doctest: +SKIP
    >>> review.approve(1)  # doctest: +SKIP
    >>> review.export("approved.csv")  # doctest: +SKIP
    """

    def __init__(
        self,
        ds: Dataset,
        *,
        language: str = "en",
        preset: str | Path | None = None,
        voice: Voice | None = None,
        editor: str | None = None,
    ) -> None:
        self.ds, self.language = ds, language
        self.preset = preset
        self.voice = voice or Voice()
        self.editor = _login() if editor is None else editor
        self._catalogue = EvidenceReader(ds, language=language)
        self._titles = ds.titles_in(language)
        self._lines: list[_Line] = []
        self._numbers: dict[tuple[Any, ...], int] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def __repr__(self) -> str:
        counts = Counter(line.status for line in self._lines)
        held = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
        return f"Review({self.ds.name!r}: {held or 'no lines'})"

    def add(self, lines: pd.DataFrame) -> list[int]:
        """Take in lines; one that a person has edited or decided on is not written over.

        Parameters
        ----------
        lines : DataFrame
            As `Copywriter.write` returns it.

        Returns
        -------
        list of int
            The numbers of the lines.
        """
        kinds = lines[Columns.KIND].unique() if Columns.KIND in lines else ["line"]
        needed = dict.fromkeys(
            [*NEEDED, *(c for name in kinds for c in _columns(format_named(name)))]
        )
        if missing := [name for name in needed if name not in lines]:
            raise DataError(f"lines lack the columns {missing}; give what Copywriter.write returns")
        numbers = []
        for line in map(self._fresh, lines.to_dict("records")):
            number = self._numbers.setdefault(line.about.key, len(self._lines))
            if number == len(self._lines):
                self._lines.append(line)
            elif not self._lines[number].touched:
                self._lines[number] = line
            numbers.append(number)
        return numbers

    def edit(
        self, line: int, text: str | None = None, *, subject: str | None = None
    ) -> tuple[str, ...]:
        """Change a line, which is open again, and return what the check says of it.

        Parameters
        ----------
        line : int
        text, subject : str, optional
            By default they stay; only e-mails have a subject.

        Returns
        -------
        tuple of str
            Reasons against it as "code" or "code:detail", see `language.grounding.check.check`;
            of a subject, they begin with "subject-".
        """
        own = self._line(line)
        if subject is not None and Columns.SUBJECT not in own.texts:
            raise OptionError(f"line {line} has no subject, only e-mails have; leave subject out")
        given = ((Columns.TEXT, text), (Columns.SUBJECT, subject))
        texts = own.texts | {part: new for part, new in given if new is not None}
        self._lines[line] = self._checked(_Line(own.written, own.about, texts))
        return self._lines[line].reasons

    def replace(self, line: int, written: pd.Series) -> None:
        """Put another line for the same user and item in its place."""
        own = self._line(line)
        other = self._fresh(own.written | written.to_dict())
        if other.about.key != own.about.key:
            raise DataError(
                f"line {line} is about {own.about.key} (user, item, kind), not {other.about.key}"
            )
        self._lines[line] = other

    def approve(self, line: int, *, reason: str = "") -> str:
        """Approve a line; one that does not pass the check needs a reason, and is marked.

        Returns
        -------
        str
            "approved", or "flagged" if it does not pass.

        Raises
        ------
        OptionError
            If it does not pass and no reason is given, or it has no text.
        """
        own = self._line(line)
        if not own.texts[Columns.TEXT].strip():
            raise OptionError(f"line {line} has no text to approve; write one, or reject it")
        if own.reasons and not reason.strip():
            raise OptionError(
                f"line {line} does not pass the check ({', '.join(own.reasons)}); change it, or "
                "give a reason to approve it all the same"
            )
        return self._decide(own, FLAGGED if own.reasons else APPROVED, reason)

    def reject(self, line: int, reason: str) -> None:
        """Reject a line, for a reason.

        Raises
        ------
        OptionError
            If no reason is given.
        """
        if not reason.strip():
            raise OptionError(f"line {line} is rejected without a reason; give one")
        self._decide(self._line(line), REJECTED, reason)

    def reopen(self, line: int) -> None:
        """Take a decision back; the text stays."""
        self.edit(line)

    def hold(self, voice: Voice) -> None:
        """Hold the lines that are still open to another voice."""
        self.voice = voice
        for own in self._lines:
            if own.status == OPEN:
                self._checked(own)

    def claims(self, line: int, *, of: str = Columns.TEXT) -> list[Claim]:
        """Which words of a line's text, or of its subject, rest on which fact."""
        own = self._line(line)
        return self._claims(own.texts[one_of("of", of, tuple(own.texts))], own)

    @property
    def lines(self) -> pd.DataFrame:
        """All lines: the columns they were written with, and what was decided.

        ``text`` is as it stands now and ``draft`` as it was written, and of an e-mail ``subject``
        and ``draft_subject``; ``edited``; ``reasons`` of the check against it; ``status`` ("open",
        "approved", "flagged" or "rejected") with ``note``, ``editor`` and ``decided``, the time in
        UTC; ``title`` of the item that it names; ``preset``, ``language``, ``data`` and
        ``data_hash``. What lines of other kinds have and one has not is None.
        """
        rows = [self._row(own) for own in self._lines]
        names = dict.fromkeys(name for row in rows for name in row)
        return pd.DataFrame({name: _column([row.get(name) for row in rows]) for name in names})

    @property
    def approved(self) -> pd.DataFrame:
        """Those to be published: approved, and flagged ones."""
        lines = self.lines
        return lines[lines["status"].isin(PUBLISHED)] if len(lines) else lines

    def export(self, path: str | Path) -> Path:
        """Write what is approved to a CSV, JSON lines or Parquet file; see `export`."""
        return export(self.approved, path)

    def _line(self, line: int) -> _Line:
        if not 0 <= line < len(self._lines):
            raise UnknownIdError(f"there is no line {line}; lines run from 0 to {len(self) - 1}")
        return self._lines[line]

    def _fresh(self, written: dict[str, Any]) -> _Line:
        about = self._about(written)
        return self._checked(_Line(written, about, {p: written[p] for p in _parts(about.kind)}))

    def _about(self, written: dict[str, Any]) -> _About:
        kind, user = format_named(written.get(Columns.KIND, "line")), written[Columns.USER]
        single = kind.per == "item"
        items = [written[Columns.ITEM]] if single else written[Columns.ITEMS]
        rows = list(map(self._catalogue.row, items))
        key = (None if user != user else user, items[0] if single else None, kind.name)
        preset = domain_of(rows[0] if rows else {})
        if self.preset is not None:
            preset = domain_named(self.preset)
        barred = filter(None, (preset.refusal(self._catalogue.user(user), row) for row in rows))
        item, row = (items[0], rows[0]) if kind.named and rows else (None, {Columns.TITLE: ""})
        return _About(key, kind, preset, item, row, next(barred, None))

    def _claims(self, text: str, own: _Line) -> list[Claim]:
        facts = own.about.row, own.written[Columns.EVIDENCE]
        required = own.about.preset.required.get(self._catalogue.language, "")
        return claims(text.removesuffix(required), *facts, language=self.language)

    def _checked(self, own: _Line) -> _Line:
        """Note what the check says of a line."""
        refusal = own.written.get(Columns.REASON)
        if refusal and not own.texts[Columns.TEXT]:
            own.reasons = (f"refused:{refusal}",)
        else:
            own.reasons = tuple(dict.fromkeys(self._faults(own)))
        return own

    def _faults(self, own: _Line) -> Iterator[str]:
        about, evidence = own.about, own.written[Columns.EVIDENCE]
        brief = CopyBrief(about.kind, about.preset, self._catalogue.language, self.voice)
        if about.barred:
            yield str(about.barred)
        for part, text in own.texts.items():
            found = [c for c in self._claims(text, own) if c.field.endswith(Columns.TITLE)]
            names = {text[claim.start : claim.end] for claim in found}
            if part == Columns.SUBJECT:
                reasons = subject_faults(text, about.row, evidence, brief, names=names)
                yield from (f"{part}-{reason}" for reason in reasons)
            else:
                body = unfinished(text, brief)
                yield from map(str, faults(body, about.row, evidence, brief, names=names))
                if not text.endswith(brief.required):
                    yield "required"

    def _decide(self, own: _Line, status: str, note: str) -> str:
        own.status, own.note, own.editor = status, note.strip(), self.editor
        own.decided = datetime.now(UTC).replace(microsecond=0)
        return status

    def _row(self, own: _Line) -> dict[str, Any]:
        drafts = {DRAFTS[part]: own.written[part] for part in own.texts}
        stands = {
            Columns.TITLE: "" if own.about.item is None else self._titles[own.about.item],
            "edited": own.edited,
            "reasons": list(own.reasons),
            "status": own.status,
            "note": own.note,
            "editor": own.editor,
            "decided": own.decided,
            "preset": own.about.preset.name,
            "language": self.language,
            "data": self.ds.name,
            "data_hash": self.ds.hash,
        }
        return own.written | own.texts | drafts | stands


def _login() -> str:
    try:
        return getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return ""


def _parts(kind: TextFormat) -> tuple[str, ...]:
    """Columns of the texts that a line of a kind consists of."""
    return (Columns.TEXT, Columns.SUBJECT) if kind.subject else (Columns.TEXT,)


def _columns(kind: TextFormat) -> tuple[str, ...]:
    return (*_parts(kind), Columns.ITEM if kind.per == "item" else Columns.ITEMS)


def _column(values: list[Any]) -> pd.Series:
    """Keep whole numbers whole where some lines have none."""
    return pd.Series(values, dtype=object if any(value is None for value in values) else None)
