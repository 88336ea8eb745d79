"""The parameters of a report: what its notebook declares, and whether given values fit."""

import ast
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from numbers import Integral, Real
from pathlib import Path
from tokenize import COMMENT, generate_tokens
from typing import Any

import nbformat

from workbench.errors import OptionError
from workbench.families import FAMILIES
from workbench.validation import at_least, one_of


@dataclass(frozen=True)
class Parameter:
    """One parameter, as the notebook's cell tagged ``parameters`` declares it.

    The notebook is the only place that says what is valid: ``k: int = 50  # at least 1``,
    ``metric: str = "cosine"  # one of: cosine, pearson``; ``one of: families`` stands for the
    models of `workbench.families`.
    """

    name: str
    kind: str  # its annotation, "int | str"; without one, the type of the default
    default: Any
    help: str  # the comment behind it

    def convert(self, value: Any) -> Any:
        """Return `value` in the declared type, reading text as a command line writes it.

        Raises
        ------
        OptionError
            If it does not fit; the message names the parameter, the value and the type.
        """
        for kind in self.kind.split("|"):
            try:
                converted = _CONVERTERS[kind.strip().split("[")[0]](value)
            except ValueError:
                continue
            return self._require_allowed(converted)
        raise OptionError(f"{self.name}={value!r} must be of type {self.kind}")

    def _require_allowed(self, value: Any) -> Any:
        if choices := re.search(r"one of:? *([^.;]+)", self.help):
            named = [choice.strip() for choice in choices[1].split(",")]
            one_of(self.name, value, FAMILIES if named == ["families"] else named)
        if least := re.search(r"at least (\d+)", self.help):
            at_least(self.name, value, int(least[1]))
        return value


def declared_parameters(notebook: Path) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares, by name.

    Papermill's own inspection cannot read an annotation such as ``int | str``.
    """
    cells = nbformat.read(notebook, as_version=4).cells
    tagged = (cell.source for cell in cells if "parameters" in cell.metadata.get("tags", ()))
    source = next(tagged, "")
    tokens = generate_tokens(StringIO(source).readline)
    comments = {token.start[0]: token.string for token in tokens if token.type == COMMENT}
    parameters = {}
    for line in ast.parse(source).body:
        match line:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                kind = ast.unparse(line.annotation)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                kind = type(ast.literal_eval(value)).__name__
            case _:
                continue
        comment = comments.get(line.end_lineno or 0, "").lstrip("# ")
        parameters[name] = Parameter(name, kind, ast.literal_eval(value), comment)
    return parameters


def checked(
    name: str, declared: Mapping[str, Parameter], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all parameters of a report, the values converted, the others by default.

    Raises
    ------
    OptionError
        If a name is unknown or a value does not fit.
    """
    require_names(name, declared, values)
    defaults = {parameter.name: parameter.default for parameter in declared.values()}
    return defaults | {key: declared[key].convert(value) for key, value in values.items()}


def require_names(name: str, declared: Mapping[str, Parameter], names: Iterable[str]) -> None:
    """Raise `OptionError`, naming the parameters there are, if one of `names` is not there."""
    for key in names:
        if key not in declared:
            close = get_close_matches(key, declared, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            known = ", ".join(declared) or "none"
            raise OptionError(
                f"report {name!r} has no parameter {key!r}.{hint} Its parameters: {known}"
            )


def _to_int(value: Any) -> int:
    if isinstance(value, str) and str(int(value)) == value:
        return int(value)
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise ValueError


def _to_float(value: Any) -> float:
    if isinstance(value, str | Real) and not isinstance(value, bool):
        return float(value)
    raise ValueError


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(value).lower() in words:
        return words[str(value).lower()]
    raise ValueError


def _to_str(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _to_list(value: Any) -> list[Any]:
    if isinstance(value, str):
        value = json.loads(value) if value.startswith("[") else value.split(",")
    if isinstance(value, list | tuple):
        return list(value)
    raise ValueError


def _to_none(value: Any) -> None:
    if value is not None and str(value).lower() not in ("", "none"):
        raise ValueError


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "int": _to_int,
    "float": _to_float,
    "bool": _to_bool,
    "str": _to_str,
    "list": _to_list,
    "None": _to_none,
}
