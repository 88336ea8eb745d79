"""Bring your own data: files or data frames in, a `Dataset` out."""

from glob import glob, has_magic
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from workbench.columns import Columns
from workbench.datasets.clean import clean, tidy_ids
from workbench.datasets.dataset import Dataset
from workbench.datasets.events import to_preferences
from workbench.errors import DataError, DataFileError

Source: TypeAlias = str | Path | pd.DataFrame

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
) -> Dataset:
    """Read interactions, and items and users where there are tables of them.

    Parameters
    ----------
    source : path, glob pattern or DataFrame
        Interactions as CSV, TSV, Parquet or JSON lines; a glob pattern reads all files it matches.
    user_id, item_id, rating, timestamp, event, title : str
        What the files call these columns. Events are weighted into preferences, see
        `to_preferences`; without events and ratings each row counts 1.0.
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

    Raises
    ------
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
    log = _timed(_table(source, names, sep))
    log = _rated(log, weights)
    interactions, account = clean(log, signed=signed)
    catalogue, added = complete_items(_optional(items, names, sep), interactions)
    people = _optional(users, names, sep)
    return Dataset(
        interactions,
        catalogue,
        None if people is None else _entities(people, Columns.USER),
        name or (Path(str(source)).stem if not isinstance(source, pd.DataFrame) else "data"),
        account + added,
    )


def complete_items(
    items: pd.DataFrame | None, interactions: pd.DataFrame, *, kind: str = "Item"
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give every item that occurs a row and every row a title.

    Returns
    -------
    items : DataFrame
        Sorted by ``item_id``, ``title`` in place; an item without one is called "Item <id>".
    account : tuple of str
        What was added.
    """
    ids = pd.Index(interactions[Columns.ITEM].unique(), name=Columns.ITEM).sort_values()
    if items is None:
        items = pd.DataFrame({Columns.ITEM: ids})
    items = split_year(_entities(items, Columns.ITEM))
    account = []
    missing = ids.difference(pd.Index(items[Columns.ITEM]))
    if len(missing):
        account.append(f"{len(missing):,} items are not in the items table: added by id alone")
        items = pd.concat([items, pd.DataFrame({Columns.ITEM: missing})], ignore_index=True)
    if Columns.TITLE not in items:
        items[Columns.TITLE] = None
    blank = items[Columns.TITLE].isna() | (items[Columns.TITLE].astype(str).str.strip() == "")
    if blank.any():
        account.append(f"{blank.sum():,} items have no title: called '{kind} <id>'")
    items[Columns.TITLE] = (
        items[Columns.TITLE].astype(str).where(~blank, f"{kind} " + items[Columns.ITEM].astype(str))
    )
    for column in (Columns.GENRES, Columns.TAGS):
        if column in items:
            items[column] = items[column].map(_as_list)
    return items.sort_values(Columns.ITEM, ignore_index=True), tuple(account)


def split_year(items: pd.DataFrame) -> pd.DataFrame:
    """Move a year at the end of titles, "Heat (1995)", into a column of its own."""
    if Columns.YEAR in items or Columns.TITLE not in items:
        return items
    parts = items[Columns.TITLE].astype(str).str.extract(r"^(.*?)\s*\((\d{4})\)\s*$")
    dated = parts[1].notna()
    if not dated.any():
        return items
    return items.assign(
        **{
            Columns.TITLE: parts[0].where(dated, items[Columns.TITLE]),
            Columns.YEAR: parts[1].astype("Int64"),
        }
    )


def _as_list(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part for part in value.split("|") if part and part != "(no genres listed)"]
    return [] if value is None or value is pd.NA or isinstance(value, float) else list(value)


def _entities(table: pd.DataFrame, key: str) -> pd.DataFrame:
    from workbench.datasets.schema import check_entities

    table = check_entities(table, key)
    return table.assign(**{key: tidy_ids(table[key])})


def _optional(source: Source | None, names: dict[str, str], sep: str | None) -> pd.DataFrame | None:
    return None if source is None else _table(source, names, sep)


def _table(source: Source, names: dict[str, str], sep: str | None) -> pd.DataFrame:
    if isinstance(source, pd.DataFrame):
        return source.rename(columns=names)
    keys = {column for column, name in names.items() if name in (Columns.USER, Columns.ITEM)}
    tables = [_file(path, keys, sep) for path in _paths(str(source))]
    return pd.concat(tables, ignore_index=True).rename(columns=names)


def _paths(source: str) -> list[Path]:
    paths = [Path(path) for path in sorted(glob(source))] if has_magic(source) else [Path(source)]
    if not paths:
        raise DataFileError(f"no file matches {source!r}; check the folder and the pattern")
    for path in paths:
        if not path.is_file():
            raise DataFileError(f"there is no file {str(path)!r}; check the path")
        if not path.stat().st_size:
            raise DataFileError(f"the file {str(path)!r} is empty (0 bytes); export it again")
    return paths


def _file(path: Path, keys: set[str], sep: str | None) -> pd.DataFrame:
    kind = path.suffixes[0].lower() if path.suffix in (".gz", ".zst") else path.suffix.lower()
    try:
        if kind == ".parquet":
            return pd.read_parquet(path)
        if kind in (".json", ".jsonl", ".ndjson"):
            return pd.read_json(path, lines=True, dtype=dict.fromkeys(keys, "object"))
        if kind in (".csv", ".tsv", ".txt"):
            separator = sep or (",", "\t")[kind == ".tsv"]
            # Ids are read as text, so that "007" stays what it is.
            table = pd.read_csv(path, sep=separator, dtype=dict.fromkeys(keys, "str"))
            return _refuse_one_column(table, path, separator)
    except DataError:
        raise
    except (ValueError, OSError) as error:
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


def _timed(log: pd.DataFrame) -> pd.DataFrame:
    """Numbers in the timestamp column are seconds, or milliseconds, since 1970."""
    if Columns.TIMESTAMP not in log:
        return log
    times = log[Columns.TIMESTAMP]
    try:
        if pd.api.types.is_numeric_dtype(times):
            times = pd.to_datetime(times, unit="ms" if times.max() > 1e11 else "s")
        else:
            times = pd.to_datetime(times)
    except (ValueError, TypeError):
        return log  # the schema says which row it is
    return log.assign(**{Columns.TIMESTAMP: times})


def _rated(log: pd.DataFrame, weights: dict[str, float] | None) -> pd.DataFrame:
    if Columns.EVENT in log:
        return to_preferences(log, weights)
    return log if Columns.RATING in log else log.assign(**{Columns.RATING: 1.0})
