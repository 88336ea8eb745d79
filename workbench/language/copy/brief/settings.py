"""What the files of text formats and of domains may hold, and how hand-written texts are found."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import DataFileError, OptionError

DATA = Path(__file__).parents[1] / "data"
FORMATS, DOMAINS = (  # those that ship, a file each
    tuple(sorted(path.stem for path in (DATA / folder).glob("*.toml")))
    for folder in ("formats", "domains")
)
SLOTS = frozenset(
    "title because genre a_genre kind a_kind shared year value picks line".split()  # noqa: SIM905
)
# A sentence about the whole history may be said of what was liked or bought as well.
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


def _format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"there is no format {name!r}; formats are {', '.join(FORMATS)}")
    return name


Language = Literal["en", "zh"]
FormatName = Annotated[str, AfterValidator(_format)]
Pattern = Annotated[str, AfterValidator(_pattern)]
EvidenceType = Literal["liked", "bought", "own", "attribute", "similar", "popular", "none"]
Supply = dict[EvidenceType, dict[Literal["any", "warm", "plain", "playful"], list[Pattern]]]
Openings = dict[EvidenceType, list[Pattern]]


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


@cache
def shipped(name: str) -> dict[str, Any]:
    """Return a file of texts that ships, by its name."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def texts(supply: Mapping[Any, Any], evidence: str, tone: str, domain: str = "") -> list[str]:
    """Return the texts for a type of evidence, those of the tone itself first.

    They stand by type of evidence, then by domain if one is given ("any" goes with the others),
    then by tone if they have one.
    """
    cells: Iterable[Any] = [supply.get(each, {}) for each in WIDER.get(evidence, (evidence,))]
    if domain:
        names = dict.fromkeys((domain, "any"))
        cells = [cell.get(name, {}) for cell in cells for name in names]
    by_tone = [cell if isinstance(cell, Mapping) else {"any": cell} for cell in cells]
    return [text for name in (tone, "any") for cell in by_tone for text in cell.get(name, [])]
