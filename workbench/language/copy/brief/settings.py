"""What the files of kinds of text and of presets may hold, and how one is read."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import DataFileError, OptionError

SLOTS = frozenset(
    {
        "title",
        "because",
        "genre",
        "a_genre",
        "kind",
        "a_kind",
        "shared",
        "year",
        "value",
        "picks",
        "line",
    }
)
WIDER = {"liked": ("liked", "own"), "bought": ("bought", "own"), "seen": ("own",)}


def _pattern(text: str) -> str:
    try:
        fields = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"{error} in {text!r}") from error
    for _, name, spec, conversion in fields:
        if name is not None and (name not in SLOTS or spec or conversion):
            raise ValueError(f"{{{name}}} is not a slot; slots are {', '.join(sorted(SLOTS))}")
    return text


Language = Literal["en", "zh"]
Pattern = Annotated[str, AfterValidator(_pattern)]
Situation = Literal["liked", "bought", "own", "attribute", "similar", "popular", "none"]
Supply = dict[Situation, dict[Literal["any", "warm", "plain", "playful"], list[Pattern]]]
Openings = dict[Situation, list[Pattern]]
FormatName = Literal["line", "push", "email", "title", "why", "intro", "welcome"]


class Settings(BaseModel):
    """Settings from a file, of which none may be unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a TOML file; what is wrong in it is an error that names the key."""
        try:
            settings = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise DataFileError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise DataFileError(f"{path} is not TOML in UTF-8: {error}") from error
        try:
            return cls.model_validate(settings | {"name": path.stem})
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            wrong = first["msg"].removeprefix("Value error, ")
            if first["type"] == "extra_forbidden":
                wrong = f"there is no such key; keys are {', '.join(sorted(cls.model_fields))}"
            raise OptionError(f"{path}: key {key!r}: {wrong}") from error


def empty() -> Any:
    """Return the default of a table that a file need not have."""
    return Field(default_factory=dict)


def patterns(supply: Mapping[Any, Any], situation: str, tone: str) -> list[str]:
    """Return a situation's patterns, those of the tone itself first."""
    cells = [supply.get(wider, {}) for wider in WIDER.get(situation, (situation,))]
    return [pattern for own in (tone, "any") for cell in cells for pattern in cell.get(own, [])]


def openings(supply: Mapping[Any, Any], situation: str) -> list[str]:
    """Return a situation's openings."""
    return [p for wider in WIDER.get(situation, (situation,)) for p in supply.get(wider, [])]
