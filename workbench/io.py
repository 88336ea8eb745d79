"""Files that are there whole or not at all, and tables in them that other programs read."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from workbench.errors import DataFileError, OptionError

if TYPE_CHECKING:
    import pandas as pd

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a draft to write to; it takes the place of `path` only if nothing went wrong."""
    draft = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def no_formula(value: Any) -> Any:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def write_table(
    table: "pd.DataFrame", path: str | Path, *, ending: str = "", bom: bool = True
) -> Path:
    """Write a table to a file, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        Lists and dicts in its cells become JSON texts in CSV and Parquet.
    path : str or Path
        Its ending says what is written, unless `ending` does: ``.csv`` (what a spreadsheet would
        take for a formula begins with ' there), ``.jsonl``, ``.json`` or ``.parquet``.
    ending : {"", ".csv", ".jsonl", ".json", ".parquet"}
    bom : bool
        Whether CSV begins with the mark without which spreadsheets take Chinese for Latin letters.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        If the ending is another.
    DataFileError
        If the file cannot be written.
    """
    path = Path(path)
    require_ending(path.with_suffix(ending) if ending else path, tuple(_WRITERS))
    try:
        with atomic_file(path) as draft:
            _WRITERS[ending or path.suffix](table, draft, bom)
    except OSError as error:
        raise DataFileError(f"{str(path)!r} cannot be written: {error}") from error
    return path


def require_ending(path: str | Path, endings: tuple[str, ...]) -> Path:
    """Raise `OptionError` unless a file's ending says what is to be written."""
    path = Path(path)
    if path.suffix not in endings:
        raise OptionError(f"{str(path)!r} must end on one of {', '.join(endings)}")
    return path


def _csv(table: "pd.DataFrame", path: Path, bom: bool) -> None:
    encoding = "utf-8-sig" if bom else "utf-8"
    flat = _mapped(_flat(table), no_formula)
    flat.to_csv(path, index=False, encoding=encoding, lineterminator="\n")


def _json(table: "pd.DataFrame", path: Path, _: bool, **options: Any) -> None:
    table.to_json(path, orient="records", force_ascii=False, date_format="iso", **options)


def _parquet(table: "pd.DataFrame", path: Path, _: bool) -> None:
    _flat(table).to_parquet(path, index=False)


_WRITERS: "dict[str, Callable[[pd.DataFrame, Path, bool], None]]" = {
    ".csv": _csv,
    ".jsonl": partial(_json, lines=True),
    ".parquet": _parquet,
    ".json": partial(_json, indent=1),
}


def _flat(table: "pd.DataFrame") -> "pd.DataFrame":
    return _mapped(table, lambda value: _text(value) if isinstance(value, list | dict) else value)


def _mapped(table: "pd.DataFrame", change: Callable[[Any], Any]) -> "pd.DataFrame":
    """Change every cell; ids that are numbers stay whole, also where some rows have none."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series(map(change, column), table.index, column.dtype)
            for name, column in table.items()
        }
    )


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    """A NumPy scalar as the number that it is, anything else as text."""
    return value.item() if hasattr(value, "item") else str(value)
