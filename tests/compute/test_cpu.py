"""The CPU engine inside: every path gives the same bits, in bounded memory, and stops when told."""

import gc
import inspect
import itertools
import signal
import threading
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from functools import cache
from time import monotonic
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from threadpoolctl import threadpool_info

from tests.compute.reference import (
    BINARY,
    CENTRED,
    CLOSE,
    EXACT,
    NAN,
    WITHOUT_SHRINK,
    assert_neighbours,
    assert_same,
    reference,
    sparse_of,
)
from workbench.compute import topk_keys
from workbench.compute.cpu import dense_head, engine, packing, search_kernels, topk_lists
from workbench.compute.cpu.dense_head import Heads
from workbench.compute.cpu.packing import pack, scale_of, unit_of
from workbench.compute.metrics import METRICS, SUMS
from workbench.compute.options import SimilarityOptions
from workbench.compute.topk_keys import EMPTY, best
from workbench.compute.weighting import Weighting
from workbench.datasets import synthetic
from workbench.device import threads as team_threads
from workbench.device.threads import Team

K = 3
OPTIONS = (
    {},
    {"shrink": 20.0},
    {"min_overlap": 3, "alpha": 1.0},
    {"shrink": 2.0, "signed": True, "min_overlap": 2, "alpha": 0.3},
)


# --- data ---------------------------------------------------------------------------------------


