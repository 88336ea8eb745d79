"""The card's tools for vectors and for the best of scores, without a card.

Modelled step by step from the source that would be compiled, they give the processor's bits; and
the source compiles, for every card from the A100 and the RTX 30 on.
"""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tests.compute.dense.test_vector_search import SORTS, of_sort
from tests.compute.gpu.test_engine import LINUX, compiled
from tests.compute.gpu.vector_card import VectorCard, vector_card
from tests.compute.reference import assert_same
from tests.compute.test_topk import ANY, FEW
from workbench.compute import Device, resolve
from workbench.compute.cpu import vector_kernels as cpu_kernels
from workbench.compute.dense import vector_search
from workbench.compute.dense.candidate_product import _error
from workbench.compute.gpu import kernel_source
from workbench.compute.gpu import vector_kernels as gpu_kernels
from workbench.compute.metrics import METRICS
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import best, pack

CPU, GPU = resolve("cpu"), Device("gpu", "modelled")
FEWER = settings(max_examples=settings.default.max_examples // 3)
SCORES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=FEW | ANY)


def on(there: VectorCard, array: np.ndarray):
    return there.asarray(array)


# --- the kernels, modelled, against the processor -------------------------------------------------


@given(SCORES, st.integers(1, 50), st.integers(0, 20))
def test_the_best_of_all_columns_are_chosen_piece_by_piece(
    scores: np.ndarray, k: int, cut: int
) -> None:
    with vector_card() as there:
        keys = None
        for first, part in ((0, scores[:, :cut]), (cut, scores[:, cut:])):
            keys = gpu_kernels.select(on(there, part), k, first=first, keys=keys)
    assert np.array_equal(keys, best(pack(scores), k))


def test_so_many_that_a_block_cannot_hold_them_are_sorted() -> None:
    scores = np.random.default_rng(0).integers(0, 99, (2, 7000)).astype(np.float32)
    with vector_card(threads=256, warp=32) as there:
        keys = gpu_kernels.select(on(there, scores[:, :3000]), 6000)
        keys = gpu_kernels.select(on(there, scores[:, 3000:]), 6000, first=3000, keys=keys)
        assert not there.launches
    assert np.array_equal(keys, best(pack(scores), 6000))


@FEWER
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 9), st.integers(1, 11), st.booleans())
def test_sums_are_the_processors(n: int, width: int, rows: int, others: int, shared: bool) -> None:
    rng = np.random.default_rng(n + width)
    x, own = rng.normal(size=(n, width)), rng.integers(0, n, rows)
    columns = rng.integers(0, n, others if shared else (rows, others))
    with vector_card() as there:
        found = gpu_kernels.sums(*(on(there, each) for each in (x, own, columns)))
    assert np.array_equal(found, cpu_kernels.sums(x, own, columns))


@FEWER
@given(st.integers(1, 5), st.integers(1, 30), st.integers(0, 99))
def test_midranks_are_the_processors(rows: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 6, (rows, width)).astype(float)
    scores[scores == 5] = np.nan
    places = np.nonzero(scores < 4)
    with vector_card() as there:
        found = gpu_kernels.midranks(*(on(there, each) for each in (scores, *places)))
    assert np.array_equal(found, cpu_kernels.midranks(scores, *places))


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 30), st.integers(0, 2**32))
def test_the_product_is_off_by_no_more_than_it_says(n: int, m: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = (unit(rng.normal(size=(rows, width)) ** 5) for rows in (n, m))
    with vector_card() as there:
        half = (on(there, each.astype(np.float16)) for each in (x, y))
        products = np.asarray(gpu_kernels.product(*half))

    assert products.dtype == np.float32
    assert np.abs(products - x @ y.T).max() <= _error(width, gpu_kernels)
    single = cpu_kernels.product(x.astype(np.float32), y.astype(np.float32))
    assert np.abs(single - x @ y.T).max() <= _error(width, cpu_kernels)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))


@given(
    SORTS,
    st.sampled_from(list(METRICS)),
    st.sampled_from([1, 3, 10]),
    st.booleans(),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.data(),
)
def test_the_search_gives_the_processors_bits(x, metric, k, signed, alpha, data) -> None:
    x, request = x[:40], SimilarityOptions(metric, k=k, signed=signed, alpha=alpha)
    rows = np.array(data.draw(st.lists(st.integers(0, len(x) - 1), max_size=9)), int)
    expected = vector_search.nearest(x, request, rows=None, device=CPU)
    with vector_card(slack=data.draw(st.sampled_from([0, 3]))):
        assert_same(vector_search.nearest(x, request, rows=None, device=GPU), expected)
        some = vector_search.nearest(x, request, rows=rows, device=GPU)
    assert_same(some, (expected[0][rows], expected[1][rows]))


