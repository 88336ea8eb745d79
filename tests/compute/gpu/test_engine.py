"""The CUDA engine, most of it without a card.

Its kernel, run by a model that reads what is generated from the source itself, gives the CPU
engine's bits; and the source compiles, for every card from the A100 and the RTX 30 on.
"""

import ctypes
import gc
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import distribution

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.compute.all_pairs import all_pairs
from tests.compute.cpu.cases import (
    KINDS,
    OPTIONS,
    lists_of_all,
    options_of,
    prepared,
    random_table,
    table,
)
from tests.compute.gpu.cuda_model import Card, Source, evaluated
from tests.compute.reference import BINARY, NAN, assert_same, sparse_of
from workbench.compute import similar
from workbench.compute.cpu import engine as cpu_engine
from workbench.compute.cpu.packing import scale_of
from workbench.compute.gpu import engine as gpu_engine
from workbench.compute.gpu import kernel_source
from workbench.compute.gpu.kernel_source import Kernel, layout, source, traced
from workbench.compute.metrics import METRICS, SUMS
from workbench.compute.options import SimilarityOptions
from workbench.datasets import synthetic
from workbench.device.memory import FRACTION, VARIABLE
from workbench.errors import DeviceError, OptionError

RTX, H200 = 101_376, 232_448  # bytes of shared memory that a block may have
FAMILIES = {
    "one sum": SimilarityOptions("cosine"),
    "two sums": SimilarityOptions("cosine", signed=True),
    "two sums, bounded": SimilarityOptions("jaccard", min_overlap=2),
    "six sums": SimilarityOptions("pearson"),
    "six sums, signed": SimilarityOptions("msd", signed=True),
}


def kernel_of(request: SimilarityOptions, coded: bool = True) -> Kernel:
    bounded = request.definition.bound is not None and not request.signed
    return Kernel(request.metric, request.sums, coded, bounded, request.signed)


