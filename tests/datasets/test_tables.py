"""Tables of both libraries give the same; without a card, cuDF is modelled."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from tests.datasets.cudf_model import CARDS, modelled
from tests.datasets.readers.files import LOG, write
from workbench.datasets import Dataset, extended, load, read, split, synthetic, tables
from workbench.datasets.features import item_profiles, user_profiles
from workbench.datasets.readers.cleaning import clean
from workbench.datasets.readers.events import to_preferences
from workbench.device.arrays import on_card, to_host
from workbench.errors import DataError, DeviceError, MissingExtraError


@pytest.fixture(params=[pytest.param(None, id="pandas"), *CARDS])
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    with (request.param or nullcontext)():
        yield "gpu" if request.param else "cpu"


DAYS = st.none() | st.integers(0, 9).map(
    lambda day: pd.Timestamp("2025-01-01") + pd.Timedelta(day, "D")
)
IDS = st.sampled_from(["7", "07", "x", "10", None])
STARS = st.sampled_from([0.0, 0.5, 5.0, np.nan, np.inf, -np.inf])
ROWS = st.lists(st.tuples(IDS, IDS, STARS, DAYS), min_size=1, max_size=25)


def log_of(rows: list[tuple]) -> pd.DataFrame:
    log = pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"])
    return log.astype({"user_id": "str", "item_id": "str", "timestamp": "datetime64[ns]"})


def outcome(function, *args, **options):
    try:
        return function(*args, **options)
    except DataError as error:
        return str(error)


# --- each function of the module ------------------------------------------------------------------


def test_a_table_goes_to_a_device_and_back(device: str) -> None:
    there = tables.to(LOG, device)
    assert on_card(there) == (device == "gpu")
    assert tables.is_table(there)
    assert tables.to(there, device) is there
    assert_frame_equal(tables.to(there, "cpu"), LOG)
    assert tables.to_pandas(LOG) is LOG
    assert on_card(tables.like(LOG, there)) == (device == "gpu")
    assert not tables.is_table("orders.csv")


def test_columns_are_arrays_of_their_library(device: str) -> None:
    table = tables.to(LOG.assign(gap=[1.0, np.nan, 2.0, 3.0]), device)
    assert to_host(tables.array(table["rating"])).tolist() == [5.0, 3.5, 4.0, 0.5]
    assert tables.array(table["item_id"], np.float64).dtype == np.float64
    assert to_host(tables.missing(table["gap"])).tolist() == [False, True, False, False]
    texts = tables.to(pd.Series(["1", "2.5", "x", None], dtype="str"), device)
    found = to_host(tables.numbers(texts))
    np.testing.assert_array_equal(found, [1.0, 2.5, np.nan, np.nan])


def test_moments_ascend_from_the_unknown(device: str) -> None:
    times = pd.Series(pd.to_datetime(["2025-01-02", None, "1960-05-05"]))
    moments = to_host(tables.moments(tables.to(times, device)))
    assert moments.dtype == np.int64
    assert moments.argsort().tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("ids", "codes", "values"),
    [
        (["b", "a", None, "b"], [1, 0, -1, 1], ["a", "b"]),
        ([30, 10, 20, 10], [2, 0, 1, 0], [10, 20, 30]),
        (["é", "z", "热", "Z"], [2, 1, 3, 0], ["Z", "z", "é", "热"]),
    ],
)
def test_values_are_numbered_in_ascending_order(device: str, ids, codes, values) -> None:
    column = pd.Series(ids, dtype="str" if isinstance(ids[0], str) else "int64")
    found, index = tables.encoded(tables.to(column, device))
    assert to_host(found).tolist() == codes
    assert index.tolist() == values
    assert index.dtype == column.dtype
    again = tables.to_pandas(tables.decoded(found[found >= 0], index))
    assert again.tolist() == column.dropna().tolist()


def test_pairs_are_numbered_by_both_and_gaps_come_last(device: str) -> None:
    first = tables.to(pd.Series(["b", "a", None, "a"], dtype="str"), device)
    second = tables.to(pd.Series(["x", "y", "x", "x"], dtype="str"), device)
    assert to_host(tables.pairs(first, second)).argsort().tolist() == [3, 1, 0, 2]


def test_rows_are_taken_by_place_or_mask(device: str) -> None:
    table = tables.to(LOG, device)
    for which in (np.array([3, 0]), np.array([True, False, False, True])):
        found = tables.to_pandas(tables.rows(table, which))
        assert sorted(found["rating"]) == [0.5, 5.0]
        assert found.index.tolist() == [0, 1]
    assert len(tables.rows(table, np.zeros(4, bool))) == 0


def test_groups_are_read_by_time_then_as_they_come() -> None:
    groups, times = np.array([2, 1, 2, 1, 2]), np.array([5, 3, 1, 3, 5])
    order, ends = tables.grouped(groups, times)
    assert order.tolist() == [1, 3, 2, 0, 4]
    assert ends.tolist() == [1, 4]
    assert tables.grouped(groups)[0].tolist() == [1, 3, 0, 2, 4]


# --- what rests on it -----------------------------------------------------------------------------


@pytest.mark.parametrize("card", CARDS)
@given(ROWS, st.booleans())
def test_cleaning_gives_the_same(card, rows: list[tuple], signed: bool) -> None:
    log = log_of(rows)
    expected = outcome(clean, log, signed=signed)
    with card():
        found = outcome(clean, tables.to(log, "gpu"), signed=signed)
    if isinstance(expected, str):
        assert found == expected
    else:
        assert on_card(found[0])
        assert_frame_equal(tables.to_pandas(found[0]), expected[0])
        assert found[1] == expected[1]


BAD = {
    "negative": {"rating": [5.0, -1.0, 4.0, -2.0]},
    "text": {"rating": ["5", "4", "good", "bad"]},
    "time": {"timestamp": ["2024-01-01", "yesterdayish", "2024-01-01", "2024-01-02"]},
    "value": {"value": ["1", "2", "3", "four"]},
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_refused_in_the_same_words(device: str, case: str) -> None:
    bad = LOG.assign(**{name: pd.Series(cells) for name, cells in BAD[case].items()})
    with pytest.raises(DataError) as expected:
        clean(bad)
    with pytest.raises(DataError) as caught:
        clean(tables.to(bad, device))
    assert str(caught.value) == str(expected.value)


@pytest.mark.parametrize("column", ["user_id", "item_id", "rating"])
def test_a_missing_column_is_named(device: str, column: str) -> None:
    with pytest.raises(DataError, match=f"column '{column}' is missing"):
        clean(tables.to(LOG.drop(columns=column), device))


def test_text_is_read_as_numbers_and_times(device: str) -> None:
    texts = LOG.assign(rating=["5", "3.5", "4", "0.5"], timestamp=["1/2/2024"] * 4)
    found = read(texts, device=device)
    assert found.hash == read(LOG.assign(timestamp=pd.Timestamp("2024-01-02"))).hash
    assert on_card(found.interactions) == (device == "gpu")


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_times_since_1970_are_read_by_their_size(device: str, unit: int) -> None:
    seconds = np.array([1_700_000_000, 1_600_000_000, 1_500_000_000, 1])
    found = read(LOG.assign(timestamp=seconds * unit), device=device).table["timestamp"]
    assert found.tolist() == pd.to_datetime(seconds, unit="s").tolist()


def test_a_time_that_no_nanosecond_reaches_is_an_error_not_another_time(device: str) -> None:
    far = LOG.assign(timestamp=[90_000_000_000, 1, 2, 3])  # in the year 4821
    for log in (far, far.assign(event="view")):
        with pytest.raises(DataError, match="timestamp"):
            read(log, device=device)


KINDS = ["csv", "tsv", "csv.gz", "parquet", "jsonl"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_read_to_the_device(device: str, kind: str, tmp_path: Path) -> None:
    path = write(LOG.assign(timestamp=[3, 1, 2, 4]), tmp_path / f"log.{kind}")
    found = read(path, device=device)
    assert on_card(found.interactions) == (device == "gpu")
    assert isinstance(found.items, pd.DataFrame)
    expected = read(path, device="cpu")
    assert_frame_equal(found.table, expected.table)
    assert (found.hash, found.account) == (expected.hash, expected.account)


def test_ids_become_text_beside_text(device: str) -> None:
    goods = pd.DataFrame({"item_id": ["10", "20", "x"], "title": list("ABC")})
    found = read(LOG, items=goods, device=device)
    assert found.hash == read(LOG, items=goods).hash
    assert found.item_ids.tolist() == ["10", "20", "30"]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["view", "cart", "rating"]),
        DAYS,
        st.sampled_from(["s1", "s2", None]),
        st.sampled_from([1.0, 2.5, np.nan]),
    ),
    min_size=1,
    max_size=20,
)


@pytest.mark.parametrize("card", CARDS)
@settings(max_examples=settings.default.max_examples // 3)
@given(EVENTS)
def test_events_are_weighted_alike(card, rows: list[tuple]) -> None:
    columns = ["user_id", "item_id", "event", "timestamp", "session_id", "value"]
    log = pd.DataFrame(rows, columns=columns).assign(rating=3.5)
    texts = dict.fromkeys(["user_id", "item_id", "event", "session_id"], "str")
    log = log.astype(texts | {"timestamp": "datetime64[ns]"})
    expected = to_preferences(log)
    with card():
        found = to_preferences(tables.to(log, "gpu"))
        assert on_card(found)
    assert_frame_equal(found.to_pandas(), expected)


@pytest.mark.parametrize(
    "way", [{"by": "random"}, {"by": "user"}, {"by": "time"}, {"leave_one_out": True}], ids=str
)
def test_a_split_holds_out_the_same_rows(device: str, way: dict) -> None:
    ds = synthetic(30, 20, 200, seed=1)
    days = pd.to_datetime(np.random.default_rng(0).integers(0, 50, 200), unit="D")
    ds = Dataset(ds.interactions.assign(timestamp=days.as_unit("ns")), ds.items)
    expected = split(ds, seed=3, **way)
    found = split(ds.to(device), seed=3, **way)
    for mine, theirs in zip(found, expected, strict=True):
        assert on_card(mine.interactions) == (device == "gpu")
        assert_frame_equal(mine.table, theirs.interactions)
        assert (mine.hash, mine.account) == (theirs.hash, theirs.account)


def test_a_data_set_is_the_same_wherever_it_is(device: str) -> None:
    host = load("movielens-small", device="cpu")
    there = host.to(device)
    assert on_card(there.interactions) == (device == "gpu")
    assert there.hash == host.hash
    assert there.user_ids.equals(host.user_ids)
    assert there.item_ids.equals(host.item_ids)
    assert (there.matrix != host.matrix).nnz == 0
    assert there.explicit
    assert_frame_equal(there.history(1), host.history(1))
    assert_frame_equal(there.to("cpu").interactions, host.interactions)
    assert_frame_equal(user_profiles(there), user_profiles(host))
    assert_frame_equal(item_profiles(there), item_profiles(host))


def test_what_is_added_joins_the_table_where_it_is(device: str) -> None:
    new = pd.DataFrame({"user_id": ["u1", "u9"], "item_id": [30, 10], "rating": [1.0, 2.0]})
    expected = extended(read(LOG), new)
    found = extended(read(LOG, device=device), tables.to(new, device))
    assert on_card(found.interactions) == (device == "gpu")
    assert_frame_equal(found.table, expected.interactions)


# --- which device ---------------------------------------------------------------------------------


def test_a_table_stays_what_it_is_unless_told_otherwise(tmp_path: Path) -> None:
    path = write(LOG, tmp_path / "log.csv")
    with modelled():
        assert on_card(read(path).interactions)
        assert on_card(load("example").interactions)
        assert not on_card(read(LOG).interactions)
        there = tables.to(LOG, "gpu")
        assert on_card(read(there).interactions)
        assert not on_card(read(there, device="cpu").interactions)


def test_a_gpu_without_cudf_is_pandas_or_an_error(monkeypatch) -> None:
    with modelled():
        monkeypatch.setattr(tables, "find_spec", lambda name: None)
        assert not on_card(load("example").interactions)
        with pytest.raises(MissingExtraError, match=r"needs the package 'cudf'.*\[cuda13\]"):
            load("example", device="gpu")


def test_a_gpu_that_is_not_there_is_an_error(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("workbench.device.usable_card", lambda: (None, "there is no card"))
    for source in (LOG, write(LOG, tmp_path / "log.csv")):
        with pytest.raises(DeviceError, match="there is no card"):
            read(source, device="gpu")
    with pytest.raises(DeviceError, match="there is no card"):
        load("example", device="gpu")
