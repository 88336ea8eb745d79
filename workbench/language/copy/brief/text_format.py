"""The kinds of text that are written: a file each, in ``data/kinds``."""

from functools import cache
from pathlib import Path
from typing import Literal

from workbench.language.copy.brief.settings import (
    FormatName,
    Language,
    Openings,
    Settings,
    Supply,
    empty,
)
from workbench.validation import one_of

FOLDER = Path(__file__).parents[1] / "data" / "formats"
FORMATS: tuple[FormatName, ...] = ("line", "push", "email", "title", "why", "intro", "welcome")


class TextFormat(Settings):
    """A kind of text: its limits, what is asked of a model, and its hand-written sentences."""

    name: FormatName
    ask: dict[Language, str]  # what a model that follows instructions is told to write
    length: dict[Language, tuple[int, int]]  # characters, least and most
    subject: dict[Language, int] = empty()  # characters of a subject, where there is one
    per: Literal["item", "list"] = "item"
    named: bool = True  # names the item
    closed: bool = True  # ends with a full stop
    several: bool = False  # has several sentences
    wraps: FormatName | None = None  # the kind of the sentence that stands in its {line}
    words: dict[Language, str] = empty()  # neutral in texts of this kind
    tokens: int = 64  # that a model may write
    patterns: dict[Language, Supply] = empty()
    subjects: dict[Language, Supply] = empty()
    openings: dict[Language, Openings] = empty()


@cache
def format_named(name: str) -> TextFormat:
    """Return a kind of text by its name."""
    return TextFormat.read(FOLDER / f"{one_of('kind', name, FORMATS)}.toml")
