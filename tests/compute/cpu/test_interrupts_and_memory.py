"""A team ends with its block; a search stops when told, in bounded memory."""

import gc
import inspect
import signal
import threading
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_info

from tests.compute.cpu.cases import (
    K,
    lists_of_all,
    prepared,
    random_table,
    table,
)
from tests.compute.reference import (
    assert_same,
)
from workbench.compute.cpu import (
    dense_head,
    engine,
    kernel_search,
    search_kernels,
)
from workbench.compute.cpu.dense_head import DenseHead
from workbench.compute.cpu.packing import pack
from workbench.compute.options import SimilarityOptions
from workbench.compute.weighting import Weighting
from workbench.device import threads as team_threads
from workbench.device.threads import Team


def workers() -> list[threading.Thread]:
    """Threads, but for the one in which progress bars are watched."""
    return [thread for thread in threading.enumerate() if "tqdm" not in thread.name]


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info()]


def test_a_team_ends_with_its_block_and_leaves_blas_as_it_was() -> None:
    threads, libraries = workers(), blas_threads()
    with Team() as team:
        seen: list[int] = []
        team.each(lambda item: item**2, range(20), done=seen.append)
        assert sorted(seen) == [item**2 for item in range(20)]
        assert all(
            library["num_threads"] == 1
            for library in threadpool_info()
            if library["user_api"] == "blas"
        )
    assert workers() == threads
    assert blas_threads() == libraries


def test_an_error_in_a_thread_comes_out_and_ends_the_team(monkeypatch) -> None:
    monkeypatch.setattr(team_threads, "cores", lambda: 2)
    threads, begun = workers(), []

    def fail_or_wait(item: int) -> None:
        begun.append(item)
        if item == 0:
            raise ZeroDivisionError("nought")
        deadline = monotonic() + 60
        while not team.stop[0]:
            assert monotonic() < deadline

    with pytest.raises(ZeroDivisionError, match="nought"), Team() as team:
        team.each(fail_or_wait, range(100))
    assert workers() == threads
    assert len(begun) <= 3


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Ctrl-C raises, also where the tests run in the background: a shell ignores it there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("rows", [None, np.arange(10), np.arange(600)])
@pytest.mark.parametrize("cores", [1, 3])
def test_an_interrupt_stops_threads_within_a_row_and_gives_memory_back(
    rows: np.ndarray | None, cores: int, monkeypatch
) -> None:
    """Ctrl-C while the caller waits for threads that are in the kernel.

    Kernels go on when they are told to stop: they must return before their next row.
    """
    monkeypatch.setattr(team_threads, "cores", lambda: cores)
    data, request = prepared(table("dense"), "pearson"), SimilarityOptions("pearson", K)
    searching, entered = threading.Event(), threading.Event()
    searched, references = [], []
    search, run, as_completed = (
        search_kernels.search,
        kernel_search.KernelSearch.run,
        team_threads.as_completed,
    )
    names = list(inspect.signature(search.py_func).parameters)

    def run_and_say_so(self, *args, **options):
        searching.set()
        return run(self, *args, **options)

    def interrupted(futures):
        if searching.is_set():
            assert entered.wait(60)
            signal.raise_signal(signal.SIGINT)
        return as_completed(futures)

    def search_once_told_to_stop(*args):
        given = dict(zip(names, args, strict=True))
        references.extend(weakref.ref(given[name]) for name in ("sums", "lists"))
        entered.set()
        deadline = monotonic() + 60
        while not given["stop"][0]:
            assert monotonic() < deadline
        at, offers = search(*args)
        searched.append(at - given["first"])
        return at, offers

    before = workers()
    with monkeypatch.context() as patch:
        patch.setattr(kernel_search.KernelSearch, "run", run_and_say_so)
        patch.setattr(team_threads, "as_completed", interrupted)
        patch.setattr(search_kernels, "search", search_once_told_to_stop)
        with pytest.raises(KeyboardInterrupt):
            engine.nearest(data, request, rows=rows)
    assert workers() == before
    assert 1 <= len(searched) <= cores  # no chunk was begun after it
    assert not any(searched)
    gc.collect()
    assert [reference() for reference in references] == [None] * len(references)
    expected = lists_of_all("dense", "pearson", 0)
    found = engine.nearest(data, request, rows=rows)
    assert_same(found, [part if rows is None else part[rows] for part in expected])


def peak(call: Callable[[], Any]) -> int:
    """Bytes at most held at a time beyond what was there before; NumPy tells tracemalloc."""
    call()  # what is compiled or cached is no working memory
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        call()
        return tracemalloc.get_traced_memory()[1] - start
    finally:
        tracemalloc.stop()


def working_memory(entries: int, rows: int, k: int, threads: int) -> int:
    """What a search may hold: the packed ratings, lists, accumulators, and blocks of them."""
    return 40 * entries + rows * (16 * k + 80 * threads) + 2**21


@pytest.mark.parametrize("metric", ["cosine", "pearson", "centred_cosine", "asymmetric_cosine"])
@pytest.mark.parametrize("rows", [None, np.arange(20)])
def test_memory_grows_with_entries_and_rows_never_with_pairs(
    metric: str, rows: np.ndarray | None, monkeypatch
) -> None:
    n, entries, k = 20_000, 100_000, 10
    monkeypatch.setattr(team_threads, "cores", lambda: 2)
    rng = np.random.default_rng(0)
    feature, row = np.divmod(rng.choice(500 * n, entries, replace=False), n)
    stars = rng.integers(1, 11, entries) / 2
    by_feature = sparse.coo_array((stars, (feature, row)), shape=(500, n)).tocsr()
    data = Weighting(by_feature, SimilarityOptions(metric)).transform_features(by_feature)
    used = peak(lambda: engine.nearest(data, SimilarityOptions(metric, k), rows=rows))
    assert used < working_memory(entries, n, k, threads=2) < n * n // 30


@pytest.mark.parametrize("metric", ["cosine", "pearson"])
def test_memory_of_heads_is_that_of_their_pieces(metric: str, take, monkeypatch) -> None:
    take("heads")
    piece, n = 2**19, 3_000
    monkeypatch.setattr(team_threads, "cores", lambda: 2)
    monkeypatch.setattr(dense_head, "DENSE_BYTES", piece)
    monkeypatch.setattr(dense_head, "PANEL_BYTES", piece)
    data = prepared(random_table(n, 60, 0.5, seed=5), metric)
    request = SimilarityOptions(metric, K)
    with Team() as team:
        assert DenseHead(pack(data, team), request.sums).rows == n
    used = peak(lambda: engine.nearest(data, request))
    panel = max(piece, 4 * n * dense_head.STEP * len(request.sums))
    assert used < working_memory(data.nnz, n, K, threads=2) + 3 * piece + panel
    assert used < 4 * len(request.sums) * n * n // 4
