"""The form of a text: marks, length, language, repetition. What it says is read elsewhere."""

import re
from collections.abc import Iterator, Sequence

from workbench.language.grounding.lexicon import signs, words
from workbench.language.grounding.title_masking import ALLOWED, ITEM, OTHER, SENTENCE, Masked
from workbench.language.grounding.violation import Violation
from workbench.words import WORD, segmented

LENGTHS = {"en": (5, 45), "zh": (8, 80)}  # words in English, characters in Chinese
LONG = {"en": 4, "zh": 2}  # letters from which a word counts as repeated
Span = tuple[int, int]
_MARKS = re.compile(
    rf"[^\w\s,.!?;:'\"“”‘’()《》「」、。—–…&$¥%·\-{ITEM}{OTHER}{ALLOWED}]|_|[^\S\n]{{2}}|[,;:]\s*[.,]"
)
_BREAK = re.compile(r"(?<![.!?。…\n])\n|\n{3}")  # no paragraph ends where no sentence does
_END = re.compile(r"[.!?。…][”’\")]?$")
_LAST = re.compile(r"([\w'-]+)\W?$")
_ARTICLE = re.compile(r"\ba (?=[aeio](?!ne))|\ban (?=[^aeiouh\W])", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")
_FOREIGN = re.compile(r"[\u0370-\u1dff\u3040-\u33ff\uac00-\ud7ff]")  # neither Latin nor Chinese


def tokens(text: str, language: str) -> list[Span]:
    """Return where the words of a text stand."""
    if language == "en":
        return [word.span() for word in WORD.finditer(text)]
    return [(start, end) for word, start, end in segmented(text) if WORD.search(word)]


def faults(
    masked: Masked, spans: Sequence[Span], language: str, length: tuple[int, int] | None
) -> Iterator[Violation]:
    """Find what is wrong with the form of a text whose words stand at `spans`.

    Where the fewest and most words are given, it need not be one full sentence.
    """
    text = masked.text
    least, most = length or LENGTHS[language]
    size = len(masked.read) if language == "zh" else len(spans) + len(masked.titles)
    if not least <= size <= most:
        yield Violation("length", f"{size}")
    for code in ("instruction", "residue"):
        for sign in signs(code).finditer(text):
            yield Violation(code, sign[0], *sign.span())
    if mark := _MARKS.search(text) or re.search(_BREAK if length else "\n", text):
        yield Violation("residue", mark.group().strip(), *mark.span())
    last = _LAST.search(text) if language == "en" else None
    hangs = last is not None and last[1].lower() in words("en", "hanging")
    if hangs or not (length or _END.search(text)):
        yield Violation("residue", "unfinished")
    if language == "en" and (slip := _ARTICLE.search(text)):
        yield Violation("article", slip.group().strip(), *slip.span())
    other = not _HAN.search(text) and spans if language == "zh" else _HAN.search(text)
    if other or _FOREIGN.search(text):
        yield Violation("language")
    yield from _repetition(masked, spans, language, whole=length is None)


def _repetition(
    masked: Masked, spans: Sequence[Span], language: str, *, whole: bool
) -> Iterator[Violation]:
    """Find stems said twice: in the whole of a line, in a sentence of a longer text."""
    seen: set[str] = set()
    read = 0
    for start, end in spans:
        if not whole and SENTENCE.search(masked.text, read, start):
            seen.clear()
        read = end
        word = masked.text[start:end].lower()
        if len(word) < LONG[language] or word in words(language, "function"):
            continue
        # Five letters tell "dramatic drama" and "thrilling thriller" without a stemmer.
        stem = word[:5] if language == "en" else word
        if stem in seen:
            yield Violation("repetition", stem, start, end)
        seen.add(stem)
    sentences = [part.strip().casefold() for part in SENTENCE.split(masked.read)]
    for sentence in {s for s in sentences if s and sentences.count(s) > 1}:
        yield Violation("repetition", sentence)
