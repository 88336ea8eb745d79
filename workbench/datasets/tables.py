"""Tables of pandas and of cuDF: what differs between them is in this module, and only here.

A table stays where it is. The rest of the room works on its columns as arrays, NumPy's or CuPy's,
with the functions that both have; a column and its array share their memory.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.device import resolve
from workbench.device.arrays import library_of, on_card
from workbench.errors import MissingExtraError

_OLDEST = np.iinfo(np.int64).min  # NaT, as an integer: before all times


def is_table(source: Any) -> bool:
    """Whether this is a table of either library, rather than the name of a file."""
    return isinstance(source, pd.DataFrame) or (on_card(source) and hasattr(source, "columns"))


# --- where a table is ---------------------------------------------------------------------------


def library(device: str = "auto") -> Any:
    """The library that tables of a device are of: pandas, or cuDF on a GPU.

    Raises
    ------
    DeviceError
        If a GPU is asked for and there is none.
    MissingExtraError
        If a GPU is asked for and cuDF is not installed; "auto" means pandas then.
    """
    if resolve(device).kind == "cpu":
        return pd
    if find_spec("cudf"):
        import cudf

        return cudf
    if device == "gpu":
        raise MissingExtraError("cudf", "cuda13", "A table on the GPU")
    return pd


def to(frame: Any, device: str) -> Any:
    """Return a table or column where a device has its tables."""
    return to_pandas(frame) if library(device) is pd else _to_card(frame)


def to_pandas(frame: Any) -> Any:
    """Return a table, column or index in pandas: itself if it is there."""
    return frame.to_pandas() if on_card(frame) else frame


def like(frame: Any, other: Any) -> Any:
    """Return a table or column in the library of another."""
    return _to_card(frame) if on_card(other) else to_pandas(frame)


def _to_card(frame: Any) -> Any:
    if on_card(frame):
        return frame
    if hasattr(type(frame), "as_gpu_object"):  # a proxy of ``cudf.pandas``
        return frame.as_gpu_object()
    import cudf

    return cudf.from_pandas(frame)


# --- files --------------------------------------------------------------------------------------


def read_parquet(path: Path, device: str = "cpu") -> Any:
    """Read a Parquet file to a device."""
    return library(device).read_parquet(path)


def read_csv(path: Path, device: str = "cpu", *, sep: str, texts: set[str]) -> Any:
    """Read separated values to a device; the columns `texts` are text whatever they hold."""
    # What cuDF cannot unpack, or separate by, pandas can.
    plain = path.suffix not in (".gz", ".zst") and len(sep) == 1
    reader = library(device) if plain else pd
    return reader.read_csv(path, sep=sep, dtype=dict.fromkeys(texts, "str"))


def joined(tables: list[Any]) -> Any:
    """One table of all rows, in order; on the card if one of them is."""
    first = next(filter(on_card, tables), tables[0])
    tables = [like(table, first) for table in tables]
    if on_card(first):
        import cudf

        return cudf.concat(tables, ignore_index=True)
    return pd.concat(tables, ignore_index=True)


# --- columns as arrays --------------------------------------------------------------------------


def array(column: Any, dtype: Any = None) -> Any:
    """A column without gaps as an array, without a copy if it has that type."""
    column = column if dtype is None else column.astype(dtype)
    return column.to_cupy() if on_card(column) else column.to_numpy()


def missing(column: Any) -> Any:
    """Where a column has a gap or NaN; bool array."""
    return array(column.isna())


def numbers(column: Any) -> Any:
    """A column as float64 array, NaN where it holds no number."""
    if on_card(column):
        import cudf

        return cudf.to_numeric(column, errors="coerce").astype("float64").to_cupy()
    return pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)


def moments(column: Any) -> Any:
    """A column of times as int64 array, in whatever unit; an unknown time is before all others."""
    if on_card(column):
        return column.astype("int64").fillna(_OLDEST).to_cupy()
    return pd.DatetimeIndex(column).asi8


def encoded(column: Any) -> tuple[Any, pd.Index]:
    """Number the values of a column.

    Returns
    -------
    codes : int64 array
        Number of each row's value; -1 where there is none.
    values : Index
        The distinct values on the host, ascending.
    """
    if on_card(column):
        codes, values = column.factorize(sort=True)
        return codes, values.to_pandas()
    codes, values = pd.factorize(column, sort=True)
    return codes, pd.Index(values)


def decoded(codes: Any, values: pd.Index) -> Any:
    """Values by their numbers, as a column where the numbers are; undoes `encoded`."""
    column = pd.Series(values)
    return rows(column if library_of(codes) is np else _to_card(column), codes)


def pairs(first: Any, second: Any) -> Any:
    """A number for every pair of values of two columns, ascending by both; int64 array.

    A gap is a value here, after all others.
    """
    codes, values = encoded(first)
    others, other_values = encoded(second)
    codes[codes < 0] = len(values)
    others[others < 0] = len(other_values)
    return codes * (len(other_values) + 1) + others


# --- rows ---------------------------------------------------------------------------------------


def rows(frame: Any, which: Any) -> Any:
    """Rows of a table or column by their positions or a bool array, numbered anew."""
    which = library_of(frame).asarray(which)
    places = library_of(frame).flatnonzero(which) if which.dtype == bool else which
    return frame.take(places).reset_index(drop=True)


def grouped(groups: Any, times: Any = None) -> tuple[Any, Any]:
    """Order rows by group, within each by time and then as they come.

    Parameters
    ----------
    groups : int array of shape (n,)
    times : int array of shape (n,), optional

    Returns
    -------
    order : int array of shape (n,)
    ends : int array of shape (groups,)
        Where in that order each group has its last row.
    """
    xp = library_of(groups)
    order = xp.argsort(groups)
    ends = last_of_each(groups[order])
    if len(ends) == len(groups):  # one row each: no order within, and the quick sort will do
        return order, ends
    if times is None:
        return xp.argsort(groups, kind="stable"), ends
    order = xp.argsort(times, kind="stable")
    return order[xp.argsort(groups[order], kind="stable")], ends


def last_of_each(groups: Any) -> Any:
    """Positions at which a sorted array holds its values for the last time."""
    xp = library_of(groups)
    changes = xp.ones(len(groups), dtype=bool)
    changes[:-1] = groups[1:] != groups[:-1]
    return xp.flatnonzero(changes)
