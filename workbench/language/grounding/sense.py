"""What words that may each be said state together: of the wrong title, of the user, of nobody."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from workbench.columns import Columns
from workbench.language.grounding.item_facts import Row, shared
from workbench.language.grounding.lexicon import words as lexicon_words
from workbench.language.grounding.text_form import Span
from workbench.language.grounding.title_masking import CLAUSE, ITEM, OTHER, SENTENCE, Masked
from workbench.language.grounding.violation import Claim, Reason

_CARRIERS = {"crowd": {"similar", "popular"}}  # of other kinds, those of their name
_OF_ITEM = {"never", "similar", "crowd"}
_DENYING = {"few", "little"}
_IS = re.compile(
    r"(?:\b(?:is|be|makes?|just)|,) (?:an?|the|your) "
    r"(\w+(?: (?!(?:and|at|for|from|in|of|on|that|to|with)\b)\w+)?)\b"
)
_AFTER_NAME = '”"》 ,)0123456789('


class _Subjects(NamedTuple):
    """Expressions that say of what a fact is stated; see ``data/sense.toml``."""

    user: re.Pattern[str]
    before: re.Pattern[str]
    behind: re.Pattern[str]
    alike: re.Pattern[str]
    apposed: re.Pattern[str]


class _Traits(NamedTuple):
    """Words of an occasion, and expressions for where they are said of goods."""

    words: frozenset[str]
    behind: re.Pattern[str]
    of_item: re.Pattern[str]
    harmless: re.Pattern[str]


class Sense:
    """What the words of a text may say together.

    Parameters
    ----------
    row, evidence
        As for `workbench.language.grounding.check.check`.
    stated : collection of str
        Words of the row, and those that are allowed.
    neutral : frozenset of str
        Words that state nothing.
    told : sequence of str
        The row's texts.
    language : {"en", "zh"}
    """

    def __init__(
        self,
        row: Row,
        evidence: Sequence[Row],
        stated: Collection[str],
        neutral: frozenset[str],
        told: Sequence[str],
        language: str,
    ) -> None:
        self._kinds = {str(other["kind"]) for other in evidence}
        self._shared = shared(row, evidence)
        self._stated, self._neutral, self._told = stated, neutral, told
        self._language = language

    def faults(
        self, masked: Masked, words: Sequence[Span], claims: Sequence[Claim]
    ) -> Iterator[Reason]:
        """Find what a text says that none of its words says alone.

        Parameters
        ----------
        masked : Masked
            The text.
        words : sequence of tuple
            Where its words stand.
        claims : sequence of Claim
            What they rest on, as they stand in the masked text.
        """
        facts = [claim for claim in claims if self._is_fact(masked.text, claim)]
        yield from self._together(masked, words)
        yield from self._misplaced(masked, facts)
        yield from self._described(masked, words, {fact.start for fact in facts})
        if self._language == "en":
            yield from self._equated(masked.text)

    def _is_fact(self, text: str, claim: Claim) -> bool:
        """Say whether a claim is one of the row, and says more than the item's title."""
        of_row = not claim.field.startswith("evidence") and text[claim.start] != ITEM
        return of_row and text[claim.start : claim.end].lower() not in self._neutral

    def _together(self, masked: Masked, words: Sequence[Span]) -> Iterator[Reason]:
        text, listed = masked.text, _combined(self._language)
        if self._language == "en":
            heads = [(start, end, text[start:end].lower()) for start, end in words]
        else:
            heads = [(at, at + 1, sign) for at, sign in enumerate(text) if sign in listed]
        heads += [(start, end, name.mark) for start, end, name in masked.titles]
        for start, end, head in heads:
            for kind, rest in listed.get(head, ()):
                found = rest.match(text, end)
                if found is None or self._carried(kind, text[start : found.end()]):
                    continue
                if kind == "praised":
                    other = masked.within(start, found.end(), OTHER)
                    yield Reason("other-title", other.name.form, other.start, other.end)
                else:
                    code = "unsupported-word" if kind in _OF_ITEM else "user-claim"
                    yield Reason(code, text[start : found.end()], start, found.end())

    def _carried(self, kind: str, said: str) -> bool:
        kinds = _CARRIERS.get(kind, {kind}) & self._kinds
        return bool(kinds) or any(said.lower() in text.lower() for text in self._told)

    def _misplaced(self, masked: Masked, facts: Sequence[Claim]) -> Iterator[Reason]:
        """Find a fact of the item that is said of the user or of an item of the evidence."""
        of = _subjects(self._language)
        for fact in facts:
            if fact.field == Columns.GENRES and fact.fact in self._shared:
                continue
            clause = _start(CLAUSE, masked.text, fact.start)
            lead = masked.text[clause : fact.start]
            said = masked.text[fact.start : fact.end]
            own = ITEM in lead
            if not own and of.user.search(lead):
                yield Reason("user-claim", said, fact.start, fact.end)
            elif OTHER in masked.text and (
                (not own and self._of_other(masked, clause, fact.start))
                or of.behind.match(masked.text, fact.end)
                or self._alike(masked, fact.start)
            ):
                yield Reason("unsupported-word", said, fact.start, fact.end)

    def _of_other(self, masked: Masked, clause: int, start: int) -> bool:
        """Say whether a clause speaks of a title of the evidence: its own, or the one before."""
        of = _subjects(self._language)
        if of.before.search(masked.text[clause:start]):
            return True
        after = CLAUSE.search(masked.text, start)
        whole = masked.text[clause : after.start() if after else None]
        follows = masked.text[:clause].rstrip(_AFTER_NAME).endswith(OTHER)
        return follows and ITEM not in whole and of.apposed.match(whole) is not None

    def _alike(self, masked: Masked, start: int) -> bool:
        """Say whether a sentence makes the item and a title of the evidence alike."""
        sentence = masked.text[_start(SENTENCE, masked.text, start) :]
        return OTHER in sentence and _subjects(self._language).alike.search(sentence) is not None

    def _described(
        self, masked: Masked, words: Sequence[Span], facts: Collection[int]
    ) -> Iterator[Reason]:
        """Find a word of the occasion that is said of the goods: "a short film"."""
        traits, text = _traits(self._language), masked.text
        for start, end in words:
            word = text[start:end].lower()
            if word not in traits.words or word in self._stated:
                continue
            if word in _DENYING and text.endswith("a ", 0, start):
                continue  # "a little", "a few"
            of_goods = traits.behind.match(text, end) or end in facts or end + 1 in facts
            of_item = traits.of_item.search(text, 0, start)
            if of_goods or (of_item and not traits.harmless.match(text, end)):
                yield Reason("unsupported-word", word, start, end)

    def _equated(self, text: str) -> Iterator[Reason]:
        """Find what a description says the goods are for or do something to, as if they were it."""
        told = " ".join(self._told).lower()
        for found in _IS.finditer(text):
            said = found[1].lower().split()
            use = rf"\b(?:for|{_verbs()}) (?:(?:an?|the|your) )?(?:\w+ )?{re.escape(said[-1])}\b"
            if not self._neutral.issuperset(said) and re.search(use, told):
                yield Reason("unsupported-word", found[1], *found.span(1))
        for found in re.finditer(rf"\b(?:is|be) (?:{_verbs()})\b", text):
            yield Reason("residue", found.group(), *found.span())


