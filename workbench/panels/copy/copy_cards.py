"""Lines of copy as HTML: who wrote them, which words rest on which fact, what the check says."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.html import escape, verbatim
from workbench.language.grounding.violation import Claim
from workbench.panels.controls import cards
from workbench.panels.controls.recommendation_card import (
    because,
    ratings_of,
    recommendation_card,
)
from workbench.strings import Strings

# What the check may say, and what words may rest on: each has its text in strings.toml.
REASONS = (
    *("not-named", "misnamed", "other-title", "number", "year", "price", "award", "quote"),
    *("superlative", "user-claim", "instruction", "residue", "language"),
    *("repetition", "length", "article", "unsupported-word"),
    *("voice-length", "voice-never", "voice-emoji", "preset-never", "required"),
    *("refused", "unsuitable", "unknown", "no-text"),
)
FACTS = (
    *("title", "year", "genres", "price", "description", "row"),
    *("evidence_title", "evidence_kind", "evidence_rating", "evidence_count", "evidence_value"),
    "evidence",
)
EVIDENCE_TYPES = ("liked", "bought", "seen", "similar", "popular", "attribute")


def line_cards(lines: pd.DataFrame, ds: Dataset, text: Strings) -> str:
    """Cards of lines with evidence and, on each, who wrote it."""
    return "".join(
        recommendation_card(
            line,
            ds,
            {},
            text,
            score=line.score,
            copy=line.text,
            why=evidence_text(line, ds, text),
            marks=source_chip(line.source, text),
        )
        for line in lines.itertuples()
    )


def evidence_text(line: Any, ds: Dataset, text: Strings) -> str:
    """What a text rests on, in words: of a recommendation its evidence, of a list its items."""
    comma = text("because.comma")
    called = Columns.TITLE if text.language == "en" else f"{Columns.TITLE}_{text.language}"
    values = [str(fact[called]) for fact in line.evidence if fact["kind"] == "attribute"]
    stated = text("because.stated", values=comma.join(values)) if values else ""
    if getattr(line, Columns.BECAUSE, None) is None:
        titles = ds.titles_in(text.language)
        named = [text("because.title", title=titles[item]) for item in line[Columns.ITEMS]]
        rests = text("because.list", items=comma.join(named)) if named else ""
    else:
        rests = because(line.because, ds, ratings_of(ds, line.user_id), text)
    return " · ".join(filter(None, [stated, rests]))


def source_chip(name: str, text: Strings) -> str:
    """A label that says who wrote a line."""
    return cards.chips([text(f"source.{name}")], name)


def line_card(
    line: pd.Series,
    claims: Iterable[Claim],
    text: Strings,
    *,
    subject: Iterable[Claim] = (),
    marks: str = "",
    notes: Iterable[str] = (),
) -> str:
    """Card of a line as `Review.lines` has it, its words marked by what they rest on."""
    marks += source_chip(line[Columns.SOURCE], text)
    if line["edited"]:
        marks += cards.chips([text("copy.edited")])
    rank = f'<div class="rank">{line[Columns.RANK]}</div>' if line.get(Columns.RANK) else ""
    below = "".join(f'<div class="why">{escape(note)}</div>' for note in notes)
    return (
        f'<div class="card">{rank}<div class="body">'
        f'<div class="title">{escape(headline(line, text))}</div>'
        f"{marked_line(line, claims, text, subject=subject)}<div>{marks}</div>{below}</div></div>"
    )


def headline(line: pd.Series, text: Strings) -> str:
    """What a line is about: the title of its item, or that it is about a whole list."""
    return line[Columns.TITLE] or text("copy.whole_list", count=len(line[Columns.ITEMS]))


def marked_line(
    line: pd.Series,
    claims: Iterable[Claim],
    text: Strings,
    *,
    subject: Iterable[Claim] = (),
    size: str = "",
) -> str:
    """The words of a line, and above them those of its subject, marked by what they rest on."""
    copy = f'<div class="copy {size}">{marked_text(line[Columns.TEXT], claims, text)}</div>'
    if not line.get(Columns.SUBJECT):
        return copy
    label = f'<span class="soft">{text("copy.subject")}</span>'
    head = marked_text(line[Columns.SUBJECT], subject, text)
    return f'<div class="copy subject {size}">{label} {head}</div>{copy}'


def marked_text(words: str, claims: Iterable[Claim], text: Strings) -> str:
    """A text whose words are marked by what they rest on, which shows under the pointer."""
    parts, end = [], 0
    for claim in claims:
        note = escape(fact_text(claim, text))
        mark = f'<mark class="{_side(claim)}" title="{note}">'
        marked = verbatim(words[claim.start : claim.end])
        parts += [verbatim(words[end : claim.start]), mark, marked, "</mark>"]
        end = claim.end
    return "".join([*parts, verbatim(words[end:])])


def fact_table(texts: Iterable[tuple[str, Iterable[Claim]]], text: Strings) -> str:
    """A row for each marked word of some texts: what it rests on."""
    rows = {
        (words[claim.start : claim.end], fact_text(claim, text)): _side(claim)
        for words, claims in texts
        for claim in claims
    }
    body = "".join(
        f'<tr><td><mark class="{side}">{verbatim(marked)}</mark></td>'
        f'<td class="soft">{verbatim(note)}</td></tr>'
        for (marked, note), side in rows.items()
    )
    return f'<table class="facts">{body}</table>'


def fact_text(claim: Claim, text: Strings) -> str:
    """What a claim rests on, in words."""
    name, value = claim.field.replace(".", "_"), claim.fact
    if name not in FACTS:
        name = "evidence" if name.startswith("evidence") else "row"
    if name == "evidence_kind" and value in EVIDENCE_TYPES:
        value = text(f"kind.{value}")
    return text(f"fact.{name}", fact=value)


def verdict(reasons: Sequence[str], text: Strings) -> str:
    """What the check says of a line: that it passes, or each reason why not."""
    if not reasons:
        return f'<div class="passes">{verbatim(text("copy.passes"))}</div>'
    rows = "".join(f"<li>{verbatim(reason_text(reason, text))}</li>" for reason in reasons)
    return f'<div class="error">{verbatim(text("copy.fails"))}<ul>{rows}</ul></div>'


def reason_text(reason: str, text: Strings) -> str:
    """A reason of the check, "code:detail", as an analyst reads it."""
    if reason.startswith(f"{Columns.SUBJECT}-"):
        rest = reason.removeprefix(f"{Columns.SUBJECT}-")
        return text("copy.in_subject", reason=reason_text(rest, text))
    code, _, detail = reason.partition(":")
    if code == "refused":
        detail = reason_text(detail, text)
    return text(f"reason.{code}", detail=detail) if code in REASONS else reason


def _side(claim: Claim) -> str:
    if claim.field.startswith("evidence"):
        return "evidence"
    return "name" if claim.field == "title" else "row"
