"""What an item's row and the evidence state: names, texts and kinds."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from workbench.columns import Columns
from workbench.language.grounding.lexicon import lexicon, neutral, signs
from workbench.words import clean, normal

Row = Mapping[str, Any]
MAKERS = ("brand", "maker", "author", "artist", "director")  # fields that hold a name
OWN = frozenset({"liked", "bought", "seen"})
_HAN = re.compile(r"[\u3400-\u9fff]+")


def instructs(text: str) -> bool:
    """Say whether a text of the data tells a model what to do: no fact is taken from such a one."""
    return signs("instruction").search(normal(text)) is not None


def readable(title: str, *, goods: str = "film") -> str:
    """Turn "Godfather, The" and a film's "Seven (a.k.a. Se7en)" into what one says."""
    # Of goods, what stands in brackets tells one from another.
    name = re.sub(r"(?<=\S) \([^()]*\)$", "", title) if goods == "film" else title
    name = re.sub(r"^(.+), (L')$", r"\2\1", name)
    return re.sub(r"^(.+), (The|A|An|Le|La|Les|Il|El|Der|Die|Das)$", r"\2 \1", name)


def goods_of(row: Row) -> str:
    """Say whether an item is a "film" or "shop" goods: a film has a genre of films or a year."""
    genres = row.get(Columns.GENRES)
    filmic = isinstance(genres, list) and bool(set(genres) & set(lexicon()["en"]["genres"]))
    film = Columns.PRICE not in row and (filmic or year_of(row) is not None)
    return "film" if film else "shop"


def year_of(row: Row) -> int | None:
    """Year of an item's row, if it has one."""
    try:
        return int(float(row[Columns.YEAR]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def names(row: Row, goods: str) -> set[str]:
    """Return the forms in which a sentence may name an item."""
    titles = {clean(row[c]) for c in (Columns.TITLE, f"{Columns.TITLE}_zh") if row.get(c)}
    forms = {normal(name) for name in titles | {readable(t, goods=goods) for t in titles}} - {""}
    year = year_of(row)
    styles = () if year is None else (f"{{}} ({year})", f"《{{}}》({year})")
    dated = {style.format(name) for style in styles for name in forms}
    vague = {n for n in forms if _is_short(n) or (dated and is_common_word(n))}
    quoted = {f"{a}{n}{b}" for n in vague for a, b in ("《》", "“”", '""')}
    return forms - vague | dated | quoted


def is_common_word(name: str) -> bool:
    """Say whether a title, such as "It", is a word: it counts only in quotes or with its year."""
    words = (neutral(language, "") for language in ("en", "zh"))
    return _is_short(name) or any(name.casefold() in listed for listed in words)


def values(attribute: Row) -> list[str]:
    """Return the forms of the value of a user's attribute."""
    keys = ("value", Columns.TITLE, f"{Columns.TITLE}_zh")
    return [clean(attribute[key]) for key in keys if attribute.get(key)]


def texts(row: Row) -> list[tuple[str, str]]:
    """Return the texts that state something of an item, each with the field that it stands in."""
    # A film's title is a name; the title of goods describes them.
    left_out = {Columns.ITEM, Columns.IMAGE}
    if goods_of(row) == "film":
        left_out |= {Columns.TITLE, f"{Columns.TITLE}_zh"}
    parts = [
        (key.removesuffix("_zh"), part)
        for key, value in row.items()
        if key not in left_out
        for part in (value if isinstance(value, list | tuple) else [value])
        if isinstance(part, str)
    ]
    cleaned = [(field, clean(part, limit=2000)) for field, part in parts]
    for maker in makers(row):  # the brand "Oak & Loom" makes nothing of oak
        cleaned = [(field, part.replace(maker, ";")) for field, part in cleaned]
    return [(f, part) for f, part in cleaned if f not in MAKERS and not instructs(part)]


def makers(row: Row) -> dict[str, str]:
    """Return the names of who made an item, each with the field that it stands in."""
    keys = [(f"{field}{end}", field) for field in MAKERS for end in ("", "_zh")]
    made = {clean(row[key]): field for key, field in keys if isinstance(row.get(key), str)}
    return {normal(name): at for name, at in made.items() if len(name) > 1 and not instructs(name)}


def genre_phrases(row: Row, language: str) -> dict[str, str]:
    """Phrases that name an item's genres, each with the genre that it names."""
    listed = lexicon()[language]["genres"]
    genres = row.get(Columns.GENRES)
    cleaned = map(clean, genres if isinstance(genres, list | tuple) else [])
    named = [genre for genre in cleaned if not instructs(genre)]
    return {phrase: g for g in named for phrase in listed.get(g, g.lower()).split(", ")}


def conditions(row: Row, evidence: Iterable[Row]) -> set[str]:
    """Name what a sentence may appeal to: the kinds of evidence and the kind of goods."""
    kinds = {str(other["kind"]) for other in evidence}
    personal = {"own"} if kinds & OWN else set()
    shared = {"shared"} if any(other.get(Columns.GENRES) for other in evidence) else set()
    return kinds | personal | shared | {goods_of(row)}


def _is_short(name: str) -> bool:
    # One or two Chinese characters may stand within any word.
    return len(name) <= 2 and _HAN.fullmatch(name) is not None
