"""The first grounding check: a sentence says only what the item's row and evidence support.

It knows nothing of prompts or models. A sentence passes if, the titles set aside, each of its
words is a word of the row, of the genre lexicon or of a neutral vocabulary of appraisal and
occasion (``data/lexicon.toml``), or is carried by the evidence ("loved" by a high rating).
"""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from workbench.columns import Columns

Row = Mapping[str, Any]
ITEM, OTHER = "\ue000", "\ue001"  # stand in for the titles while the rest is read
LENGTHS = {"en": (5, 45), "zh": (8, 80)}  # words in English, characters in Chinese
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MARKS = re.compile(
    r"[^\w\s,.!?;:'\"“”‘’()《》「」、。—–…&$¥%·\-\ue000\ue001]|[_\n]|\s{2}|[,;:]\s*[.,]"
)
_END = re.compile(r"[.!?。…][”’\")]?$")
_LAST = re.compile(r"([\w'-]+)\W?$")
_ARTICLE = re.compile(r"\ba (?=[aeio](?!ne))|\ban (?=[^aeiouh\W])", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:^|[.!?:—–“\"(])\s*$")
_HAN = re.compile(r"[\u3400-\u9fff]")
_NOT_FACTS = {Columns.ITEM, Columns.IMAGE, Columns.TITLE, f"{Columns.TITLE}_zh"}


def check(text: str, row: Row, evidence: Sequence[Row], *, language: str = "en") -> list[str]:
    """Return the reasons why a sentence must not be delivered; none if it is sound.

    Parameters
    ----------
    text : str
        The sentence.
    row : mapping
        The item's row: ``title``, ``year``, ``genres``, ``description``, ``price``, ….
    evidence : sequence of mapping
        What the recommendation rests on; see `workbench.language.evidence`.
    language : {"en", "zh"}
        Language that the sentence has to be in.

    Returns
    -------
    list of str
        Of ``not-named``, ``other-title:WORD``, ``number:NUMBER``, ``unsupported-word:WORD``,
        ``residue``, ``article``, ``repetition:WORD``, ``length`` and ``language``.
    """
    masked = mask(text, row, evidence)
    words = _chinese_words(masked) if language == "zh" else _english_words(masked)
    return [
        *([] if ITEM in masked else ["not-named"]),
        *_form(masked, words, language),
        *(f"number:{number}" for number in _numbers(masked) - _known_numbers(row, evidence)),
        *_unsupported(masked, row, evidence, language),
        *_repetition(words, language),
    ]


def clean(text: object, *, limit: int = 200) -> str:
    """Make a text from outside safe: one line, no control or direction characters, not long."""
    # Categories C are control, format (bidi overrides), surrogate, private use and unassigned.
    kept = (" " if unicodedata.category(c)[0] in "CZ" else c for c in str(text))
    return " ".join("".join(kept).split())[:limit].strip()


def readable(title: str, *, goods: str = "film") -> str:
    """Turn "Godfather, The" and a film's "Seven (a.k.a. Se7en)" into what one says."""
    # Of goods, what stands in brackets tells one from another.
    name = re.sub(r"(?<=\S) \([^()]*\)$", "", title) if goods == "film" else title
    found = re.fullmatch(r"(.+), (The|A|An|Le|La|Les|L'|Il|El|Der|Die|Das)", name)
    if not found:
        return name
    name, article = found.groups()
    return f"{article}{'' if article.endswith(chr(39)) else ' '}{name}"


def goods_of(row: Row) -> str:
    """Say whether an item is a "film" or "shop" goods: a film has a genre of films or a year."""
    genres = row.get(Columns.GENRES)
    filmic = isinstance(genres, list) and bool(set(genres) & set(lexicon()["en"]["genres"]))
    film = Columns.PRICE not in row and (filmic or year_of(row) is not None)
    return "film" if film else "shop"


def year_of(row: Row) -> int | None:
    """Year of an item's row, if it has one."""
    year = row.get(Columns.YEAR)
    return None if year is None or year != year or not str(year).strip() else int(float(year))


def mask(text: str, row: Row, evidence: Iterable[Row]) -> str:
    """Put one character in place of the item's title and another in place of each other title."""
    goods = goods_of(row)
    marks = dict.fromkeys((form for other in evidence for form in _names(other, goods)), OTHER)
    marks |= dict.fromkeys(_names(row, goods), ITEM)
    text = _plain(text)
    for form in sorted(marks, key=len, reverse=True):
        text = re.sub(_bounded(form), marks[form], text)
    return text


def conditions(row: Row, evidence: Iterable[Row]) -> set[str]:
    """Name what a sentence may appeal to: the kinds of evidence and the kind of goods."""
    kinds = {str(other["kind"]) for other in evidence}
    own = {"own"} if kinds & {"liked", "bought", "seen"} else set()
    shared = {"shared"} if any(other.get(Columns.GENRES) for other in evidence) else set()
    return kinds | own | shared | {goods_of(row)}


def vocabulary(row: Row) -> dict[str, bool]:
    """Words and phrases for a model to write with, each with whether a clause may end on it."""
    writer = lexicon()["en"]["writer"]
    ending = writer["words"].split() + writer["phrases"] + writer[goods_of(row)]
    linking = dict.fromkeys(writer["linking"].split(), False)
    return linking | dict.fromkeys(ending + _genre_phrases(row, "en"), True)


def genre_name(genre: str, language: str) -> str:
    """Name of a film genre in Chinese; as it is where there is none or English is asked for."""
    listed = lexicon()["zh"]["genres"] if language == "zh" else {}
    return str(listed.get(genre, genre)).split(", ")[0]


@cache
def lexicon() -> dict[str, Any]:
    """Read the lexicon that ships with the package."""
    path = Path(__file__).parent / "data" / "lexicon.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'")


