"""Hand-written sentences, openings and examples, and the prompt that a model continues."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from workbench.columns import Columns
from workbench.language.facts import instructs
from workbench.language.grounding import clean, goods_of, lexicon, year_of

EXAMPLES = 3
TONES = ("warm", "plain", "playful")
LANGUAGES = ("en", "zh")
_WIDER = {"liked": ["liked", "own"], "bought": ["bought", "own"], "seen": ["own"]}
Slots = Mapping[str, str]


def patterns(language: str, kind: str, goods: str, tone: str) -> list[str]:
    """Return the hand-written sentences for a situation, those of the tone itself first.

    Parameters
    ----------
    language : {"en", "zh"}
    kind : {"liked", "bought", "seen", "similar", "popular", "none"}
        Kind of the evidence.
    goods : {"film", "shop"}
    tone : {"warm", "plain", "playful"}
    """
    found = _cells("patterns", language, kind, goods)
    return [p for own in (tone, "any") for cell in found for p in cell.get(own, [])]


def openings(language: str, kind: str, goods: str) -> list[str]:
    """Return the hand-written beginnings that a model has to continue."""
    return [p for cell in _cells("openings", language, kind, goods) for p in cell["any"]]


def fill(pattern: str, slots: Slots) -> str | None:
    """Put values into a pattern's slots; None if one that it needs is empty."""
    needed = {name for _, name, _, _ in Formatter().parse(pattern) if name}
    return pattern.format(**slots) if all(slots.get(name) for name in needed) else None


def slots(row: Mapping[str, Any], title: str, because: str, *, language: str) -> dict[str, str]:
    """Return the values of the slots ``title``, ``because``, ``genre``, ``a_genre``, ``year``."""
    genre = genre_phrase(row, language)
    article = "an" if genre[:1].lower() in "aeiou" else "a"
    year = year_of(row)
    values = {"title": title, "because": because, "genre": genre, "year": str(year or "")}
    return values | {"a_genre": f"{article} {genre}" if genre else ""}


def genre_phrase(row: Mapping[str, Any], language: str) -> str:
    """Name the first genre of an item that can be named in the language."""
    own = row.get(f"{Columns.GENRES}_{language}", row.get(Columns.GENRES))
    listed = lexicon()[language]["genres"]
    for genre in own if isinstance(own, list) else []:
        if genre in listed or goods_of(row) == "shop":
            return str(listed.get(genre, clean(genre).lower())).split(", ")[0]
    return ""


def prompt(row: Mapping[str, Any], opening: str, *, language: str, described: bool) -> str:
    """Write the prompt: three examples, the facts, the forced opening.

    Parameters
    ----------
    row : mapping
        The item's row; the user, by name or id, is never part of a prompt.
    opening : str
        Beginning of the sentence, its slots filled.
    language : {"en", "zh"}
    described : bool
        Give the description too, as a stronger model can use it.
    """
    examples = _read("openings")[language]["examples"]
    genres = [clean(genre, limit=40) for genre in row.get(Columns.GENRES) or []]
    facts = ", ".join(genre for genre in genres if not instructs(genre)) or "-"
    description = clean(row.get(Columns.DESCRIPTION, ""), limit=300)
    if described and description and not instructs(description):
        facts += f"; {description}"
    goods = goods_of(row)
    # A small model copies what it is shown: other examples for each opening keep a list varied.
    shown = random.Random(opening).sample(examples[goods], EXAMPLES)
    asked = f"<{_fenced(facts)}>\n{_fenced(opening)}"
    return "\n\n".join([examples["heading"], *shown, asked])


def _fenced(text: str) -> str:
    """Keep what holds words of the data to one line, without marks that a model obeys."""
    return " ".join(text.replace("<", "").replace(">", "").split())


def _cells(file: str, language: str, kind: str, goods: str) -> Sequence[Mapping[str, list[str]]]:
    table = _read(file)[language]
    kinds = [table.get(wider, {}) for wider in _WIDER.get(kind, [kind])]
    return [cells[own] for cells in kinds for own in (goods, "any") if own in cells]


@cache
def _read(name: str) -> dict[str, Any]:
    path = Path(__file__).parent / "data" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))
