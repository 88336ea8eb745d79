"""Recommendations become lines: each situation finds its sentence, each slot its value."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.errors import DataError
from workbench.language import prompts, spread
from workbench.language.evidence import Catalogue
from workbench.language.grounding import check, goods_of
from workbench.language.sentence import HAND, Sentence

# A sentence about the whole history may be said of what was liked or bought as well.
_OWN = {"liked": ("liked", "own"), "bought": ("bought", "own"), "seen": ("own",)}
_GENRE = {"genre", "a_genre"}


class Filled(NamedTuple):
    """A finished line, and the sentence with slots that it was made of."""

    text: str
    source: str
    evidence: list[dict[str, Any]]
    model: str
    sentence: str


@dataclass(frozen=True)
class _Line:
    """What a recommendation gives to a sentence."""

    user: Any
    row: Mapping[str, Any]
    evidence: list[dict[str, Any]]
    kind: str
    goods: str
    slots: Mapping[str, str]
    titles: tuple[str, ...]

    @property
    def situation(self) -> tuple[str, str, bool, bool]:
        return self.kind, self.goods, bool(self.slots["genre"]), bool(self.slots["year"])

    def mistakable(self, text: str) -> bool:
        """Whether a title can be read elsewhere than in its slot, if only across a comma."""
        own = f"{self.slots['title']}\n{self.slots['because']}"
        return any(text.count(title) > own.count(title) for title in self.titles)

    def sound(self, text: str, language: str) -> bool:
        return not check(text, self.row, self.evidence, language=language)


def fill(
    supply: Sequence[Sentence], recs: pd.DataFrame, catalogue: Catalogue, tone: str, seed: int
) -> list[Filled]:
    """Fill a sentence of the supply for each recommendation, or a hand-written pattern.

    A sentence is sound of any item, so that only what could be mistaken is checked again: a genre
    that the supply has not met, and titles that may be read elsewhere than in their slots.
    """
    lines = _lines(recs, catalogue)
    uses: Counter[Any] = Counter()
    filled = []
    for line, number in zip(lines, _chosen(recs, lines, supply, seed), strict=True):
        sentence = supply[number] if number >= 0 else None
        if sentence and _holds(sentence, line):
            text = sentence.text.format_map(line.slots)
            if not line.mistakable(text) or line.sound(text, sentence.language):
                own = Filled(text, "pool", line.evidence, sentence.model, sentence.text)
                filled.append(own)
                continue
        filled.append(_by_hand(line, catalogue.language, tone, seed, uses))
    return filled


def _holds(sentence: Sentence, line: _Line) -> bool:
    if not sentence.slots & _GENRE:
        return True
    own = line.row.get(f"{Columns.GENRES}_{sentence.language}", line.row[Columns.GENRES])
    return _sound_of(sentence, line.goods, tuple(own))


@lru_cache(maxsize=2**16)
def _sound_of(sentence: Sentence, goods: str, genres: tuple[str, ...]) -> bool:
    return not sentence.reasons(goods, genres)


def _by_hand(line: _Line, language: str, tone: str, seed: int, uses: Counter[Any]) -> Filled:
    """Fill a sound pattern that the user's list has used least."""
    kinds = dict.fromkeys([line.kind, "none"])
    patterns = [p for kind in kinds for p in prompts.patterns(language, kind, line.goods, tone)]
    random.Random(f"{line.user} {line.slots['title']} {seed}").shuffle(patterns)
    for pattern in sorted(patterns, key=lambda p: uses[line.user, p]):
        text = prompts.fill(pattern, line.slots)
        if text and line.sound(text, language):
            uses[line.user, pattern] += 1
            return Filled(text, "pattern", line.evidence, HAND, pattern)
    raise DataError(f"no sentence about {line.slots['title']!r} passes the grounding check")


def _chosen(
    recs: pd.DataFrame, lines: Sequence[_Line], supply: Sequence[Sentence], seed: int
) -> list[int]:
    """Number of a sentence of the supply for each line, -1 where none fits."""
    situations: dict[tuple[str, str, bool, bool], int] = {}
    codes = [situations.setdefault(line.situation, len(situations)) for line in lines]
    fits = [[_fits(s, *situation) for s in supply] for situation in situations]
    users, items = recs[Columns.USER], recs[Columns.ITEM]
    texts = [sentence.text for sentence in supply]
    return spread.choose(users, items, texts, np.array(fits), np.array(codes), seed).tolist()


def _fits(sentence: Sentence, kind: str, goods: str, genre: bool, year: bool) -> bool:
    return (
        sentence.kind in _OWN.get(kind, (kind,))
        and sentence.goods in (goods, "any")
        and (genre or not sentence.slots & _GENRE)
        and (year or "year" not in sentence.slots)
    )


def _lines(recs: pd.DataFrame, catalogue: Catalogue) -> list[_Line]:
    others = {pair[0] for pairs in recs[Columns.BECAUSE] for pair in pairs}
    catalogue.read(recs[Columns.USER].unique(), [*recs[Columns.ITEM], *others])
    about: dict[Any, tuple[Mapping[str, Any], str, Mapping[str, str]]] = {}
    names: dict[Any, str] = {}
    uses: Counter[Any] = Counter()
    lines = []
    fields = [Columns.USER, Columns.ITEM, Columns.BECAUSE]
    for user, item, because in recs[fields].to_numpy():
        if item not in about:
            about[item] = _about(item, catalogue)
        row, goods, slots = about[item]
        evidence = catalogue.evidence(user, item, because)
        first = _least_used(evidence, user, uses)
        if Columns.TITLE in first:
            key = goods, first[Columns.ITEM]
            if key not in names:
                names[key] = catalogue.name(first, goods, dated=False)
            slots = {**slots, "because": names[key]}
        keys = (Columns.TITLE, f"{Columns.TITLE}_zh")
        titles = tuple(of[key] for of in (row, first) for key in keys if key in of)
        lines.append(_Line(user, row, evidence, first["kind"], goods, slots, titles))
    return lines


def _about(item: Any, catalogue: Catalogue) -> tuple[Mapping[str, Any], str, Mapping[str, str]]:
    row = catalogue.row(item)
    goods = goods_of(row)
    title = catalogue.name(row, goods)
    return row, goods, prompts.slots(row, title, "", language=catalogue.language)


def _least_used(evidence: list[dict[str, Any]], user: Any, uses: Counter[Any]) -> dict[str, Any]:
    """Of the strongest kind of evidence, what the user's list has named least."""
    if not evidence:
        return {"kind": "none"}
    alike = [each for each in evidence if each["kind"] == evidence[0]["kind"]]
    first = min(alike, key=lambda each: uses[user, each.get(Columns.ITEM)])
    uses[user, first.get(Columns.ITEM)] += 1
    return first
