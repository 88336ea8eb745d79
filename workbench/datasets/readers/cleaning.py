"""Check interactions against the contract and account for every row that is dropped."""

from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import tables
from workbench.datasets.dataset import hashable
from workbench.errors import DataError

PAIR = [Columns.USER, Columns.ITEM]


def clean(
    interactions: pd.DataFrame, *, signed: bool = False
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Bring interactions into the form that the rest of Workbench relies on.

    Rows without an id, with a NaN or infinite rating, and exact duplicates are dropped; of several
    ratings of one pair the latest is kept (by ``timestamp``, else by position).

    Parameters
    ----------
    interactions : DataFrame
        With ``user_id``, ``item_id``, ``rating``; other columns are kept as they are.
    signed : bool
        Whether ratings below zero are allowed.

    Returns
    -------
    interactions : DataFrame
        Sorted by user and item, one row a pair.
    account : tuple of str
        What was dropped and why, one sentence each.

    Raises
    ------
    DataError
        If a column is missing or holds what it must not, or fewer than two users or items remain.
    """
    table, account = clean_rows(interactions, signed=signed)
    _require_two(table)
    return table, account


def clean_rows(
    interactions: pd.DataFrame, *, signed: bool = False
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """As `clean`, of any number of users and items: of what is to be added to a data set, say."""
    from workbench.datasets.readers.schema import check_interactions

    account: list[str] = []
    table = check_interactions(interactions, signed=signed)
    no_id = tables.missing(table[Columns.USER]) | tables.missing(table[Columns.ITEM])
    table = _drop(table, no_id, "without a user or item id", account)
    no_rating = tables.missing(table[Columns.RATING])
    table = _drop(table, no_rating, "whose rating is missing (NaN)", account)
    infinite = abs(tables.array(table[Columns.RATING])) == np.inf
    table = _drop(table, infinite, "whose rating is infinite", account)
    # Before duplicates are sought: 7 and "7" beside "x" are one id.
    table = table.assign(**{column: tidy(table[column]) for column in PAIR})
    repeated = tables.array(hashable(table).duplicated())
    table = _drop(table, repeated, "that repeat another row exactly", account)
    times = tables.moments(table[Columns.TIMESTAMP]) if Columns.TIMESTAMP in table else None
    order, ends = tables.grouped(tables.pairs(*(table[column] for column in PAIR)), times)
    _account(len(table) - len(ends), len(table), "rated again later", account)
    return tables.rows(table, order[ends]), tuple(account)


def tidy(ids: pd.Series) -> Any:
    """As `tidy_ids`, of a column of either library that has no gaps: told by its distinct ids."""
    if ids.dtype == np.int64:
        return ids
    codes, distinct = tables.encoded(ids)
    tidied = tidy_ids(distinct.to_series())
    return tables.decoded(codes, pd.Index(tidied))


def tidy_ids(ids: pd.Series) -> pd.Series:
    """Ids as int64 where every one is a whole number written as such, else as str."""
    ids = ids.infer_objects()
    floats = pd.api.types.is_float_dtype(ids)
    whole = pd.api.types.is_integer_dtype(ids) or (floats and (ids % 1 == 0).all())
    if whole and (ids.abs() < 2**63).all():
        return ids.astype(np.int64)
    text = ids.astype(str)
    # Up to 18 digits fit int64, and "007" is not 7.
    if len(text) and text.str.fullmatch(r"-?[1-9][0-9]{0,17}|0").all():
        return text.astype(np.int64)
    return text


def _drop(table: pd.DataFrame, bad: Any, why: str, account: list[str]) -> pd.DataFrame:
    count = int(bad.sum())
    _account(count, len(table), why, account)
    return tables.rows(table, ~bad) if count else table


def _account(count: int, of: int, why: str, account: list[str]) -> None:
    if count:
        account.append(f"{count:,} of {of:,} rows dropped: {why}")


def _require_two(table: pd.DataFrame) -> None:
    for column in PAIR:
        found = table[column].nunique()
        if found < 2:
            raise DataError(
                f"column {column!r} has {found} distinct value{'s' * (found != 1)} after cleaning; "
                "similarity needs at least two users and two items"
            )