def _names(row: Row, goods: str) -> set[str]:
    names = {clean(row[c]) for c in (Columns.TITLE, f"{Columns.TITLE}_zh") if row.get(c)}
    names = {_plain(name) for name in names | {readable(name, goods=goods) for name in names}} - {
        ""
    }
    year = year_of(row)
    if year is None:
        return names
    alone = {name for name in names if not common(name)}
    return alone | {form for n in names for form in (f"{n} ({year})", f"《{n}》({year})")}


def common(name: str) -> bool:
    """Whether a title, such as "It" or "Go", is a word: then it counts only with its year."""
    return name.casefold() in _words("en", frozenset())


def _bounded(form: str) -> str:
    # Chinese runs on without spaces, so only a Latin letter or digit has to end a word.
    before = r"(?<!\w)" if re.match(r"[A-Za-z0-9]", form) else ""
    after = r"(?!\w)" if re.search(r"[A-Za-z0-9]$", form) else ""
    return before + re.escape(form) + after


def _form(masked: str, words: list[str], language: str) -> list[str]:
    reasons = []
    least, most = LENGTHS[language]
    size = len(masked) if language == "zh" else len(words) + masked.count(ITEM)
    if not least <= size <= most:
        reasons.append("length")
    if _MARKS.search(masked) or not _END.search(masked) or _hangs(masked, language):
        reasons.append("residue")
    if language == "en" and _ARTICLE.search(masked):
        reasons.append("article")
    if bool(_HAN.search(masked)) != (language == "zh"):
        reasons.append("language")
    return reasons


def _hangs(masked: str, language: str) -> bool:
    last = _LAST.search(masked)
    hanging = lexicon()["en"]["hanging"].split()
    return language == "en" and last is not None and last[1].lower() in hanging


def _numbers(text: object) -> set[str]:
    return {number.replace(",", "") for number in _NUMBER.findall(str(text))}


def _known_numbers(row: Row, evidence: Iterable[Row]) -> set[str]:
    known = {value for text in _texts(row) for value in _numbers(text)}
    known |= {str(year_of(row))}
    amounts = [row.get(Columns.PRICE)]
    amounts += [other.get(key) for other in evidence for key in (Columns.RATING, "count")]
    for amount in amounts:
        if amount is not None:
            known |= {f"{amount:.10g}", f"{amount:.2f}"}
    return known


def _texts(row: Row) -> list[str]:
    # A film's title is a name; the title of goods describes them.
    keys = [key for key in row if goods_of(row) == "shop" or key not in _NOT_FACTS]
    values = [row[key] for key in keys if key not in {Columns.ITEM, Columns.IMAGE}]
    parts = [v if isinstance(v, list | tuple) else [v] for v in values]
    return [clean(part, limit=2000) for few in parts for part in few if isinstance(part, str)]


def _unsupported(masked: str, row: Row, evidence: Sequence[Row], language: str) -> list[str]:
    known = _words(language, frozenset(conditions(row, evidence))) | _row_words(row, language)
    if language == "zh":
        return [f"unsupported-word:{w}" for w in _chinese_words(masked) if w not in known]
    phrases = lexicon()["en"]["phrases"] + list(vocabulary(row))
    rest = _without(masked, phrases)
    reasons = []
    for found in _WORD.finditer(rest):
        word = found.group()
        lower = word.lower()
        inside = not _SENTENCE_START.search(rest[: found.start()])
        if inside and word != lower and word != "I" and lower not in _row_words(row, language):
            reasons.append(f"other-title:{word}")
        elif lower not in known and not all(part in known for part in lower.split("-")):
            reasons.append(f"unsupported-word:{lower}")
    return reasons


def _without(masked: str, phrases: Collection[str]) -> str:
    several = sorted(
        (p for p in phrases if " " in p or "-" in p or "'" in p), key=len, reverse=True
    )
    joined = "|".join(map(re.escape, several))
    # The replacement keeps a sentence's first word first.
    return re.sub(rf"(?<![\w'-])(?:{joined})(?![\w'-])", "the", masked, flags=re.IGNORECASE)


@cache
def _words(language: str, held: frozenset[str]) -> frozenset[str]:
    own = lexicon()[language]
    listed = [own["function"], own["neutral"], *(own["needs"].get(need, "") for need in held)]
    return frozenset(" ".join(listed).split())


def _row_words(row: Row, language: str) -> set[str]:
    texts = _texts(row) + _genre_phrases(row, language)
    split = _chinese_words if language == "zh" else _english_words
    return {word for text in texts for word in split(_plain(text))}


def _genre_phrases(row: Row, language: str) -> list[str]:
    listed = lexicon()[language]["genres"]
    genres = row.get(Columns.GENRES)
    names = [clean(genre) for genre in genres] if isinstance(genres, list | tuple) else []
    return [p for name in names for p in listed.get(name, name.lower()).split(", ")]


def _english_words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _chinese_words(text: str) -> list[str]:
    import jieba

    jieba.setLogLevel("WARNING")
    return [word for word in jieba.lcut(text) if word not in (ITEM, OTHER) and _WORD.search(word)]


def _repetition(words: list[str], language: str) -> list[str]:
    if language == "zh":
        stems = [word for word in words if len(word) > 1]
    else:
        # Five letters tell "dramatic drama" and "thrilling thriller" without a stemmer.
        linking = lexicon()["en"]["function"].split()
        stems = [word[:5] for word in words if word not in linking and len(word) > 3]
    return [f"repetition:{stem}" for stem in sorted({s for s in stems if stems.count(s) > 1})]
