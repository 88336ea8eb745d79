"""A line as it was written, what it is held to, and what a person decided on it."""

from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd

from workbench.columns import Columns
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.proofreading import line_faults
from workbench.language.grounding.check import claims
from workbench.language.grounding.violation import Claim, Violation

OPEN, APPROVED, FLAGGED, REJECTED = "open", "approved", "flagged", "rejected"
STATUSES = (OPEN, APPROVED, FLAGGED, REJECTED)
DRAFTS = {Columns.TEXT: "draft", Columns.SUBJECT: "draft_subject"}


@dataclass
class ReviewedLine:
    """A line as it was written, what it is held to, and what has become of it."""

    key: tuple[Any, ...]
    written: dict[str, Any]
    brief: CopyBrief
    item: Any  # that the text names; None of a list
    row: dict[str, Any]
    barred: Violation | None  # why no text may recommend it
    texts: dict[str, str]
    reasons: tuple[str, ...] = ()
    status: str = OPEN
    note: str = ""
    editor: str = ""
    decided: Any = pd.NaT

    @classmethod
    def of(cls, written: dict[str, Any], brief: CopyBrief, reader: EvidenceReader) -> Self:
        """Return a line as `Copywriter.write` wrote it, not yet checked."""
        format, user = brief.format, written[Columns.USER]
        single = format.per == "item"
        items = [written[Columns.ITEM]] if single else written[Columns.ITEMS]
        rows = [reader.row(item) for item in items]
        brief, attributes = brief.about(rows[0] if rows else {}), reader.user(user)
        refusals = (brief.goods.refusal(attributes, row) for row in rows)
        named = format.named and bool(rows)
        return cls(
            key=(None if user != user else user, items[0] if single else None, format.name),
            written=written,
            brief=brief,
            item=items[0] if named else None,
            row=rows[0] if named else {Columns.TITLE: ""},
            barred=next(filter(None, refusals), None),
            texts={part: written[part] for part in format.parts},
        )

    @property
    def edited(self) -> bool:
        """Whether a person changed its words."""
        return any(text != self.written[part] for part, text in self.texts.items())

    @property
    def touched(self) -> bool:
        """Whether a person changed or decided anything."""
        return self.edited or self.status != OPEN

    @property
    def drafts(self) -> dict[str, str]:
        """Its texts as they were written, by the column that they have in a table."""
        return {DRAFTS[part]: self.written[part] for part in self.texts}

    @property
    def decision(self) -> dict[str, Any]:
        """What became of it, by column."""
        return {
            "edited": self.edited,
            "reasons": list(self.reasons),
            "status": self.status,
            "note": self.note,
            "editor": self.editor,
            "decided": self.decided,
            "preset": self.brief.goods.name,
        }

    def claims(self, part: str) -> list[Claim]:
        """Which words of a text rest on which fact."""
        text = self.texts[part].removesuffix(self.brief.required)
        return claims(text, self.row, self.written[Columns.EVIDENCE], language=self.brief.language)

    def check(self, voice: Voice) -> None:
        """Note what the check says of the line in a voice."""
        refusal = self.written.get(Columns.REASON)
        if refusal and not self.texts[Columns.TEXT]:
            self.reasons = (f"refused:{refusal}",)
            return
        brief = replace(self.brief, voice=voice)
        faults = line_faults(self.texts, self.row, self.written[Columns.EVIDENCE], brief)
        self.reasons = tuple(dict.fromkeys(map(str, filter(None, [self.barred, *faults]))))