@contextmanager
def card(*, threads: int = 8, warp: int = 4, **options) -> Iterator[Card]:
    """A card, with blocks so small that a small table takes many rounds, tiles and cuts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(kernel_source.CONSTANTS, "THREADS", threads)
        patch.setitem(kernel_source.CONSTANTS, "WARP", warp)
        there = Card(**options)
        patch.setitem(sys.modules, "cupy", there)
        yield there


# --- the kernel, modelled, against the processor --------------------------------------------------

TABLES = st.builds(
    lambda rows, columns, density, scale, seed: random_table(rows, columns, density, seed) * scale,
    st.integers(1, 30),
    st.integers(1, 8),
    st.sampled_from([0.05, 0.2, 0.5, 1.0]),
    st.sampled_from([1.0, 1.0, -1.0, 100.0, 1e8, np.pi, 1e-30]),
    st.integers(0, 2**32),
)
REQUESTS = st.builds(
    lambda metric, k, **options: options_of(metric, options, k),
    st.sampled_from(list(METRICS)),
    st.sampled_from([1, 2, 3, 7, 60]),
    signed=st.booleans(),
    min_overlap=st.sampled_from([1, 1, 2]),
    shrink=st.sampled_from([0.0, 3.0]),
    alpha=st.sampled_from([0.3, 1.0]),
)
CARDS = st.fixed_dictionaries(
    {
        "shared": st.sampled_from([150, 300, 2000]),
        "threads": st.sampled_from([4, 8, 16]),
        "warp": st.sampled_from([2, 4]),
        "processors": st.sampled_from([1, 100]),
    }
)


@given(TABLES, REQUESTS, CARDS)
def test_the_kernel_gives_the_processors_bits(
    dense: np.ndarray, request: SimilarityOptions, kind
) -> None:
    """Whatever the sizes of tiles, buffers and chunks, also of values that are no whole numbers."""
    data = prepared(dense, request.metric)
    with card(**kind):
        assert_same(gpu_engine.nearest(data, request), cpu_engine.nearest(data, request))


@settings(max_examples=settings.default.max_examples // 3)
@given(TABLES, REQUESTS, CARDS, st.data())
def test_it_does_for_some_rows(dense: np.ndarray, request: SimilarityOptions, kind, data) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, len(dense) - 1), max_size=9)), int)
    by_feature = prepared(dense, request.metric)
    with card(**kind):
        found = gpu_engine.nearest(by_feature, request, rows=rows)
    assert_same(found, cpu_engine.nearest(by_feature, request, rows=rows))


@settings(max_examples=settings.default.max_examples // 3)
@given(TABLES, REQUESTS, CARDS, st.data())
def test_it_does_for_queries_from_outside(dense, request, kind, data) -> None:
    """With codes of their own, and where these rows are some of many that have another scale."""
    by_feature = prepared(dense, request.metric)
    stars = st.sampled_from([NAN, 0.0, 1.0, 2.5, -4.0, data.draw(st.sampled_from([4.9, 1e5]))])
    queries = sparse_of(data.draw(arrays(float, (4, dense.shape[1]), elements=stars)))
    if request.metric in BINARY:
        queries.data[:] = 1
    own = data.draw(arrays(int, 4, elements=st.integers(-1, len(dense) - 1)))
    scale = scale_of(by_feature.data, queries.data, np.array([0.01]))
    for options in ({}, {"scale": scale}):
        expected = cpu_engine.nearest_to(by_feature, queries, request, exclude=own, **options)
        with card(**kind):
            found = gpu_engine.nearest_to(by_feature, queries, request, exclude=own, **options)
        assert_same(found, expected)


@pytest.mark.parametrize("kind", ["dense", "broken"])
@pytest.mark.parametrize("metric", METRICS)
def test_it_does_in_blocks_of_1024_threads(kind: str, metric: str) -> None:
    """As on a card, with lists in its memory."""
    data = prepared(table(kind), metric)
    request = options_of(metric, OPTIONS[list(METRICS).index(metric) % len(OPTIONS)])
    rows = np.arange(0, 700, 140)
    with card(threads=1024, warp=32, shared=12_000):
        found = gpu_engine.nearest(data, request, rows=rows)
    assert_same(found, cpu_engine.nearest(data, request, rows=rows))


def test_a_query_without_ratings_and_a_table_without_rows() -> None:
    empty = sparse_of(np.full((3, 2), NAN)).T.tocsr()
    none = sparse_of(np.full((1, 2), NAN))
    with card():
        for found in (
            gpu_engine.nearest(empty, SimilarityOptions(k=2)),
            gpu_engine.nearest(
                prepared(table("dense"), "cosine"), SimilarityOptions(k=2), rows=np.arange(0)
            ),
            gpu_engine.nearest_to(
                empty, none, SimilarityOptions(k=2, signed=True), exclude=np.array([-1])
            ),
        ):
            assert (found[0] == -1).all()
            assert not found[1].any()


@pytest.mark.parametrize(
    ("constants", "name", "value"),
    [("CODED", "SHIFT", 7), ("CODED", "MASK", 3), ("PLAIN", "SHIFT", 1)],
)
def test_a_wrong_constant_is_noticed(constants: str, name: str, value: int, monkeypatch) -> None:
    kind = "dense" if constants == "CODED" else "broken"
    data, request = prepared(table(kind)[:60], "cosine"), SimilarityOptions(k=5)
    expected = cpu_engine.nearest(data, request)
    with card(shared=300):
        assert_same(gpu_engine.nearest(data, request), expected)
        monkeypatch.setitem(getattr(kernel_source, constants), name, value)
        with pytest.raises((AssertionError, IndexError)):
            assert_same(gpu_engine.nearest(data, request), expected)


def test_a_buffer_without_room_for_a_round_is_noticed(monkeypatch) -> None:
    def narrow(*args):
        found = layout(*args)
        return found._replace(capacity=found.capacity // 2)

    monkeypatch.setattr(gpu_engine, "layout", narrow)
    with card(), pytest.raises(AssertionError, match="a round may not fit"):
        gpu_engine.nearest(prepared(table("dense")[:60], "cosine"), SimilarityOptions(k=5))


# --- the source -----------------------------------------------------------------------------------

NUMBERS = arrays(float, (10, 20), elements=st.integers(-20, 20) | st.floats(-1e6, 1e6))


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=settings.default.max_examples // 5)
@given(NUMBERS)
def test_the_traced_epilogue_is_the_epilogue(name: str, numbers: np.ndarray) -> None:
    metric = METRICS[name]
    names = (*SUMS, "a", "b", "shrink", "unit")
    values = dict(zip(names, [*numbers[:8], np.abs(numbers[8]), np.abs(numbers[9])], strict=True))
    values |= {other: 0.0 for other in SUMS if other not in metric.sums}
    with np.errstate(all="ignore"):
        expected = metric.epilogue(np.sqrt, np.where, **values)
    found = evaluated(traced(metric.epilogue, metric.sums), values)
    assert np.array_equal(found, expected, equal_nan=True)


def test_an_epilogue_that_branches_is_refused() -> None:
    def branching(sqrt, where, n, x, xx, y, yy, xy, a, b, shrink, unit):
        return xy if a > 0 else 0.0

    with pytest.raises(TypeError, match="chooses by where"):
        traced(branching, ("xy",))


@pytest.mark.parametrize("coded", [True, False])
@pytest.mark.parametrize("sums", [("xy",), ("n", "xy"), tuple(SUMS)])
def test_what_is_added_is_what_the_sums_are(sums: tuple, coded: bool) -> None:
    read = Source(source(Kernel("dot", sums, coded, False, False)))
    assert read.products(3, 5) == {f: 3**p * 5**q for f, (p, q) in enumerate(SUMS[s] for s in sums)}


@pytest.mark.parametrize(
    ("k", "family", "most", "coded"),
    all_pairs([1, 20, 1000, 3000, 100_000], list(FAMILIES), [49_152, RTX, H200], [True, False]),
)
def test_a_tile_fills_what_shared_memory_there_is(family, coded, k, most) -> None:
    kernel = kernel_of(FAMILIES[family], coded)
    found = layout(kernel, 10**7, k, most)
    each = len(kernel.sums) * (4 if coded else 8)
    assert found.size <= most < found.size + each
    assert found.capacity >= k + kernel_source.CONSTANTS["THREADS"]
    assert found.tile * each > most // 2 - 16  # keys take less, or are elsewhere
    assert layout(kernel, 7, k, most).tile == 7
    if k == 20 and most == RTX:
        assert not found.spilled


def test_places_of_entries_have_64_bits() -> None:
    """2 billion ratings or more: nothing that counts them, or what is found, may overflow."""
    kernel = kernel_of(SimilarityOptions())
    for name in ("starts", "begins", "ends", "first"):
        assert kernel.dtype(name) == np.uint64
    assert "(u64)blockIdx.x * k" in source(kernel)
    assert "(u64)blockIdx.x * capacity" in source(kernel)


# --- memory ---------------------------------------------------------------------------------------


def test_rows_come_in_chunks_and_memory_is_given_back() -> None:
    data, request = prepared(table("dense")[:100], "cosine"), SimilarityOptions(k=5)
    with card(processors=1) as there, pytest.MonkeyPatch.context() as patch:
        patch.setattr(gpu_engine, "WAVES", 30)
        found = gpu_engine.nearest(data, request)
        assert there.launches == [30, 30, 30, 10]
        del found
        gc.collect()
        assert there.held == 0
        assert there.limit == there.memory


def test_where_memory_is_short_chunks_are_halved_until_they_fit() -> None:
    data, request = prepared(table("dense")[:100], "cosine"), SimilarityOptions(k=5)
    expected = cpu_engine.nearest(data, request)
    with card(processors=100) as roomy:
        gpu_engine.nearest(data, request)
        assert roomy.launches == [100]
    ratings = roomy.most - 100 * 5 * 8
    for rows, launches in ((60, [50, 50]), (30, [25] * 4), (1, [1] * 100)):
        memory = int((ratings + rows * 5 * 8) / FRACTION) + 1
        with card(processors=100, memory=memory) as short:
            assert_same(gpu_engine.nearest(data, request), expected)
            assert short.launches == launches
            assert short.most <= FRACTION * memory


@pytest.mark.parametrize("memory", [100, 13_000])
def test_where_nothing_fits_the_error_says_what_to_do(memory: int) -> None:
    data = prepared(table("dense")[:100], "cosine")
    with (
        card(memory=memory) as there,
        pytest.raises(DeviceError, match=r"_FRACTION=0\.8: Out of memory.*device='cpu'"),
    ):
        gpu_engine.nearest(
            data, SimilarityOptions(k=100_000) if memory > 100 else SimilarityOptions()
        )
    assert not there.launches


def test_the_part_of_memory_is_a_setting(monkeypatch) -> None:
    data = prepared(table("dense")[:100], "cosine")
    with card() as there:
        gpu_engine.nearest(data, SimilarityOptions())
        needed = there.most
    with card(memory=2 * needed) as there:
        monkeypatch.setenv(VARIABLE, "0.51")
        gpu_engine.nearest(data, SimilarityOptions())
        monkeypatch.setenv(VARIABLE, "0.1")
        with pytest.raises(DeviceError, match=r"WORKBENCH_GPU_FRACTION=0\.1"):
            gpu_engine.nearest(data, SimilarityOptions())
    for wrong in ("0", "1.5", "half", "nan"):
        monkeypatch.setenv(VARIABLE, wrong)
        with card(), pytest.raises(OptionError, match="must be a number above 0 and at most 1"):
            gpu_engine.nearest(data, SimilarityOptions())


# --- the compiler -------------------------------------------------------------------------------

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="NVRTC comes for Linux")


@cache
def nvrtc() -> ctypes.CDLL:
    """NVIDIA's compiler, which needs no driver, from its package."""
    found = distribution("nvidia-cuda-nvrtc")
    # Its built-ins first: the compiler of CUDA 13.0 looks for them by their name alone.
    files = sorted(f for f in map(str, found.files) if re.search(r"nvrtc(-builtins)?\.so\.", f))
    return [ctypes.CDLL(str(found.locate_file(file))) for file in files][-1]


