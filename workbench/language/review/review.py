"""What a person decides about lines of copy before they are published."""

import warnings
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError, UnknownIdError
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.text_format import format_named
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.grounding.violation import Claim
from workbench.language.review.export import PUBLISHED, export
from workbench.language.review.reviewed_line import (
    APPROVED,
    FLAGGED,
    OPEN,
    REJECTED,
    STATUSES,
    ReviewedLine,
)
from workbench.validation import one_of

NEEDED = (Columns.USER, Columns.SOURCE, Columns.EVIDENCE)


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
        self._reader = EvidenceReader(ds, language=language)
        self._titles = ds.titles_in(language)
        self._lines: list[ReviewedLine] = []
        self._numbers: dict[tuple[Any, ...], int] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def __repr__(self) -> str:
        counts = Counter(line.status for line in self._lines)
        listed = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
        return f"Review({self.ds.name!r}: {listed or 'no lines'})"

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
        names = lines[Columns.KIND].unique() if Columns.KIND in lines else ["line"]
        formats = [format_named(name) for name in names]
        parts = [name for each in formats for name in (*each.parts, each.about)]
        needed = dict.fromkeys([*NEEDED, *parts])
        if missing := [name for name in needed if name not in lines]:
            raise DataError(f"lines lack the columns {missing}; give what Copywriter.write returns")
        numbers = []
        for line in map(self._fresh, lines.to_dict("records")):
            number = self._numbers.setdefault(line.key, len(self._lines))
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
        old = self._line(line)
        if subject is not None and Columns.SUBJECT not in old.texts:
            raise OptionError(f"line {line} has no subject, only e-mails have; leave subject out")
        edits = ((Columns.TEXT, text), (Columns.SUBJECT, subject))
        texts = old.texts | {part: new for part, new in edits if new is not None}
        new = replace(old, texts=texts, status=OPEN, note="", editor="", decided=pd.NaT)
        new.check(self.voice)
        self._lines[line] = new
        return new.reasons

    def replace(self, line: int, written: pd.Series) -> None:
        """Put another line for the same user and item in its place."""
        old = self._line(line)
        new = self._fresh(old.written | written.to_dict())
        if new.key != old.key:
            raise DataError(f"line {line} is about {old.key} (user, item, kind), not {new.key}")
        self._lines[line] = new

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
        checked = self._line(line)
        if not checked.texts[Columns.TEXT].strip():
            raise OptionError(f"line {line} has no text to approve; write one, or reject it")
        if checked.reasons and not reason.strip():
            raise OptionError(
                f"line {line} does not pass the check ({', '.join(checked.reasons)}); change it, "
                "or give a reason to approve it all the same"
            )
        return self._decide(checked, FLAGGED if checked.reasons else APPROVED, reason)

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

    def apply_voice(self, voice: Voice) -> None:
        """Hold the lines that are still open to another voice."""
        self.voice = voice
        for line in self._lines:
            if line.status == OPEN:
                line.check(voice)

    def hold(self, voice: Voice) -> None:
        """Do what `apply_voice` does, as this was called; it goes with the next release."""
        warnings.warn("Review.hold is now apply_voice", DeprecationWarning, stacklevel=2)
        self.apply_voice(voice)

    def claims(self, line: int, *, of: str = Columns.TEXT) -> list[Claim]:
        """Which words of a line's text, or of its subject, rest on which fact."""
        checked = self._line(line)
        return checked.claims(one_of("of", of, tuple(checked.texts)))

    @property
    def lines(self) -> pd.DataFrame:
        """All lines: the columns they were written with, and what was decided.

        ``text`` is as it stands now and ``draft`` as it was written, and of an e-mail ``subject``
        and ``draft_subject``; ``edited``; ``reasons`` of the check against it; ``status`` ("open",
        "approved", "flagged" or "rejected") with ``note``, ``editor`` and ``decided``, the time in
        UTC; ``title`` of the item that it names; ``preset``, ``language``, ``data`` and
        ``data_hash``. What lines of other kinds have and one has not is None.
        """
        rows = [self._row(line) for line in self._lines]
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

    def _line(self, line: int) -> ReviewedLine:
        if not 0 <= line < len(self._lines):
            raise UnknownIdError(f"there is no line {line}; lines run from 0 to {len(self) - 1}")
        return self._lines[line]

    def _fresh(self, written: dict[str, Any]) -> ReviewedLine:
        """Take in a line as it was written, and check it."""
        kind, voice = written.get(Columns.KIND, "line"), self.voice
        brief = CopyBrief.of(kind=kind, preset=self.preset, language=self.language, voice=voice)
        line = ReviewedLine.of(written, brief, self._reader)
        line.check(self.voice)
        return line

    def _decide(self, line: ReviewedLine, status: str, note: str) -> str:
        line.status, line.note, line.editor = status, note.strip(), self.editor
        line.decided = datetime.now(UTC).replace(microsecond=0)
        return status

    def _row(self, line: ReviewedLine) -> dict[str, Any]:
        title = "" if line.item is None else self._titles[line.item]
        data = {"language": self.language, "data": self.ds.name, "data_hash": self.ds.hash}
        texts = line.written | line.texts | line.drafts
        return texts | {Columns.TITLE: title} | line.decision | data


def _login() -> str:
    try:
        return getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return ""


def _column(values: list[Any]) -> pd.Series:
    """Keep whole numbers whole where some lines have none."""
    return pd.Series(values, dtype=object if any(value is None for value in values) else None)
