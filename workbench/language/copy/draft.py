"""A text on its way: what it is about, what it may say, and how a supply is filled for it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from workbench.columns import Columns
from workbench.language.copy import prompts, proofreading
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.text_format import TextFormat
from workbench.language.grounding.violation import Violation

PATTERNS = "patterns"


@dataclass
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
    text: str = ""
    subject: str = ""
    source: str = "pattern"
    raw: str = ""  # the model's own words
    refused: Violation | None = None
    fault: Violation | None = None  # why the model wrote nothing
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = [name for name in dict.fromkeys([self.slots[0]["title"], *self.shown]) if name]

    @property
    def situations(self) -> list[str]:
        """Kinds of the evidence, strongest first, and "none", which always holds."""
        own = [str(e["kind"]) for e in self.evidence if Columns.ITEM in e]
        # Slots hold items of the strongest kind only, of which no other kind need be true.
        weaker = {"list", *own} - {*own[:1]}
        kinds = [str(e["kind"]) for e in self.evidence if e["kind"] not in weaker]
        return list(dict.fromkeys([*kinds, "none"]))

    def filled(self, supply: Iterable[str], **more: str) -> dict[str, str]:
        """Fill the patterns of a supply that can be filled; the pattern of each text."""
        texts = [
            (prompts.fill(pattern, slots | more), pattern)
            for pattern, slots in product(supply, self.slots)
        ]
        return {text: pattern for text, pattern in texts if text}

    @property
    def whole(self) -> bool:
        """Whether a model writes all of a text that begins with a greeting."""
        return self.brief.kind.several and not self.opening

    def openings(self) -> dict[str, str]:
        """Fill the openings on the strongest evidence; on weaker, hand-written text is better."""
        filled = self.filled(self.brief.core.openings(self.situations[0]))
        # A title that no year and no mark closes would be gone on with, as a longer one.
        verbs = {text: " is" if text[-1:].isalnum() else "" for text in filled}
        return {text + verbs[text]: pattern + verbs[text] for text, pattern in filled.items()}

    def sound(self, text: str) -> bool:
        """Say whether a text may be delivered."""
        return not proofreading.faults(text, self.row, self.evidence, self.brief, names=self.names)

    def sound_sentence(self, text: str) -> bool:
        """Say whether a sentence may stand at the heart of the text."""
        core = self.brief.core
        return not proofreading.faults(text, self.row, self.evidence, core, names=self.names)

    def sound_subject(self, text: str) -> bool:
        """Say whether a subject may be delivered."""
        return not proofreading.subject_faults(
            text, self.row, self.evidence, self.brief, names=self.names
        )

    def read(self, raw: str) -> tuple[str, str]:
        """Return the subject and text, or the sentence, that a model's own words make."""
        kind = self.brief.kind
        raw = raw.rstrip()
        if self.opening:
            text = self.opening + raw
            return "", text if self.brief.core.kind.closed else text.rstrip(".")
        if not kind.subject:
            return "", raw.strip()
        first, _, rest = raw.strip().partition("\n")
        found = re.fullmatch(r"(?:Subject|主题)[:：]\s*(.*?)\s*", first)
        return found[1] if found else "", rest.strip()

    def accepts(self, raw: str) -> bool:
        """Say whether what a model wrote may be delivered."""
        subject, text = self.read(raw)
        if self.opening:
            return self.sound_sentence(text)
        return self.sound(text) and (not self.brief.kind.subject or self.sound_subject(subject))

    def take(self, raw: str) -> None:
        """Take what a model wrote."""
        self.subject, text = self.read(raw)
        self.raw, self.source = raw.rstrip(), "model"
        self.sentence = text
        if not (self.opening and self.brief.kind.wraps):
            self.text = text

    def refuse(self, reason: Violation | None) -> None:
        """Deliver nothing, for a reason; go on if there is none."""
        if reason:
            self.refused, self.source = reason, "refused"

    def facts(self) -> list[str]:
        """Describe the item, a line each attribute."""
        title = self.slots[0]["title"]
        return prompts.facts_of(self.row, title, language=self.brief.language)

    def grounds(self) -> list[str]:
        """Describe the evidence, a line each."""
        return prompts.grounds_of(self.evidence, self.shown, language=self.brief.language)

    def begin(self, opening: str) -> None:
        """Take an opening, and what the embedded model is sent; without one there is nothing."""
        self.opening, tone = opening, self.brief.voice.tone
        self.sent = prompts.taught(self.row, opening, tone) if opening else ""

    def messages(self) -> list[dict[str, str]]:
        """Write the conversation for a model that follows instructions."""
        kind, preset, language, voice = self.brief
        limit = min(kind.length[language][1], voice.max_chars or kind.length[language][1])
        return prompts.messages(
            kind.ask[language],
            [*self.facts(), *self.grounds()],
            goods=preset.goods.get(language, preset.name),
            limit=limit - len(self.brief.required),
            language=language,
            voice=voice,
            never=preset.never.get(language, ()),
        )


def columns(drafts: Sequence[Draft], kind: TextFormat, model: str, seed: int) -> dict[str, Any]:
    """Return what is delivered of drafts of a kind, by column."""
    written = [draft.source == "model" for draft in drafts]
    found: dict[str, Any] = {
        Columns.TEXT: [draft.text for draft in drafts],
        Columns.SOURCE: [draft.source for draft in drafts],
        Columns.EVIDENCE: [draft.evidence for draft in drafts],
        Columns.MODEL: [model if own else PATTERNS for own in written],
        Columns.SEED: seed,
        Columns.KIND: kind.name,
        Columns.REASON: [str(draft.refused or draft.fault or "") for draft in drafts],
        Columns.RAW: [draft.raw for draft in drafts],
        Columns.PROMPT_HASH: [
            prompts.digest(draft.sent) if own else ""
            for draft, own in zip(drafts, written, strict=True)
        ],
        Columns.PROMPT_VERSION: prompts.version(),
    }
    if kind.subject:
        found[Columns.SUBJECT] = [draft.subject for draft in drafts]
    return found
