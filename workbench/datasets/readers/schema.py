"""The data contracts as pandera schemas, and their failures in plain words."""

from functools import cache
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from workbench.columns import Columns
from workbench.datasets import tables
from workbench.device.arrays import on_card
from workbench.errors import DataError

# Kinds of NumPy types that are numbers and times already, rather than text to be read as such.
_KINDS = {Columns.RATING: "biuf", Columns.TIMESTAMP: "M", Columns.VALUE: "biuf"}


def check_interactions(table: pd.DataFrame, *, signed: bool = False) -> pd.DataFrame:
    """Coerce interactions to their contract's types.

    Raises
    ------
    DataError
        If there are no rows, or a column is missing or breaks the contract; names the column,
        the row (counted from 1, without a header) and the fix.
    """
    if not len(table):
        raise DataError("the interactions have no rows; give at least two users and two items")
    table, schema = table.reset_index(drop=True), _interactions(signed)
    return (_validate_on_card if on_card(table) else _validate)(table, schema)


def check_entities(table: pd.DataFrame, key: str) -> pd.DataFrame:
    """Check a table of items or users: its key is there, is filled and does not repeat."""
    return _validate(table.reset_index(drop=True), _entities(key))


@cache
def _interactions(signed: bool) -> pa.DataFrameSchema:
    not_negative = pa.Check.ge(0, error="negative", ignore_na=True)
    return pa.DataFrameSchema(
        {
            Columns.USER: pa.Column(nullable=True),
            Columns.ITEM: pa.Column(nullable=True),
            Columns.RATING: pa.Column(
                "float64", None if signed else not_negative, nullable=True, coerce=True
            ),
            Columns.TIMESTAMP: pa.Column(
                "datetime64[ns]", nullable=True, coerce=True, required=False
            ),
            Columns.VALUE: pa.Column("float64", nullable=True, coerce=True, required=False),
        }
    )


@cache
def _entities(key: str) -> pa.DataFrameSchema:
    return pa.DataFrameSchema({key: pa.Column(nullable=False, unique=True)})


def _validate(table: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    try:
        return schema.validate(table, lazy=True)
    except SchemaErrors as errors:
        # A coercion that failed is followed by failures of the type; the first one says it all.
        first = errors.failure_cases.iloc[0]
        raise DataError(_explain(first, table, len(errors.failure_cases))) from None


def _validate_on_card(table: Any, schema: pa.DataFrameSchema) -> Any:
    """As `_validate`, on the host: of all rows if some are text, else of the one that may fail."""
    known = [column for column in _KINDS if column in table]
    if any(table[column].dtype.kind not in _KINDS[column] for column in known):
        return tables.like(_validate(tables.to_pandas(table), schema), table)
    negative = tables.numbers(table[Columns.RATING]) < 0 if Columns.RATING in table else None
    first = 0 if negative is None else int(negative.argmax())
    _validate(tables.to_pandas(table[first : first + 1]), schema)
    return table.astype({column: schema.columns[column].dtype.type for column in known})


def _explain(failure: Any, table: pd.DataFrame, count: int) -> str:
    check = str(failure["check"])
    if check == "column_in_dataframe":
        missing = str(failure["failure_case"])
        return (
            f"column {missing!r} is missing; the table has {', '.join(map(str, table.columns))}. "
            f"Say which column it is, for example read(…, {missing}='{table.columns[0]}')"
        )
    column, value = failure["column"], failure["failure_case"]
    row = f"row {int(failure['index']) + 1}" if pd.notna(failure["index"]) else "some rows"
    where = f"column {column!r}, {row}: {repr(value) if isinstance(value, str) else value}"
    if check == "negative":
        return f"{where} is negative; pass signed=True if ratings below zero are meant"
    if check.startswith("coerce_dtype"):
        wanted = "a date and time" if column == Columns.TIMESTAMP else "a number"
        return f"{where} is not {wanted}; correct it or leave the cell empty"
    if check == "not_nullable":
        return f"column {column!r}, {row}: the id is missing; fill it in or remove the row"
    if check == "field_uniqueness":
        return f"{where} occurs more than once ({count} rows do); keep one row an id"
    return f"{where} breaks the rule {check}"