def random_table(rows: int, columns: int, density: float, seed: int) -> np.ndarray:
    """Half stars in rows of very different lengths; some hold nothing but 0, some are alike."""
    rng = np.random.default_rng(seed)
    share = density * 2 * rng.random((rows, 1))
    stars = rng.integers(0, 11, (rows, columns)) / 2
    stars[rng.random(rows) < 0.03] = 0
    table = np.where(rng.random((rows, columns)) < share, stars, NAN)
    if rows > 1:
        table[rng.integers(rows, size=1 + rows // 20)] = table[0]
    return table


@cache
def table(kind: str) -> np.ndarray:
    """More rows than 64 * K, so that spans of 64 columns are passed over.

    "sparse" rows share few columns with others and are walked; "dense" ones are scanned.
    """
    if kind == "sparse":
        return random_table(700, 80, 0.035, seed=1)
    if kind == "dense":
        return random_table(700, 30, 0.5, seed=2)
    if kind == "broken":  # no multiple of a short decimal: in float64
        return random_table(700, 30, 0.4, seed=3) * np.pi
    matrix = synthetic(60, 400, 4000, seed=4).matrix.T.toarray()
    return np.where(matrix == 0, NAN, matrix)


KINDS = ("sparse", "dense", "long-tailed", "broken")


def held(dense: np.ndarray, metric: str) -> sparse.csr_array:
    """By feature, as the metric compares it."""
    by_feature = sparse_of(dense).T.tocsr()
    return Weighting(by_feature, SimilarityOptions(metric)).transform_features(by_feature)


def asked(metric: str, options: dict, k: int = K) -> SimilarityOptions:
    options = {**options, "shrink": 0.0} if metric in WITHOUT_SHRINK else options
    return SimilarityOptions(metric, k, **options)


def exact(metric: str, kind: str) -> bool:
    """Whether sums are whole numbers, whatever their order."""
    return metric in BINARY or (metric not in CENTRED and kind != "broken")


@cache
def all_pairs(kind: str, metric: str, options: int) -> tuple[np.ndarray, np.ndarray]:
    return engine.nearest(held(table(kind), metric), asked(metric, OPTIONS[options]))


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


# --- every path against the reference and against every other -----------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("options", range(len(OPTIONS)))
def test_all_pairs_and_some_rows_give_the_definition(kind: str, metric: str, options: int) -> None:
    dense, request = table(kind), asked(metric, OPTIONS[options])
    data = held(dense, metric)
    few = np.r_[0, 699 % len(dense), 5:35, 5]
    expected = reference(
        dense, metric, queries=dense[few], own=few, signed=request.signed,
        shrink=request.shrink, min_overlap=request.min_overlap, alpha=request.alpha,
    )  # fmt: skip
    tolerance = EXACT if exact(metric, kind) else CLOSE
    whole = all_pairs(kind, metric, options)
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


WAYS: dict[str, list[tuple[Any, str, Any]]] = {
    "one thread": [(team_threads, "cores", lambda: 1)],
    "three threads": [(team_threads, "cores", lambda: 3)],
    "one chunk": [(team_threads, "cores", lambda: 1), (engine, "CHUNKS", 1)],
    "tiny chunks": [(engine, "CHUNKS", 200)],
    "few offers": [(engine, "OFFERS", 1)],
    "small blocks": [(packing, "BLOCK_BYTES", 300)],
    "no codes": [(packing, "CODES", 0)],
    "heads": [(dense_head, "STEP", 64), (dense_head, "SPEED_UP", 1e9), (dense_head, "PAIR", 0)],
    "no heads": [(dense_head, "SPEED_UP", 1e-9)],
}
WAYS["heads of some features"] = [
    *WAYS["small blocks"], (dense_head, "STEP", 32),
    (dense_head, "SPEED_UP", 4.0), (dense_head, "PAIR", 0),
]  # fmt: skip
WAYS["heads in pieces"] = [
    *WAYS["heads"], *WAYS["three threads"],
    (dense_head, "DENSE_BYTES", 4 * 700 * 3), (dense_head, "PANEL_BYTES", 4 * 64 * 64),
]  # fmt: skip


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Send the engine another way."""

    def set_all(way: str) -> None:
        for module, name, value in WAYS[way]:
            monkeypatch.setattr(module, name, value)

    return set_all


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metric", METRICS)
def test_every_way_gives_the_same_bits(
    way: str, kind: str, metric: str, take: Callable[[str], None]
) -> None:
    """Also where floats are no whole numbers: a pair's sums are added up in one order."""
    turn = 1 + (list(WAYS).index(way) + KINDS.index(kind)) % (len(OPTIONS) - 1)
    turns = (0, turn) if kind == "dense" else (turn,)
    expected = {options: all_pairs(kind, metric, options) for options in turns}
    take(way)
    data = held(table(kind), metric)
    for options, whole in expected.items():
        assert_same(engine.nearest(data, asked(metric, OPTIONS[options])), whole)


@pytest.mark.parametrize("way", ["one thread", "three threads", "one chunk", "tiny chunks"])
@pytest.mark.parametrize("metric", METRICS)
def test_some_rows_do_not_depend_on_threads_and_chunks(
    way: str, metric: str, take: Callable[[str], None]
) -> None:
    data, request = held(table("broken"), metric), asked(metric, OPTIONS[0])
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
    request = asked(metric, {"signed": signed, "min_overlap": min_overlap}, k)
    data = held(dense, metric)
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
    request = asked(metric, OPTIONS[0])
    with Team() as team:
        packed = pack(held(table("dense"), metric), team)
        whole = best(engine.pairs(packed, request, team), K)
        edges = itertools.pairwise([0, 1, 64, 65, 200, 500, 699, 700])
        parts = [engine.pairs(packed, request, team, *edge) for edge in edges]
    assert np.array_equal(best(np.concatenate(parts, axis=1), K), whole)
    assert (_keys_of_none(packed, request) == EMPTY).all()


def _keys_of_none(packed: packing.Packed, request: SimilarityOptions) -> np.ndarray:
    with Team() as team:
        return engine.pairs(packed, request, team, 7, 7)


def test_scores_too_large_for_float32_are_infinite_and_tie() -> None:
    """Which of them won depended on which thread came first."""
    dense = np.where(np.tri(200, dtype=bool)[:, ::-1], np.pi * 1e20, NAN)[:, :40]
    dense[100:] = np.pi * 1e20
    indices, scores = engine.nearest(held(dense, "dot"), SimilarityOptions("dot", 2))
    met = (~np.isnan(dense)).any(axis=1)
    assert np.isinf(scores[met]).all()
    first, second, third = np.flatnonzero(met)[:3]
    assert indices[third:].tolist() == [[first, second]] * (200 - third)
    # One of the sign that nobody can be below is no score, as for arrays.
    dense[150] *= -1
    indices, _ = engine.nearest(held(dense, "dot"), SimilarityOptions("dot", 2, signed=True))
    assert 150 not in indices


def test_indices_of_64_bits_are_read_as_they_are() -> None:
    data = held(table("dense"), "cosine")
    data.indices, data.indptr = data.indices.astype(np.int64), data.indptr.astype(np.int64)
    for rows in (None, np.arange(700)):
        assert_same(
            engine.nearest(data, SimilarityOptions("cosine", K), rows=rows),
            all_pairs("dense", "cosine", 0),
        )
    few = np.arange(5)
    found = engine.nearest(data, SimilarityOptions("cosine", K), rows=few)
    assert_same(found, [part[few] for part in all_pairs("dense", "cosine", 0)])


def test_the_input_is_left_alone() -> None:
    data = held(table("dense"), "cosine")
    before = data.copy()
    engine.nearest(data, SimilarityOptions())
    engine.nearest(data, SimilarityOptions(), rows=np.arange(3))
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(data, name), getattr(before, name))


# --- parts of the kernel -------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 9) | st.integers(0, 2**31 - 1), min_size=1, max_size=40),
    st.integers(1, 40),
    st.integers(0, 3),
)
def test_selection_puts_the_k_greatest_in_front(values: list, k: int, before: int) -> None:
    k, size = min(k, len(values)), len(values)
    array = np.array([-1] * before + values + [-1], np.int32)
    kth = topk_lists.kth_greatest(array, before, size, k)
    expected = sorted(values, reverse=True)[:k]
    assert kth == array[before + k - 1] == expected[-1]
    assert sorted(array[before : before + k], reverse=True) == expected
    assert sorted(array[before : before + size]) == sorted(values)
    assert set(array[:before]) | {array[-1]} == {-1}


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 8), st.integers(1, 5), st.data())
def test_a_list_keeps_the_greatest_of_what_it_is_offered(scores, k, slack, data) -> None:
    keys = topk_keys.pack(np.array([scores], np.float32).reshape(1, -1))[0]
    own = data.draw(st.integers(0, min(k, len(keys))))
    found = best(keys[None, :own], k)
    lists, held = np.full((2, k + slack), EMPTY), np.zeros(2, np.uint32)
    least, lowest = np.full(2, -np.inf, np.float32), np.full(2, EMPTY)
    rows = np.ones(len(keys) - own, np.uint32)
    offers = rows, keys[own:].copy(), len(rows)
    topk_lists.settle(1, 1, found, *offers, lists, held, least, lowest)
    expected = best(keys[None], k)
    np.testing.assert_array_equal(best(lists[1:], k), expected)
    assert (lists[0] == EMPTY).all()
    assert lowest[1] <= expected[0, -1]  # what is passed over by it is not among the best


