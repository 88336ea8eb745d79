"""Ratings packed by sorts: laid out as the threads do, and searched with the same answer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from tests.compute.cuda_model import Card
from tests.compute.reference import assert_same
from tests.compute.test_cpu import asked
from tests.compute.test_cuda import CARDS, REQUESTS, card
from tests.datasets.cudf_model import modelled
from workbench.compute import _cpu, _cupy, _entries, similar
from workbench.compute._pack import pack
from workbench.compute._team import Team
from workbench.compute.metrics import ONES, VALUES
from workbench.compute.request import Request
from workbench.datasets import Dataset, synthetic

ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=60, unique=True
)
STARS = st.lists(st.sampled_from([-2.0, 0.0, 0.5, 3.0, 0.2]), min_size=60, max_size=60)


def matrix_of(entries: tuple, shape: tuple[int, int]):
    features, rows, values = entries
    matrix = sparse.coo_array((values, (features, rows)), shape=shape).tocsr()
    matrix.sort_indices()
    return matrix


def entries_of(pairs: list[tuple[int, int]], stars: list[float]) -> tuple:
    features, rows = np.array(pairs).T
    return features, rows, np.array(stars[: len(pairs)])


@given(ROWS, STARS)
def test_entries_are_laid_out_as_the_threads_do(pairs: list, stars: list) -> None:
    entries = entries_of(pairs, stars)
    found = _entries.pack(*entries, (7, 10))
    with Team(1) as team:
        expected = pack(matrix_of(entries, (7, 10)), team)
    assert found.scale == expected.scale
    for name in ("codes", "begins", "ids", "counts", "squares", "ranks"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
        assert getattr(found, name).dtype == getattr(expected, name).dtype, name
    for name in ("entries", "starts", "features", "places"):
        mine, theirs = getattr(found.data, name), getattr(expected.data, name)
        assert np.array_equal(mine, theirs), name
        assert mine.dtype == theirs.dtype, name


@given(ROWS, STARS, REQUESTS, CARDS, st.data())
def test_the_kernel_finds_the_same_in_them(pairs, stars, request: Request, kind, data) -> None:
    features, rows, values = entries_of(pairs, stars)
    if request.definition.of not in (VALUES, ONES):
        request = asked("cosine", {}, request.k)
    if request.definition.of == ONES:
        values = np.ones_like(values)
    some = data.draw(st.none() | st.lists(st.integers(0, 9), max_size=4).map(np.array))
    some = None if some is None else some.astype(int)
    with card(**kind):
        found = _cupy.nearest_of((features, rows, values), (7, 10), request, rows=some)
    by_feature = matrix_of((features, rows, values), (7, 10))
    assert_same(found, _cpu.nearest(by_feature, request, rows=some))


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        ([1.0, np.pi], [0, 1]),  # no scale makes them whole
        ([1.0, 70.0], [0, 1]),  # more values than there are codes
        ([1e6, 1e6], [0, 1]),  # whose squares leave 32 bits
        ([1.0, 2.0], [0, 0]),  # a pair that the matrix adds up
    ],
)
def test_what_has_no_codes_is_left_to_the_host(values: list, rows: list) -> None:
    entries = np.zeros(2, int), np.array(rows), np.array(values)
    assert _entries.pack(*entries, (1, 2)) is None


@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize("metric", ["cosine", "jaccard"])
def test_what_is_on_the_card_does_not_come_to_the_host(of: str, metric: str, monkeypatch) -> None:
    ds = synthetic(30, 20, 200, seed=3)
    ids = (ds.user_ids if of == "users" else ds.item_ids)[3:7]
    options = {"of": of, "metric": metric, "k": 5}
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


def test_what_only_the_host_can_pack_goes_there(monkeypatch) -> None:
    ds = synthetic(30, 20, 200, seed=3)
    broken = replace(
        ds, interactions=ds.interactions.assign(rating=lambda table: table["rating"] + 0.123)
    )
    monkeypatch.setattr(Card, "__getattr__", lambda self, name: getattr(np, name), raising=False)
    for data, options in (
        (ds, {"metric": "adjusted_cosine"}),
        (broken, {}),
        (ds, {"weighting": "bm25"}),
    ):
        expected = similar(data, **options, device="cpu")
        with modelled(), card():
            found = similar(data.to("gpu"), **options, device="gpu")
        assert_same((found.indices, found.scores), (expected.indices, expected.scores))


@pytest.mark.gpu
@pytest.mark.parametrize("of", ["items", "users"])
@pytest.mark.parametrize("metric", ["cosine", "pearson", "jaccard", "adjusted_cosine"])
def test_a_table_on_the_card_has_the_neighbours_of_its_twin(of: str, metric: str) -> None:
    ds = synthetic(3_000, 2_000, 60_000, seed=3)
    expected = similar(ds, of=of, metric=metric, k=20, device="cpu")
    found = similar(ds.to("gpu"), of=of, metric=metric, k=20, device="gpu")
    assert_same((found.indices, found.scores), (expected.indices, expected.scores))
    assert found.data_hash == expected.data_hash