def compiled(code: str, architecture: str, *options: str) -> tuple[bytes, str]:
    """Machine code for sm_*, or PTX for compute_*; and what the compiler has to say."""
    library, program = nvrtc(), ctypes.c_void_p()
    flags = [f"--gpu-architecture={architecture}", *kernel_source.OPTIONS, *options]
    given = (ctypes.c_char_p * len(flags))(*(flag.encode() for flag in flags))
    library.nvrtcCreateProgram(ctypes.byref(program), code.encode(), b"nearest.cu", 0, None, None)
    status = library.nvrtcCompileProgram(program, len(flags), given)

    def text(of: str) -> bytes:
        size = ctypes.c_size_t()
        assert getattr(library, f"nvrtcGet{of}Size")(program, ctypes.byref(size)) == 0
        buffer = ctypes.create_string_buffer(size.value)
        assert getattr(library, f"nvrtcGet{of}")(program, buffer) == 0
        return buffer.raw

    log = text("ProgramLog").rstrip(b"\0").decode()
    assert status == 0, log
    return text("CUBIN" if architecture.startswith("sm") else "PTX"), log


@LINUX
@pytest.mark.parametrize(
    ("architecture", "family", "coded"),
    all_pairs(["sm_80", "sm_86", "sm_90", "sm_120"], ["one sum", "two sums", "six sums"], [1, 0]),
)
def test_it_compiles_for_every_card_without_spilling(family, coded, architecture) -> None:
    code = source(kernel_of(FAMILIES[family], coded))
    binary, log = compiled(code, architecture, "--ptxas-options=-v")
    assert binary.startswith(b"\x7fELF")
    assert "warning" not in log
    assert "0 bytes spill stores, 0 bytes spill loads" in log
    registers = int(re.search(r"Used (\d+) registers", log).group(1))
    assert registers * kernel_source.CONSTANTS["THREADS"] <= 65_536


