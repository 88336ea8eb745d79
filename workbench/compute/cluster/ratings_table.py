"""What the cluster engine reads: ratings in chunks, and the ids of all of them.

Only ids and their counts come to the client. Rows and features are numbered by ascending id, as a
`Dataset` numbers them, so that a cluster and one process see the same matrix.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import dask.dataframe as dd
import numpy as np
import pandas as pd
from dask import delayed
from pandas.util import hash_pandas_object

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, DataFileError, OptionError

ROW, FEATURE, VALUE = "row", "feature", "value"
CHUNK = 2**21  # ratings of a Dataset that a task is given
FAN = 8  # parts that are merged at a time
NEEDED = (Columns.USER, Columns.ITEM, Columns.RATING)


@dataclass(frozen=True)
class Table:
    """Ratings, spread over a cluster."""

    chunks: list[Any]  # Delayed tables of `ROW`, `FEATURE` (int32) and `VALUE` (float64)
    pool: pd.Index  # ids of the rows, ascending
    rows: np.ndarray  # int64, number of ratings of each
    features: np.ndarray  # the same of the features
    kind: str  # how a row is called in messages
    data_hash: str  # of a `Dataset` its own; else of the ratings, in whatever order they come

    @property
    def entries(self) -> int:
        """Number of ratings."""
        return int(self.rows.sum())


def table_of(data: Any, of: str, client: Any) -> Table:
    """Number the rows and features of a Dataset, a Dask DataFrame or a folder of Parquet files."""
    sides = (Columns.ITEM, Columns.USER) if of == "items" else (Columns.USER, Columns.ITEM)
    if isinstance(data, Dataset):
        return _of_dataset(data, sides)
    return _of_frame(_opened(data), sides, client)


def _tree(merge: Callable[[list[Any]], Any], parts: Sequence[Any]) -> Any:
    """Merge parts, a few at a time; of Delayed parts a Delayed result."""
    groups = [list(parts[start : start + FAN]) for start in range(0, len(parts), FAN)]
    merged = [delayed(merge, pure=False)(group) for group in groups]
    return merged[0] if len(merged) == 1 else _tree(merge, merged)


def _of_dataset(data: Dataset, sides: tuple[str, str]) -> Table:
    items = sides[0] == Columns.ITEM
    by_feature = data.matrix if items else data.matrix.T.tocsr()
    lengths = np.diff(by_feature.indptr)
    features = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    # In the graph, not scattered: what dies with a worker can be had again.
    chunks = [
        delayed(_chunk, pure=False)(
            by_feature.indices[start : start + CHUNK],
            features[start : start + CHUNK],
            by_feature.data[start : start + CHUNK],
        )
        for start in range(0, len(features), CHUNK)
    ]
    pool = data.item_ids if items else data.user_ids
    counts = np.bincount(by_feature.indices, minlength=len(pool))
    return Table(chunks, pool, counts, lengths, _kind(sides[0]), data.hash)


def _kind(side: str) -> str:
    return "item" if side == Columns.ITEM else "user"


def _chunk(rows: Any, features: Any, values: Any) -> pd.DataFrame:
    return pd.DataFrame({ROW: rows, FEATURE: features, VALUE: values})


def _opened(data: Any) -> Any:
    """Return the Dask DataFrame, with the columns that are needed."""
    if isinstance(data, str | Path):
        if not Path(data).exists():
            raise DataFileError(f"{str(data)!r} does not exist; give a folder of Parquet files")
        data = dd.read_parquet(data)
    if not isinstance(data, dd.DataFrame):
        raise OptionError(
            f"data of type {type(data).__name__} cannot be used with client=; give a Dataset, a "
            "Dask DataFrame or a folder of Parquet files, or leave client out"
        )
    missing = [name for name in NEEDED if name not in data.columns]
    if missing:
        raise DataError(
            f"column {', '.join(map(repr, missing))} is missing among "
            f"{', '.join(map(repr, data.columns))}; rename columns to {', '.join(NEEDED)}"
        )
    if not pd.api.types.is_numeric_dtype(data.dtypes[Columns.RATING]):
        raise DataError(f"column {Columns.RATING!r} must hold numbers; convert it first")
    return data[list(NEEDED)]


def _of_frame(frame: Any, sides: tuple[str, str], client: Any) -> Table:
    parts = frame.to_delayed()
    united = client.persist(_tree(_united, [delayed(_census, pure=False)(part) for part in parts]))
    census = client.compute(united).result()
    if not len(census.counts[Columns.USER]):
        raise DataError("the data have no rows; give at least one rating")
    chunks = [delayed(_numbered, pure=False)(part, united, sides) for part in parts]
    rows, features = (census.counts[side] for side in sides)
    return Table(
        chunks,
        pd.Index(_plain(rows.index), name=sides[0]),
        rows.to_numpy(np.int64),
        features.to_numpy(np.int64),
        _kind(sides[0]),
        f"{census.digest:016x}"[:12],
    )


def _plain(ids: pd.Index) -> pd.Index:
    """Ids as pandas itself would hold them: Dask has a string type of its own."""
    return ids.astype("str") if isinstance(ids.dtype, pd.StringDtype) else ids


class _Census(NamedTuple):
    """Ratings of every id, by side, ids ascending; and a hash that no order changes."""

    counts: dict[str, pd.Series]
    digest: int


def _census(part: pd.DataFrame) -> _Census:
    if part[[Columns.USER, Columns.ITEM]].isna().to_numpy().any():
        raise DataError(f"a {Columns.USER} or {Columns.ITEM} is missing; drop these rows first")
    if not np.isfinite(part[Columns.RATING].to_numpy(np.float64, na_value=np.nan)).all():
        raise DataError(f"a {Columns.RATING} is missing or infinite; drop these rows first")
    counts = {side: part.groupby(side, sort=True).size() for side in (Columns.USER, Columns.ITEM)}
    return _Census(counts, int(hash_pandas_object(part, index=False).sum()))


def _united(parts: list[_Census]) -> _Census:
    full = [part for part in parts if len(part.counts[Columns.USER])]
    if not full:
        return parts[0]
    counts = {
        side: pd.concat([part.counts[side] for part in full]).groupby(level=0, sort=True).sum()
        for side in (Columns.USER, Columns.ITEM)
    }
    return _Census(counts, sum(part.digest for part in full) % 2**64)


def _numbered(part: pd.DataFrame, census: _Census, sides: tuple[str, str]) -> pd.DataFrame:
    rows, features = (
        census.counts[side].index.get_indexer(part[side]).astype(np.int32) for side in sides
    )
    return _chunk(rows, features, part[Columns.RATING].to_numpy(np.float64))
