"""Drafts become lines: each situation finds its sentences, each slot its value."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar

from workbench.columns import Columns
from workbench.language.copy.brief.settings import WIDER
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.draft import Draft
from workbench.language.copy.pools.slotted_sentence import SLOTS, SlottedSentence
from workbench.language.copy.selection import Selection
from workbench.language.copy.slots import GENRE_SLOTS, PURPOSE_SLOTS
from workbench.language.grounding.item_facts import goods_of

STATING = {*GENRE_SLOTS, *PURPOSE_SLOTS}  # slots whose values a sentence may not go with
_TITLES = (Columns.TITLE, f"{Columns.TITLE}_zh")


class PoolSupplier:
    """Supplies drafts with sentences of a pool.

    A sentence is sound of any item, so that only what could be mistaken is checked again: a genre
    that the sentence has not met, and titles that may be read elsewhere than in their slots.
    """

    has_patterns: ClassVar[bool] = True

    def __init__(self, sentences: Iterable[SlottedSentence]) -> None:
        self._sentences = tuple(sentences)
        self._ranks: dict[Any, dict[str, int]] = {}
        self._by_text: dict[tuple[str, str], dict[str, SlottedSentence]] = {}

    def supply(self, drafts: Sequence[Draft], selection: Selection, progress: bool) -> None:
        """Give drafts a sentence, where one fits."""
        selection.assign(drafts, self, new=(False,), progress=progress)

    def ranks(self, draft: Draft) -> Mapping[str, int]:
        """Rank all sentences that suit the strongest evidence alike; none speaks of attributes."""
        strongest = next((t for t in draft.evidence_types if t != "attribute"), "none")
        key = (strongest, goods_of(draft.row), draft.situation[-1] & SLOTS)
        if key not in self._ranks:
            types, domains = WIDER.get(strongest, (strongest,)), (key[1], "any")
            self._ranks[key] = {
                s.text: 0
                for s in self._sentences_of(draft).values()
                if s.evidence in types and s.domain in domains and s.slots <= key[2]
            }
        return self._ranks[key]

    def take(self, draft: Draft, pattern: str, text: str, slots: Mapping[str, str]) -> bool:
        """Put a filled sentence into a draft, if it may stand there; say whether it does."""
        sentence = self._sentences_of(draft)[pattern]
        sound = _holds(sentence, draft, slots) and (
            draft.sound(text, "sentence")
            if _is_mistakable(text, draft, slots)
            else _suits(text, draft)
        )
        if sound:
            draft.text = draft.sentence = text
            draft.pattern, draft.source, draft.model = pattern, "pool", sentence.model
        return sound

    def _sentences_of(self, draft: Draft) -> dict[str, SlottedSentence]:
        language, tone = key = draft.brief.language, draft.brief.voice.tone
        if key not in self._by_text:
            suited = [s for s in self._sentences if s.language == language]
            suited = [s for s in suited if s.tone in (tone, "any")]
            first = {s.text: s for s in reversed(suited)}
            self._by_text[key] = dict(reversed(first.items()))
        return self._by_text[key]


def _holds(sentence: SlottedSentence, draft: Draft, slots: Mapping[str, str]) -> bool:
    if not sentence.slots & STATING:
        return True
    row = draft.row
    genres = row.get(f"{Columns.GENRES}_{sentence.language}", row.get(Columns.GENRES, []))
    purpose = next((slots[slot] for slot in PURPOSE_SLOTS if slot in sentence.slots), "")
    return _is_sound_of(sentence, goods_of(row), tuple(genres), purpose)


@lru_cache(maxsize=2**16)
def _is_sound_of(
    sentence: SlottedSentence, domain: str, genres: tuple[str, ...], purpose: str
) -> bool:
    return not sentence.reasons(domain, genres, purpose)


def _is_mistakable(text: str, draft: Draft, slots: Mapping[str, str]) -> bool:
    """Say whether a title can be read elsewhere than in its slot, if only across a comma."""
    named = f"{slots['title']}\n{slots['because']}"
    titles = [of[key] for of in (draft.row, *draft.evidence) for key in _TITLES if key in of]
    return any(text.count(title) > named.count(title) for title in titles)


def _suits(text: str, draft: Draft) -> bool:
    """Say whether a text is in the brand's voice."""
    voice, language = draft.brief.voice, draft.brief.language
    return not (_asks(voice) and voice.faults(text, language, names=draft.names))


@cache
def _asks(voice: Voice) -> bool:
    """Say whether a voice asks for more than a tone: a pool has no superlatives and no emoji."""
    return voice != Voice(tone=voice.tone)
