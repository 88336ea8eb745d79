"""Proofreading: everything that a delivered text must pass, whoever wrote it."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from workbench.columns import Columns
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.voice import Voice, without_emoji
from workbench.language.grounding.check import check
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
) -> list[Violation | str]:
    """Return why a text must not be delivered; none if it is sound.

    Parameters
    ----------
    text : str
        Without what the preset requires after it.
    row : mapping
        The item's row.
    evidence : sequence of mapping
        As `workbench.language.copy.item_evidence` documents.
    brief : CopyBrief
    names : collection of str
        Titles and values as they stand in the text.

    Returns
    -------
    list of Violation
        Those of `grounding.check`, ``length`` in characters with what is required, those of
        `Voice.faults`, and ``preset-never:WORD``.
    """
    least, most = brief.kind.length[brief.language]
    whole = finished(text, brief)
    return [
        *(Violation("residue", f"U+{ord(c):04X}") for c in text if _hidden(c, brief)),
        *(
            []
            if least <= len(text) and len(whole) <= most
            else [Violation("length", str(len(whole)))]
        ),
        *_grounding(text, row, evidence, brief, names, named=brief.kind.named),
        *_manner(text, brief, names),
        *(r for r in brief.voice.faults(whole, brief.language) if r.code == "voice-length"),
    ]


def subject_faults(
    text: str,
    row: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    brief: CopyBrief,
    *,
    names: Collection[str] = (),
) -> list[Violation | str]:
    """Return why a subject must not be delivered; it need not name the item."""
    most = brief.kind.subject[brief.language]
    return [
        *([] if 0 < len(text) <= most else [Violation("length", str(len(text)))]),
        *_grounding(text, row, evidence, brief, names, named=False),
        *_manner(text, brief, names),
    ]


def finished(text: str, brief: CopyBrief) -> str:
    """Put what the preset requires behind a text."""
    if not brief.required:
        return text
    between = "\n\n" if "\n" in text else "" if brief.language == "zh" else " "
    if not _ENDED.search(text):
        text += "。" if brief.language == "zh" else "."
    return f"{text}{between}{brief.required}"


def unfinished(text: str, brief: CopyBrief) -> str:
    """Take what the preset requires from behind a text."""
    return text.removesuffix(brief.required).rstrip() if brief.required else text


def sentences(text: str, names: Collection[str]) -> list[str]:
    """Cut a text into sentences; a full stop within a name ends none."""
    marks = {name: chr(0xE100 + i) for i, name in enumerate(sorted(names, key=len, reverse=True))}
    for name, mark in marks.items():
        text = text.replace(name, mark) if name else text
    found = [part.strip() for part in _SENTENCES.split(text) if part and part.strip()]
    for name, mark in marks.items():
        found = [part.replace(mark, name) for part in found]
    return found


def _grounding(
    text: str,
    row: Mapping[str, Any],
    evidence: Sequence[Mapping[str, Any]],
    brief: CopyBrief,
    names: Collection[str],
    *,
    named: bool,
) -> list[Violation | str]:
    if brief.voice.emoji:
        text = without_emoji(text)
    # Chinese runs on, so that the check does not see a Latin value as a name in it.
    stated = " ".join(str(e[Columns.TITLE]) for e in evidence if e["kind"] == "attribute")
    allowed = brief.words | {*stated.split(), *stated.lower().split()}
    parts = sentences(text, names) if brief.kind.several else [text]
    own = [
        check(_ended(part), row, evidence, language=brief.language, allowed=allowed)
        for part in parts
    ]
    missing = named and all("not-named" in map(str, reasons) for reasons in own)
    kept = [r for reasons in own for r in reasons if str(r).split(":")[0] not in _ELSEWHERE]
    return [*([Violation("not-named")] if missing else []), *kept]


def _hidden(character: str, brief: CopyBrief) -> bool:
    """Say whether a character is of control or format; within emoji, some join them."""
    joins = brief.voice.emoji and character == "\u200d"
    return unicodedata.category(character)[0] == "C" and character != "\n" and not joins


def _ended(sentence: str) -> str:
    """Give a title, a greeting or a subject the full stop that a sentence has to end with."""
    return sentence if _ENDED.search(sentence) else f"{sentence.rstrip(',:：，')}."


def _manner(text: str, brief: CopyBrief, names: Collection[str]) -> list[Violation]:
    """Return the words and signs that voice and preset forbid."""
    language, never = brief.language, brief.preset.never.get(brief.language, [])
    own = Voice(never=tuple(never), emoji=True).faults(text, language, names=names)
    return [
        *(r for r in brief.voice.faults(text, language, names=names) if r.code != "voice-length"),
        *(r._replace(code="preset-never") for r in own),
    ]
