"""A sentence with slots, the situation that it may be said in, and whether it is sound."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Self

from workbench.columns import Columns
from workbench.errors import DataFileError
from workbench.language.copy.brief.voice import TONES as VOICES
from workbench.language.copy.prompts import PERSONAL
from workbench.language.copy.slots import PURPOSE_SLOTS, fill, slot_values, slots_of
from workbench.language.grounding.check import check
from workbench.strings import LANGUAGES

EVIDENCE_TYPES = ("liked", "bought", "own", "similar", "popular", "none")
DOMAINS = ("film", "shop", "any")
TONES = (*VOICES, "any")
SLOTS = {"title", "because", "genre", "a_genre", "kind", "a_kind", "year", *PURPOSE_SLOTS}
LONGEST = 300  # characters of a sentence with its slots
HAND = "patterns"  # stands for a model where a sentence is hand-written
_KEYS = {"evidence": "kind", "domain": "goods"}  # as pools in files have called them ever since
# Genres of two made-up items that share none: what holds for both holds for any item.
_GENRES = {"film": (["Crime"], ["Romance"]), "shop": (["Garden"], ["Toys"])}
_PURPOSES = {
    "use_for": "For the first months.", "use_verb": "Dries overnight.",
    "use_noun": "A quiet helper for long rows.", "use_trait": "Soft under old bones.",
}  # fmt: skip
# By itself "a crime" or "a home" is something else than a genre.
_BARE = re.compile(r"\{(?:a_)?genre\}(?! (?:film|pick|item|title|choice)\b)")
_GENRES_ZH = {"Garden": "园艺", "Toys": "玩具"}


@dataclass(frozen=True)
class SlottedSentence:
    """A sentence with slots, and the situation that it may be said in.

    Attributes
    ----------
    text : str
        With the slots ``{title}`` and, if it needs them, ``{because}`` (an item of the history),
        ``{genre}``, ``{a_genre}`` ("a drama"), of films in English ``{kind}`` and ``{a_kind}`` ("a
        romantic comedy"), ``{year}``, and of goods in English what they are for, by its form:
        ``{use_for}``, ``{use_verb}``, ``{use_noun}`` and ``{use_trait}`` (see `slots.purpose`).
    language : {"en", "zh"}
    evidence : {"liked", "bought", "own", "similar", "popular", "none"}
        Type of the evidence; "kind" in files and tables.
    domain : {"film", "shop", "any"}
        Of the items; "goods" in files and tables.
    tone : {"warm", "plain", "playful", "any"}
    model : str
        Who wrote it: a model, or "patterns" where it is hand-written.
    seed : int
    raw : str
        What the model wrote after the forced opening, before slots were put in.
    """

    text: str
    language: str
    evidence: str
    domain: str = "any"
    tone: str = "any"
    model: str = HAND
    seed: int = 0
    raw: str = ""

    @classmethod
    def columns(cls) -> list[str]:
        """Names of what a pool's file or table has of each sentence."""
        return [_KEYS.get(name, name) for name in cls.__dataclass_fields__]

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Return the sentence of `record`."""
        fields = {key: name for name, key in _KEYS.items()}
        return cls(**{fields.get(key, key): value for key, value in record.items()})

    def record(self) -> dict[str, Any]:
        """Return what a pool's file or table has of the sentence."""
        return {_KEYS.get(name, name): value for name, value in asdict(self).items()}

    @property
    def slots(self) -> frozenset[str]:
        """Names of the slots that have to be filled."""
        return slots_of(self.text)

    def faults(self) -> list[str]:
        """Say why the sentence must not enter a pool; nothing if it may."""
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                listed = ", ".join(choices)
                return [f"{_KEYS.get(name, name)}: {getattr(self, name)!r} is not one of {listed}"]
        texts = ("text", "model", "raw")
        wrong = [f"{name}: not text" for name in texts if not isinstance(getattr(self, name), str)]
        return wrong or self._faults_of_slots() or self._faults_of_claims()

    def _faults_of_slots(self) -> list[str]:
        if len(self.text) > LONGEST:
            return [f"text: longer than {LONGEST} characters"]
        try:
            parts = list(Formatter().parse(self.text))
        except ValueError as error:
            return [f"text: {error}"]
        named = [name for _, name, _, _ in parts if name is not None]
        if any(spec or conversion for _, _, spec, conversion in parts) or not set(named) <= SLOTS:
            return [f"text: has other slots than {', '.join(sorted(SLOTS))}"]
        personal = self.evidence in PERSONAL
        if named.count("title") != 1 or named.count("because") != personal:
            return ["text: needs {title} once, and {because} once if it is about the history"]
        if self.language == "en" and _BARE.search(self.text):
            return ["text: needs a noun after {genre} and {a_genre}, such as film or item"]
        return []

    def _faults_of_claims(self) -> list[str]:
        domains = ("film", "shop") if self.domain == "any" else (self.domain,)
        checks = (self.reasons(domain, genres) for domain in domains for genres in _GENRES[domain])
        return list(dict.fromkeys(str(reason) for reasons in checks for reason in reasons))

    def reasons(self, domain: str, genres: Sequence[str], purpose: str = "") -> list[Any]:
        """Check the sentence on a made-up item of these genres and this purpose."""
        row = _sample(domain, genres, self.language)
        if uses := self.slots & _PURPOSES.keys():
            stated = f"{purpose[0].upper()}{purpose[1:]}." if purpose else _PURPOSES[min(uses)]
            row[Columns.DESCRIPTION] = stated
        kind = "seen" if self.evidence == "own" else self.evidence
        evidence: list[dict[str, Any]] = [{"kind": kind}] if kind != "none" else []
        if "because" in self.slots:
            evidence[0] |= {Columns.TITLE: "Mirelto", Columns.YEAR: 1988, Columns.RATING: 5.0}
        quoted = "“{}”" if self.language == "zh" else "{}"
        title, because = quoted.format(row[Columns.TITLE]), quoted.format("Mirelto")
        text = fill(self.text, slot_values(row, title, because, language=self.language))
        return list(check(text, row, evidence, language=self.language)) if text else []


def read_sentences(path: Path) -> Iterator[SlottedSentence]:
    """Read JSON lines, or TOML by language, type of evidence, domain and tone.

    Whether the sentences are sound is another matter.

    Raises
    ------
    DataFileError
        If the file cannot be read; a line that is no sentence is named.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{str(path)!r} cannot be read as a pool: {error}") from error
    if path.suffix == ".toml":
        for language, types in tomllib.loads(content).items():
            for evidence, domains in types.items():
                for domain, tones in domains.items():
                    for tone, texts in tones.items():
                        for text in texts:
                            yield SlottedSentence(text, language, evidence, domain, tone)
        return
    for number, line in enumerate(content.splitlines(), 1):
        try:
            yield SlottedSentence.from_record(json.loads(line))
        except (TypeError, ValueError, RecursionError, AttributeError) as error:
            message = f"{str(path)!r}, line {number}, is not a sentence of a pool: {error}"
            raise DataFileError(message) from error


def _sample(domain: str, genres: Sequence[str], language: str) -> dict[str, Any]:
    """Make up the row of an item, on which to try words that are to hold for any."""
    row: dict[str, Any] = {Columns.ITEM: 0, Columns.TITLE: "Qorvane", Columns.GENRES: [*genres]}
    if domain == "film":
        return row | {Columns.YEAR: 1987}
    row |= {Columns.PRICE: 9.5}
    named = [_GENRES_ZH.get(genre, genre) for genre in genres]
    return row | {f"{Columns.GENRES}_zh": named} if language == "zh" else row


_CHOICES = {
    "language": LANGUAGES, "evidence": EVIDENCE_TYPES, "domain": DOMAINS, "tone": TONES,
}  # fmt: skip
