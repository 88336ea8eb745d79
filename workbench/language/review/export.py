"""Approved copy in files, with where each line comes from."""

from pathlib import Path

import pandas as pd

from workbench.columns import Columns
from workbench.errors import DataError
from workbench.io import require_ending, write_table

PUBLISHED = ("approved", "flagged")
ENDINGS = (".csv", ".jsonl", ".parquet")


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
    require_ending(path, ENDINGS)
    if lines.empty:
        raise DataError("no line is approved yet; approve some, then export")
    for number, status in lines["status"].items():
        if status not in PUBLISHED:
            raise DataError(f"row {number}: status is {status!r}; only approved lines are exported")
    return save(lines, path)


def save(lines: pd.DataFrame, path: str | Path) -> Path:
    """Write lines to a file, whole or not at all, whatever is decided on them; see `export`."""
    require_ending(path, ENDINGS)
    # The evidence says in words what `because` says in numbers.
    return write_table(lines.drop(columns=Columns.BECAUSE, errors="ignore"), path)
