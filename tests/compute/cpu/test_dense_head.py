"""Panels of popular rows hold the sums over their features."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.compute.cpu.cases import table, unpacked
from tests.compute.reference import (
    sparse_of,
)
from workbench.compute.cpu import (
    dense_head,
)
from workbench.compute.cpu.dense_head import DenseHead
from workbench.compute.cpu.packing import pack
from workbench.compute.metrics import SUMS
from workbench.device.threads import Team


@pytest.mark.parametrize("way", ["heads", "heads in pieces", "heads of some features"])
@pytest.mark.parametrize("sums", [("xy",), ("n", "xy"), tuple(SUMS)])
@pytest.mark.parametrize("kind", ["dense", "long-tailed", "sparse"])
def test_panels_hold_the_sums_over_their_features(
    kind: str, sums: tuple, way: str, team: Team, take: Callable[[str], None]
) -> None:
    take(way)
    packed = pack(sparse_of(table(kind)).T.tocsr(), team)
    heads = DenseHead(packed, sums)
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
    groups = DenseHead(packed, ("xy",)).groups(70, 300)
    assert groups[0][0] == 70
    assert groups[-1][1] == 300
    assert DenseHead(packed, ("xy",)).groups(700, 700) == []


def test_no_sum_of_a_head_can_be_inexact(team: Team, take, monkeypatch) -> None:
    """Whole numbers above 2^24 have no place in float32: those features are left to the kernel."""
    take("heads")
    take("small blocks")
    packed = pack(sparse_of(table("dense")).T.tocsr(), team)
    greatest = int(packed.codes.max()) ** 2
    for limit in (0, greatest, 10 * greatest, 30 * greatest):
        monkeypatch.setattr(dense_head, "EXACT", limit)
        heads = DenseHead(packed, ("xy",))
        assert packed.blocks[heads.blocks(1)] * greatest <= limit
        assert (heads.rows > 0) == (limit >= greatest)


def test_values_without_codes_have_no_heads(team: Team, take) -> None:
    take("heads")
    packed = pack(sparse_of(table("broken")).T.tocsr(), team)
    assert DenseHead(packed, ("xy",)).rows == 0
    assert DenseHead(packed, ("xy",)).groups(0, 700) == []