def test_memory_is_given_back() -> None:
    with vector_card() as there:
        vector_search.nearest(np.eye(30), SimilarityOptions(), rows=None, device=GPU)
        assert there.limit == there.memory


@pytest.mark.parametrize(("constants", "name", "value"), [
    (kernel_source.CONSTANTS, "LAST", 0xFFFFFFFE), (kernel_source.CONSTANTS, "EMPTY", 0),
])  # fmt: skip
def test_a_wrong_constant_is_noticed(constants, name, value, monkeypatch) -> None:
    scores = np.random.default_rng(0).normal(size=(3, 30)).astype(np.float32)
    with vector_card() as there:
        assert np.array_equal(gpu_kernels.select(on(there, scores), 20), best(pack(scores), 20))
        gpu_kernels._kernel.cache_clear()
        monkeypatch.setitem(constants, name, value)
        assert not np.array_equal(gpu_kernels.select(on(there, scores), 20), best(pack(scores), 20))


# --- the compiler -------------------------------------------------------------------------------


@LINUX
@pytest.mark.parametrize("architecture", ["sm_80", "sm_86", "sm_90", "sm_120"])
@pytest.mark.parametrize("name", gpu_kernels.THREADS)
def test_it_compiles_for_every_card_without_spilling(name: str, architecture: str) -> None:
    binary, log = compiled(gpu_kernels.source(name), architecture, "--ptxas-options=-v")
    assert binary.startswith(b"\x7fELF")
    assert "warning" not in log
    assert "0 bytes spill stores, 0 bytes spill loads" in log
    registers = int(re.search(r"Used (\d+) registers", log).group(1))
    assert registers * gpu_kernels.THREADS[name] * 4 <= 65_536  # four blocks a processor at least
    held = int((re.search(r"(\d+) bytes smem", log) or [0, 0])[1])
    assert held <= gpu_kernels.MOST


@LINUX
def test_no_multiplication_is_fused_with_an_addition() -> None:
    ptx, _ = compiled(gpu_kernels.source("sums"), "compute_80")
    assert b".entry sums" in ptx
    assert not re.search(rb"\b(fma|mad)\.(rn\.)?f", ptx)


# --- on a card ----------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("k", [1, 10, 700, 5000])
def test_a_card_chooses_what_the_processor_chooses(k: int) -> None:
    import cupy

    from workbench.compute import top_k

    rng = np.random.default_rng(k)
    for scores in (rng.normal(size=(50, 6000)), rng.integers(0, 9, (50, 6000)) * 1.0):
        scores[rng.random(scores.shape) < 0.2] = np.nan
        found = top_k(cupy.asarray(scores), k)
        assert_same(tuple(each.get() for each in found), top_k(scores, k))


@pytest.mark.gpu
def test_a_card_counts_midranks_as_the_processor_does() -> None:
    import cupy

    from workbench.compute import midranks

    rng = np.random.default_rng(0)
    scores = rng.integers(0, 3000, (40, 6000)) * 1.0
    scores[rng.random(scores.shape) < 0.2] = np.nan
    places = np.nonzero(scores < 100)
    found = midranks(*map(cupy.asarray, (scores, *places)))
    assert np.array_equal(found.get(), midranks(scores, *places))


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["normal", "halves", "tail", "near", "tiny"])
@pytest.mark.parametrize("metric", METRICS)
def test_a_card_gives_the_processors_bits(kind: str, metric: str) -> None:
    x = of_sort(9000, 50, kind, seed=1)
    for request in (SimilarityOptions(metric, k=20), SimilarityOptions(metric, k=20, signed=True)):
        for rows in (None, np.arange(0, 9000, 700)):
            expected = vector_search.nearest(x, request, rows=rows, device=CPU)
            assert_same(
                vector_search.nearest(x, request, rows=rows, device=resolve("gpu")), expected
            )


@pytest.mark.gpu
def test_on_a_card_the_product_is_off_by_no_more_than_it_says() -> None:
    import cupy

    for width in (8, 64, 1024, 8192):
        x, y = (unit(np.random.default_rng(seed).normal(size=(500, width))) for seed in (1, 2))
        half = (cupy.asarray(each.astype(np.float16)) for each in (x, y))
        assert np.abs(gpu_kernels.product(*half).get() - x @ y.T).max() <= _error(
            width, gpu_kernels
        )
