"""A model of cuDF and CuPy for machines without a card: pandas and NumPy behind a fence.

Columns and tables answer only to the names below, which cuDF has with the same meaning; whatever
else is asked of them, to become a host array say, is an error here as it is there.
"""

import operator
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench import device

BOTH = "astype empty iloc isna loc reset_index take to_pandas"
OF_A_COLUMN = "any drop_duplicates dtype factorize fillna isin max min notna nunique to_cupy"
OF_A_TABLE = "assign columns drop duplicated rename shape sort_values"


class Array(np.ndarray):
    """An array of the card."""

    __module__ = "cupy"

    def get(self) -> np.ndarray:
        return np.array(self)


class _Fenced:
    def __init_subclass__(cls) -> None:
        cls.__module__ = "cudf.core"

    allowed: tuple[str, ...] = ()

    def __init__(self, held: Any) -> None:
        self._held = held

    def __getattr__(self, name: str) -> Any:
        if name not in self.allowed:
            raise AttributeError(f"cuDF's {type(self).__name__} is asked for {name!r}")
        return _fenced(getattr(self._held, name))

    def __getitem__(self, key: Any) -> Any:
        return _fenced(self._held[_bare(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self._held[key] = _bare(value)

    def __len__(self) -> int:
        return len(self._held)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("Implicit conversion to a host NumPy array is not allowed")

    def to_pandas(self) -> Any:
        return self._held.copy()


class Index(_Fenced):
    """The distinct values of a column."""


class Indexer(_Fenced):
    """What stands behind iloc and loc."""


class Series(_Fenced):
    allowed = (*BOTH.split(), *OF_A_COLUMN.split())

    def to_cupy(self) -> Array:
        return self._held.to_numpy().view(Array)

    def factorize(self, *, sort: bool) -> tuple[Array, Index]:
        codes, values = self._held.factorize(sort=sort)
        return codes.view(Array), Index(values)


class DataFrame(_Fenced):
    allowed = (*BOTH.split(), *OF_A_TABLE.split())

    @property
    def dtypes(self) -> pd.Series:
        return self._held.dtypes

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def assign(self, **columns: Any) -> "DataFrame":
        return DataFrame(self._held.assign(**{name: _bare(c) for name, c in columns.items()}))


def _compared(name: str) -> Any:
    compare = getattr(operator, name)
    return lambda self, other: _fenced(compare(self._held, _bare(other)))


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Series, f"__{_name}__", _compared(_name))


def _fenced(value: Any) -> Any:
    if isinstance(value, pd.Series) and value.dtype == np.dtype("O"):
        value = value.astype("str")  # cuDF has no columns of Python objects
    for kind, fence in ((pd.Series, Series), (pd.DataFrame, DataFrame)):
        if isinstance(value, kind):
            return fence(value)
    if "Indexer" in type(value).__name__:
        return Indexer(value)
    if callable(value) and not isinstance(value, type):
        return lambda *args, **options: _fenced(
            value(*map(_bare, args), **{name: _bare(one) for name, one in options.items()})
        )
    return value


def _bare(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(map(_bare, value))
    return value._held if isinstance(value, _Fenced) else value


def _module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    vars(module).update(names)
    return module


def _to_fenced(function: Any) -> Any:
    return lambda *args, **options: _fenced(function(*map(_bare, args), **options))


def _numpy_as_cupy(name: str) -> Any:
    function = getattr(np, name)
    if name in ("asarray", "arange", "flatnonzero"):
        return lambda *args, **options: function(*args, **options).view(Array)
    return function


def from_pandas(value: Any) -> Any:
    if isinstance(value, pd.Index):
        return Index(value)
    assert isinstance(value, pd.DataFrame | pd.Series)
    return _fenced(value.copy())


@contextmanager
def modelled() -> Iterator[None]:
    """A machine with a card, as far as tables go."""
    names = ("read_csv", "read_parquet", "concat", "to_numeric")
    functions = {name: _to_fenced(getattr(pd, name)) for name in names}
    kinds = {"DataFrame": DataFrame, "Series": Series, "Index": Index}
    cupy = _module("cupy", __getattr__=_numpy_as_cupy)
    with pytest.MonkeyPatch.context() as patch:
        cudf = _module("cudf", from_pandas=from_pandas, **functions, **kinds)
        patch.setitem(sys.modules, "cudf", cudf)
        patch.setitem(sys.modules, "cupy", cupy)
        patch.setattr(device, "usable_card", lambda: (device.Device("gpu", "a model"), ""))
        yield


CARDS = (
    pytest.param(modelled, id="modelled"),
    pytest.param(nullcontext, id="card", marks=pytest.mark.gpu),
)
