"""Bring your own data: files or data frames in, a `Dataset` out."""

import zlib
from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import tables
from workbench.datasets.dataset import Dataset
from workbench.datasets.readers.cleaning import PAIR, clean, tidy_ids
from workbench.datasets.readers.events import to_preferences
from workbench.datasets.readers.item_table import complete_items
from workbench.datasets.readers.times import with_times
from workbench.errors import DataError, DataFileError, WorkbenchError

Source: TypeAlias = str | Path | pd.DataFrame  # or one of cuDF

_OTHER_SEPARATORS = {";": ";", "\t": "\\t", "|": "|", ",": ","}


def read(
    source: Source,
    *,
    user_id: str = Columns.USER,
    item_id: str = Columns.ITEM,
    rating: str = Columns.RATING,
    timestamp: str = Columns.TIMESTAMP,
    event: str = Columns.EVENT,
    title: str = Columns.TITLE,
    items: Source | None = None,
    users: Source | None = None,
    weights: dict[str, float] | None = None,
    signed: bool = False,
    sep: str | None = None,
    name: str | None = None,
    device: str = "auto",
) -> Dataset:
    """Read interactions, and items and users where there are tables of them.

    Parameters
    ----------
    source : path, glob pattern or DataFrame
        Interactions as CSV, TSV, Parquet or JSON lines; a glob pattern reads all files it matches.
    user_id, item_id, rating, timestamp, event, title : str
        What the files call these columns; another column of the same name gives way. Events are
        weighted into preferences, see `to_preferences`; without events and ratings each row
        counts 1.0. Times are numbers since 1970 (from seconds to nanoseconds, by their size) or
        text: ISO 8601, else month first, else day first, whichever suits every row.
    items, users : path, glob pattern or DataFrame, optional
        Attributes. A year at the end of a title, "Heat (1995)", becomes the column ``year``
        if there is none; genres and tags written "a|b" become lists.
    weights : dict, optional
        Weights of event kinds, which replace or extend the defaults.
    signed : bool
        Whether ratings below zero are allowed.
    sep : str, optional
        Separator of the text files, if it is neither that of CSV nor of TSV.
    name : str, optional
        How panels and reports call the data; by default the file's name.
    device : {"auto", "cpu", "gpu"}
        Where the interactions are read, cleaned and kept: on a GPU in cuDF, else in pandas. With
        "auto" a data frame stays what it is, and files go to the GPU if there is one and cuDF is
        installed. Items and users are in pandas always.

    Raises
    ------
    DeviceError
        If a GPU is asked for and there is none.
    DataFileError
        If a file is not there, is empty or cannot be read as what its name says.
    DataError
        If the data break the contract; names the column, the row and the fix.
    """
    names = {
        user_id: Columns.USER,
        item_id: Columns.ITEM,
        rating: Columns.RATING,
        timestamp: Columns.TIMESTAMP,
        event: Columns.EVENT,
        title: Columns.TITLE,
    }
    asked = [old for old, new in names.items() if old != new and new != Columns.TITLE]
    log = with_times(_table(source, names, sep, device, required=asked))
    log = _rated(log, weights)
    interactions, account = clean(log, signed=signed)
    interactions, goods = _entities(items, Columns.ITEM, interactions, names, sep)
    interactions, people = _entities(users, Columns.USER, interactions, names, sep)
    catalogue, added = complete_items(goods, interactions)
    return Dataset(
        interactions,
        catalogue,
        people,
        name or ("data" if tables.is_table(source) else Path(str(source)).stem),
        account + added,
    )


