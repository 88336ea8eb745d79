"""The words that copy is made of beside an item's own (``data/lexicon.toml``)."""

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def lexicon() -> dict[str, Any]:
    """Read the lexicon that ships with the package."""
    path = Path(__file__).parent / "data" / "lexicon.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def words(language: str, name: str) -> frozenset[str]:
    """Return a list of single words, such as "function" or "needs.liked"."""
    listed: Any = lexicon()[language]
    for part in name.split("."):
        listed = listed.get(part, "")
    return frozenset(listed.split())


@cache
def neutral(language: str, goods: str) -> frozenset[str]:
    """Words that state nothing of an item of these goods, "film" or "shop"."""
    names = ("function", "neutral", f"needs.{goods}")
    return frozenset().union(*(words(language, name) for name in names))


@cache
def needs(language: str) -> dict[str, frozenset[str]]:
    """Words that evidence has to carry, each with the kinds of evidence that do."""
    kinds = set(lexicon()[language]["needs"]) - {"film", "shop"}
    carried = {word for kind in kinds for word in words(language, f"needs.{kind}")}
    return {w: frozenset(k for k in kinds if w in words(language, f"needs.{k}")) for w in carried}


@cache
def faults(language: str) -> dict[str, str]:
    """Words that say by themselves what is wrong with them: an award, a superlative."""
    listed = lexicon()[language]["faults"]
    return {word: code for code in listed for word in words(language, f"faults.{code}")}


@cache
def signs(name: str) -> re.Pattern[str]:
    """Return the expression for an "instruction" or the "residue" of a template or a chat."""
    parts = sorted(lexicon()["signs"][name], key=lambda part: not part.startswith(r"\b"))
    bound = [part.removeprefix(r"\b") for part in parts if part.startswith(r"\b")]
    # Most begin with a word: looked for together, they are tried where a word begins.
    joined = "|".join([rf"\b(?=\w)(?:{'|'.join(bound)})", *parts[len(bound) :]])
    return re.compile(joined, re.IGNORECASE)


@cache
def units(language: str, amount: str) -> re.Pattern[str]:
    """Return the expression for what follows a "price", a "rating" or a "count"."""
    listed = "|".join(map(re.escape, lexicon()[language]["units"][amount]))
    bound = r"\b" if language == "en" else ""
    return re.compile(rf"[\s-]?(?:{listed}){bound}", re.IGNORECASE)


def genre_name(genre: str, language: str) -> str:
    """Name of a film genre in Chinese; as it is where there is none or English is asked for."""
    listed = lexicon()["zh"]["genres"] if language == "zh" else {}
    return str(listed.get(genre, genre)).split(", ")[0]
