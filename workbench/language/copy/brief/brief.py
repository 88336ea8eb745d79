"""What is to be written: the format of the text, the domain, the language and the voice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypedDict, cast

from workbench.language.copy.brief.domain import Domain, domain_named, domain_of
from workbench.language.copy.brief.settings import Language, shipped, texts
from workbench.language.copy.brief.text_format import TextFormat, format_named
from workbench.language.copy.brief.voice import Voice, voice_of
from workbench.strings import LANGUAGES
from workbench.validation import one_of


class BriefOptions(TypedDict, total=False):
    """The keywords that say what is to be written, as `Copywriter.write` documents them."""

    kind: str
    preset: str | Path | None
    language: str
    voice: Voice | None
    tone: str | None


@dataclass(frozen=True)
class CopyBrief:
    """An order for copy, and the hand-written supply that answers it."""

    format: TextFormat
    domain: Domain | None  # None is the domain of each item, by its columns
    language: Language
    voice: Voice

    @classmethod
    def of(
        cls,
        *,
        kind: str = "line",
        preset: str | Path | None = None,
        language: str = "en",
        voice: Voice | None = None,
        tone: str | None = None,
    ) -> Self:
        """Return the brief of the public keywords."""
        domain = None if preset is None else domain_named(preset)
        one_of("language", language, LANGUAGES)
        return cls(format_named(kind), domain, cast(Language, language), voice_of(voice, tone))

    def about(self, row: Mapping[str, Any]) -> Self:
        """Return the brief for an item: in its own domain where none was named."""
        return self if self.domain else replace(self, domain=domain_of(row))

    @property
    def goods(self) -> Domain:
        """The domain, of a brief that is about an item."""
        assert self.domain is not None
        return self.domain

    @property
    def core(self) -> "CopyBrief":
        """The brief for the sentence at the heart of the text."""
        wrapped = self.format.wraps
        return replace(self, format=format_named(wrapped)) if wrapped else self

    @property
    def required(self) -> str:
        """Text that stands after everything delivered."""
        return self.goods.required.get(self.language, "")

    @property
    def words(self) -> frozenset[str]:
        """Words that are neutral here, beside the lexicon's."""
        listed = [source.words.get(self.language, "") for source in (self.format, self.goods)]
        return frozenset(" ".join([*listed, *self.voice.use]).lower().split())

    def sentences(self, evidence: str) -> list[str]:
        """Sentences for a type of evidence: the domain's, and the general ones if they suit."""
        return self._texts("patterns", evidence)

    def openings(self, evidence: str) -> list[str]:
        """Beginnings that a small model has to continue."""
        return self._texts("openings", evidence)

    def subjects(self, evidence: str) -> list[str]:
        """Subjects for a type of evidence."""
        tables = [self.goods.subjects, *([self.format.subjects] if self.goods.like else [])]
        supplies = [table.get(self.language, {}) for table in tables]
        return [text for supply in supplies for text in texts(supply, evidence, self.voice.tone)]

    def _texts(self, table: str, evidence: str) -> list[str]:
        language, tone, like = self.language, self.voice.tone, self.goods.like
        domain = getattr(self.goods, table).get(language, {}).get(self.format.name, {})
        chosen = texts(domain, evidence, tone)
        if like:
            chosen += texts(getattr(self.format, table).get(language, {}), evidence, tone)
            if self.format.name == "line":
                chosen += texts(
                    shipped(f"hand_written_{table}").get(language, {}), evidence, tone, like
                )
        return chosen
