"""The parameters of a model's class: fields that are checked when a model is made."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

Class = TypeVar("Class", bound=type)


def parameter(
    default: Any, check: Callable[..., Any], *limits: Any, optional: bool = False, **options: Any
) -> Any:
    """A parameter with a default and what checks it, one of `workbench.validation`.

    The check takes the name, the value, `limits` and `options`, and returns the value or raises;
    None passes unchecked where it is `optional`.
    """
    checks = {"check": lambda name, value: check(name, value, *limits, **options)}
    return field(default=default, metadata=checks | {"optional": optional})


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(field,))
def model(kind: Class) -> Class:
    """Make a class of model one whose annotated attributes are its parameters, by keyword only."""
    return dataclass(kw_only=True, eq=False, repr=False)(kind)  # type: ignore[return-value]


def check_parameters(instance: Any) -> None:
    """Replace the parameters of a model by what their checks return, or raise `OptionError`."""
    for each in fields(instance):
        value = getattr(instance, each.name)
        if "check" in each.metadata and not (value is None and each.metadata["optional"]):
            setattr(instance, each.name, each.metadata["check"](each.name, value))
