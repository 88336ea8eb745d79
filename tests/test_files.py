import json

import pandas as pd
import pytest

from workbench.errors import DataFileError, OptionError
from workbench.io import atomic_file, no_formula, write_table


def test_a_draft_takes_the_place_of_the_file_only_when_it_is_whole(tmp_path):
    path = tmp_path / "list.csv"
    with atomic_file(path) as draft:
        draft.write_text("first")
        assert not path.exists()
    with pytest.raises(ZeroDivisionError), atomic_file(path) as draft:
        draft.write_text(f"half {1 / 0}")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_that_a_spreadsheet_would_run_is_made_text(start):
    assert no_formula(f"{start}SUM(A1)") == f"'{start}SUM(A1)"


@pytest.mark.parametrize("value", ["Heat", "a=b", "", -1.5, None, ["=x"]])
def test_all_else_is_left_as_it_is(value):
    assert no_formula(value) is value


TABLE = pd.DataFrame({"item_id": [7, 8], "text": ["=灯", "b"], "facts": [[{"a": 1}], []]})


def test_a_table_is_written_as_its_ending_says(tmp_path):
    text = write_table(TABLE, tmp_path / "list.csv").read_bytes().decode("utf-8-sig")
    assert text.splitlines() == ["item_id,text,facts", '7,\'=灯,"[{""a"": 1}]"', "8,b,[]"]
    table = write_table(TABLE, tmp_path / "list.txt", ending=".csv", bom=False)
    assert table.read_bytes() == text.encode()
    rows = json.loads(write_table(TABLE, tmp_path / "list.json").read_text("utf-8"))
    assert rows == TABLE.to_dict("records")
    lines = write_table(TABLE, tmp_path / "list.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows
    found = pd.read_parquet(write_table(TABLE, tmp_path / "list.parquet"))
    assert found["facts"].tolist() == ['[{"a": 1}]', "[]"]


def test_a_table_that_cannot_be_written_leaves_what_was_there(tmp_path):
    with pytest.raises(OptionError, match=r"list\.xls' must end on one of \.csv"):
        write_table(TABLE, tmp_path / "list.xls")
    with pytest.raises(DataFileError, match="cannot be written"):
        write_table(TABLE, tmp_path / "no" / "list.csv")
    assert not list(tmp_path.iterdir())
