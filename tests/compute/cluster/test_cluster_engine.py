"""The cluster engine gives one process's answer, from any input, whoever dies."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask.sizeof import sizeof
from distributed import Client, LocalCluster, SchedulerPlugin, get_worker
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from tests.compute.gpu.test_engine import card
from workbench.compute import Neighbours, similar
from workbench.compute.cluster import cluster_engine, workers
from workbench.compute.cluster.worker_tasks import lists_among, merged_keys
from workbench.compute.cpu import engine
from workbench.compute.cpu.packing import pack
from workbench.compute.metrics import METRICS
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import EMPTY
from workbench.datasets import Dataset, synthetic
from workbench.device import Device
from workbench.device.threads import Team
from workbench.errors import DataError, DataFileError, DeviceError, OptionError, UnknownIdError


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with cluster(n_workers=2) as there, Client(there) as client:
        yield client


def cluster(**options: Any) -> LocalCluster:
    quiet = {"dashboard_address": ":0", "silence_logs": "ERROR"}
    return LocalCluster(processes=True, threads_per_worker=1, **quiet, **options)


@pytest.fixture(scope="module")
def ds() -> Dataset:
    return synthetic(70, 50, 1200, seed=4)


def assert_same(found: Neighbours, expected: Neighbours) -> None:
    assert found.ids.equals(expected.ids)
    assert found.pool.equals(expected.pool)
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.scores, expected.scores)
    assert found.scores.dtype == np.float32
    assert found.indices.dtype == np.int32


def alone(data: Dataset, **options: Any) -> Neighbours:
    return similar(data, **{"device": "cpu", **options})


# --- the same answer ----------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_equals_one_process(metric: str, client: Client, ds: Dataset) -> None:
    assert_same(similar(ds, metric=metric, k=7, client=client), alone(ds, metric=metric, k=7))


@pytest.mark.parametrize(
    "options",
    [
        {"of": "users", "weighting": "bm25"},
        {"weighting": "tfidf", "metric": "adjusted_cosine", "min_overlap": 2},
        {"weighting": "bm25", "metric": "centred_cosine", "shrink": 2.5},
        {"of": "users", "metric": "pearson", "signed": True, "min_overlap": 3, "shrink": 1},
        {"metric": "asymmetric_cosine", "alpha": 0.2, "signed": True},
        {"metric": "jaccard", "k": 60},
        {"ids": [9, 3, 31, 9]},
        {"of": "users", "ids": [5], "metric": "msd"},
        {"ids": []},
    ],
    ids=str,
)
def test_options_mean_the_same(options: dict, client: Client, ds: Dataset) -> None:
    options = {"k": 6, **options}
    assert_same(similar(ds, client=client, **options), alone(ds, **options))


BROKEN = np.random.default_rng(0)


@pytest.mark.parametrize(
    "ratings",
    [
        BROKEN.normal(size=1200),
        # The square of the lesser underflowed where the scale was that of the greater alone.
        BROKEN.choice([1 / 3, np.pi * 1e-120], 1200),
    ],
    ids=["normal", "far apart"],
)
@pytest.mark.parametrize("metric", ["cosine", "pearson", "centred_cosine"])
def test_ratings_that_are_no_whole_numbers(
    metric: str, ratings: np.ndarray, client: Client, ds: Dataset
) -> None:
    """Sums are added up in one process's order, so that not even rounding differs."""
    ratings = ratings[: len(ds.interactions)]
    broken = Dataset(ds.interactions.assign(rating=ratings), ds.items)
    options = {"metric": metric, "k": 9}
    assert_same(similar(broken, client=client, **options), alone(broken, **options))


