"""CuPy's arrays on a machine without a card: NumPy behind a fence that nothing crosses unasked.

An array comes down by `get` and goes up by `asarray`. An operation of one with an array of the
host, or a function of NumPy's that is given one, is an error, as it is in CuPy or stricter.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.lib.mixins import NDArrayOperatorsMixin

METHODS = (
    "all", "any", "argmax", "astype", "cumsum", "dtype", "max", "min", "shape", "size", "sum",
    "transpose", "view",
)  # fmt: skip


class Array(NDArrayOperatorsMixin):
    """An array of the card."""

    __module__ = "cupy"

    def __init__(self, held: np.ndarray) -> None:
        self._held = held

    def __getattr__(self, name: str) -> Any:
        if name not in METHODS:
            raise AttributeError(name)
        return up(getattr(self._held, name))

    def __array_ufunc__(self, ufunc: Any, method: str, *given: Any, **options: Any) -> Any:
        assert method == "__call__"
        return up(ufunc)(*given, **options)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def __getitem__(self, key: Any) -> Any:
        return up(self._held.__getitem__)(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        up(self._held.__setitem__)(key, value)

    def __len__(self) -> int:
        return len(self._held)

    def get(self) -> np.ndarray:
        return self._held.copy()


def up(value: Any) -> Any:
    """An array on the card; a function with its arguments and results there."""
    if isinstance(value, np.ndarray):
        return Array(value)
    if isinstance(value, tuple):
        return tuple(map(up, value))
    if not callable(value) or isinstance(value, type | np.dtype | np.generic):
        return value
    return lambda *given, **options: up(
        value(*map(_down, given), **{name: _down(one) for name, one in options.items()})
    )


def _down(value: Any) -> Any:
    assert not isinstance(value, np.ndarray), "an array of the host meets one of the card"
    if isinstance(value, tuple | list):
        return type(value)(map(_down, value))
    return value._held if isinstance(value, Array) else value


@contextmanager
def strict() -> Iterator[None]:
    """A machine whose `cupy` is this."""
    cupy = ModuleType("cupy")
    cupy.__getattr__ = lambda name: up(getattr(np, name))  # type: ignore[method-assign]
    cupy.asarray = lambda array: array if isinstance(array, Array) else Array(array.copy())  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", cupy)
        yield
