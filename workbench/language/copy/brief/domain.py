"""Domains as data: what the goods are called, what of a user is evidence, what must not be said."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError
from workbench.language.copy.brief import settings
from workbench.language.copy.brief.settings import FormatName, Language, Openings, Supply, empty
from workbench.language.grounding.item_facts import goods_of
from workbench.language.grounding.lexicon import genre_name
from workbench.language.grounding.violation import Violation
from workbench.validation import one_of
from workbench.words import clean

VALUE = 60  # characters of a user's attribute
_IDENTIFIES = re.compile(r"(^|_)(id|name|e?mail|phone|mobile|address|birth\w*|passport)($|_)", re.I)


def _impersonal(column: str) -> str:
    if _IDENTIFIES.search(column):
        raise ValueError(f"column {column!r} says who a user is, which is never evidence")
    return column


class Attribute(settings.Settings):
    """A column of the users that is evidence where a column of the items holds the same value.

    With `order`, from least to most, an item above the user's own level is refused.
    """

    user: Annotated[str, AfterValidator(_impersonal)]
    item: str
    order: tuple[str, ...] = ()

    def level(self, value: Any) -> int | None:
        """Return where a value stands in the order; None if it does not."""
        levels = [v.casefold() for v in _values(value)]
        ranks = [v.casefold() for v in self.order]
        return ranks.index(levels[0]) if len(levels) == 1 and levels[0] in ranks else None


class Domain(settings.Settings):
    """A domain. Presets are TOML files; those that ship stand in ``language/copy/data/domains``.

    Attributes
    ----------
    goods : dict
        What an item is called, in each language.
    like : {"film", "shop", "any"}, optional
        The goods whose general sentences suit these too, or "any" for those that suit all.
        Without it the preset's own are the only ones.
    attributes : list of Attribute
        What of a user is evidence.
    values : dict
        How values are called in each language.
    required : dict
        Text that stands after everything delivered, in each language.
    words : dict
        Words, beside the lexicon's, that state no fact of an item in this domain.
    never : dict
        Words that are forbidden in each language, whatever the brand voice says.
    patterns, openings, subjects : dict
        Sentences by language, kind of text (not for subjects), kind of evidence and tone.
    """

    name: str
    goods: dict[Language, str]
    like: Literal["film", "shop", "any"] | None = None
    attributes: tuple[Attribute, ...] = ()
    values: dict[str, dict[Language, str]] = empty()
    required: dict[Language, str] = empty()
    words: dict[Language, str] = empty()
    never: dict[Language, list[str]] = empty()
    patterns: dict[Language, dict[FormatName, Supply]] = empty()
    openings: dict[Language, dict[FormatName, Openings]] = empty()
    subjects: dict[Language, Supply] = empty()

    def suits(self, ds: Dataset) -> None:
        """Raise `DataError` if the data lack a column without which nothing can be judged."""
        for each in self.attributes:
            for table, column in (("users", each.user), ("items", each.item)):
                data = getattr(ds, table)
                if each.order and (data is None or column not in data):
                    raise DataError(
                        f"preset {self.name!r} needs the column {column!r} in the {table} of "
                        f"{ds.name!r}, with values of {', '.join(each.order)}"
                    )

    def refusal(self, user: Mapping[str, Any], row: Mapping[str, Any]) -> Violation | None:
        """Return why an item must not be recommended to a user; None if it may.

        A user or item of unknown level is refused too: what is not known cannot be judged.
        """
        for each in (a for a in self.attributes if a.order):
            limit, rank = each.level(user.get(each.user)), each.level(row.get(each.item))
            if limit is None or rank is None:
                whose = f"user's {each.user}" if limit is None else f"item's {each.item}"
                return Violation("unknown", f"the {whose} is none of {', '.join(each.order)}")
            if rank > limit:
                level = f"{each.item} {each.order[rank]}"
                return Violation("unsuitable", f"{level}, above the user's own")
        return None

    def evidence(self, user: Mapping[str, Any], row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what of a user's attributes speaks for an item: those that it shares.

        Each has ``kind`` ("attribute"), ``name``, ``value``, and as ``title`` and ``title_zh`` how
        the value is called.
        """
        return [
            {"kind": "attribute", "name": each.user, "value": value}
            | {Columns.TITLE: self._called(value, each.item, row, "en")}
            | {f"{Columns.TITLE}_zh": self._called(value, each.item, row, "zh")}
            for each in self.attributes
            for value in _values(user.get(each.user))
            if each.order or value.casefold() in [v.casefold() for v in _values(row.get(each.item))]
        ]

    def _called(self, value: str, column: str, row: Mapping[str, Any], language: Language) -> str:
        if called := self.values.get(value.casefold(), {}).get(language):
            return called
        if language == "en":
            return value.lower() if column == Columns.GENRES else value
        # A bilingual catalogue has the Chinese values in the same places.
        paired = dict(zip(_values(row.get(column)), _values(row.get(f"{column}_zh")), strict=False))
        return paired.get(value) or genre_name(value, "zh")


@cache
def domain_named(name: str | Path) -> Domain:
    """Return a preset that ships, by its name, or one of the user's own, by its path.

    Raises
    ------
    OptionError
        If there is no preset of that name, or a key of the file is wrong.
    DataFileError
        If the file cannot be read.
    """
    if isinstance(name, Path) or name.endswith(".toml"):
        return Domain.read(Path(name))
    stem = one_of("preset", name, settings.DOMAINS)
    return Domain.read(settings.DATA / "domains" / f"{stem}.toml")


def domain_of(row: Mapping[str, Any]) -> Domain:
    """Return the preset of an item for which none was named: film or shop."""
    return domain_named(goods_of(row))


def _values(value: Any) -> list[str]:
    """Read an attribute: a text, several in one ("a|b"), or a list of them."""
    if not isinstance(value, list | tuple | np.ndarray):
        value = [] if value is None or value != value else re.split(r"[|;]", str(value))
    return [text for part in value if (text := clean(part, limit=VALUE))]
