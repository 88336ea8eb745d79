"""Times in the forms that files hold them."""

import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import tables
from workbench.device.arrays import on_card
from workbench.errors import DataError

_UNITS = ("s", "ms", "us", "ns")
_DATE_FORMS: tuple[dict[str, Any], ...] = ({"format": "ISO8601"}, {}, {"dayfirst": True})


def with_times(log: pd.DataFrame) -> pd.DataFrame:
    """Parse the ``timestamp`` column, if there is one, to datetime64 without a zone.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, by their size; text
    is ISO 8601 or whatever one form reads all rows, month first where both are possible.

    Raises
    ------
    DataError
        If a time cannot be read as the others are; names the row.
    """
    if Columns.TIMESTAMP not in log:
        return log
    if on_card(log):
        return log.assign(**{Columns.TIMESTAMP: _on_card(log[Columns.TIMESTAMP])})
    given = log[Columns.TIMESTAMP]
    times = _since_1970(given) if pd.api.types.is_numeric_dtype(given) else _dates(given)
    unread = (times.isna() & given.notna() & (given != "")).to_numpy()
    if unread.any():
        row = int(unread.argmax())
        raise DataError(
            f"column {Columns.TIMESTAMP!r}, row {row + 1}: {given.iloc[row]!r} is not a date and "
            "time like the others; write all as 2024-12-31 23:59:00, or leave the cell empty"
        )
    return log.assign(**{Columns.TIMESTAMP: times})


def _on_card(given: Any) -> Any:
    """Times as they are, or from whole numbers; the host reads the rest."""
    if given.dtype.kind == "M":
        return given
    if given.dtype.kind in "iu" and given.notna().any():
        unit = _unit(given.max())
        nanoseconds = 1000 ** (_UNITS[::-1].index(unit))
        if max(abs(int(given.min())), abs(int(given.max()))) < 2**63 // nanoseconds:
            return given.astype(f"datetime64[{unit}]").astype("datetime64[ns]")
    host = tables.to_pandas(given).to_frame(Columns.TIMESTAMP)
    return tables.like(with_times(host)[Columns.TIMESTAMP], given)


def _dates(texts: pd.Series) -> pd.Series:
    """Times without a zone (UTC where they had one), by the form that reads the most rows."""
    best = pd.Series(pd.NaT, texts.index)
    with warnings.catch_warnings():
        # An error where pandas would only warn that it reads each row in a way of its own.
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", "Parsing dates in")
        for form in _DATE_FORMS:
            with suppress(ValueError, UserWarning):
                times = pd.to_datetime(texts, errors="coerce", utc=True, **form)
                if times.count() > best.count():
                    best = times.dt.tz_localize(None)
            if best.count() == texts.count():
                return best
    numbers = _since_1970(pd.to_numeric(texts, errors="coerce"))
    return numbers if numbers.count() > best.count() else best


def _since_1970(numbers: pd.Series) -> pd.Series:
    unit = _unit(numbers.astype(np.float64).max())
    return pd.to_datetime(numbers, unit=unit, errors="coerce")


def _unit(largest: float) -> str:
    return _UNITS[np.searchsorted([1e11, 1e14, 1e17], largest)]
