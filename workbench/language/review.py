"""What a person decides about lines of copy before they are published."""

from dataclasses import dataclass
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError, UnknownIdError
from workbench.language.brief import Brief
from workbench.language.evidence import Catalogue
from workbench.language.export import PUBLISHED, export
from workbench.language.grounding import Claim, claims
from workbench.language.kinds import kind as kind_of
from workbench.language.preset import preset as preset_named
from workbench.language.preset import preset_of
from workbench.language.proof import faults, unfinished
from workbench.language.voice import Voice

OPEN, APPROVED, FLAGGED, REJECTED = "open", "approved", "flagged", "rejected"
STATUSES = (OPEN, APPROVED, FLAGGED, REJECTED)
NEEDED = (Columns.USER, Columns.ITEM, Columns.TEXT, Columns.SOURCE, Columns.EVIDENCE)


@dataclass
class _Line:
    """A line as it was written, and what has become of it."""

    written: dict[str, Any]
    text: str
    reasons: tuple[str, ...]
    status: str = OPEN
    note: str = ""
    editor: str = ""
    decided: datetime | None = None

    @property
    def edited(self) -> bool:
        return self.text != self.written[Columns.TEXT]

    @property
    def touched(self) -> bool:
        return self.edited or self.status != OPEN


class Review:
    """Lines of copy on their way to publication: each is checked, edited, approved or rejected.

    Lines are counted from 0, in the order in which they came; a line keeps its number.

    Parameters
    ----------
    ds : Dataset
        What they are written from.
    language : {"en", "zh"}
    preset : str or Path, optional
        Domain of the items, as in `Copywriter.write`.
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
        self._catalogue = Catalogue(ds, language=language)
        self._titles = ds.titles_in(language)
        self._lines: list[_Line] = []
        self._numbers: dict[tuple[Any, ...], int] = {}

    def __len__(self) -> int:
        return len(self._lines)

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
        if missing := [name for name in NEEDED if name not in lines]:
            raise DataError(f"lines lack the columns {missing}; give what Copywriter.write returns")
        numbers = []
        for written in lines.to_dict("records"):
            key = (written[Columns.USER], written[Columns.ITEM], written.get(Columns.KIND))
            number = self._numbers.setdefault(key, len(self._lines))
            if number == len(self._lines):
                self._lines.append(self._fresh(written))
            elif not self._lines[number].touched:
                self._lines[number] = self._fresh(written)
            numbers.append(number)
        return numbers

    def edit(self, line: int, text: str) -> tuple[str, ...]:
        """Change the text of a line, which is open again, and return what the check says of it.

        Returns
        -------
        tuple of str
            Reasons against it as "code" or "code:detail"; see `workbench.language.grounding.check`.
        """
        own = self._line(line)
        self._lines[line] = _Line(own.written, text, self._check(text, own.written))
        return self._lines[line].reasons

    def replace(self, line: int, written: pd.Series) -> None:
        """Put another line for the same user and item in its place."""
        own, other = self._line(line).written, written.to_dict()
        if any(own[key] != other[key] for key in (Columns.USER, Columns.ITEM)):
            raise DataError(f"line {line} is about item {own[Columns.ITEM]!r} for another user")
        self._lines[line] = self._fresh(own | other)

    def approve(self, line: int, *, reason: str = "") -> str:
        """Approve a line; one that does not pass the check needs a reason, and is marked.

        Returns
        -------
        str
            "approved", or "flagged" if it does not pass.

        Raises
        ------
        OptionError
            If it does not pass and no reason is given.
        """
        own = self._line(line)
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
        self.edit(line, self._line(line).text)

    def hold(self, voice: Voice) -> None:
        """Hold the lines that are still open to another voice."""
        self.voice = voice
        for own in self._lines:
            if own.status == OPEN:
                own.reasons = self._check(own.text, own.written)

    def claims(self, line: int) -> list[Claim]:
        """Which words of a line rest on which fact."""
        own = self._line(line)
        return self._claims(own.text, own.written)

    @property
    def lines(self) -> pd.DataFrame:
        """All lines: the columns they were written with, and what was decided.

        ``text`` is as it stands now and ``draft`` as it was written; ``edited``; ``reasons`` of
        the check against it; ``status`` ("open", "approved", "flagged" or "rejected") with
        ``note``, ``editor`` and ``decided``, the time in UTC; ``language``, ``data`` and
        ``data_hash``.
        """
        return pd.DataFrame([self._row(own) for own in self._lines])

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
        text = written[Columns.TEXT]
        return _Line(written, text, self._check(text, written))

    def _claims(self, text: str, written: dict[str, Any]) -> list[Claim]:
        row = self._catalogue.row(written[Columns.ITEM])
        return claims(text, row, written[Columns.EVIDENCE], language=self.language)

    def _check(self, text: str, written: dict[str, Any]) -> tuple[str, ...]:
        if not text and (refusal := written.get("reason")):
            return (f"refused:{refusal}",)
        row = self._catalogue.row(written[Columns.ITEM])
        found = self._claims(text, written)
        names = {text[c.start : c.end] for c in found if c.field.endswith(Columns.TITLE)}
        preset = preset_of(row) if self.preset is None else preset_named(self.preset)
        brief = Brief(
            kind_of(written.get(Columns.KIND, "line")), preset, self._catalogue.language, self.voice
        )
        own, evidence = unfinished(text, brief), written[Columns.EVIDENCE]
        reasons = list(map(str, faults(own, row, evidence, brief, names=names)))
        if not text.endswith(brief.required):
            reasons.append("required")
        return tuple(dict.fromkeys(reasons))

    def _decide(self, own: _Line, status: str, note: str) -> str:
        own.status, own.note, own.editor = status, note.strip(), self.editor
        own.decided = datetime.now(UTC).replace(microsecond=0)
        return status

    def _row(self, own: _Line) -> dict[str, Any]:
        return own.written | {
            Columns.TITLE: self._titles[own.written[Columns.ITEM]],
            Columns.TEXT: own.text,
            "draft": own.written[Columns.TEXT],
            "edited": own.edited,
            "reasons": list(own.reasons),
            "status": own.status,
            "note": own.note,
            "editor": own.editor,
            "decided": own.decided,
            "language": self.language,
            "data": self.ds.name,
            "data_hash": self.ds.hash,
        }


def _login() -> str:
    try:
        return getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return ""