def _start(mark: re.Pattern[str], text: str, end: int) -> int:
    """Return where the clause or sentence begins in which a place stands."""
    return max((found.end() for found in mark.finditer(text, 0, end)), default=0)


@cache
def _verbs() -> str:
    return "|".join(sorted(lexicon_words("en", "use_verb")))


@cache
def _data(language: str) -> Any:
    path = Path(__file__).parent / "data" / "sense.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))[language]


@cache
def _subjects(language: str) -> _Subjects:
    listed = _data(language)["subjects"]
    return _Subjects(*(_pattern(listed[name]) for name in _Subjects._fields))


@cache
def _traits(language: str) -> _Traits:
    listed = _data(language)["traits"]
    words, *where = (listed[name] for name in _Traits._fields)
    return _Traits(frozenset(words.split()), *map(_pattern, where))


@cache
def _combined(language: str) -> Mapping[str, Sequence[tuple[str, re.Pattern[str]]]]:
    """Return what states something behind a word, by the word: a kind of evidence each."""
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    marks = {"ITEM": ITEM, "OTHER": OTHER}
    for kind, table in _data(language)["together"].items():
        for heads, rest in table.items():
            for head in heads.split():
                # Chinese runs on without spaces, so there a character is what one looks for.
                first, more = (head, " ") if language == "en" else (head[0], head[1:])
                if head in marks:
                    first, more = marks[head], r"[》”\"]?(?: ?\(\d+\))? ?"
                bound = r"(?!\w)" if language == "en" else ""
                found.setdefault(first, []).append((kind, _pattern(f"{more}(?:{rest}){bound}")))
    return found


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(
        expression.replace("ITEM", _title(ITEM)).replace("OTHER", _title(OTHER)), re.I
    )


def _title(mark: str) -> str:
    return rf"[《“\"]?{mark}+[》”\"]?(?: ?\(\d+\))?"
