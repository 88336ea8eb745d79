"""Ratings packed by sorts: laid out as the threads do, and searched with the same answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from tests.compute.gpu.cuda_model import Card
from tests.compute.gpu.strict_card import Array, strict
from tests.compute.gpu.test_engine import CARDS, REQUESTS, card
from tests.compute.reference import assert_same
from tests.datasets.cudf_model import modelled
from workbench.compute import similar
from workbench.compute.cpu import engine as cpu_engine
from workbench.compute.cpu.packing import PackedRatings, pack
from workbench.compute.gpu import engine as gpu_engine
from workbench.compute.gpu import packing
from workbench.compute.metrics import ONES
from workbench.compute.options import WEIGHTINGS, SimilarityOptions
from workbench.compute.weighting import Weighting
from workbench.datasets import Dataset, synthetic
from workbench.device.arrays import to_host
from workbench.device.threads import Team

ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=60, unique=True
)
STARS = st.one_of(
    st.lists(st.sampled_from(kinds), min_size=60, max_size=60)
    for kinds in (
        [-2.0, 0.0, 0.5, 3.0, 0.2],
        [1.0, 70.0],  # more values than there are codes
        [1.0, 1e6],  # whose squares leave 32 bits
        [0.0, 1.0, np.pi, 1e-30],  # no scale makes them whole
        [0.1, 1e9],  # too large to be whole
    )
)
PREPARED = [
    (metric, weighting)
    for metric in ("cosine", "centred_cosine", "adjusted_cosine", "pearson", "jaccard")
    for weighting in WEIGHTINGS
    if metric != "jaccard" or weighting == "none"
]


def matrix_of(entries: tuple, shape: tuple[int, int]):
    features, rows, values = entries
    matrix = sparse.coo_array((values, (features, rows)), shape=shape).tocsr()
    matrix.sort_indices()
    return matrix


def entries_of(pairs: list[tuple[int, int]], stars: list[float]) -> tuple:
    features, rows = np.array(pairs).T
    return features, rows, np.array(stars[: len(pairs)])


def assert_equal(found: PackedRatings, expected: PackedRatings) -> None:
    assert found.scale == expected.scale
    for name in ("codes", "begins", "ids", "counts", "squares", "ranks"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
        assert getattr(found, name).dtype == getattr(expected, name).dtype, name
    for name in ("entries", "starts", "features", "places", "values"):
        mine, theirs = to_host(getattr(found.data, name)), getattr(expected.data, name)
        assert np.array_equal(mine, theirs), name
        assert mine.dtype == theirs.dtype, name


@given(ROWS, STARS)
def test_entries_are_laid_out_as_the_threads_do(pairs: list, stars: list) -> None:
    entries = entries_of(pairs, stars)
    with Team(1) as team:
        expected = pack(matrix_of(entries, (7, 10)), team)
    assert_equal(packing.pack(*entries, (7, 10)), expected)


@pytest.mark.parametrize(("metric", "weighting"), PREPARED)
@settings(max_examples=settings.default.max_examples // 6)
@given(pairs=ROWS, stars=STARS)
def test_weights_and_means_on_the_card_are_the_bits_of_the_host(
    metric: str, weighting: str, pairs: list, stars: list
) -> None:
    entries = entries_of(pairs, stars)
    entries = (*entries[:2], np.abs(entries[2]))
    options, by_feature = (
        SimilarityOptions(metric, weighting=weighting),
        matrix_of(entries, (7, 10)),
    )
    prepared = Weighting(by_feature, options).transform_features(by_feature)
    with strict(), Team(1) as team:
        there = packing.prepared(*map(Array, entries), (7, 10), options)
        assert_equal(packing.pack(*there, (7, 10)), pack(prepared, team))


@given(ROWS, STARS, st.sampled_from(WEIGHTINGS), REQUESTS, CARDS, st.data())
def test_the_kernel_finds_the_same_in_them(
    pairs, stars, weighting: str, request: SimilarityOptions, kind, data
) -> None:
    features, rows, values = entries_of(pairs, stars)
    weighting = "none" if request.definition.of == ONES else weighting
    values = values if weighting == "none" else np.abs(values)
    request = replace(request, weighting=weighting)
    some = data.draw(st.none() | st.lists(st.integers(0, 9), max_size=4).map(np.array))
    some = None if some is None else some.astype(int)
    with card(**kind) as there:
        there.ones_like = np.ones_like
        found = gpu_engine.nearest_of((features, rows, values), (7, 10), request, rows=some)
    by_feature = matrix_of((features, rows, values), (7, 10))
    by_feature = Weighting(by_feature, request).transform_features(by_feature)
    if found is None:  # the engine takes features in another order for few rows
        assert cpu_engine.are_few(some, 10)
    else:
        assert_same(found, cpu_engine.nearest(by_feature, request, rows=some))


def test_a_pair_that_the_matrix_adds_up_is_left_to_the_host() -> None:
    assert packing.pack(np.zeros(2, int), np.zeros(2, int), np.ones(2), (1, 2)) is None


def test_few_rows_of_broken_values_are_left_to_the_host(monkeypatch) -> None:
    """Its engine adds their products up in another order."""
    ds = synthetic(30, 20, 200, seed=3)
    monkeypatch.setattr(Card, "__getattr__", lambda self, name: getattr(np, name), raising=False)
    options = {"weighting": "bm25", "ids": ds.item_ids[:2]}
    expected = similar(ds, **options, device="cpu")
    read = []
    matrix = Dataset.matrix.func
    monkeypatch.setattr(Dataset, "matrix", property(lambda self: read.append(self) or matrix(self)))
    with modelled(), card():
        found = similar(ds.to("gpu"), **options, device="gpu")
    assert read
    assert_same((found.indices, found.scores), (expected.indices, expected.scores))


@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize(
    ("metric", "weighting"),
    [("cosine", "none"), ("jaccard", "none"), ("adjusted_cosine", "none"), ("cosine", "bm25")],
)
def test_what_is_on_the_card_does_not_come_to_the_host(
    of: str, metric: str, weighting: str, monkeypatch
) -> None:
    ds = synthetic(30, 20, 200, seed=3)
    ids = (ds.user_ids if of == "users" else ds.item_ids)[3:7]
    options = {"of": of, "metric": metric, "weighting": weighting, "k": 5}
    expected = [similar(ds, **options, device="cpu", ids=some) for some in (None, ids)]
    monkeypatch.setattr(Card, "__getattr__", lambda self, name: getattr(np, name), raising=False)
    with modelled(), card():
        there = ds.to("gpu")
        monkeypatch.delattr(Dataset, "matrix")
        for some, other in zip((None, ids), expected, strict=True):
            found = similar(there, **options, device="gpu", ids=some)
            assert_same((found.indices, found.scores), (other.indices, other.scores))
            assert found.device.kind == "gpu"
            assert found.data_hash == other.data_hash


@pytest.mark.gpu
@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize(("metric", "weighting"), PREPARED)
def test_a_table_on_the_card_has_the_neighbours_of_its_twin(
    of: str, metric: str, weighting: str
) -> None:
    ds = synthetic(3_000, 2_000, 60_000, seed=3)
    options = {"of": of, "metric": metric, "weighting": weighting, "k": 20}
    expected = similar(ds, **options, device="cpu")
    found = similar(ds.to("gpu"), **options, device="gpu")
    assert_same((found.indices, found.scores), (expected.indices, expected.scores))
    assert found.data_hash == expected.data_hash
