"""The share of the data that is held out for an ensemble to learn from."""

from typing import Any

from workbench.errors import OptionError
from workbench.validation import number


def open_share(name: str, value: Any) -> float:
    """Return the value as a float if it lies between 0 and 1, both excluded, else raise."""
    if (share := number(name, value, zero=False)) >= 1:
        raise OptionError(f"{name}={value!r} must be below 1")
    return share