def test_what_does_not_fit_a_quarter_of_a_worker_is_an_error_that_says_how_much(
    client: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = min(client.run(lambda dask_worker: dask_worker.memory_manager.memory_limit).values())
    needed = 16 * len(ds.interactions) + 8 * len(ds.item_ids) * 3 * 4
    monkeypatch.setattr(workers, "SHARE", needed / memory)
    similar(ds, k=3, client=client)
    monkeypatch.setattr(workers, "SHARE", (needed - 1) / memory)
    with pytest.raises(DeviceError, match="GB of every worker, which is more than a quarter of"):
        similar(ds, k=3, client=client)


# --- inputs -------------------------------------------------------------------------------------


def named(ds: Dataset) -> Dataset:
    """Ids that are text, some of it Chinese."""
    ratings = ds.interactions.assign(item_id="影" + ds.interactions["item_id"].astype(str))
    items = ds.items.assign(item_id="影" + ds.items["item_id"].astype(str))
    return Dataset(ratings, items)


@pytest.mark.parametrize("of", ["users", "items"])
def test_frames_and_folders_equal_the_data_set(
    of: str, client: Client, ds: Dataset, tmp_path: Path
) -> None:
    ds = named(ds)
    frame = dd.from_pandas(ds.interactions.sample(frac=1, random_state=0), npartitions=5)
    frame.to_parquet(tmp_path / "ratings")
    expected = alone(ds, of=of, k=6)
    from_frame = similar(frame, of=of, k=6, client=client)
    assert_same(from_frame, expected)
    from_folder = similar(str(tmp_path / "ratings"), of=of, k=6, client=client)
    assert_same(from_folder, expected)
    assert_frame_equal(from_folder.frame(), expected.frame())
    assert from_folder.data_hash == from_frame.data_hash
    assert_same(
        similar(frame, of=of, k=6, client=client, ids=expected.ids[[4, 1]]),
        alone(ds, of=of, k=6, ids=expected.ids[[4, 1]]),
    )


def test_partitions_may_be_empty(client: Client, ds: Dataset) -> None:
    frame = dd.from_pandas(ds.interactions, npartitions=3, sort=False)
    some = frame[frame["user_id"] < ds.user_ids[9]]
    kept = ds.interactions[ds.interactions["user_id"] < ds.user_ids[9]]
    assert_same(similar(some, k=3, client=client), alone(Dataset(kept, ds.items), k=3))


def test_it_says_where_it_ran(client: Client, ds: Dataset) -> None:
    near = similar(ds, k=2, client=client)
    assert near.data_hash == ds.hash
    assert str(near.device) == "CPU · Dask, 2 workers, 2 threads"
    assert near.seconds > 0


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["cosine", "asymmetric_cosine"])
def test_files_hold_the_frame(metric: str, client: Client, ds: Dataset, tmp_path: Path) -> None:
    options = {"metric": metric, "k": 5}
    stored = similar(ds, client=client, output=tmp_path / "new" / "near", **options)
    files = sorted(path.name for path in stored.path.iterdir())
    assert files == [f"part-{part:05d}.parquet" for part in range(stored.shards)]
    assert stored.shards > 1
    assert_frame_equal(
        stored.frame().compute().reset_index(drop=True), alone(ds, **options).frame()
    )
    assert (stored.of, stored.metric, stored.data_hash) == ("items", metric, ds.hash)


def test_files_of_some_rows_have_them_by_ascending_id(
    client: Client, ds: Dataset, tmp_path: Path
) -> None:
    stored = similar(ds, k=3, client=client, ids=[8, 2], output=str(tmp_path))
    expected = alone(ds, k=3, ids=[2, 8]).frame()
    assert_frame_equal(stored.frame().compute().reset_index(drop=True), expected)


