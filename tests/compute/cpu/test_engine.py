"""The CPU engine inside: every path gives the same bits."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compute.all_pairs import all_pairs
from tests.compute.cpu.cases import (
    KINDS,
    LOOPS,
    OPTIONS,
    WAYS,
    K,
    exact,
    lists_of_all,
    options_of,
    prepared,
    random_table,
    table,
)
from tests.compute.reference import (
    CLOSE,
    EXACT,
    NAN,
    assert_neighbours,
    assert_same,
    reference,
    sparse_of,
)
from workbench.compute.cpu import (
    engine,
    packing,
    search_kernels,
)
from workbench.compute.cpu.packing import pack
from workbench.compute.metrics import METRICS
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import EMPTY, best
from workbench.compute.weighting import Weighting
from workbench.device.threads import Team


def test_the_tables_take_every_way_through_the_kernel() -> None:
    """Else the tests below would pass without having looked."""
    walked = {}
    for kind in KINDS:
        there = ~np.isnan(table(kind))
        work = there @ there.sum(axis=0)
        walked[kind] = (work * search_kernels.SPARSE < len(there)).mean()
        assert len(there) // int(search_kernels.SPAN) > K
        coded = np.isin(table(kind)[there] * 2, range(11)).all()
        assert coded == (kind != "broken")
    assert walked["sparse"] > 0.4
    assert walked["dense"] < 0.2


@pytest.mark.parametrize(
    ("metric", "kind", "options"), all_pairs(list(METRICS), KINDS, range(len(OPTIONS)))
)
def test_all_pairs_and_some_rows_give_the_definition(kind: str, metric: str, options: int) -> None:
    dense, request = table(kind), options_of(metric, OPTIONS[options])
    data = prepared(dense, metric)
    few = np.r_[0, 699 % len(dense), 5:35, 5]
    expected = reference(
        dense, metric, queries=dense[few], own=few, signed=request.signed,
        shrink=request.shrink, min_overlap=request.min_overlap, alpha=request.alpha,
    )  # fmt: skip
    tolerance = EXACT if exact(metric, kind) else CLOSE
    whole = lists_of_all(kind, metric, options)
    many = np.r_[few, len(dense) - 1 : 35 : -1]
    assert len(few) * engine.FEW < len(dense) < len(many) * engine.FEW
    found = {
        "all pairs": [part[few] for part in whole],
        "few rows": engine.nearest(data, request, rows=few),
        "many rows": [part[: len(few)] for part in engine.nearest(data, request, rows=many)],
        "queries": engine.nearest_to(data, data[:, few].T.tocsr(), request, exclude=few),
    }
    for path, lists in found.items():
        assert_neighbours(lists, expected, signed=request.signed, own=few, **tolerance), path
        if exact(metric, kind):
            assert_same(lists, found["all pairs"])
    if exact(metric, kind):
        assert_same(engine.nearest(data, request, rows=many), [part[many] for part in whole])


VALUES = st.sampled_from([0.5, 1.0, 3.5, 5.0, 3.7, 1e-90, 1e90])


@given(st.data(), st.sampled_from(["cosine", "centred_cosine", "msd"]), st.sampled_from([1, 3.3]))
def test_targets_that_are_kept_give_the_lists_of_those_made_for_a_query(
    data: st.DataObject, metric: str, factor: float
) -> None:
    """Values that the kept scale does not make whole, or that lie far from the others."""
    rows = factor * random_table(12, 9, 0.5, seed=4)
    request = SimilarityOptions(metric, K, 1, 0.5, 0.0, False, False)
    prepare = Weighting(sparse_of(rows).T.tocsr(), request)
    by_feature = prepare.transform_features(sparse_of(rows).T.tocsr())
    targets = engine.TargetRows.of(by_feature)
    for values in data.draw(st.lists(st.lists(VALUES, max_size=5), min_size=1, max_size=3)):
        table = np.full((1, 9), np.nan)
        table[0, : len(values)] = values
        query, own = prepare.transform_rows(sparse_of(table)), np.array([-1])
        found = engine.nearest_to(targets, query, request, exclude=own)
        assert_same(found, engine.nearest_to(by_feature, query, request, exclude=own))


@pytest.mark.parametrize(("way", "metric", "kind"), all_pairs(list(WAYS), LOOPS, KINDS))
def test_every_way_gives_the_same_bits(
    way: str, kind: str, metric: str, take: Callable[[str], None]
) -> None:
    """Also where floats are no whole numbers: a pair's sums are added up in one order."""
    turn = 1 + (list(WAYS).index(way) + KINDS.index(kind)) % (len(OPTIONS) - 1)
    turns = (0, turn) if kind == "dense" else (turn,)
    expected = {options: lists_of_all(kind, metric, options) for options in turns}
    take(way)
    data = prepared(table(kind), metric)
    for options, whole in expected.items():
        assert_same(engine.nearest(data, options_of(metric, OPTIONS[options])), whole)


