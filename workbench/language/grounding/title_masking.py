"""A text with its titles set aside, and the way back to where its words stood."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.language.grounding.item_facts import Row, goods_of, makers, names, values
from workbench.language.grounding.lexicon import words
from workbench.language.grounding.violation import Violation
from workbench.words import WORD, normal

ITEM, OTHER, ALLOWED = "\ue000", "\ue001", "\ue002"  # stand in for what is set aside
CLAUSE = re.compile(r"[,;:!?。…—–\n]|\.(?!\d)")
SENTENCE = re.compile(r"[!?。…\n]|\.(?!\d)")
_JOINED = re.compile(
    rf"[》”]?\s?(?:and|or|和|与|及|、)\s?[《“]?({ITEM}+)(?=[》”]?\s?(?:[,;:!?。…\n]|\.(?!\d)|$))"
)
_IT = re.compile(r"\s?(?:it|this|them)\b|它")


class Name(NamedTuple):
    """A form in which a text may name an item, and what it then rests on."""

    form: str
    mark: str
    rows: tuple[Row, ...] = ()
    field: str = "evidence.value"


class Title(NamedTuple):
    """A title in a text."""

    start: int
    end: int
    name: Name


def known_names(row: Row, evidence: Iterable[Row], allowed: Collection[str] = ()) -> list[Name]:
    """Return the forms to set aside, longest first, so that none hides in another."""
    goods = goods_of(row)
    rows: dict[str, tuple[Row, ...]] = {}
    known = {form: Name(form, ALLOWED) for text in allowed for form in _beginnings(text)}
    known |= {make: Name(make, ALLOWED, (row,), where) for make, where in makers(row).items()}
    for other in evidence:
        if other["kind"] == "attribute":
            forms = {form for value in values(other) for form in _beginnings(value)}
            known |= {form: Name(form, ALLOWED, (other,)) for form in forms}
        else:
            rows |= {form: (*rows.get(form, ()), other) for form in names(other, goods)}
    known |= {form: Name(form, OTHER, others) for form, others in rows.items()}
    known |= {form: Name(form, ITEM, (row,)) for form in names(row, goods)}
    return sorted(known.values(), key=lambda name: (-len(name.form), name.form))


@dataclass
class Masked:
    """A text in normal form, each title overlaid with a character of its own."""

    text: str
    places: Sequence[tuple[int, int]]
    titles: list[Title] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, known: Iterable[Name]) -> "Masked":
        """Normalise a text and set the names it holds aside."""
        plain, places = _normalised(text)
        # What a text brings of the masks' own characters must not pass for a title.
        masked = cls(re.sub(f"[{ITEM}{OTHER}{ALLOWED}]", "\ufffd", plain), places)
        for name in known:
            end, length = 0, len(name.form)
            while (start := masked.text.find(name.form, end)) >= 0:
                before, end = masked.text[:start], start + length
                if not (_runs_on(masked.text, start) or _runs_on(masked.text, end)):
                    masked.text = before + name.mark * length + masked.text[end:]
                    masked.titles.append(Title(start, end, name))
        masked.titles.sort()
        return masked

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Say where a span stood in the text as it was given."""
        return self.places[start][0], self.places[end - 1][1]

    def placed(self, reason: Violation) -> Violation:
        """Say where a reason stands in the text as it was given."""
        if reason.start is None or reason.end is None:
            return reason
        start, end = self.place(reason.start, reason.end)
        return reason._replace(start=start, end=end)

    def subject(self, start: int, end: int, language: str) -> Title | None:
        """Return the title that a word speaks of, if it speaks of one.

        That is the next title of the word's clause ("you loved Casino"), else the last before it
        in the sentence ("Casino was a hit with you").
        """
        titles = [title for title in self.titles if title.name.mark != ALLOWED]
        after = next((title for title in titles if title.start >= end), None)
        if after and not CLAUSE.search(self.text, end, after.start):
            # Of "you loved Casino and Heat." the last title decides.
            last = _JOINED.match(self.text, after.end)
            return next((t for t in titles if last and t.end == last.end(1)), after)
        before = next((title for title in reversed(titles) if title.end <= start), None)
        if before is None or SENTENCE.search(self.text, before.end, start):
            return None
        if _IT.match(self.text, end):  # "you loved it"
            return before
        between = WORD.findall(self.text[before.end : start].lower())
        # "Heat, which you rated" speaks of Heat; "Heat is here, since you rated" does not.
        parts = between if language == "en" else "".join(between)
        close = words(language, "relative").issuperset(parts)
        return before if before.name.mark == OTHER or close else None

    def opens(self, start: int) -> bool:
        """Say whether a word is the first of a sentence, or of what reads like one."""
        before = self.text[:start].rstrip()
        return not before or before[-1] in '.!?:—–“"('

    @property
    def read(self) -> str:
        """The text with one character for each title."""
        return re.sub(rf"([{ITEM}{OTHER}{ALLOWED}])\1*", r"\1", self.text)


def _normalised(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Bring a text to normal form; say of each character where it stood."""
    if text.isascii():
        return text, [(at, at + 1) for at in range(len(text))]
    clusters: list[tuple[int, int]] = []
    for at, character in enumerate(text):
        start = clusters.pop()[0] if clusters and unicodedata.combining(character) else at
        clusters.append((start, at + 1))
    pieces = [normal(text[start:end]) for start, end in clusters]
    places = [c for c, piece in zip(clusters, pieces, strict=True) for _ in piece]
    return "".join(pieces), places


def _beginnings(form: str) -> set[str]:
    """Forms of a word within a sentence and at its beginning."""
    plain = normal(form)
    return {plain, plain[:1].upper() + plain[1:]} - {""}


def _runs_on(text: str, at: int) -> bool:
    # Chinese runs on without spaces, so only a Latin letter or digit has to end a word.
    before, after = text[at - 1 : at], text[at : at + 1]
    return _is_letter(before) and _is_letter(after)


def _is_letter(character: str) -> bool:
    return character == "_" or (character.isalnum() and not "\u3400" <= character <= "\u9fff")
