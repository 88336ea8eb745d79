"""Checks of arguments, so that every room refuses a bad value in the same words."""

from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

from workbench.errors import OptionError


def one_of(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`, else raise `OptionError` that lists them."""
    choices = list(choices)
    if value in choices:
        return str(value)
    close = get_close_matches(str(value), choices, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise OptionError(f"{name}={value!r} is not one of {', '.join(map(repr, choices))}{hint}")


def at_least(name: str, value: Any, least: int) -> int:
    """Return `value` as an int if it is a whole number not below `least`, else raise."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise OptionError(f"{name}={value!r} must be a whole number of {least} or more")
    return int(value)


def number(name: str, value: Any, *, zero: bool = True) -> float:
    """Return `value` as a float if it is finite and above 0, or 0 with `zero`, else raise."""
    if isinstance(value, Real) and not isinstance(value, bool):
        found = float(value)
        if 0 < found < float("inf") or (zero and found == 0):
            return found
    limit = "of 0 or more" if zero else "above 0"
    raise OptionError(f"{name}={value!r} must be a finite number {limit}")


def open_share(name: str, value: Any) -> float:
    """Return `value` as a float if it lies between 0 and 1, both excluded, else raise."""
    if (result := number(name, value, zero=False)) >= 1:
        raise OptionError(f"{name}={value!r} must be below 1")
    return result


def share(name: str, value: Any) -> float:
    """Return `value` as a float if it lies from 0 to 1, else raise."""
    found = number(name, value)
    if found > 1:
        raise OptionError(f"{name}={value!r} must be a share, from 0 to 1")
    return found
