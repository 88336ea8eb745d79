import csv
import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from workbench.errors import DataError, DataFileError, OptionError
from workbench.language.review.export import export

EVIDENCE = [{"kind": "liked", "item_id": 2, "title": "《饮食男女》", "rating": 4.5}]


@pytest.fixture
def lines():
    return pd.DataFrame(
        {
            "user_id": ["u1", "-u2"],
            "item_id": [1, 3],
            "because": [[(2, 0.5)], []],
            "text": ["喜欢《饮食男女》，\n“Heat” ok", '=HYPERLINK("http://x")'],
            "source": ["model", "pattern"],
            "evidence": [EVIDENCE, []],
            "reasons": [[], ["not-named", "residue"]],
            "status": ["approved", "flagged"],
            "note": ["", "@legal said so"],
            "decided": pd.to_datetime([datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)] * 2),
        },
        index=[4, 9],
    )


def test_csv_is_neutral_for_a_spreadsheet_and_loses_nothing(lines, tmp_path):
    path = export(lines, tmp_path / "copy.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    first, second = csv.DictReader(path.open(encoding="utf-8-sig", newline=""))
    assert first["text"] == lines["text"][4]
    assert json.loads(first["evidence"]) == EVIDENCE
    assert first["decided"] == "2026-01-02 03:04:05+00:00"
    assert (second["user_id"], second["text"]) == ("'-u2", '\'=HYPERLINK("http://x")')
    assert second["note"] == "'@legal said so"
    assert json.loads(second["reasons"]) == ["not-named", "residue"]
    assert "because" not in first


def test_json_lines_are_as_they_are(lines, tmp_path):
    path = export(lines, tmp_path / "copy.jsonl")
    first, second = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert first["evidence"] == EVIDENCE
    assert first["text"] == lines["text"][4]
    assert "《饮食男女》" in path.read_text("utf-8")
    assert first["decided"].startswith("2026-01-02T03:04:05")
    assert (second["user_id"], second["reasons"]) == ("-u2", ["not-named", "residue"])


def test_parquet_keeps_types_and_has_json_for_what_is_nested(lines, tmp_path):
    table = pd.read_parquet(export(lines, str(tmp_path / "copy.parquet")))
    assert table["text"].tolist() == lines["text"].tolist()
    assert table["item_id"].dtype == "int64"
    assert json.loads(table["evidence"][0]) == EVIDENCE
    assert table["decided"][0] == lines["decided"][4]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_file_is_written_whole_or_not_at_all(lines, tmp_path, suffix):
    path = tmp_path / f"copy{suffix}"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        export(lines.assign(text="half \ud800"), path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_only_what_is_approved_leaves(lines, tmp_path):
    with pytest.raises(DataError, match="row 9: status is 'open'"):
        export(lines.assign(status=["approved", "open"]), tmp_path / "copy.csv")
    with pytest.raises(DataError, match="no line is approved"):
        export(lines.head(0), tmp_path / "copy.csv")
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_or_no_folder_is_a_clear_error(lines, tmp_path):
    with pytest.raises(OptionError, match=r"copy\.xlsx.* must end on one of \.csv, \.jsonl"):
        export(lines, tmp_path / "copy.xlsx")
    with pytest.raises(DataFileError, match=r"nowhere.*cannot be written"):
        export(lines, tmp_path / "nowhere" / "copy.csv")