@pytest.mark.parametrize("way", ["one thread", "three threads", "one chunk", "tiny chunks"])
@pytest.mark.parametrize("metric", ["pearson", "asymmetric_cosine"])
def test_some_rows_do_not_depend_on_threads_and_chunks(
    way: str, metric: str, take: Callable[[str], None]
) -> None:
    data, request = prepared(table("broken"), metric), options_of(metric, OPTIONS[0])
    some = np.arange(10), np.arange(300)
    expected = [engine.nearest(data, request, rows=rows) for rows in some]
    take(way)
    for rows, lists in zip(some, expected, strict=True):
        assert_same(engine.nearest(data, request, rows=rows), lists)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.one_of(st.integers(1, 200), st.sampled_from([63, 64, 65, 127, 128, 129, 192, 193])),
    columns=st.integers(1, 20),
    density=st.sampled_from([0.01, 0.05, 0.2, 0.5, 1.0]),
    scale=st.sampled_from([1.0, 1.0, -1.0, 1000.0, 1e8, np.pi, 1e-30]),
    seed=st.integers(0, 2**32),
    metric=st.sampled_from(list(METRICS)),
    k=st.sampled_from([1, 2, 3, 7, 250]),
    signed=st.booleans(),
    min_overlap=st.sampled_from([1, 1, 2]),
    way=st.sampled_from(list(WAYS)),
)
def test_tables_of_any_shape(
    rows, columns, density, scale, seed, metric, k, signed, min_overlap, way
) -> None:
    dense = random_table(rows, columns, density, seed) * scale
    request = options_of(metric, {"signed": signed, "min_overlap": min_overlap}, k)
    data = prepared(dense, metric)
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in WAYS[way]:
            patch.setattr(module, name, value)
        found = engine.nearest(data, request)
    some = np.unique(np.linspace(0, rows - 1, 12).astype(int))
    options = {"signed": signed, "min_overlap": min_overlap}
    expected = reference(dense, metric, queries=dense[some], own=some, **options)
    lists = [part[some] for part in found]
    whole = abs(scale) in (1.0, 1000.0) and exact(metric, "")
    assert_neighbours(lists, expected, signed=signed, own=some, **(EXACT if whole else CLOSE))
    again = engine.nearest(data, request, rows=some)
    assert_neighbours(again, expected, signed=signed, own=some, **(EXACT if whole else CLOSE))


@pytest.mark.parametrize("way", ["no heads", "heads"])
@pytest.mark.parametrize("metric", [name for name in METRICS if METRICS[name].symmetric])
def test_ranges_of_rows_merge_into_the_whole(
    metric: str, way: str, take: Callable[[str], None]
) -> None:
    """What machines that share the work rely on."""
    take(way)
    request = options_of(metric, OPTIONS[0])
    with Team() as team:
        packed = pack(prepared(table("dense"), metric), team)
        whole = best(engine.search_pairs(packed, request, team), K)
        edges = itertools.pairwise([0, 1, 64, 65, 200, 500, 699, 700])
        parts = [engine.search_pairs(packed, request, team, *edge) for edge in edges]
    assert np.array_equal(best(np.concatenate(parts, axis=1), K), whole)
    assert (_keys_of_none(packed, request) == EMPTY).all()


def _keys_of_none(packed: packing.PackedRatings, request: SimilarityOptions) -> np.ndarray:
    with Team() as team:
        return engine.search_pairs(packed, request, team, 7, 7)


def test_scores_too_large_for_float32_are_infinite_and_tie() -> None:
    """Which of them won depended on which thread came first."""
    dense = np.where(np.tri(200, dtype=bool)[:, ::-1], np.pi * 1e20, NAN)[:, :40]
    dense[100:] = np.pi * 1e20
    indices, scores = engine.nearest(prepared(dense, "dot"), SimilarityOptions("dot", 2))
    met = (~np.isnan(dense)).any(axis=1)
    assert np.isinf(scores[met]).all()
    first, second, third = np.flatnonzero(met)[:3]
    assert indices[third:].tolist() == [[first, second]] * (200 - third)
    # One of the sign that nobody can be below is no score, as for arrays.
    dense[150] *= -1
    indices, _ = engine.nearest(prepared(dense, "dot"), SimilarityOptions("dot", 2, signed=True))
    assert 150 not in indices


def test_indices_of_64_bits_are_read_as_they_are() -> None:
    data = prepared(table("dense"), "cosine")
    data.indices, data.indptr = data.indices.astype(np.int64), data.indptr.astype(np.int64)
    for rows in (None, np.arange(700)):
        assert_same(
            engine.nearest(data, SimilarityOptions("cosine", K), rows=rows),
            lists_of_all("dense", "cosine", 0),
        )
    few = np.arange(5)
    found = engine.nearest(data, SimilarityOptions("cosine", K), rows=few)
    assert_same(found, [part[few] for part in lists_of_all("dense", "cosine", 0)])


def test_the_input_is_left_alone() -> None:
    data = prepared(table("dense"), "cosine")
    before = data.copy()
    engine.nearest(data, SimilarityOptions())
    engine.nearest(data, SimilarityOptions(), rows=np.arange(3))
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(data, name), getattr(before, name))
