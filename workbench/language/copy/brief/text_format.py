"""The formats of text that are written: a file each, in ``data/formats``."""

from functools import cache
from typing import Literal

from workbench.columns import Columns
from workbench.language.copy.brief import settings
from workbench.language.copy.brief.settings import FormatName, Language, Openings, Supply, empty
from workbench.validation import one_of


class TextFormat(settings.Settings):
    """A format of text: its limits, what is asked of a model, and its hand-written sentences."""

    name: FormatName
    ask: dict[Language, str]  # what a model that follows instructions is told to write
    length: dict[Language, tuple[int, int]]  # characters, least and most
    subject: dict[Language, int] = empty()  # characters of a subject, where there is one
    per: Literal["item", "list"] = "item"
    named: bool = True  # names the item
    closed: bool = True  # ends with a full stop
    several: bool = False  # has several sentences
    wraps: FormatName | None = None  # the format of the sentence that stands in its {line}
    words: dict[Language, str] = empty()  # neutral in texts of this format
    tokens: int = 64  # that a model may write
    patterns: dict[Language, Supply] = empty()
    subjects: dict[Language, Supply] = empty()
    openings: dict[Language, Openings] = empty()

    @property
    def parts(self) -> tuple[str, ...]:
        """Columns of the texts that copy of this format consists of."""
        return (Columns.TEXT, Columns.SUBJECT) if self.subject else (Columns.TEXT,)

    @property
    def about(self) -> str:
        """Column of what a text is about: an item, or a user's list."""
        return Columns.ITEM if self.per == "item" else Columns.ITEMS


@cache
def format_named(name: str) -> TextFormat:
    """Return a format of text by its name."""
    stem = one_of("kind", name, settings.FORMATS)
    return TextFormat.read(settings.DATA / "formats" / f"{stem}.toml")
