"""Bring your own data: every kind of file in, ids as they were, and what is refused."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.datasets.readers.files import LOG, text, write
from workbench.datasets import Dataset, read
from workbench.errors import DataError, DataFileError


def rows(ds: Dataset) -> list[tuple]:
    return list(
        ds.interactions[["user_id", "item_id", "rating"]].itertuples(index=False, name=None)
    )


KINDS = ["csv", "txt", "tsv", "CSV", "csv.gz", "tsv.gz", "parquet", "json", "jsonl", "ndjson"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_reads_alike(kind: str, tmp_path: Path) -> None:
    ds = read(write(LOG, tmp_path / f"orders.{kind}"))
    assert rows(ds) == [("u1", 10, 5.0), ("u1", 20, 3.5), ("u2", 10, 4.0), ("u2", 30, 0.5)]
    assert ds.hash == read(LOG).hash
    assert ds.account == ("3 items have no title: called 'Item <id>'",)


def test_the_name_is_the_files_or_what_is_asked_for(tmp_path: Path) -> None:
    path = write(LOG, tmp_path / "orders.csv")
    assert read(str(path)).name == "orders"
    assert read(path, name="May").name == "May"
    assert read(LOG).name == "data"


def test_a_pattern_reads_all_files_it_matches(tmp_path: Path) -> None:
    write(LOG[:2], tmp_path / "part-1.csv")
    write(LOG[2:], tmp_path / "part-2.parquet")
    assert read(f"{tmp_path}/part-*").hash == read(LOG).hash


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    """Browsers save a second download as "orders[1].csv", which glob does not match."""
    assert len(read(write(LOG, tmp_path / "orders[1].csv")).interactions) == 4


def test_a_packed_file_may_have_dots_in_its_name(tmp_path: Path) -> None:
    """The first suffix was taken for the kind: ratings.v1.csv.gz was "not one of .csv, …"."""
    path = tmp_path / "ratings.v1.csv.gz"
    path.write_bytes(gzip.compress(LOG.to_csv(index=False).encode()))
    assert len(read(path).interactions) == 4


def test_columns_are_mapped_by_name(tmp_path: Path) -> None:
    names = {"user_id": "buyer", "item_id": "sku", "rating": "stars"}
    path = write(LOG.rename(columns=names), tmp_path / "orders.csv")
    goods = pd.DataFrame({"sku": [10, 20, 30], "label": ["Tea", "Pot", "Cup"]})
    ds = read(path, **names, items=goods, title="label")
    assert ds.interactions.columns.tolist() == ["user_id", "item_id", "rating"]
    assert ds.items.columns.tolist() == ["item_id", "title"]
    assert ds.titles.tolist() == ["Tea", "Pot", "Cup"]
    assert ds.account == ()


def test_a_mapped_column_beats_another_of_that_name() -> None:
    """rating="stars" beside a column "rating" made two columns "rating", and a TypeError."""
    ds = read(LOG.assign(stars=[1.0, 2.0, 3.0, 4.0]), rating="stars")
    assert ds.interactions["rating"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_two_columns_may_swap_their_names() -> None:
    ds = read(LOG, user_id="item_id", item_id="user_id")
    assert ds.user_ids.tolist() == [10, 20, 30]
    assert ds.item_ids.tolist() == ["u1", "u2"]


def test_without_ratings_and_events_each_row_counts_one() -> None:
    ds = read(LOG.drop(columns="rating"))
    assert ds.interactions["rating"].tolist() == [1.0] * 4
    assert not ds.explicit


def test_events_are_weighted_and_the_weights_can_be_changed(tmp_path: Path) -> None:
    log = pd.DataFrame(
        {
            "user_id": [1, 1, 1, 2, 2],
            "item_id": [7, 7, 8, 7, 8],
            "event": ["view", "cart", "view", "purchase", "gaze"],
        }
    )
    path = write(log, tmp_path / "log.jsonl")
    assert rows(read(path, weights={"gaze": 0.5, "view": 0})) == [(1, 7, 4), (2, 7, 5), (2, 8, 0.5)]
    with pytest.raises(DataError, match=r"unknown event 'gaze' in column 'event', row 5"):
        read(path)


IDS = {
    "zeros": (["007", "7", "07"], ["007", "07", "7"]),
    "numbers": ([1, 2, 10], [1, 2, 10]),
    "mixed": (["3", "b", "10"], ["10", "3", "b"]),
}


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "jsonl", "frame"])
@pytest.mark.parametrize("case", IDS)
def test_ids_come_back_as_they_went_in(kind: str, case: str, tmp_path: Path) -> None:
    given_ids, expected = IDS[case]
    log = pd.DataFrame({"user_id": given_ids, "item_id": given_ids[::-1], "rating": 1.0})
    ds = read(log if kind == "frame" else write(log, tmp_path / f"log.{kind}"))
    assert ds.user_ids.tolist() == ds.item_ids.tolist() == expected
    assert ds.user_ids.dtype == (np.int64 if case == "numbers" else "str")
    assert ds.items["item_id"].tolist() == expected


def test_a_missing_id_does_not_make_floats_of_the_others(tmp_path: Path) -> None:
    """JSON lines with a null user gave the users "1.0" and "2.0"."""
    lines = [{"user_id": user, "item_id": item} for user, item in ((1, 7), (None, 8), (2, 9))]
    path = text(tmp_path / "log.jsonl", "\n".join(map(json.dumps, lines)))
    ds = read(path)
    assert ds.user_ids.tolist() == [1, 2]
    assert ds.account[0] == "1 of 3 rows dropped: without a user or item id"


@pytest.mark.parametrize("other", ["items", "users"])
def test_ids_are_text_in_both_tables_where_they_are_in_one(other: str) -> None:
    """Beside the interactions' 1 and 2 the items' "1", "2" and "x" met nothing, and sorting died.

    Each table alone decided whether its ids are numbers.
    """
    key = {"items": "item_id", "users": "user_id"}[other]
    numbers = pd.DataFrame({"user_id": [1, 2, 10], "item_id": [1, 2, 10], "rating": 1.0})
    ds = read(numbers, **{other: pd.DataFrame({key: ["x", "2", "1"], "title": ["X", "B", "A"]})})
    assert sorted(ds.interactions[key]) == ["1", "10", "2"]
    table = getattr(ds, other)
    assert table.set_index(key)["title"].reindex(["1", "2", "x"]).tolist() == ["A", "B", "X"]

    mixed = numbers.assign(**{key: ["1", "x", "2"]})
    ds = read(mixed, **{other: pd.DataFrame({key: [1, 2], "title": ["A", "B"]})})
    table = getattr(ds, other).set_index(key)["title"]
    assert table.reindex(["1", "2"]).tolist() == ["A", "B"]


def test_users_keep_their_attributes(tmp_path: Path) -> None:
    people = pd.DataFrame({"user_id": ["u2", "u1"], "city": ["Lyon", "苏州"]})
    ds = read(LOG, users=write(people, tmp_path / "users.csv"))
    assert ds.users is not None
    assert ds.users.set_index("user_id")["city"].to_dict() == {"u1": "苏州", "u2": "Lyon"}
    assert read(LOG).users is None


@pytest.mark.parametrize(
    ("other", "table", "message"),
    [
        (
            "items",
            pd.DataFrame({"item_id": [1, 2, 1]}),
            "column 'item_id', row 1: 1 occurs more than once (2 rows do); keep one row an id",
        ),
        (
            "users",
            pd.DataFrame({"user_id": ["a", None]}),
            "column 'user_id', row 2: the id is missing; fill it in or remove the row",
        ),
        (
            "items",
            pd.DataFrame({"sku": [1]}),
            "column 'item_id' is missing; the table has sku. "
            "Say which column it is, for example read(…, item_id='sku')",
        ),
    ],
)
def test_bad_tables_of_items_and_users_are_refused(
    other: str, table: pd.DataFrame, message: str
) -> None:
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read(LOG, **{other: table})


def test_the_account_tells_of_cleaning_too(tmp_path: Path) -> None:
    path = text(
        tmp_path / "log.csv",
        "user_id,item_id,rating\na,1,5\na,2,inf\na,2,\nb,1,4\nb,1,4\nb,3,2\na,1,3\n",
    )
    ds = read(path)
    assert rows(ds) == [("a", 1, 3.0), ("b", 1, 4.0), ("b", 3, 2.0)]
    assert ds.account[:-1] == (
        "1 of 7 rows dropped: whose rating is missing (NaN)",
        "1 of 6 rows dropped: whose rating is infinite",
        "1 of 5 rows dropped: that repeat another row exactly",
        "1 of 4 rows dropped: rated again later",
    )


def test_signed_ratings_need_to_be_asked_for() -> None:
    log = LOG.assign(rating=[5.0, -1.0, 4.0, 3.0])
    assert read(log, signed=True).interactions["rating"].tolist() == [5.0, -1.0, 4.0, 3.0]
    with pytest.raises(DataError, match=r"'rating', row 2: -1\.0 is negative; pass signed=True"):
        read(log)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for source in ("absent.csv", "absent/log.parquet", "."):
        with pytest.raises(DataFileError, match=r"there is no file '.*'; check the path") as caught:
            read(tmp_path / source)
        assert isinstance(caught.value, OSError)


def test_a_pattern_without_a_match_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"no file matches '.*part-\*\.csv'; check the folder"):
        read(f"{tmp_path}/part-*.csv")


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_an_empty_file_is_named(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=rf"log\.{kind}' is empty \(0 bytes\); export it again"):
        read(text(tmp_path / f"log.{kind}", ""))


def test_a_file_of_headers_alone_has_no_rows(tmp_path: Path) -> None:
    for path in (
        text(tmp_path / "a.csv", "user_id,item_id,rating\n"),
        write(LOG[:0], tmp_path / "a.parquet"),
    ):
        with pytest.raises(DataError, match="the interactions have no rows; give at least two"):
            read(path)


@pytest.mark.parametrize(("sep", "shown"), [(";", ";"), ("\t", r"\\t"), ("|", r"\|")])
def test_a_wrong_delimiter_is_found_and_the_fix_works(sep: str, shown: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    LOG.to_csv(path, sep=sep, index=False)
    with pytest.raises(DataError, match=rf"has a single column .* pass sep='{shown}'$"):
        read(path)
    assert read(path, sep=sep).hash == read(LOG).hash


def test_a_wrong_delimiter_is_found_among_decimal_commas(tmp_path: Path) -> None:
    path = text(tmp_path / "log.csv", "user_id;item_id;rating\n1;1;4,5\n2;2;3,0\n")
    with pytest.raises(DataError, match="it looks separated by ';'; pass sep=';'"):
        read(path)
    with pytest.raises(DataError, match="column 'rating', row 1: '4,5' is not a number"):
        read(path, sep=";")


def test_a_missing_column_is_named_beside_those_that_are_there(tmp_path: Path) -> None:
    path = write(LOG.rename(columns={"user_id": "buyer"}), tmp_path / "log.csv")
    with pytest.raises(DataError, match=r"'user_id' is missing; the table has buyer, item_id, rat"):
        read(path)


@pytest.mark.parametrize("argument", ["user_id", "item_id", "rating", "timestamp", "event"])
def test_a_column_that_was_asked_for_must_be_there(argument: str) -> None:
    """rating="Stars" for a column "stars" was no error: every row silently counted 1.0."""
    message = f"column 'Stars', which was to be '{argument}', is missing; the table has user_id, it"
    with pytest.raises(DataError, match=message):
        read(LOG, **{argument: "Stars"})


def test_text_in_the_rating_column_is_named_by_row(tmp_path: Path) -> None:
    log = LOG.assign(rating=["5", "4", "n.v.t.", "3"])
    for source in (log, write(log, tmp_path / "log.csv"), write(log, tmp_path / "log.jsonl")):
        with pytest.raises(DataError, match=r"'rating', row 3: 'n\.v\.t\.' is not a number"):
            read(source)


@pytest.mark.parametrize("kept", ["user_id", "item_id"])
def test_one_user_or_one_item_is_too_few(kept: str) -> None:
    with pytest.raises(DataError, match=f"column '{kept}' has 1 distinct value after cleaning"):
        read(LOG.assign(**{kept: 1}))


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "csv.gz"])
def test_a_damaged_file_is_named(kind: str, tmp_path: Path) -> None:
    path = write(LOG, tmp_path / f"log.{kind}")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DataFileError, match=rf"log\.{kind}' cannot be read as .* is it damaged"):
        read(path)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes("user_id,item_id,rating\né,1,5\n".encode("latin-1"))
    with pytest.raises(DataFileError, match="cannot be read as csv: 'utf-8' codec"):
        read(path)


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(LOG.to_csv(index=False).encode("utf-8-sig"))
    assert read(path).hash == read(LOG).hash


def test_an_unknown_ending_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    for name in ("log.xlsx", "log", "log.xlsx.gz"):
        with pytest.raises(DataFileError, match=r"is not one of \.csv, \.tsv, \.parquet, \.jsonl"):
            read(text(tmp_path / name, "x"))


def test_a_json_array_is_told_from_json_lines(tmp_path: Path) -> None:
    """It was read as one row with the columns 0, 1, 2: "the table has 0, 1, 2, rating"."""
    path = text(tmp_path / "log.json", LOG.to_json(orient="records"))
    with pytest.raises(DataFileError, match=r"is not JSON lines, one \{…\} a line; write it with"):
        read(path)
