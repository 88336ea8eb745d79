"""What words that may each be said state together: of the wrong title, of the user, of nobody."""

import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from workbench.columns import Columns
from workbench.language.facts import Row, shared
from workbench.language.findings import Claim, Reason
from workbench.language.masking import CLAUSE, ITEM, OTHER, SENTENCE, Masked

_CODES = {"never": "unsupported-word", "similar": "unsupported-word", "crowd": "unsupported-word"}
_KINDS = {"crowd": frozenset({"similar", "popular"})}  # others: the kind of their name


class _Subjects(NamedTuple):
    """Expressions that say of what a fact is stated; see ``data/sense.toml``."""

    user: re.Pattern[str]
    before: re.Pattern[str]
    behind: re.Pattern[str]
    alike: re.Pattern[str]
    apposed: re.Pattern[str]


class Sense:
    """What the words of a text may say together.

    Parameters
    ----------
    row, evidence
        As for `workbench.language.grounding.check`.
    stated : collection of str
        Words of the row.
    neutral : collection of str
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
        neutral: Collection[str],
        told: Sequence[str],
        language: str,
    ) -> None:
        self._kinds = {str(other["kind"]) for other in evidence}
        self._shared = shared(row, evidence)
        self._stated, self._neutral, self._told = stated, neutral, told
        self._language = language

    def faults(self, masked: Masked, claims: Sequence[Claim]) -> Iterator[Reason]:
        """Find what a text says that none of its words says alone.

        Parameters
        ----------
        masked : Masked
            The text.
        claims : sequence of Claim
            What its words rest on, as they stand in the masked text.
        """
        facts = [claim for claim in claims if self._is_fact(masked.text, claim)]
        yield from self._praised(masked)
        yield from self._together(masked)
        yield from self._misplaced(masked, facts)
        yield from self._described(masked, {fact.start for fact in facts})

    def _is_fact(self, text: str, claim: Claim) -> bool:
        """Say whether a claim is one of the row, and says more than the item's title."""
        of_row = not claim.field.startswith("evidence") and text[claim.start] != ITEM
        return of_row and text[claim.start : claim.end].lower() not in self._neutral

    def _praised(self, masked: Masked) -> Iterator[Reason]:
        """Find an item of the evidence that is spoken of as if it were recommended."""
        if OTHER not in masked.text:
            return
        for found in _praise(self._language).finditer(masked.text):
            other = next(
                t for t in masked.titles if t.start < found.end() and t.end > found.start()
            )
            yield Reason("other-title", other.name.form, other.start, other.end)

    def _together(self, masked: Masked) -> Iterator[Reason]:
        for found in _combined(self._language).finditer(masked.text):
            group, said = str(found.lastgroup), found.group()
            carried = _KINDS.get(group, {group}) & self._kinds
            if not carried and not any(said.lower() in text.lower() for text in self._told):
                yield Reason(_CODES.get(group, "user-claim"), said, *found.span())

    def _misplaced(self, masked: Masked, facts: Sequence[Claim]) -> Iterator[Reason]:
        """Find a fact of the item that is said of the user or of an item of the evidence."""
        subjects = _subjects(self._language)
        for fact in facts:
            if fact.field == Columns.GENRES and fact.fact in self._shared:
                continue
            clause = _start(CLAUSE, masked.text, fact.start)
            lead = masked.text[clause : fact.start]
            sentence = masked.text[_start(SENTENCE, masked.text, fact.start) :]
            own = ITEM in lead
            said = masked.text[fact.start : fact.end]
            if not own and subjects.user.search(lead):
                yield Reason("user-claim", said, fact.start, fact.end)
            elif (
                (not own and self._of_other(masked, clause, fact.start))
                or subjects.behind.match(masked.text, fact.end)
                or (OTHER in sentence and subjects.alike.search(sentence))
            ):
                yield Reason("unsupported-word", said, fact.start, fact.end)

    def _of_other(self, masked: Masked, clause: int, start: int) -> bool:
        """Say whether a clause speaks of a title of the evidence: its own, or the one before."""
        subjects = _subjects(self._language)
        if subjects.before.search(masked.text[clause:start]):
            return True
        after = CLAUSE.search(masked.text, start)
        whole = masked.text[clause : after.start() if after else None]
        before = masked.text[:clause].rstrip('”"》 ,，)0123456789(')
        return before.endswith(OTHER) and ITEM not in whole and bool(subjects.apposed.match(whole))

    def _described(self, masked: Masked, facts: Collection[int]) -> Iterator[Reason]:
        """Find a word of the occasion that is said of the goods: "a short film"."""
        for found in _traits(self._language).finditer(masked.text):
            trait = found[1].lower()
            if (found[2] or found.end() in facts) and trait not in self._stated:
                yield Reason("unsupported-word", trait, *found.span(1))


def _start(mark: re.Pattern[str], text: str, end: int) -> int:
    """Return where the clause or sentence begins in which a place stands."""
    return max((found.end() for found in mark.finditer(text, 0, end)), default=0)


@cache
def _data() -> dict[str, Any]:
    path = Path(__file__).parent / "data" / "sense.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _subjects(language: str) -> "_Subjects":
    return _Subjects(*map(_pattern, (_data()[language]["subjects"][n] for n in _Subjects._fields)))


@cache
def _combined(language: str) -> re.Pattern[str]:
    """Return the expression for what is stated by several words, by what may support it."""
    groups = [
        f"(?P<{kind}>{'|'.join(parts)})" for kind, parts in _data()[language]["together"].items()
    ]
    bound = (r"(?<!\w)(?:", r")(?!\w)") if language == "en" else ("(?:", ")")
    traits = "|".join(_data()[language]["traits"]["words"].split())
    return _pattern("|".join(groups).join(bound).replace("TRAITS", traits))


@cache
def _traits(language: str) -> re.Pattern[str]:
    listed = _data()[language]["traits"]
    return _pattern(listed["pattern"].replace("WORDS", "|".join(listed["words"].split())))


@cache
def _praise(language: str) -> re.Pattern[str]:
    return _pattern(_data()[language]["praise"])


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(
        expression.replace("ITEM", _title(ITEM)).replace("OTHER", _title(OTHER)), re.I
    )


def _title(mark: str) -> str:
    return rf"[《“\"]?{mark}+[》”\"]?(?: ?\(\d+\))?"
