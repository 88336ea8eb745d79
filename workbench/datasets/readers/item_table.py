"""The items table: a row and a title for every item, years and lists as such."""

from typing import Any

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import tables


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
    distinct = tables.to_pandas(interactions[Columns.ITEM].drop_duplicates())
    ids = pd.Index(distinct, name=Columns.ITEM).sort_values()
    if items is None:
        items = pd.DataFrame({Columns.ITEM: ids})
    items = split_year(items)
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
    parts = items[Columns.TITLE].astype(str).str.extract(r"^(.*\S)\s*\((\d{4})\)\s*$")
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
