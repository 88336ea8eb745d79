"""Proofreading: everything that a delivered text must pass, whoever wrote it."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from workbench.columns import Columns
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.voice import Voice, without_emoji
from workbench.language.grounding.check import check, claims
from workbench.language.grounding.violation import Violation

_SENTENCES = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n+|(?<=：)\n+")
_ENDED = re.compile(r"[.!?。！？…][”’\")]?$")
_ELSEWHERE = {"length", "not-named"}  # judged of the whole text, not of each sentence


def faults(
    text: str,
    row: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    brief: CopyBrief,
    *,
    names: Collection[str] = (),
    part: str = Columns.TEXT,
) -> list[Violation]:
    """Return why a text must not be delivered; none if it is sound.

    The text is without what the domain requires after it, the brief that of an item, with its
    domain, and `names` are titles and values as they stand in the text. A "subject" need not name
    the item, and has a length of its own. The reasons are those of `grounding.check`, ``length``
    in characters with what is required, those of `Voice.faults`, and ``preset-never:WORD``.
    """
    is_subject = part == Columns.SUBJECT
    final, (least, most) = finished(text, brief), brief.format.length[brief.language]
    if is_subject:
        final, (least, most) = text, (1, brief.format.subject[brief.language])
    hidden = "" if is_subject else [character for character in text if _hides(character, brief)]
    violations = [Violation("residue", f"U+{ord(character):04X}") for character in hidden]
    if not (least <= len(text) and len(final) <= most):
        violations.append(Violation("length", str(len(final))))
    violations += _grounding(text, row, evidence, brief, names, not is_subject)
    violations += _manner(text, brief, names)
    if not is_subject:
        manner = brief.voice.faults(final, brief.language)
        violations += [reason for reason in manner if reason.code == "voice-length"]
    return violations


def line_faults(
    texts: Mapping[str, str],
    row: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    brief: CopyBrief,
) -> list[Violation]:
    """Check a line as it was delivered, with its subject and what the domain requires.

    The one check of finished lines: of `Review` and of the measures of copy. Its texts are
    ``text`` and, of an e-mail, ``subject``, whose codes begin with "subject-".
    """
    language = brief.language
    names = {
        text[claim.start : claim.end]
        for text in texts.values()
        for claim in claims(text.removesuffix(brief.required), row, evidence, language=language)
        if claim.field.endswith(Columns.TITLE)
    }
    violations = []
    for part, text in texts.items():
        if part == Columns.SUBJECT:
            wrong = faults(text, row, evidence, brief, names=names, part=part)
            violations += [reason._replace(code=f"{part}-{reason.code}") for reason in wrong]
        else:
            violations += faults(unfinished(text, brief), row, evidence, brief, names=names)
            violations += [] if text.endswith(brief.required) else [Violation("required")]
    return violations


def finished(text: str, brief: CopyBrief) -> str:
    """Put what the domain requires behind a text."""
    if not brief.required:
        return text
    between = "\n\n" if "\n" in text else "" if brief.language == "zh" else " "
    if not _ENDED.search(text):
        text += "。" if brief.language == "zh" else "."
    return f"{text}{between}{brief.required}"


def unfinished(text: str, brief: CopyBrief) -> str:
    """Take what the domain requires from behind a text."""
    return text.removesuffix(brief.required).rstrip() if brief.required else text


def sentences(text: str, names: Collection[str]) -> list[str]:
    """Cut a text into sentences; a full stop within a name ends none."""
    marks = {name: chr(0xE100 + i) for i, name in enumerate(sorted(names, key=len, reverse=True))}
    for name, mark in marks.items():
        text = text.replace(name, mark) if name else text
    parts = [part.strip() for part in _SENTENCES.split(text) if part and part.strip()]
    for name, mark in marks.items():
        parts = [part.replace(mark, name) for part in parts]
    return parts


def _grounding(
    text: str,
    row: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    brief: CopyBrief,
    names: Collection[str],
    names_item: bool,
) -> list[Violation]:
    if brief.voice.emoji:
        text = without_emoji(text)
    # Chinese runs on, so that the check does not see a Latin value as a name in it.
    stated = " ".join(str(e[Columns.TITLE]) for e in evidence if e["kind"] == "attribute")
    allowed = brief.words | {*stated.split(), *stated.lower().split()}
    violations = [
        check(_ended(part), row, evidence, language=brief.language, allowed=allowed)
        for part in (sentences(text, names) if brief.format.several else [text])
    ]
    unnamed = all("not-named" in [r.code for r in each] for each in violations)
    missing = names_item and brief.format.named and unnamed
    kept = [r for each in violations for r in each if r.code not in _ELSEWHERE]
    return [*([Violation("not-named")] if missing else []), *kept]


def _hides(character: str, brief: CopyBrief) -> bool:
    """Say whether a character is of control or format; within emoji, some join them."""
    joins = brief.voice.emoji and character == "\u200d"
    return unicodedata.category(character)[0] == "C" and character != "\n" and not joins


def _ended(sentence: str) -> str:
    """Give a title, a greeting or a subject the full stop that a sentence has to end with."""
    return sentence if _ENDED.search(sentence) else f"{sentence.rstrip(',:：，')}."


def _manner(text: str, brief: CopyBrief, names: Collection[str]) -> list[Violation]:
    """Return the words and signs that voice and domain forbid."""
    language, never = brief.language, brief.goods.never.get(brief.language, [])
    forbidden = Voice(never=tuple(never), emoji=True).faults(text, language, names=names)
    return [
        *(r for r in brief.voice.faults(text, language, names=names) if r.code != "voice-length"),
        *(r._replace(code="preset-never") for r in forbidden),
    ]
