"""Titles, years and lists of the items table."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.datasets.readers.files import LOG, write
from workbench.datasets import read
from workbench.datasets.readers.item_table import complete_items, split_year

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "{user} {0} %s $x ${y}",
    "</script><script>alert(1)</script>",
    'quote " comma, tab\t and \\ backslash',
    "=HYPERLINK(1)",
    "**bold** [link](javascript:alert(1))",
    "白雪公主 \u202egnp.exe",
    "007",
    "(1984)",
]


ITEMS = pd.DataFrame(
    {
        "item_id": [10, 20, 40],
        "title": ["Heat (1995)", None, "Up"],
        "genres": ["Crime|Drama", "(no genres listed)", None],
        "price": [9.5, 1.0, 2.0],
    }
)


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "frame"])
def test_items_gain_titles_years_and_lists(kind: str, tmp_path: Path) -> None:
    ds = read(LOG, items=ITEMS if kind == "frame" else write(ITEMS, tmp_path / f"items.{kind}"))
    assert ds.items["item_id"].tolist() == [10, 20, 30, 40]
    assert ds.items["title"].tolist() == ["Heat", "Item 20", "Item 30", "Up"]
    assert ds.items["genres"].tolist() == [["Crime", "Drama"], [], [], []]
    assert ds.items["year"].tolist() == [1995, pd.NA, pd.NA, pd.NA]
    assert ds.items["price"].dropna().tolist() == [9.5, 1.0, 2.0]
    assert ds.account == (
        "1 items are not in the items table: added by id alone",
        "2 items have no title: called 'Item <id>'",
    )


def test_lists_of_a_parquet_file_are_lists(tmp_path: Path) -> None:
    goods = pd.DataFrame({"item_id": [10, 20, 30], "title": "T", "tags": [["a", "b"], [], None]})
    ds = read(LOG, items=write(goods, tmp_path / "items.parquet"))
    assert ds.items["tags"].tolist() == [["a", "b"], [], []]


def test_a_year_column_leaves_titles_alone() -> None:
    goods = pd.DataFrame({"item_id": [1], "title": ["2001 (1968)"], "year": [1968]})
    assert split_year(goods)["title"].tolist() == ["2001 (1968)"]


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl", "frame"])
def test_hostile_titles_come_through_unchanged(kind: str, tmp_path: Path) -> None:
    """A title that is only a year, "(1984)", lost its name: the year was cut off it."""
    ids = range(len(HOSTILE))
    log = pd.DataFrame({"user_id": [0, 1] * len(HOSTILE), "item_id": [*ids, *ids], "rating": 1.0})
    goods = pd.DataFrame({"item_id": ids, "title": HOSTILE})
    ds = read(log, items=goods if kind == "frame" else write(goods, tmp_path / f"items.{kind}"))
    assert ds.titles.tolist() == HOSTILE


def test_titles_that_are_all_numbers_stay_text(tmp_path: Path) -> None:
    """A shelf of "007" and "1984" was read as the numbers 7 and 1984."""
    goods = pd.DataFrame({"item_id": [10, 20, 30], "title": ["007", "1984", "300"]})
    for kind in ("csv", "jsonl"):
        ds = read(LOG, items=write(goods, tmp_path / f"items.{kind}"))
        assert ds.titles.tolist() == ["007", "1984", "300"]


def test_every_item_that_occurs_gets_a_row() -> None:
    items, account = complete_items(None, LOG, kind="Film")
    assert items["title"].tolist() == ["Film 10", "Film 20", "Film 30"]
    assert account == ("3 items have no title: called 'Film <id>'",)


TITLES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(TITLES, min_size=3, max_size=3))
def test_any_title_comes_through_save_for_a_year_at_its_end(titles: list[str]) -> None:
    items, _ = complete_items(pd.DataFrame({"item_id": [10, 20, 30], "title": titles}), LOG)
    for title, shown, year in zip(
        titles, items["title"], items.get("year", [pd.NA] * 3), strict=True
    ):
        if pd.notna(year):
            assert title.startswith(shown)
            assert title.rstrip().endswith(")")
        else:
            assert shown == title or not title.strip()
        assert shown.strip()
