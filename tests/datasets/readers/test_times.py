"""Times of many forms, and those that cannot be read."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.datasets.readers.files import LOG, write
from workbench.datasets import read
from workbench.errors import DataError

NEW_YEAR = pd.Timestamp("2024-12-31")


MOMENT = pd.Timestamp("2024-12-31 22:59:58")


@pytest.mark.parametrize(
    ("given_times", "expected"),
    [
        ([1735685998] * 2, MOMENT),
        ([1735685998.0, None], MOMENT),
        ([1735685998000] * 2, MOMENT),
        ([1735685998000000] * 2, MOMENT),
        ([1735685998000000000] * 2, MOMENT),
        (["1735685998", None], MOMENT),
        (["2024-12-31", "2024-12-30 10:00:00"], NEW_YEAR),
        (["2024-12-31T22:59:58Z", None], MOMENT),
        (["2024-12-31T23:59:58+01:00", "2024-12-31T22:59:58+08:00"], MOMENT),
        (["12/31/2024", "05/12/2024"], NEW_YEAR),
        (["31/12/2024", "05/12/2024"], NEW_YEAR),
        (["31/12/2024", "12/31/2024"], None),
        (["Dec 31, 2024", "Dec 30, 2024"], NEW_YEAR),
        ([date(2024, 12, 31), None], NEW_YEAR),
        ([NEW_YEAR, pd.NaT], NEW_YEAR),
        ([MOMENT.tz_localize("UTC"), None], MOMENT),
        (["", "2024-12-31"], pd.NaT),
    ],
)
def test_times_are_numbers_or_text_of_many_forms(given_times: list, expected: object) -> None:
    log = pd.DataFrame(
        {"user_id": ["a", "b"], "item_id": [1, 2], "rating": 1.0, "timestamp": given_times}
    )
    if expected is None:
        with pytest.raises(DataError, match=r"row [12]: '\d\d/\d\d/2024' is not a date and time"):
            read(log)
        return
    times = read(log).interactions["timestamp"]
    assert times.dtype == "datetime64[ns]"
    assert times[0] is pd.NaT if expected is pd.NaT else times[0] == expected


def test_days_before_months_are_seen_from_any_row(recwarn: pytest.WarningsRecorder) -> None:
    """The form was guessed from row 1: 05/12/2024 above 31/12/2024 was "not a date and time".

    With 31/12/2024 above it was read, with a warning of pandas on the screen.
    """
    for texts in (["05/12/2024", "31/12/2024"], ["31/12/2024", "05/12/2024"]):
        log = LOG.assign(timestamp=[*texts, None, "01/02/2024"])
        times = read(log).interactions["timestamp"]
        assert times[3] == pd.Timestamp("2024-02-01")
        assert set(times[:2]) == {pd.Timestamp("2024-12-05"), pd.Timestamp("2024-12-31")}
    assert not recwarn.list


@pytest.mark.parametrize(
    ("times", "row"),
    [
        (["2024-01-01", "soon", "2024-01-02", None], "row 2: 'soon'"),
        (["1700000000", "1700000001", "soon", "1700000002"], "row 3: 'soon'"),
        (["31/12/2024", "30/12/2024", "29/12/2024", "41/12/2024"], "row 4: '41/12/2024'"),
    ],
)
def test_a_time_that_cannot_be_read_is_named(times: list, row: str, tmp_path: Path) -> None:
    for source in (
        LOG.assign(timestamp=times),
        write(LOG.assign(timestamp=times), tmp_path / "a.csv"),
    ):
        with pytest.raises(DataError, match=f"column 'timestamp', {row} is not a date and time"):
            read(source)