def test_a_folder_with_something_in_it_is_refused(
    client: Client, ds: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OptionError, match="is not an empty folder; name a new one"):
        similar(ds, client=client, output=tmp_path)
    with pytest.raises(OptionError, match="is not an empty folder"):
        similar(ds, client=client, output=tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_search_that_fails_leaves_no_files(
    client: Client, ds: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> None:
        (tmp_path / "part-00000.parquet").write_text("half")
        (tmp_path / ".part-00001.parquet.0").write_text("half")
        raise RuntimeError("in the middle")

    monkeypatch.setattr(cluster_engine, "_searched", broken)
    with pytest.raises(RuntimeError, match="in the middle"):
        similar(ds, client=client, output=tmp_path)
    assert not list(tmp_path.iterdir())


# --- merging ------------------------------------------------------------------------------------

KEYS = st.one_of(st.just(EMPTY), st.integers(-(2**62), 2**62))


@given(data=st.data(), k=st.integers(1, 5), rows=st.integers(1, 3))
def test_merging_does_not_depend_on_order_or_groups(data: Any, k: int, rows: int) -> None:
    shape = st.lists(st.lists(KEYS, min_size=k, max_size=k), min_size=rows, max_size=rows)
    parts = [np.array(part) for part in data.draw(st.lists(shape, min_size=1, max_size=6))]
    at_once = merged_keys(parts, k)
    while len(parts) > 1:
        parts = data.draw(st.permutations(parts))
        together = data.draw(st.integers(2, len(parts)))
        parts = [merged_keys(parts[:together], k), *parts[together:]]
    assert np.array_equal(merged_keys(parts, k), at_once)


# --- cards --------------------------------------------------------------------------------------


def a_card(device: str) -> Device:
    """What `resolve` says on a worker that has one."""
    return Device("cpu" if device == "cpu" else "gpu", "NVIDIA H200, 139 GiB")


@pytest.fixture
def modelled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Two workers in this process, each with the card's model for its card."""
    monkeypatch.setattr(workers, "resolve", a_card)
    quiet = {"dashboard_address": None, "silence_logs": "ERROR"}
    with (
        card(processors=100, shared=2000),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, **quiet) as there,
        Client(there) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "options",
    [
        {"device": "gpu"},
        {"metric": "pearson"},
        {"metric": "asymmetric_cosine", "of": "users", "ids": [9, 3, 31, 9]},
    ],
    ids=str,
)
def test_workers_with_cards_search_on_them(modelled: Client, ds: Dataset, options: dict) -> None:
    found = similar(ds, k=6, client=modelled, **options)
    assert_same(found, alone(ds, **{"k": 6, **options, "device": "cpu"}))
    assert str(found.device) == "GPU · Dask, 2 x NVIDIA H200, 139 GiB"
    assert sys.modules["cupy"].launches
    assert not sys.modules["cupy"].held


def test_cards_are_left_out_where_asked(modelled: Client, ds: Dataset) -> None:
    found = similar(ds, k=6, client=modelled, device="cpu")
    assert_same(found, alone(ds, k=6))
    assert found.device.kind == "cpu"
    assert not sys.modules["cupy"].launches


def test_a_worker_without_a_card_is_an_error_where_cards_are_asked_for(
    client: Client, ds: Dataset
) -> None:
    with pytest.raises(DeviceError, match="device='gpu' was asked for, but"):
        similar(ds, client=client, device="gpu")


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_ranges_of_rows_are_the_engines_on_either_device(
    device: str, modelled: Client, ds: Dataset
) -> None:
    by_feature, request = ds.matrix, SimilarityOptions("pearson", k=5)
    with Team(1) as team:
        packed = pack(by_feature, team)
    expected = engine.nearest(by_feature, request)
    for rows in (np.arange(0, 20), np.arange(20, 50)):
        found = modelled.submit(lists_among, packed, request, rows, device).result()
        for mine, whole in zip(found, expected, strict=True):
            assert np.array_equal(mine, whole[rows])


# --- trouble ------------------------------------------------------------------------------------


def die_once(note: str) -> None:
    """On a worker: let the first task that has compared a range of rows kill its process."""
    function = engine.search_pairs

    def deadly(*arguments: Any) -> Any:
        result = function(*arguments)
        try:
            with Path(note).open("x") as file:
                file.write(str(get_worker().get_current_task()))
        except FileExistsError:
            return result
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("a dead process goes on")

    engine.search_pairs = deadly


class Watch(SchedulerPlugin):
    """On the scheduler: notes where every task was started, and where it was finished."""

    name = "watch"

    def __init__(self) -> None:
        self.seen: dict[str, list[tuple[str, str]]] = {}

    def start(self, scheduler: Any) -> None:
        self.scheduler = scheduler

    def transition(self, key: Any, start: str, finish: str, *arguments: Any, **facts: Any) -> None:
        worker = None
        if finish == "processing":
            worker = self.scheduler.tasks[key].processing_on.address
        elif (start, finish) == ("processing", "memory"):
            worker = facts["worker"]
        if worker is not None:
            self.seen.setdefault(str(key), []).append((finish, worker))


def test_a_worker_that_is_killed_in_the_middle(ds: Dataset, tmp_path: Path) -> None:
    """It dies inside a similarity task, whose result is computed and not yet handed over."""
    note = tmp_path / "died"
    with cluster(n_workers=2) as there, Client(there) as client:
        client.register_plugin(Watch())
        client.run(die_once, str(note))
        found = similar(ds, metric="pearson", k=6, client=client)
        seen = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.plugins["watch"].seen)
        deaths = [facts for _, facts in client.get_events("all") if "remove" in facts["action"]]
    assert_same(found, alone(ds, metric="pearson", k=6))
    (death,) = deaths
    assert not death["expected"]
    key = note.read_text()
    assert key.startswith("range_keys")
    assert key in map(str, death["processing-tasks"])
    assert [finish for finish, _ in seen[key]] == ["processing", "processing", "memory"]
    survivor = seen[key][-1][1]
    assert survivor != death["worker"]


