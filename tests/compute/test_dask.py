"""The cluster engine gives one process's answer: by either plan, from any input, whoever dies."""

import os
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask.sizeof import sizeof
from distributed import Client, LocalCluster, SchedulerPlugin, get_worker
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from tests.compute.test_cuda import card
from workbench.compute import Neighbours, similar
from workbench.compute.cluster import cluster_engine, job, tiles
from workbench.compute.cluster.broadcast import among
from workbench.compute.cluster.job import merged
from workbench.compute.cpu import engine
from workbench.compute.cpu.packing import pack
from workbench.compute.metrics import METRICS
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import EMPTY
from workbench.datasets import Dataset, synthetic
from workbench.device import Device
from workbench.device.threads import Team
from workbench.errors import DataError, DataFileError, DeviceError, OptionError, UnknownIdError

PLANS = ("broadcast", "tiles")
TASKS = {
    "broadcast": ("cpu.engine", "pairs", "_half_keys"),
    "tiles": ("cluster.tiles", "_keys", "_keys"),
}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with cluster(n_workers=2) as workers, Client(workers) as client:
        yield client


def cluster(**options: Any) -> LocalCluster:
    quiet = {"dashboard_address": ":0", "silence_logs": "ERROR"}
    return LocalCluster(processes=True, threads_per_worker=1, **quiet, **options)


@pytest.fixture
def ds() -> Dataset:
    return synthetic(70, 50, 1200, seed=4)


