"""Approved copy in files, with where each line comes from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.errors import DataError, DataFileError, OptionError
from workbench.io import neutral, whole

PUBLISHED = ("approved", "flagged")


def export(lines: pd.DataFrame, path: str | Path) -> Path:
    """Write approved copy to a file, whole or not at all.

    Parameters
    ----------
    lines : DataFrame
        `Review.approved`: every line with its text, the reasons and the note of a flagged one, the
        editor and the time, and what it was made of: source, draft, model, seed, evidence, the
        data's name and hash, the subject of an e-mail, the items of a list, and all else that
        `Copywriter.write` tells.
    path : str or Path
        Its suffix says what is written: ``.csv`` (what a spreadsheet would take for a formula
        begins with ' there), ``.jsonl`` or ``.parquet``. In CSV and Parquet, evidence, reasons and
        items are JSON texts.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        If the suffix is another.
    DataError
        If there is nothing to write, or a line is not approved.
    DataFileError
        If the file cannot be written.
    """
    require_ending(path)
    if lines.empty:
        raise DataError("no line is approved yet; approve some, then export")
    for number, status in lines["status"].items():
        if status not in PUBLISHED:
            raise DataError(f"row {number}: status is {status!r}; only approved lines are exported")
    return save(lines, path)


def save(lines: pd.DataFrame, path: str | Path) -> Path:
    """Write lines to a file, whole or not at all, whatever is decided on them; see `export`."""
    path = require_ending(path)
    # The evidence says in words what `because` says in numbers.
    table = lines.drop(columns=Columns.BECAUSE, errors="ignore")
    try:
        with whole(path) as draft:
            _WRITERS[path.suffix](table, draft)
    except OSError as error:
        raise DataFileError(f"{str(path)!r} cannot be written: {error}") from error
    return path


def require_ending(path: str | Path) -> Path:
    """Raise `OptionError` unless a file's ending says what is to be written."""
    path = Path(path)
    if path.suffix not in _WRITERS:
        raise OptionError(f"{str(path)!r} must end on one of {', '.join(_WRITERS)}")
    return path


def _csv(table: pd.DataFrame, path: Path) -> None:
    # Without the mark in front, spreadsheets take Chinese for Latin letters.
    flat = _mapped(_flat(table), neutral)
    flat.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _json_lines(table: pd.DataFrame, path: Path) -> None:
    table.to_json(path, orient="records", lines=True, force_ascii=False, date_format="iso")


def _parquet(table: pd.DataFrame, path: Path) -> None:
    _flat(table).to_parquet(path, index=False)


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    return _mapped(table, lambda value: _json(value) if isinstance(value, list | dict) else value)


def _mapped(table: pd.DataFrame, change: Callable[[Any], Any]) -> pd.DataFrame:
    """Change every cell; ids that are numbers stay whole, also where some lines have none."""
    return pd.DataFrame(
        {
            name: pd.Series(map(change, column), table.index, column.dtype)
            for name, column in table.items()
        }
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}
