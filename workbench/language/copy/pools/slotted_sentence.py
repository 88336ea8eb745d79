"""A sentence with slots, the situation that it may be said in, and whether it is sound."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from workbench.columns import Columns
from workbench.language.copy import prompts
from workbench.language.copy.goods_purpose import USES
from workbench.language.grounding.check import check
from workbench.strings import LANGUAGES

KINDS = ("liked", "bought", "own", "similar", "popular", "none")
GOODS = ("film", "shop", "any")
TONES = (*prompts.TONES, "any")
SLOTS = {"title", "because", "genre", "a_genre", "kind", "a_kind", "year", *USES}
LONGEST = 300  # characters of a sentence with its slots
HAND = "patterns"  # stands for a model where a sentence is hand-written
# Genres of two made-up items that share none: what holds for both holds for any item.
_GENRES = {"film": (["Crime"], ["Romance"]), "shop": (["Garden"], ["Toys"])}
_USES = {
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
        ``{use_for}``, ``{use_verb}``, ``{use_noun}`` and ``{use_trait}`` (see `use.use`).
    language : {"en", "zh"}
    kind : {"liked", "bought", "own", "similar", "popular", "none"}
        Kind of the evidence.
    goods : {"film", "shop", "any"}
    tone : {"warm", "plain", "playful", "any"}
    model : str
        Who wrote it: a model, or "patterns" where it is hand-written.
    seed : int
    raw : str
        What the model wrote after the forced opening, before slots were put in.
    """

    text: str
    language: str
    kind: str
    goods: str = "any"
    tone: str = "any"
    model: str = HAND
    seed: int = 0
    raw: str = ""

    @property
    def slots(self) -> frozenset[str]:
        """Names of the slots that have to be filled."""
        return prompts.slots_of(self.text)

    def faults(self) -> list[str]:
        """Say why the sentence must not enter a pool; nothing if it may."""
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                return [f"{name}: {getattr(self, name)!r} is not one of {', '.join(choices)}"]
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
        personal = self.kind in prompts.PERSONAL
        if named.count("title") != 1 or named.count("because") != personal:
            return ["text: needs {title} once, and {because} once if it is about the history"]
        if self.language == "en" and _BARE.search(self.text):
            return ["text: needs a noun after {genre} and {a_genre}, such as film or item"]
        return []

    def _faults_of_claims(self) -> list[str]:
        goods = ("film", "shop") if self.goods == "any" else (self.goods,)
        found = (self.reasons(own, genres) for own in goods for genres in _GENRES[own])
        return list(dict.fromkeys(str(reason) for reasons in found for reason in reasons))

    def reasons(self, goods: str, genres: Sequence[str], use: str = "") -> list[Any]:
        """Check the sentence on a made-up item of these genres and this use."""
        row = _sample(goods, genres, self.language)
        if uses := self.slots & _USES.keys():
            row[Columns.DESCRIPTION] = f"{use[0].upper()}{use[1:]}." if use else _USES[min(uses)]
        kind = "seen" if self.kind == "own" else self.kind
        evidence: list[dict[str, Any]] = [{"kind": kind}] if kind != "none" else []
        if "because" in self.slots:
            evidence[0] |= {Columns.TITLE: "Mirelto", Columns.YEAR: 1988, Columns.RATING: 5.0}
        quoted = "“{}”" if self.language == "zh" else "{}"
        title, because = quoted.format(row[Columns.TITLE]), quoted.format("Mirelto")
        text = prompts.fill(self.text, prompts.slots(row, title, because, language=self.language))
        return list(check(text, row, evidence, language=self.language)) if text else []


def _sample(goods: str, genres: Sequence[str], language: str) -> dict[str, Any]:
    """Make up the row of an item, on which to try words that are to hold for any."""
    row: dict[str, Any] = {Columns.ITEM: 0, Columns.TITLE: "Qorvane", Columns.GENRES: [*genres]}
    if goods == "film":
        return row | {Columns.YEAR: 1987}
    row |= {Columns.PRICE: 9.5}
    named = [_GENRES_ZH.get(genre, genre) for genre in genres]
    return row | {f"{Columns.GENRES}_zh": named} if language == "zh" else row


_CHOICES = {"language": LANGUAGES, "kind": KINDS, "goods": GOODS, "tone": TONES}