def test_a_kernel_whose_room_is_full_goes_on_where_it_stopped(monkeypatch) -> None:
    starts, search = [], search_kernels.search

    def noted(*args):
        starts.append(args[0])
        return search(*args)

    monkeypatch.setattr(search_kernels, "search", noted)
    monkeypatch.setattr(engine, "OFFERS", 10)
    monkeypatch.setattr(team_threads, "cores", lambda: 1)
    data = held(table("dense"), "cosine")
    assert_same(
        engine.nearest(data, SimilarityOptions("cosine", K)), all_pairs("dense", "cosine", 0)
    )
    assert len(starts) > 700 / (10 // K)


# --- packing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1.0, -3.0], 1),
        ([0.5, 4.5, 3.0], 2),
        ([0.25, 3.0], 4),
        ([0.2, 1.4], 5),
        ([4.3, 0.1], 10),
        ([0.29, 19.99], 100),
        ([0.0], 1),
        ([-0.0, 2.5], 2),
        ([2.0**26], 1),
    ],
)
def test_short_decimals_become_whole(values: list, scale: float) -> None:
    assert scale_of(np.array(values)) == scale
    assert scale_of(np.array(values), np.array([1.0]), np.array([])) == scale


@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e-30, 1.0, 1e30, 1e200, 1e308])
def test_other_values_are_brought_about_one_by_a_power_of_two(size: float) -> None:
    values = np.array([1 / 3, -0.9, 0.0]) * size
    scale = scale_of(values)
    assert np.frexp(scale)[0] == 0.5
    if 1e-300 < size < 1e300:
        assert 0.2 < np.abs(values * scale).max() < 2
    assert np.isfinite(unit_of(scale))
    assert unit_of(scale) > 0


@given(st.floats(1e-150, 1.0), st.floats(1.0, 1e150))
def test_of_values_far_apart_neither_squares_nor_their_products_are_lost(
    least: float, most: float
) -> None:
    if most / least < 1e140:
        values = np.array([least, most]) * np.pi
        squares = (values * scale_of(values)) ** 2
        assert 0 < squares[0] * squares[0] < np.inf
        assert 0 < squares[1] * squares[1] < np.inf