def test_dask_knows_the_size_of_what_travels(ds: Dataset) -> None:
    """It takes a data class for 56 bytes, and would never spill one."""
    with Team(1) as team:
        assert sizeof(pack(ds.matrix, team)) > 12 * ds.matrix.nnz
    assert sizeof(alone(ds, k=9)) > 8 * 9 * len(ds.item_ids)


# --- errors -------------------------------------------------------------------------------------


def test_data_for_a_cluster_need_one(ds: Dataset, tmp_path: Path) -> None:
    frame = dd.from_pandas(ds.interactions, npartitions=2)
    for data in (frame, "ratings", tmp_path):
        with pytest.raises(OptionError, match="needs a cluster; pass client="):
            similar(data)
    with pytest.raises(OptionError, match="output= needs a cluster; pass client="):
        similar(ds, output=tmp_path)


def test_what_is_no_client_is_refused(ds: Dataset) -> None:
    with pytest.raises(OptionError, match=r"client='tcp://x' is not a dask.distributed.Client"):
        similar(ds, client="tcp://x")


def test_data_that_break_a_rule(client: Client, ds: Dataset, tmp_path: Path) -> None:
    def refused(ratings: pd.DataFrame, message: str) -> None:
        with pytest.raises(DataError, match=message):
            similar(dd.from_pandas(ratings, npartitions=2), client=client)

    ratings = ds.interactions
    refused(ratings.rename(columns={"rating": "stars"}), "column 'rating' is missing among")
    refused(ratings.assign(rating="good"), "column 'rating' must hold numbers")
    refused(ratings.assign(rating=np.nan), "a rating is missing or infinite")
    refused(ratings.assign(user_id=np.nan), "a user_id or item_id is missing")
    refused(pd.concat([ratings, ratings[:1]]), "two ratings of one item")
    refused(ratings[:0], "no rows")
    with pytest.raises(DataFileError, match="does not exist; give a folder of Parquet files"):
        similar(tmp_path / "nothing", client=client)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu"}, "device='tpu' is not one of"),
        ({"of": "films"}, "of='films' is not one of"),
        ({"metric": "jaccard", "weighting": "bm25"}, "has no effect"),
        ({"k": 0}, "k=0 must be a whole number"),
    ],
)
def test_options_are_checked_before_work_starts(
    options: dict, message: str, client: Client, ds: Dataset
) -> None:
    with pytest.raises(OptionError, match=message):
        similar(ds, client=client, **options)


def test_negative_ratings_have_no_weights(client: Client, ds: Dataset) -> None:
    signed = Dataset(ds.interactions.assign(rating=-1.0), ds.items)
    with pytest.raises(OptionError, match="needs values of 0 or more"):
        similar(signed, weighting="tfidf", client=client)


def test_vectors_are_not_for_a_cluster(client: Client) -> None:
    with pytest.raises(OptionError, match="cannot be used with client="):
        similar(np.eye(3), client=client)


def test_unknown_rows_are_refused(client: Client, ds: Dataset) -> None:
    with pytest.raises(UnknownIdError, match="item 'zzz' has no interactions"):
        similar(ds, ids=["zzz"], client=client)
