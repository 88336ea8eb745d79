"""The grounding check: a text says only what the item's row and the evidence support.

It knows nothing of prompts or models. The titles set aside, each word of a text has to be a word
of the row, of the genre lexicon or of a neutral vocabulary of appraisal and occasion
(``data/lexicon.toml``), or has to be carried by the evidence ("loved" by a high rating of the
title that it speaks of). What rests on row or evidence is a claim; what rests on nothing is a
reason not to deliver the text.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypedDict, Unpack

from workbench.columns import Columns
from workbench.language.grounding import lexicon as lex
from workbench.language.grounding import text_form
from workbench.language.grounding.item_facts import OWN, Row, conditions, goods_of, names, texts
from workbench.language.grounding.supported_words import (
    NEUTRAL,
    NUMBER,
    Fact,
    amount_forms,
    attached_words,
    neutral_phrases,
    stated_numbers,
    stated_phrases,
    stated_words,
)
from workbench.language.grounding.text_form import Span, tokens
from workbench.language.grounding.title_masking import (
    ALLOWED,
    CLAUSE,
    ITEM,
    OTHER,
    Masked,
    known_names,
)
from workbench.language.grounding.violation import Claim, Violation
from workbench.words import clean

LONGEST = 10_000  # characters that are worth reading at all
SAME = 0.75  # likeness from which a name is the item's, misspelt
AMOUNTS = {  # what a number may count, and the field that holds it
    "price": Columns.PRICE,
    "rating": "evidence.rating",
    "count": "evidence.count",
    "measure": "",
}
_OF_USER = frozenset({"liked", "bought", "own"})
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_CURRENCY = re.compile(r"[$¥]\s?$")
_DATED = re.compile(rf"[{ITEM}{OTHER}][》”\"]?\s?\($")
_QUOTED = re.compile(r'"([^"]*)"|“([^”]*)”|「([^」]*)」|《([^》]*)》')
_NEXT = re.compile(r"\s?([^\W\d_]+)")
_ARTICLE = re.compile(r"^(?:the|an?) ")
_MASKS = re.compile(f"[{ITEM}{OTHER}{ALLOWED}]+")
_RECOMMENDED = re.compile(  # a title of the evidence, spoken of as if it were the item
    rf"\b(?:try|watch|recommend|consider|add|discover|get|buy) [“\"]?({OTHER}+)"
    rf"|(?:推荐|试试|看看|不妨选|别错过)[《“]?({OTHER}+)"
    rf"|({OTHER}+)[》”\"]?(?: ?\(\d+\))?"
    r"(?: (?:is|makes|would be|deserves)\b|[也很都]?(?:值得|适合))",
    re.IGNORECASE,
)


class CheckOptions(TypedDict, total=False):
    """The keywords of `check`, as it documents them."""

    language: str
    length: tuple[int, int] | None
    named: bool
    allowed: Collection[str]


def check(
    text: str, row: Row, evidence: Sequence[Row], **options: Unpack[CheckOptions]
) -> list[Violation]:
    """Return the reasons why a text must not be delivered; none if it is sound.

    Parameters
    ----------
    text : str
    row : mapping
        The item's row: ``title``, ``year``, ``genres``, ``description``, ``price``, ….
    evidence : sequence of mapping
        What the recommendation rests on; see `workbench.language.copy.item_evidence`.
    language : {"en", "zh"}
        Language that the text has to be in; by default "en".
    length : tuple of int, optional
        Fewest and most words, in Chinese characters, a title counting as one. Where it is given
        the text need not be one sentence: it may have paragraphs and may end without a full stop.
    named : bool
        Whether the text has to name the item, as it has by default.
    allowed : collection of str
        Words, phrases and marks that need no support, such as those of a preset.

    Returns
    -------
    list of Violation
        Their codes are listed at `workbench.language.grounding.violation.Violation`.
    """
    return FactChecker(row, evidence, **options).check(text)


def claims(text: str, row: Row, evidence: Sequence[Row], *, language: str = "en") -> list[Claim]:
    """Say which spans of a text rest on which fact, in their order; arguments as for `check`.

    They do not overlap. Of a text that `check` accepts, what lies outside them states nothing.
    """
    return FactChecker(row, evidence, language=language).claims(text)


class FactChecker:
    """What may be said of an item to a user: `check` and `claims` for many texts."""

    def __init__(
        self,
        row: Row,
        evidence: Sequence[Row],
        *,
        language: str = "en",
        length: tuple[int, int] | None = None,
        named: bool = True,
        allowed: Collection[str] = (),
    ) -> None:
        goods = goods_of(row)
        self._language, self._length, self._named = language, length, named
        self._quotes_titles = language == "zh" and goods == "shop"
        self._evidence, self._conditions = evidence, conditions(row, evidence)
        # A word that is set aside would break up the phrases that it stands in.
        plain = {word for word in allowed if word.isalpha() and word.islower()}
        self._names = known_names(row, evidence, set(allowed) - plain)
        self._titles = [name.casefold() for name in names(row, goods)]
        stated = texts(row)
        self._texts = [text for _, text in stated]
        self._neutral = lex.neutral(language, goods) | plain
        self._phrases = (stated_phrases(row, stated, language), neutral_phrases(language, goods))
        self._words = stated_words(row, stated, evidence, language)
        self._attached = attached_words(stated) if language == "en" else {}
        self._counters = lex.words(language, "counters")
        self._numbers = stated_numbers(row, stated, evidence)

    def check(self, text: str) -> list[Violation]:
        """Return the reasons why a text must not be delivered; see `check`."""
        if len(text) > LONGEST:
            return [Violation("length", f"{len(text)} characters")]
        masked = Masked.of(text, self._names)
        words = tokens(masked.text, self._language)
        reasons = [part for part in self._read(masked, words) if isinstance(part, Violation)]
        reasons = self._joined(masked, reasons)
        if self._named and ITEM not in masked.text and "misnamed" not in {r.code for r in reasons}:
            reasons.insert(0, Violation("not-named"))
        reasons += text_form.faults(masked, words, self._language, self._length)
        return [masked.placed(reason) for reason in reasons]

    def claims(self, text: str) -> list[Claim]:
        """Say which spans of a text rest on which fact; see `claims`."""
        masked = Masked.of(text, self._names)
        read = self._read(masked, tokens(masked.text, self._language))
        joined: list[Claim] = []
        for claim in sorted(part for part in read if isinstance(part, Claim)):
            start, end = masked.place(claim.start, claim.end)
            last = joined[-1] if joined else Claim(0, 0, "", "")
            start = max(start, last.end)  # both numbers of "½" stand in one place
            if last[2:] == claim[2:] and not text[last.end : start].strip():
                joined[-1] = last._replace(end=end)
            elif start < end:
                joined.append(Claim(start, end, *claim[2:]))
        return joined

    def _read(self, masked: Masked, words: Sequence[Span]) -> list[Claim | Violation]:
        facts = [*self._titles_in(masked), *self._words_in(masked, words)]
        return [
            *facts,
            *self._recommended_in(masked, facts),
            *self._quotes_in(masked),
            *self._amounts_in(masked),
        ]

    def _titles_in(self, masked: Masked) -> Iterator[Claim | Violation]:
        for start, end, (form, mark, rows, where) in masked.titles:
            if mark == ALLOWED and rows:
                yield Claim(start, end, where, form)
            elif mark != ALLOWED:
                translated = rows[0].get(f"{Columns.TITLE}_{self._language}")
                title = translated or rows[0].get(Columns.TITLE)
                where = "title" if mark == ITEM else "evidence.title"
                yield Claim(start, end, where, clean(title))

    def _recommended_in(
        self, masked: Masked, facts: Sequence[Claim | Violation]
    ) -> Iterator[Violation]:
        """Find a title of the evidence that is recommended, in a clause that tells no history."""
        history = [f for f in facts if isinstance(f, Claim) and f.field == "evidence.kind"]
        for match in _RECOMMENDED.finditer(masked.text):
            start, end = next(match.span(n) for n in (1, 2, 3) if match[n])
            after = CLAUSE.search(masked.text, end)
            clause_end = after.start() if after else len(masked.text)
            if not any(match.start() <= claim.start < clause_end for claim in history):
                form = next(t.name.form for t in masked.titles if t.start == start)
                yield Violation("other-title", form, start, end)

    def _quotes_in(self, masked: Masked) -> Iterator[Violation]:
        for quoted in _QUOTED.finditer(masked.text):
            inside = next(part for part in quoted.groups() if part is not None)
            bare = _MASKS.sub("", inside)
            if not any(map(str.isalpha, bare)) or any(inside in text for text in self._texts):
                continue
            if bare != inside or self._resembles(inside):
                code = "misnamed"
            else:
                titled = quoted[4] is not None or inside.istitle() or self._quotes_titles
                code = "other-title" if titled else "quote"
            yield Violation(code, inside, *quoted.span())

    def _amounts_in(self, masked: Masked) -> Iterator[Claim | Violation]:
        for number in NUMBER.finditer(masked.text):
            start, end = number.span()
            value = number[0].replace(",", "")
            code, words = self._amount(masked.text, start, end)
            facts = self._numbers.get(value, [])
            if code in AMOUNTS:
                # The 8 of a description's "8 hours" is no price.
                listed = code == "measure" and any(e["kind"] == "list" for e in self._evidence)
                field = AMOUNTS["count" if listed else code]
                facts = [(f, x) for f, x in facts if f == field or words in x]
            if facts and facts[0][0] == "evidence.rating" and not self._rated(masked, start, end):
                facts = []
            if facts and code != "misnamed":
                yield Claim(start, end, *facts[0])
            else:
                named = code in ("price", "year", "misnamed")
                yield Violation(code if named else "number", value, start, end)

    def _rated(self, masked: Masked, start: int, end: int) -> bool:
        """Say whether a rating is that of the title that it speaks of."""
        subject = masked.subject(start, end, self._language)
        ratings = (row.get(Columns.RATING) for row in (subject.name.rows if subject else ()))
        value = masked.text[start:end]
        return subject is None or any(value in amount_forms(rating) for rating in ratings)

    def _amount(self, text: str, start: int, end: int) -> tuple[str, str]:
        """Say what a number is said to be, and the words that say it."""
        if sign := _CURRENCY.search(text, 0, start):
            return "price", text[sign.start() : end]
        for amount in AMOUNTS:
            if unit := lex.units(self._language, amount).match(text, end):
                return amount, text[start : unit.end()]
        if not _YEAR.fullmatch(text, start, end):
            # The 20 of a description's "20 bags" counts nothing else that it names.
            counted = _NEXT.match(text, end)
            if counted and counted[1].lower() in self._words:
                return "measure", text[start : counted.end()]
            return "number", ""
        return ("misnamed" if _DATED.search(text, 0, start) else "year"), ""

    def _words_in(self, masked: Masked, words: Sequence[Span]) -> Iterator[Claim | Violation]:
        ends = {end for _, end in words}
        done, previous = 0, ""
        for start, end in words:
            if start < done:
                continue
            phrase = self._phrase(masked, start, ends)
            done, fact = phrase or (end, self._word(masked, start, end, previous))
            if isinstance(fact, Violation):
                yield fact
            elif fact != NEUTRAL:
                yield Claim(start, done, *fact)
            previous = masked.text[start:end].lower()

    def _phrase(self, masked: Masked, start: int, ends: Collection[int]) -> tuple[int, Fact] | None:
        """Return the end and the fact of the longest phrase that begins here."""
        first = masked.text[start]
        if first.isupper() and not masked.opens(start):
            return None
        for table in self._phrases:
            for rest, fact in table.get(first.lower(), ()):
                end = start + 1 + len(rest)
                if end in ends and masked.text.startswith(rest, start + 1):
                    return end, fact
        return None

    def _word(self, masked: Masked, start: int, end: int, previous: str) -> Fact | Violation:
        form = masked.text[start:end]
        word = form.lower() if self._language == "en" else form
        stated = self._words.get(word)
        if word in self._attached and self._is_bare(masked, word, end):
            stated = None
        capital = self._language == "en" and form != word and form != "I" and not stated
        if capital and not masked.opens(start):
            return Violation("other-title", form, start, end)
        if word in self._neutral:
            return NEUTRAL
        # The Chinese measure behind a number, which is checked with it.
        if masked.text[start - 1 : start].isdigit() and word in self._counters:
            return NEUTRAL
        kinds = lex.needs(self._language).get(word, frozenset())
        if kind := self._carrier(kinds, masked, start, end, previous):
            return ("evidence.kind", kind)
        of_user = kinds & _OF_USER and previous in lex.words(self._language, "you")
        if stated and not of_user:
            return stated
        # Of "hand-made" every part is neutral, and the whole is not.
        parts = [NEUTRAL if p in self._neutral else self._words.get(p) for p in word.split("-")]
        facts = [part for part in parts if part]
        if len(facts) == len(parts) > 1 and max(facts) != NEUTRAL:
            return max(facts)
        if capital and (masked.text[end + 1 : end + 2].isupper() or self._resembles(form)):
            return Violation("other-title", form, start, end)
        return Violation(self._fault(word, kinds), word, start, end)

    def _is_bare(self, masked: Masked, word: str, end: int) -> bool:
        """Say whether a word stands without what it belongs to: "slate", of a "Slate Grey"."""
        after = _NEXT.match(masked.text, end)
        return after is None or after[1].lower() not in self._attached[word]

    def _carrier(
        self, kinds: Collection[str], masked: Masked, start: int, end: int, previous: str
    ) -> str | None:
        """Return the kind of evidence that carries a word, of the title that the word speaks of."""
        personal = OWN if "own" in kinds else OWN.intersection(kinds)
        crowd = min(self._conditions.difference(OWN, {"own"}).intersection(kinds), default=None)
        if not personal:
            return crowd
        subject = masked.subject(start, end, self._language)
        if subject and subject.name.mark == OTHER:
            rows: Sequence[Row] = subject.name.rows
        elif crowd and previous not in lex.words(self._language, "you"):
            return crowd  # that others liked it does not mean that "you" did
        else:
            rows = () if subject else self._evidence
        return next((e["kind"] for e in rows if e["kind"] in personal), None)

    def _fault(self, word: str, kinds: Collection[str]) -> str:
        if _OF_USER.intersection(kinds):
            return "user-claim"
        if self._language == "zh" and word.startswith("最"):
            return "superlative"
        return lex.faults(self._language).get(word, "unsupported-word")

    def _joined(self, masked: Masked, reasons: Sequence[Violation]) -> list[Violation]:
        """Join the words of a name, and say where it is the item's, cut or altered."""
        joined: list[Violation] = []
        for reason in reasons:
            last = joined[-1] if joined else Violation("")
            if last.code == reason.code == "other-title" and last.end == (reason.start or 0) - 1:
                joined[-1] = last._replace(detail=f"{last.detail} {reason.detail}", end=reason.end)
            else:
                joined.append(reason)
        for place, reason in enumerate(joined):
            extends = masked.text.endswith(f"{ITEM} ", 0, reason.start)
            if reason.code == "other-title" and (extends or self._resembles(reason.detail)):
                joined[place] = reason._replace(code="misnamed")
        return joined

    def _resembles(self, name: str) -> bool:
        folded = _ARTICLE.sub("", name.casefold())
        return any(
            f" {folded} " in f" {title} " or SequenceMatcher(None, folded, title).ratio() >= SAME
            for title in self._titles
        )
