"""The slots of a sentence, and what an item fills them with: title, genres, year, purpose."""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations, product
from string import Formatter
from typing import Any

from workbench.columns import Columns
from workbench.language.copy.brief.voice import Voice
from workbench.language.grounding.check import check
from workbench.language.grounding.item_facts import goods_of, instructs, year_of
from workbench.language.grounding.lexicon import lexicon, words
from workbench.words import clean

GENRE_SLOTS = frozenset({"genre", "a_genre", "kind", "a_kind"})
# What goods are for, by how the description's last sentence begins; and what stands before it.
PURPOSE_SLOTS = {"use_for": "is a choice", "use_verb": "", "use_noun": "is", "use_trait": "is"}
LONGEST_PURPOSE = 90  # characters
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def fill(pattern: str, slots: Mapping[str, str]) -> str | None:
    """Put values into a pattern's slots; None if one that it needs is empty."""
    needed = slots_of(pattern)
    return pattern.format(**slots) if all(slots.get(name) for name in needed) else None


@lru_cache(maxsize=2**12)
def slots_of(pattern: str) -> frozenset[str]:
    """Return the names of a pattern's slots."""
    return frozenset(name for _, name, _, _ in Formatter().parse(pattern) if name)


def slot_values(
    row: Mapping[str, Any], title: str, because: str = "", *, language: str
) -> dict[str, str]:
    """Return the values of the slots that a row, its title and an item of the evidence fill."""
    genre, kind = genre_phrase(row, language), next(iter(film_kinds(row, language)), "")
    values = {"title": title, "because": because, "year": str(year_of(row) or "")}
    values |= {"genre": genre, "a_genre": with_article(genre)}
    return values | {"kind": kind, "a_kind": with_article(kind)} | purpose(row, language)


def with_article(noun: str) -> str:
    """Put "a" or "an" before a noun, if there is one."""
    return noun and f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def film_kinds(row: Mapping[str, Any], language: str) -> tuple[str, ...]:
    """Name a film by one or two of its genres ("romantic comedy"), the fullest name first."""
    genres = row.get(Columns.GENRES)
    if language != "en" or goods_of(row) != "film" or not isinstance(genres, list):
        return ()
    return _film_kinds(tuple(genres))


@lru_cache(maxsize=2**12)
def _film_kinds(genres: tuple[str, ...]) -> tuple[str, ...]:
    called = lexicon()["en"]["kinds"]
    forms = [called[genre] for genre in called if genre in genres]
    pairs = [
        f"{trait} {noun}"
        for (nouns, _, _), (_, traits, _) in combinations(forms, 2)
        for noun, trait in product(nouns, traits)
        if trait.split()[0] not in noun
    ]
    return (*pairs, *(noun for nouns, _, _ in forms for noun in nouns))


def genre_phrase(row: Mapping[str, Any], language: str) -> str:
    """Name the first genre of an item that can be named in the language."""
    genres = row.get(f"{Columns.GENRES}_{language}", row.get(Columns.GENRES))
    listed = lexicon()[language]["genres"]
    for genre in genres if isinstance(genres, list) else []:
        if genre in listed or goods_of(row) == "shop":
            return str(listed.get(genre, clean(genre).lower())).split(", ")[0]
    return ""


def last_sentence(row: Mapping[str, Any]) -> str:
    """Return the last sentence of a description, which says what goods are for; empty if none."""
    description = clean(row.get(Columns.DESCRIPTION, ""), limit=300)
    return "" if instructs(description) else _SENTENCE.split(description)[-1]


def purpose(row: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return what goods are for as the value of the slot that it fits; empty values elsewhere.

    Of "use_for" ("for the morning run"), "use_verb" ("keeps leftovers fresh"), "use_noun" ("a
    quiet accent for a sideboard") and "use_trait" ("warm on a cold day") at most one is filled, and
    it claims nothing that copy may not.
    """
    sentence = last_sentence(row) if language == "en" and goods_of(row) == "shop" else ""
    return dict.fromkeys(PURPOSE_SLOTS, "") | _purpose(sentence)


@lru_cache(maxsize=2**14)
def _purpose(sentence: str) -> dict[str, str]:
    first = sentence.split(" ")[0].lower()
    slot = next((slot for slot in PURPOSE_SLOTS if first in words("en", slot)), "")
    phrase = sentence[:1].lower() + sentence[1:].removesuffix(".")
    text = f"For something new, Qorvane {PURPOSE_SLOTS[slot]} {phrase}." if slot else ""
    row = {Columns.TITLE: "Qorvane", Columns.PRICE: 1.0, Columns.DESCRIPTION: sentence}
    sound = text and len(phrase) <= LONGEST_PURPOSE and not check(" ".join(text.split()), row, [])
    return {slot: phrase} if sound and not Voice().faults(text, "en") else {}
