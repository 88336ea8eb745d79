"""Drafts become lines: each situation finds its sentence, each slot its value."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.draft import Draft
from workbench.language.copy.goods_purpose import USES
from workbench.language.copy.pools import sentence_assignment
from workbench.language.copy.pools.slotted_sentence import SlottedSentence
from workbench.language.grounding.item_facts import goods_of

# A sentence about the whole history may be said of what was liked or bought as well.
_OWN = {"liked": ("liked", "own"), "bought": ("bought", "own"), "seen": ("own",)}
_GENRE = {"genre", "a_genre", "kind", "a_kind"}
_STATING = {*_GENRE, *USES}  # slots whose values a sentence may not go with
_TITLES = (Columns.TITLE, f"{Columns.TITLE}_zh")


class _Situation(NamedTuple):
    """What a draft gives to sentences."""

    kind: str
    goods: str
    genre: bool
    year: bool
    use: str  # slot that what the goods are for fits

    def suits(self, sentence: SlottedSentence) -> bool:
        return (
            sentence.kind in _OWN.get(self.kind, (self.kind,))
            and sentence.goods in (self.goods, "any")
            and (self.genre or not sentence.slots & _GENRE)
            and (self.year or "year" not in sentence.slots)
            and (sentence.slots & USES.keys()) <= {self.use}
        )


def fill(
    supply: Sequence[SlottedSentence], drafts: Sequence[Draft], seed: int
) -> list[SlottedSentence | None]:
    """Give each draft a sentence of the supply, its slots filled; return these sentences.

    A sentence is sound of any item, so that only what could be mistaken is checked again: a genre
    that the supply has not met, and titles that may be read elsewhere than in their slots.
    """
    values = _values(drafts)
    situations = [
        _Situation(
            _kind(draft),
            goods_of(draft.row),
            bool(own["genre"]),
            bool(own["year"]),
            next((slot for slot in USES if own[slot]), ""),
        )
        for draft, own in zip(drafts, values, strict=True)
    ]
    chosen = _chosen(supply, drafts, situations, seed)
    lines = zip(drafts, values, situations, chosen, strict=True)
    return [s if s and _filled(draft, own, at.goods, s) else None for draft, own, at, s in lines]


def _values(drafts: Sequence[Draft]) -> list[Mapping[str, str]]:
    """Choose among each draft's slots those whose evidence its list has named least."""
    uses: Counter[Any] = Counter()
    found: list[Mapping[str, str]] = []
    for draft in drafts:
        found.append(min(draft.slots, key=lambda own: uses[draft.reader, own["because"]]))
        uses[draft.reader, found[-1]["because"]] += 1
    return found


def _kind(draft: Draft) -> str:
    """Return the strongest kind of evidence; sentences of a pool are about no attribute."""
    return next((str(e["kind"]) for e in draft.evidence if e["kind"] != "attribute"), "none")


def _chosen(
    supply: Sequence[SlottedSentence],
    drafts: Sequence[Draft],
    situations: Sequence[_Situation],
    seed: int,
) -> list[SlottedSentence | None]:
    known: dict[_Situation, int] = {}
    codes = np.array([known.setdefault(situation, len(known)) for situation in situations])
    fits = np.array([[situation.suits(sentence) for sentence in supply] for situation in known])
    readers = pd.Series([draft.reader for draft in drafts])
    items = pd.Series([draft.row[Columns.ITEM] for draft in drafts])
    numbers = sentence_assignment.choose(
        readers, items, [s.text for s in supply], fits, codes, seed
    )
    return [supply[number] if number >= 0 else None for number in numbers.tolist()]


def _filled(draft: Draft, values: Mapping[str, str], goods: str, sentence: SlottedSentence) -> bool:
    """Fill a sentence into a draft, if it may stand there; say whether it does."""
    text = sentence.text.format_map(values)
    sound = _holds(sentence, draft.row, values, goods) and (
        draft.sound_sentence(text) if _mistakable(text, draft, values) else _suits(text, draft)
    )
    if sound:
        draft.text, draft.source = text, "pool"
    return sound


def _holds(
    sentence: SlottedSentence, row: Mapping[str, Any], values: Mapping[str, str], goods: str
) -> bool:
    if not sentence.slots & _STATING:
        return True
    own = row.get(f"{Columns.GENRES}_{sentence.language}", row[Columns.GENRES])
    said = next((values[slot] for slot in USES if slot in sentence.slots), "")
    return _sound_of(sentence, goods, tuple(own), said)


@lru_cache(maxsize=2**16)
def _sound_of(sentence: SlottedSentence, goods: str, genres: tuple[str, ...], use: str) -> bool:
    return not sentence.reasons(goods, genres, use)


def _mistakable(text: str, draft: Draft, values: Mapping[str, str]) -> bool:
    """Say whether a title can be read elsewhere than in its slot, if only across a comma."""
    own = f"{values['title']}\n{values['because']}"
    titles = [of[key] for of in (draft.row, *draft.evidence) for key in _TITLES if key in of]
    return any(text.count(title) > own.count(title) for title in titles)


def _suits(text: str, draft: Draft) -> bool:
    """Say whether a text is in the brand's voice."""
    voice, language = draft.brief.voice, draft.brief.language
    return not (_asks(voice) and voice.faults(text, language, names=draft.names))


@cache
def _asks(voice: Voice) -> bool:
    """Say whether a voice asks for more than a tone: a pool has no superlatives and no emoji."""
    return voice != Voice(tone=voice.tone)
