"""A text on its way: what it is about, what it may say, and what it is in the end."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any

from workbench.columns import Columns
from workbench.language.copy import prompts
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.proofreading import faults
from workbench.language.copy.slots import fill
from workbench.language.grounding.violation import Violation

NO_TEXT = "no-text"  # reason where nothing sound fits
PATTERNS = "patterns"  # stands for a model where a sentence is hand-written


@dataclass(eq=False)
class Draft:
    """One text to be written, and in the end delivered."""

    brief: CopyBrief
    reader: Any  # whose list it stands in; never part of a prompt
    row: dict[str, Any]
    evidence: list[dict[str, Any]]
    slots: list[dict[str, str]]  # one mapping for each choice of because and value
    shown: list[str]  # what each piece of evidence is called
    opening: str = ""  # what a small model has to continue
    sent: str = ""  # exactly what the model was sent
    sentence: str = ""  # the one at the heart of the text
    pattern: str = ""  # that sentence with its slots, if it had any
    text: str = ""
    subject: str = ""
    source: str = "pattern"
    model: str = PATTERNS  # who wrote the sentence
    raw: str = ""  # the model's own words
    refused: Violation | None = None
    fault: Violation | None = None  # why the model wrote nothing
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = [name for name in dict.fromkeys([self.slots[0]["title"], *self.shown]) if name]

    @property
    def evidence_types(self) -> list[str]:
        """Types of the evidence, strongest first, and "none", which always holds."""
        items = [str(e["kind"]) for e in self.evidence if Columns.ITEM in e]
        # Slots hold items of the strongest type only, of which no other type need be true.
        weaker = {"list", *items} - {*items[:1]}
        types = [str(e["kind"]) for e in self.evidence if e["kind"] not in weaker]
        return list(dict.fromkeys([*types, "none"]))

    @cached_property
    def situation(self) -> tuple[Any, ...]:
        """What decides which sentences suit: domain, evidence, and the slots that have a value."""
        filled = frozenset(n for n in self.slots[0] if any(map(itemgetter(n), self.slots)))
        return (self.brief.goods.name, *self.evidence_types, filled)

    def fillings(
        self, pattern: str, order: Callable[[Mapping[str, str]], int] | None = None
    ) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Fill a pattern with each choice of slots that has all values that it needs."""
        texts = set()
        for slots in sorted(self.slots, key=order) if order else self.slots:
            text = fill(pattern, slots | {"line": self.sentence} if self.sentence else slots)
            if text and text not in texts:
                texts.add(text)
                yield text, slots

    @property
    def whole(self) -> bool:
        """Whether a model writes all of a text that begins with a greeting."""
        return self.brief.format.several and not self.opening

    def sound(self, text: str, part: str = Columns.TEXT) -> bool:
        """Say whether a text may be delivered, or be the subject, or the sentence at its heart."""
        brief = self.brief.core if part == "sentence" else self.brief
        return not faults(text, self.row, self.evidence, brief, names=self.names, part=part)

    def read(self, raw: str) -> tuple[str, str]:
        """Return the subject and text, or the sentence, that a model's own words make."""
        if self.opening:
            text = self.opening + raw.rstrip()
            return "", text if self.brief.core.format.closed else text.rstrip(".")
        if not self.brief.format.subject:
            return "", raw.strip()
        first, _, rest = raw.strip().partition("\n")
        subject = re.fullmatch(r"(?:Subject|主题)[:：]\s*(.*?)\s*", first)
        return subject[1] if subject else "", rest.strip()

    def accepts(self, raw: str) -> bool:
        """Say whether what a model wrote may be delivered."""
        subject, text = self.read(raw)
        if self.opening:
            return self.sound(text, "sentence")
        has_subject = bool(self.brief.format.subject)
        return self.sound(text) and (not has_subject or self.sound(subject, Columns.SUBJECT))

    def take(self, raw: str, model: str) -> None:
        """Take what a model wrote."""
        self.subject, self.sentence = self.read(raw)
        self.raw, self.source, self.model = raw.rstrip(), "model", model
        if not (self.opening and self.brief.format.wraps):
            self.text = self.sentence

    def refuse(self, reason: Violation | None) -> None:
        """Deliver nothing, for a reason; go on if there is none."""
        if reason:
            self.refused, self.source = reason, "refused"
            self.text = self.subject = self.raw = self.pattern = ""
            self.model = PATTERNS

    def facts(self) -> list[str]:
        """Describe the item, a line each attribute."""
        return prompts.facts_of(self.row, self.slots[0]["title"], language=self.brief.language)

    def grounds(self) -> list[str]:
        """Describe the evidence, a line each."""
        return prompts.grounds_of(self.evidence, self.shown, language=self.brief.language)

    def open(self, opening: str) -> None:
        """Take an opening, and what the embedded model is sent; without one there is nothing."""
        self.opening, tone = opening, self.brief.voice.tone
        self.sent = prompts.embedded_prompt(self.row, opening, tone) if opening else ""

    def messages(self) -> list[dict[str, str]]:
        """Write the conversation for a model that follows instructions."""
        return prompts.messages(self.brief, [*self.facts(), *self.grounds()])


def columns(drafts: Sequence[Draft], brief: CopyBrief, seed: int) -> dict[str, Any]:
    """Return what is delivered of drafts, by column."""
    table: dict[str, Any] = {
        Columns.TEXT: [draft.text for draft in drafts],
        Columns.SOURCE: [draft.source for draft in drafts],
        Columns.EVIDENCE: [draft.evidence for draft in drafts],
        Columns.MODEL: [draft.model for draft in drafts],
        Columns.SEED: seed,
        Columns.KIND: brief.format.name,
        Columns.REASON: [str(draft.refused or draft.fault or "") for draft in drafts],
        Columns.RAW: [draft.raw for draft in drafts],
        Columns.PROMPT_HASH: [
            prompts.digest(draft.sent) if draft.source == "model" else "" for draft in drafts
        ],
        Columns.PROMPT_VERSION: prompts.version(),
    }
    if brief.format.subject:
        table[Columns.SUBJECT] = [draft.subject for draft in drafts]
    return table