@LINUX
@pytest.mark.parametrize("coded", [True, False])
@pytest.mark.parametrize("metric", METRICS)
def test_no_multiplication_is_fused_with_an_addition(metric: str, coded: bool) -> None:
    """It would round once where the processor rounds twice."""
    ptx, _ = compiled(source(kernel_of(SimilarityOptions(metric), coded)), "compute_80")
    assert b".entry nearest" in ptx
    assert not re.search(rb"\b(fma|mad)\.(rn\.)?f", ptx)


# --- on a card ----------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("metric", "kind", "options"), all_pairs(list(METRICS), KINDS, range(len(OPTIONS)))
)
def test_a_card_gives_the_processors_bits(kind: str, metric: str, options: int) -> None:
    data, request = prepared(table(kind), metric), options_of(metric, OPTIONS[options])
    assert_same(gpu_engine.nearest(data, request), lists_of_all(kind, metric, options))
    for rows in (np.arange(20), np.arange(len(table(kind)))[::-2]):
        expected = cpu_engine.nearest(data, request, rows=rows)
        assert_same(gpu_engine.nearest(data, request, rows=rows), expected)


@pytest.mark.gpu
@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [20, 5000])
def test_a_card_does_for_many_tiles_and_long_lists(of: str, metric: str, k: int) -> None:
    ds = synthetic(30_000, 20_000, 300_000, seed=3)
    options = {"of": of, "metric": metric, "k": k, "progress": False}
    if k > 20:
        options["ids"] = (ds.user_ids if of == "users" else ds.item_ids)[:500]
    found, expected = (similar(ds, device=device, **options) for device in ("gpu", "cpu"))
    assert_same((found.indices, found.scores), (expected.indices, expected.scores))


@pytest.mark.gpu
def test_on_a_card_chunks_are_halved_and_what_does_not_fit_is_an_error(monkeypatch) -> None:
    import cupy

    data, request = prepared(table("dense"), "cosine"), SimilarityOptions(k=700)
    free = cupy.cuda.runtime.memGetInfo()[0]
    monkeypatch.setattr(gpu_engine, "WAVES", 2**20)
    for size in (2**22, 2**21):
        monkeypatch.setenv(VARIABLE, str(size / free))
        assert_same(gpu_engine.nearest(data, request), cpu_engine.nearest(data, request))
    monkeypatch.setenv(VARIABLE, str(2**10 / free))
    with pytest.raises(DeviceError, match="device='cpu'"):
        gpu_engine.nearest(data, request)
    assert cupy.cuda.runtime.memGetInfo()[0] >= free - 2**26
