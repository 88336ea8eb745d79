import pytest

from workbench.io import neutral, whole


def test_a_draft_takes_the_place_of_the_file_only_when_it_is_whole(tmp_path):
    path = tmp_path / "list.csv"
    with whole(path) as draft:
        draft.write_text("first")
        assert not path.exists()
    with pytest.raises(ZeroDivisionError), whole(path) as draft:
        draft.write_text(f"half {1 / 0}")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_that_a_spreadsheet_would_run_is_made_text(start):
    assert neutral(f"{start}SUM(A1)") == f"'{start}SUM(A1)"


@pytest.mark.parametrize("value", ["Heat", "a=b", "", -1.5, None, ["=x"]])
def test_all_else_is_left_as_it_is(value):
    assert neutral(value) is value
