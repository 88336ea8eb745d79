"""Packing loses nothing; scales and codes are what they should be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from tests.compute.cpu.cases import prepared, random_table, unpacked
from tests.compute.reference import (
    EXACT,
    assert_neighbours,
    reference,
    sparse_of,
)
from workbench.compute.cpu import (
    engine,
    packing,
)
from workbench.compute.cpu.packing import pack, scale_of, unit_of
from workbench.compute.options import SimilarityOptions
from workbench.device.threads import Team


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
            found = engine.nearest(prepared(dense, metric), request)
            assert_neighbours(found, reference(dense, metric, signed=True), signed=True, **EXACT)