def use(plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client alone chooses, from the memory that workers have."""
    if plan == "tiles":
        monkeypatch.setattr(cluster_engine, "BROADCAST_SHARE", 0.0)


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


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_equals_one_process(
    plan: str, metric: str, client: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(plan, monkeypatch)
    assert_same(similar(ds, metric=metric, k=7, client=client), alone(ds, metric=metric, k=7))


@pytest.mark.parametrize("plan", PLANS)
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
def test_options_mean_the_same(
    plan: str, options: dict, client: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(plan, monkeypatch)
    options = {"k": 6, **options}
    assert_same(similar(ds, client=client, **options), alone(ds, **options))


@pytest.mark.parametrize("plan", PLANS)
def test_ratings_that_are_no_whole_numbers(
    plan: str, client: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums are added up in one process's order, so that not even rounding differs."""
    use(plan, monkeypatch)
    ratings = np.random.default_rng(0).normal(size=len(ds.interactions))
    odd = Dataset(ds.interactions.assign(rating=ratings), ds.items)
    for metric in ("pearson", "centred_cosine"):
        assert_same(similar(odd, metric=metric, k=9, client=client), alone(odd, metric=metric, k=9))


@pytest.mark.parametrize("size", [2, 12])
def test_the_size_of_slabs_changes_nothing(
    size: int, client: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("tiles", monkeypatch)
    few = ds.interactions[ds.interactions["item_id"] < ds.item_ids[12]]
    ds = Dataset(few, ds.items)
    monkeypatch.setattr(tiles, "_edges", lambda job: np.arange(0, 13, size))
    for options in ({"metric": "adjusted_cosine"}, {"ids": [1, 11, 4]}):
        assert_same(similar(ds, k=5, client=client, **options), alone(ds, k=5, **options))


def test_slabs_are_as_large_as_memory_allows(
    client: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("tiles", monkeypatch)
    memory = min(client.run(lambda dask_worker: dask_worker.memory_manager.memory_limit).values())
    seen = []
    edges = tiles._edges
    monkeypatch.setattr(tiles, "_edges", lambda job: seen.append(edges(job)) or seen[-1])
    needed = 24 * len(ds.interactions) + 8 * 8 * len(ds.item_ids)
    for share in (1.0, needed / memory / 10):
        monkeypatch.setattr(tiles, "SLAB_SHARE", share)
        assert_same(similar(ds, k=1, client=client), alone(ds, k=1))
    assert [len(edges) - 1 for edges in seen] == [3, 10]
    for edges in seen:
        assert (edges[0], edges[-1]) == (0, len(ds.item_ids))


def test_what_fits_a_worker_is_broadcast_and_what_does_not_is_tiled(
    client: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    for name in ("broadcast", "tiles"):
        plan = getattr(cluster_engine, name)
        search = plan.search
        monkeypatch.setattr(plan, "search", lambda *a, s=search, n=name: taken.append(n) or s(*a))
    memory = min(client.run(lambda dask_worker: dask_worker.memory_manager.memory_limit).values())
    needed = 16 * len(ds.interactions) + 8 * len(ds.item_ids) * 3 * 4
    for share in (needed / memory, (needed - 1) / memory):
        monkeypatch.setattr(cluster_engine, "BROADCAST_SHARE", share)
        similar(ds, k=3, client=client)
    assert taken == ["broadcast", "tiles"]


# --- inputs -------------------------------------------------------------------------------------


def named(ds: Dataset) -> Dataset:
    """Ids that are text, some of it Chinese."""
    ratings = ds.interactions.assign(item_id="影" + ds.interactions["item_id"].astype(str))
    items = ds.items.assign(item_id="影" + ds.items["item_id"].astype(str))
    return Dataset(ratings, items)


@pytest.mark.parametrize(("plan", "of"), [("broadcast", "users"), ("tiles", "items")])
def test_frames_and_folders_equal_the_data_set(
    plan: str, of: str, client: Client, ds: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(plan, monkeypatch)
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


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("metric", ["cosine", "asymmetric_cosine"])
def test_files_hold_the_frame(
    plan: str,
    metric: str,
    client: Client,
    ds: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(plan, monkeypatch)
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

    monkeypatch.setattr(cluster_engine.broadcast, "search", broken)
    with pytest.raises(RuntimeError, match="in the middle"):
        similar(ds, client=client, output=tmp_path)
    assert not list(tmp_path.iterdir())


# --- merging ------------------------------------------------------------------------------------

KEYS = st.one_of(st.just(EMPTY), st.integers(-(2**62), 2**62))


@given(data=st.data(), k=st.integers(1, 5), rows=st.integers(1, 3))
def test_merging_does_not_depend_on_order_or_groups(data: Any, k: int, rows: int) -> None:
    shape = st.lists(st.lists(KEYS, min_size=k, max_size=k), min_size=rows, max_size=rows)
    parts = [np.array(part) for part in data.draw(st.lists(shape, min_size=1, max_size=6))]
    at_once = merged(parts, k)
    while len(parts) > 1:
        parts = data.draw(st.permutations(parts))
        together = data.draw(st.integers(2, len(parts)))
        parts = [merged(parts[:together], k), *parts[together:]]
    assert np.array_equal(merged(parts, k), at_once)


# --- cards --------------------------------------------------------------------------------------


def a_card(device: str) -> Device:
    """What `resolve` says on a worker that has one."""
    return Device("cpu" if device == "cpu" else "gpu", "NVIDIA H200, 139 GiB")


@pytest.fixture
def modelled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Two workers in this process, each with the card's model for its card."""
    monkeypatch.setattr(job, "resolve", a_card)
    quiet = {"dashboard_address": None, "silence_logs": "ERROR"}
    with (
        card(processors=100, shared=2000),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, **quiet) as workers,
        Client(workers) as client,
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


def test_cards_are_left_out_where_asked_or_where_ratings_do_not_fit(
    modelled: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = alone(ds, k=6)
    for device in ("cpu", "auto"):
        found = similar(ds, k=6, client=modelled, device=device)
        assert_same(found, expected)
        assert found.device.kind == "cpu"
        assert not sys.modules["cupy"].launches
        use("tiles", monkeypatch)
    with pytest.raises(DeviceError, match="do not fit a quarter of every worker's memory"):
        similar(ds, k=6, client=modelled, device="gpu")


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
        found = modelled.submit(among, packed, request, rows, device).result()
        for mine, whole in zip(found, expected, strict=True):
            assert np.array_equal(mine, whole[rows])


# --- trouble ------------------------------------------------------------------------------------


def die_once(module: str, name: str, note: str) -> None:
    """On a worker: let the first task that has called a function of the engine kill its process."""
    engine = import_module(f"workbench.compute.{module}")
    function = getattr(engine, name)

    def deadly(*arguments: Any) -> Any:
        result = function(*arguments)
        try:
            with Path(note).open("x") as file:
                file.write(str(get_worker().get_current_task()))
        except FileExistsError:
            return result
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("a dead process goes on")

    setattr(engine, name, deadly)


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


@pytest.mark.parametrize("plan", PLANS)
def test_a_worker_that_is_killed_in_the_middle(
    plan: str, ds: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies inside a similarity task, whose result is computed and not yet handed over."""
    use(plan, monkeypatch)
    module, name, task = TASKS[plan]
    note = tmp_path / "died"
    with cluster(n_workers=2) as workers, Client(workers) as client:
        client.register_plugin(Watch())
        client.run(die_once, module, name, str(note))
        found = similar(ds, metric="pearson", k=6, client=client)
        seen = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.plugins["watch"].seen)
        deaths = [facts for _, facts in client.get_events("all") if "remove" in facts["action"]]
    assert_same(found, alone(ds, metric="pearson", k=6))
    (death,) = deaths
    assert not death["expected"]
    key = note.read_text()
    assert key.startswith(task)
    assert key in map(str, death["processing-tasks"])
    assert [finish for finish, _ in seen[key]] == ["processing", "processing", "memory"]
    survivor = seen[key][-1][1]
    assert survivor != death["worker"]


def test_a_worker_short_of_memory_spills(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte may stay in memory, of slabs and lists of several."""
    use("tiles", monkeypatch)
    ds = synthetic(600, 400, 40_000, seed=5)
    limits = {"distributed.worker.memory.target": 0.001, "distributed.worker.memory.spill": 0.002}
    with (
        dask.config.set(limits),
        cluster(n_workers=1, memory_limit="1GB") as workers,
        Client(workers) as client,
    ):
        found = similar(ds, metric="pearson", k=50, client=client)
        spilled = client.run(lambda dask_worker: dict(dask_worker.data.cumulative_metrics))
        deaths = [event for _, event in client.get_events("all") if "remove" in event["action"]]
    assert_same(found, alone(ds, metric="pearson", k=50))
    (spilled,) = spilled.values()
    assert spilled["disk-write", "bytes"] > 0
    assert not deaths


def test_dask_knows_the_size_of_what_travels(ds: Dataset) -> None:
    """It takes a sparse array or a data class for 56 bytes, and would never spill one."""
    matrix = ds.matrix
    least = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    with Team(1) as team:
        assert sizeof(pack(matrix, team)) > 12 * matrix.nnz
    assert least < sizeof(matrix) < 2 * least
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


def test_two_ratings_are_found_by_tiles_too(
    client: Client, ds: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("tiles", monkeypatch)
    ratings = pd.concat([ds.interactions, ds.interactions[:1]])
    with pytest.raises(DataError, match="two ratings of one item"):
        similar(dd.from_pandas(ratings, npartitions=2), client=client)


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