def test_nothing_has_a_scale() -> None:
    assert scale_of() == scale_of(np.array([])) == 1


@pytest.fixture
def team() -> Iterator[Team]:
    with Team() as team:
        yield team


def unpacked(packed: packing.Packed, columns: int) -> np.ndarray:
    """The table by rank and by place of the feature, read as the kernels read it."""
    data = packed.data
    dense = np.full((len(packed.ids), columns), NAN)
    for f, (start, end) in enumerate(itertools.pairwise(data.starts.tolist())):
        entries = data.entries[start:end]
        if len(packed.codes):
            ranks, values = entries >> 8, packed.codes[entries & 255]
        else:
            ranks, values = entries, data.values[start:end]
        assert (np.diff(ranks.astype(int)) > 0).all()  # the more popular rows come first
        dense[ranks, f] = values / packed.scale
    return dense


@pytest.mark.parametrize("scale", [1.0, -1.0, 0.2, 100.0, np.pi])
@pytest.mark.parametrize("block_bytes", [packing.BLOCK_BYTES, 64])
@settings(max_examples=settings.default.max_examples // 5)
@given(
    rows=st.integers(1, 30), columns=st.integers(1, 12), density=st.floats(0, 1),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_packing_loses_nothing(
    scale: float, block_bytes: int, rows: int, columns: int, density: float, seed: int
) -> None:
    dense = random_table(rows, columns, density, seed) * scale
    with pytest.MonkeyPatch.context() as patch, Team() as team:
        patch.setattr(packing, "BLOCK_BYTES", block_bytes)
        packed = pack(sparse_of(dense).T.tocsr(), team)
    there = ~np.isnan(dense)
    counts, lengths = there.sum(axis=1), there.sum(axis=0)
    order = np.argsort(-counts, kind="stable")
    assert packed.ids.tolist() == order.tolist()
    assert packed.ranks.tolist() == np.argsort(order).tolist()
    assert packed.counts.tolist() == counts[order].tolist()
    expected = dense[order][:, np.argsort(-lengths, kind="stable")]
    np.testing.assert_allclose(unpacked(packed, columns), expected, rtol=1e-15)
    squares = np.nansum((expected * packed.scale) ** 2, axis=1)
    np.testing.assert_allclose(packed.squares, squares, rtol=1e-12)
    # By row: its features, and the place of each of its entries.
    for rank in range(rows):
        mine = slice(packed.begins[rank], packed.begins[rank + 1])
        features, places = packed.data.features[mine], packed.data.places[mine]
        assert features.tolist() == np.flatnonzero(~np.isnan(expected[rank])).tolist()
        held = packed.data.entries[places]
        assert ((held >> 8 if len(packed.codes) else held) == rank).all()
        starts, ends = packed.data.starts[features], packed.data.starts[features + 1]
        assert ((starts <= places) & (places < ends)).all()
    # By block of features: where each row's entries of it begin.
    assert packed.blocks[[0, -1]].tolist() == [0, columns]
    for b, edge in enumerate(packed.blocks):
        before = (~np.isnan(expected[:, :edge])).sum(axis=1)
        assert packed.block_begins[b].tolist() == (packed.begins[:-1] + before).tolist()


def test_codes_are_for_few_whole_numbers_whose_sums_fit(team: Team, monkeypatch) -> None:
    def codes(*row: float, rows: int = 2) -> list:
        return pack(sparse.csr_array(np.tile(np.array([row]).T, rows)), team).codes.tolist()

    assert codes(0.5, 2.0) == [1, 2, 3, 4]
    assert codes(-1, 1) == [-1, 0, 1]
    assert codes(3, 3) == [3]
    assert len(codes(1, 64)) == 64
    assert codes(1, 65) == []
    assert codes(np.pi, 1) == []
    assert len(codes(32_000, 32_000)) == 1
    assert codes(33_000, 33_000) == []  # twice its square is above 2^31


def test_codes_and_floats_meet_at_the_largest_sums(team: Team) -> None:
    """Sums of 32 bits are full, and right, up to where codes end."""
    for value in (32_767.0, 32_768.0):
        dense = np.full((3, 2), value)
        assert len(pack(sparse_of(dense).T.tocsr(), team).codes) == (value < 32_768)
        for metric in ("cosine", "pearson", "msd", "dot"):
            request = SimilarityOptions(metric, 2, signed=True)
            found = engine.nearest(held(dense, metric), request)
            assert_neighbours(found, reference(dense, metric, signed=True), signed=True, **EXACT)


# --- heads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["heads", "heads in pieces", "heads of some features"])
@pytest.mark.parametrize("sums", [("xy",), ("n", "xy"), tuple(SUMS)])
@pytest.mark.parametrize("kind", ["dense", "long-tailed", "sparse"])
def test_panels_hold_the_sums_over_their_features(
    kind: str, sums: tuple, way: str, team: Team, take: Callable[[str], None]
) -> None:
    take(way)
    packed = pack(sparse_of(table(kind)).T.tocsr(), team)
    heads = Heads(packed, sums)
    groups = heads.groups(0, len(packed.ids))
    assert groups or (way == "heads of some features" and kind != "dense")
    assert [start for start, _ in groups] == [0, *(end for _, end in groups)][: len(groups)]
    assert not groups or groups[-1][1] == heads.rows
    values = unpacked(packed, table(kind).shape[1]) * packed.scale
    for start, end in groups:
        panel = heads.panel(start, end, team)
        features = packed.blocks[heads.blocks(end)]
        there = ~np.isnan(values[:end, :features])
        for held_sums, name in zip(panel, sums, strict=True):
            p, q = SUMS[name]
            x, y = (np.where(there, values[:end, :features] ** power, 0.0) for power in (p, q))
            assert np.array_equal(held_sums, (x @ y.T)[start:])


def test_a_range_of_rows_has_its_own_groups(team: Team, take: Callable[[str], None]) -> None:
    take("heads")
    packed = pack(sparse_of(table("dense")).T.tocsr(), team)
    groups = Heads(packed, ("xy",)).groups(70, 300)
    assert groups[0][0] == 70
    assert groups[-1][1] == 300
    assert Heads(packed, ("xy",)).groups(700, 700) == []


def test_no_sum_of_a_head_can_be_inexact(team: Team, take, monkeypatch) -> None:
    """Whole numbers above 2^24 have no place in float32: those features are left to the kernel."""
    take("heads")
    take("small blocks")
    packed = pack(sparse_of(table("dense")).T.tocsr(), team)
    greatest = int(packed.codes.max()) ** 2
    for limit in (0, greatest, 10 * greatest, 30 * greatest):
        monkeypatch.setattr(dense_head, "EXACT", limit)
        heads = Heads(packed, ("xy",))
        assert packed.blocks[heads.blocks(1)] * greatest <= limit
        assert (heads.rows > 0) == (limit >= greatest)


def test_values_without_codes_have_no_heads(team: Team, take) -> None:
    take("heads")
    packed = pack(sparse_of(table("broken")).T.tocsr(), team)
    assert Heads(packed, ("xy",)).rows == 0
    assert Heads(packed, ("xy",)).groups(0, 700) == []


# --- the team, and the end of it ----------------------------------------------------------------


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
    data, request = held(table("dense"), "pearson"), SimilarityOptions("pearson", K)
    searching, entered = threading.Event(), threading.Event()
    searched, references = [], []
    search, run, as_completed = search_kernels.search, engine._Search.run, team_threads.as_completed
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
        patch.setattr(engine._Search, "run", run_and_say_so)
        patch.setattr(team_threads, "as_completed", interrupted)
        patch.setattr(search_kernels, "search", search_once_told_to_stop)
        with pytest.raises(KeyboardInterrupt):
            engine.nearest(data, request, rows=rows)
    assert workers() == before
    assert 1 <= len(searched) <= cores  # no chunk was begun after it
    assert not any(searched)
    gc.collect()
    assert [reference() for reference in references] == [None] * len(references)
    expected = all_pairs("dense", "pearson", 0)
    found = engine.nearest(data, request, rows=rows)
    assert_same(found, [part if rows is None else part[rows] for part in expected])


# --- memory -------------------------------------------------------------------------------------


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
    data = held(random_table(n, 60, 0.5, seed=5), metric)
    request = SimilarityOptions(metric, K)
    with Team() as team:
        assert Heads(pack(data, team), request.sums).rows == n
    used = peak(lambda: engine.nearest(data, request))
    panel = max(piece, 4 * n * dense_head.STEP * len(request.sums))
    assert used < working_memory(data.nnz, n, K, threads=2) + 3 * piece + panel
    assert used < 4 * len(request.sums) * n * n // 4
