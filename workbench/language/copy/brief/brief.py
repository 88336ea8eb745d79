"""What is to be written: the kind of text, the domain, the language and the voice."""

from typing import NamedTuple

from workbench.language.copy import prompts
from workbench.language.copy.brief.domain import Domain
from workbench.language.copy.brief.settings import Language, openings, patterns
from workbench.language.copy.brief.text_format import TextFormat, format_named
from workbench.language.copy.brief.voice import Voice


class CopyBrief(NamedTuple):
    """An order for copy, and the hand-written supply that answers it."""

    kind: TextFormat
    preset: Domain
    language: Language
    voice: Voice

    @property
    def core(self) -> "CopyBrief":
        """The brief for the sentence at the heart of the text."""
        return self._replace(kind=format_named(self.kind.wraps)) if self.kind.wraps else self

    @property
    def required(self) -> str:
        """Text that stands after everything delivered."""
        return self.preset.required.get(self.language, "")

    @property
    def words(self) -> frozenset[str]:
        """Words that are neutral here, beside the lexicon's."""
        given = [source.words.get(self.language, "") for source in (self.kind, self.preset)]
        return frozenset(" ".join([*given, *self.voice.use]).lower().split())

    def patterns(self, situation: str) -> list[str]:
        """Sentences for a kind of evidence: the preset's own, and the general ones if they suit."""
        name, tone = self.kind.name, self.voice.tone
        own = self.preset.patterns.get(self.language, {}).get(name, {})
        found = patterns(own, situation, tone)
        if self.preset.like:
            found += patterns(self.kind.patterns.get(self.language, {}), situation, tone)
            if name == "line":
                found += prompts.patterns(self.language, situation, self.preset.like, tone)
        return found

    def subjects(self, situation: str) -> list[str]:
        """Subjects for a kind of evidence."""
        tables = [self.preset.subjects, *([self.kind.subjects] if self.preset.like else [])]
        tone = self.voice.tone
        return [p for t in tables for p in patterns(t.get(self.language, {}), situation, tone)]

    def openings(self, situation: str) -> list[str]:
        """Beginnings that a small model has to continue."""
        own = self.preset.openings.get(self.language, {}).get(self.kind.name, {})
        found = openings(own, situation)
        if self.preset.like:
            found += openings(self.kind.openings.get(self.language, {}), situation)
            if self.kind.name == "line":
                like, tone = self.preset.like, self.voice.tone
                found += prompts.openings(self.language, situation, like, tone)
        return found