def _entities(
    source: Source | None,
    key: str,
    interactions: pd.DataFrame,
    names: dict[str, str],
    sep: str | None,
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Read items or users; ids become str in both tables where they are in one."""
    from workbench.datasets.readers.schema import check_entities

    if source is None:
        return interactions, None
    table = check_entities(_table(source, names, sep, "cpu"), key)
    table = table.assign(**{key: tidy_ids(table[key])})
    if (table[key].dtype == np.int64) != (interactions[key].dtype == np.int64):
        table = table.astype({key: "str"})
        interactions = interactions.astype({key: "str"}).sort_values(PAIR, ignore_index=True)
    return interactions, table


def _table(
    source: Source,
    names: dict[str, str],
    sep: str | None,
    device: str,
    required: Sequence[str] = (),
) -> pd.DataFrame:
    if tables.is_table(source):
        table = source if device == "auto" else tables.to(source, device)
        return _renamed(table, names, required)
    # Read as text, so that "007" stays what it is.
    texts = (Columns.USER, Columns.ITEM, Columns.TITLE)
    keys = {column for column, name in names.items() if name in texts}
    parts = [_file(path, keys, sep, device) for path in _paths(str(source))]
    return _renamed(tables.to(tables.joined(parts), device), names, required)


def _renamed(table: pd.DataFrame, names: dict[str, str], required: Sequence[str]) -> pd.DataFrame:
    """Rename columns; one that was not meant but has the name of one that was gives way."""
    for column in required:
        if column not in table:
            raise DataError(
                f"column {column!r}, which was to be {names[column]!r}, is missing; "
                f"the table has {', '.join(map(str, table.columns))}"
            )
    wanted = {old: new for old, new in names.items() if old in table and old != new}
    hidden = [new for new in wanted.values() if new in table and new not in wanted]
    return table.drop(columns=hidden).rename(columns=wanted)


def _paths(source: str) -> list[Path]:
    pattern = has_magic(source) and not Path(source).exists()
    paths = [Path(path) for path in sorted(glob(source))] if pattern else [Path(source)]
    if not paths:
        raise DataFileError(f"no file matches {source!r}; check the folder and the pattern")
    for path in paths:
        if not path.is_file():
            raise DataFileError(f"there is no file {str(path)!r}; check the path")
        if not path.stat().st_size:
            raise DataFileError(f"the file {str(path)!r} is empty (0 bytes); export it again")
    return paths


def _file(path: Path, keys: set[str], sep: str | None, device: str) -> pd.DataFrame:
    packed = path.suffix in (".gz", ".zst")
    kind = Path(path.stem if packed else path).suffix.lower()
    try:
        if kind == ".parquet":
            return tables.read_parquet(path, device)
        if kind in (".json", ".jsonl", ".ndjson"):
            table = pd.read_json(path, lines=True, dtype=dict.fromkeys(keys, "object"))
            return _refuse_array(table, path)
        if kind in (".csv", ".tsv", ".txt"):
            separator = sep or (",", "\t")[kind == ".tsv"]
            table = tables.read_csv(path, device, sep=separator, texts=keys)
            return _refuse_one_column(table, path, separator)
    except WorkbenchError:
        raise
    except (ValueError, OSError, EOFError, RuntimeError, zlib.error) as error:
        raise DataFileError(
            f"{str(path)!r} cannot be read as {kind[1:]}: {error}; is it damaged, or its "
            "separator (sep=) or ending wrong?"
        ) from error
    raise DataFileError(f"{str(path)!r}: {kind!r} is not one of .csv, .tsv, .parquet, .jsonl")


def _refuse_one_column(table: pd.DataFrame, path: Path, separator: str) -> pd.DataFrame:
    header = str(table.columns[0])
    found = [other for other in _OTHER_SEPARATORS if other != separator and other in header]
    if table.shape[1] == 1 and found:
        raise DataError(
            f"{str(path)!r} has a single column {header!r}: it looks separated by {found[0]!r}; "
            f"pass sep='{_OTHER_SEPARATORS[found[0]]}'"
        )
    return table


def _refuse_array(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    if table.columns.inferred_type != "string":
        raise DataFileError(
            f"{str(path)!r} is not JSON lines, one {{…}} a line; write it with "
            "to_json(path, orient='records', lines=True)"
        )
    return table


def _rated(log: pd.DataFrame, weights: dict[str, float] | None) -> pd.DataFrame:
    if Columns.EVENT in log:
        return to_preferences(log, weights)
    return log if Columns.RATING in log else log.assign(**{Columns.RATING: 1.0})
