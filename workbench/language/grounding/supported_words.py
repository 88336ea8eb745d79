"""Words, phrases and numbers that a text may use, each with the field that states it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from numbers import Real
from typing import Any

from workbench.columns import Columns
from workbench.language.grounding.item_facts import Row, genre_phrases, values, year_of
from workbench.language.grounding.lexicon import lexicon
from workbench.language.grounding.text_form import tokens
from workbench.words import clean, normal

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_DENIED = re.compile(  # "without caffeine" says neither "without" nor "caffeine"
    r"\b(?:without|not|never|no(?! ?-))\b[^,.;:!?()]*|(?:不含|不添加|没有|无需)[\u3400-\u9fff]+"
)
_PARTS = re.compile(r"[^\w\s'-]|\b(?:and|by|for|in|of|with)\b")
Fact = tuple[str, str]  # a field, and what stands there
NEUTRAL: Fact = ("", "")
Phrases = Mapping[str, Sequence[tuple[str, Fact]]]  # by first letter: the rest, and its fact


def stated_words(
    row: Row, stated: Iterable[Fact], evidence: Iterable[Row], language: str
) -> dict[str, Fact]:
    """Return the words of the row's genres and texts (`stated`) and of the user's attributes."""
    phrases = genre_phrases(row, language)
    sources = [((Columns.GENRES, genre), phrase) for phrase, genre in phrases.items()]
    sources += [(fact, fact[1]) for fact in stated]
    sources += [(fact, f"{name} {fact[1]}") for name, fact in _attributes(evidence)]
    facts: dict[str, Fact] = {}
    for fact, text in sources:
        plain = _DENIED.sub(";", normal(text) if language == "zh" else normal(text).lower())
        for start, end in tokens(plain, language):
            facts.setdefault(plain[start:end], fact)
    return facts


def attached_words(stated: Iterable[Fact]) -> dict[str, set[str]]:
    """Return the words that name nothing alone, each with those one of which has to follow.

    In a name, such as "Slate Grey" or "Knife Block", these are all words but the last.
    """
    alone: set[str] = set()
    following: dict[str, set[str]] = {}
    for part in (part for _, text in stated for part in _PARTS.split(normal(text))):
        words = part.split()
        named = all(word[0].isupper() for word in words)
        for at, word in enumerate(words, 1):
            if named and at < len(words):
                following.setdefault(word.lower(), set()).update(w.lower() for w in words[at:])
            else:
                alone.add(word.lower())
    return {word: after for word, after in following.items() if word not in alone}


def stated_numbers(
    row: Row, stated: Iterable[Fact], evidence: Sequence[Row]
) -> dict[str, list[Fact]]:
    """Return the numbers of the row, of its texts (`stated`) and of the evidence."""
    amounts = [(Columns.PRICE, row.get(Columns.PRICE)), (Columns.YEAR, year_of(row))]
    for other in evidence:
        amounts += [(f"evidence.{key}", other.get(key)) for key in (Columns.RATING, "count")]
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for where, amount in amounts:
        for form in amount_forms(amount):
            facts[form].append((where, form))
    for fact in [*stated, *(fact for _, fact in _attributes(evidence))]:
        for number in NUMBER.findall(normal(fact[1])):
            facts[number.replace(",", "")].append(fact)
    return facts


def amount_forms(amount: Any) -> set[str]:
    """Write an amount as a text may: "4.5" or "4.50"."""
    return {f"{amount:.10g}", f"{amount:.2f}"} if isinstance(amount, Real) else set()


def stated_phrases(row: Row, stated: Iterable[Fact], language: str) -> Phrases:
    """Return the phrases that name the item's genres, and what its texts (`stated`) deny."""
    phrases = genre_phrases(row, language)
    facts = {phrase: (Columns.GENRES, genre) for phrase, genre in phrases.items()}
    for where, text in stated:
        for denied in _DENIED.findall(normal(text).lower()):
            words = denied.split()
            least = 2 if language == "en" else 1
            facts |= {" ".join(words[:n]): (where, text) for n in range(least, len(words) + 1)}
    return by_first(facts)


@cache
def neutral_phrases(language: str, goods: str) -> Phrases:
    """Return the phrases that state nothing, though a word of theirs alone might."""
    listed = lexicon()[language]
    phrases = [*listed["phrases"], *listed.get("phrases_of", {}).get(goods, ())]
    return by_first(dict.fromkeys(phrases, NEUTRAL))


def by_first(phrases: Mapping[str, Fact]) -> Phrases:
    """Sort phrases by their first letter, the longest first."""
    initials: defaultdict[str, list[tuple[str, Fact]]] = defaultdict(list)
    for phrase in sorted(filter(None, phrases), key=len, reverse=True):
        initials[phrase[0]].append((phrase[1:], phrases[phrase]))
    return initials


def _attributes(evidence: Iterable[Row]) -> list[tuple[str, Fact]]:
    """Names of the user's attributes, each with its value as a fact."""
    stated = [e for e in evidence if e["kind"] == "attribute"]
    return [(clean(e.get("name", "")), ("evidence.value", v)) for e in stated for v in values(e)]
