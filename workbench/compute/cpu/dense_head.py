"""Sums of popular rows over dense features, from matrix products.

A feature that has an entry of d of the h most popular rows costs d² / 2 multiply-adds in the
kernels and h² / 2 in a matrix product, which does some SPEED_UP times as many a second: where d is
above an 8th or so of h, the product is faster. Features come in blocks of about the same length;
each block has the head h at which it saves most.
"""

import itertools

import numba as nb
import numpy as np
from scipy.linalg.blas import sgemm

from workbench.compute.cpu.packing import PackedRatings
from workbench.compute.metrics import SUMS
from workbench.device.threads import Team

STEP = 512  # heads and groups of rows are multiples of it
DENSE_BYTES = 2**26  # of features made dense, at a time
PANEL_BYTES = 2**27  # of sums, at a time
SPEED_UP = 50.0  # of a multiply-add in a product over one in the kernels, as measured
PAIR = 8.0  # multiply-adds in the kernels that a pair of rows in a panel costs
EXACT = 2**24  # whole numbers up to here are exact in float32


class DenseHead:
    """Which rows and features go through matrix products, and their sums."""

    def __init__(self, packed: PackedRatings, sums: tuple[str, ...]) -> None:
        self._packed = packed
        self._sums = sums
        self._heads = _plan(packed, len(sums))
        self._powers = tuple({power for name in sums for power in SUMS[name]})
        self._buffer = np.empty(
            (len(self._powers), DENSE_BYTES // 4 if self.rows else 0), np.float32
        )

    @property
    def rows(self) -> int:
        """Rows below this rank have a panel."""
        return int(self._heads.max(initial=0))

    def groups(self, first: int, last: int) -> list[tuple[int, int]]:
        """Ranges of rows, from first to last or the end of the heads, a panel each."""
        edges = [first]
        last = min(last, self.rows)
        while edges[-1] < last:
            start = edges[-1] // STEP * STEP
            fits = PANEL_BYTES // (4 * len(self._sums) * (start + STEP) * STEP)
            steps = max(1, min(start // STEP // 4, fits))
            edges.append(min(start + steps * STEP, last))
        return list(itertools.pairwise(edges))

    def blocks(self, last: int) -> int:
        """How many blocks of features are in the panel of a group that ends at `last`."""
        return int(np.sum(self._heads >= last))

    def panel(self, first: int, last: int, team: Team) -> np.ndarray:
        """Sums of rows first to last with rows 0 to last, over the features of their blocks.

        Whole numbers, float32 of shape (sums, last - first, last).
        """
        panel = np.zeros((len(self._sums), last - first, last), np.float32)
        features = int(self._packed.blocks[self.blocks(last)])
        deep = max(1, self._buffer.shape[1] // last)
        rows = np.unique(np.linspace(0, last - first, team.size + 1).astype(int))
        for start in range(0, features, deep):
            height = min(deep, features - start)
            dense = self._buffer[:, : height * last].reshape(len(self._buffer), height, last)
            edges = np.linspace(0, height, team.size + 1).astype(int)

            def densify(part: int) -> None:
                self._fill(start, edges[part], edges[part + 1], dense)  # noqa: B023

            def multiply(part: int) -> None:
                mine = slice(rows[part], rows[part + 1])
                for sums, name in zip(panel, self._sums, strict=True):
                    of_x, of_y = (dense[self._powers.index(power)] for power in SUMS[name])  # noqa: B023
                    # In Fortran's order the transposes are in place; beta=1 adds to what is there.
                    x = of_x[:, first:last][:, mine]
                    sgemm(1.0, of_y.T, x.T, 1.0, sums[mine].T, 0, 1, overwrite_c=1)

            team.each(densify, range(team.size))
            team.each(multiply, range(len(rows) - 1))
        return panel

    def _fill(self, origin: int, first: int, last: int, dense: np.ndarray) -> None:
        data, least = self._packed.data, int(self._packed.codes[0])
        _densify(data.entries, data.starts, origin, first, last, least, self._powers, dense)


def _plan(packed: PackedRatings, sums: int) -> np.ndarray:
    """Head of every block of features, none above the one before it."""
    count = len(packed.blocks) - 1
    if not len(packed.codes):
        return np.zeros(count, np.int64)
    n = len(packed.ids)
    heads = np.arange(STEP, n + STEP, STEP).clip(max=n)
    entries = np.diff(packed.block_begins, axis=0).astype(np.float64)
    within = np.add.reduceat(entries, np.arange(0, n, STEP), axis=1).cumsum(axis=1)
    features = np.diff(packed.blocks)[:, None]
    # The mean of squares is at least the square of the mean: this is a lower bound.
    kernels = within**2 / np.maximum(features, 1) * (1 if sums == 1 else 2)
    products = features * heads.astype(np.float64) ** 2 * sums / SPEED_UP
    greatest = int(np.abs(packed.codes).max())
    fits = packed.blocks[1:] * greatest**2 <= EXACT
    saved = np.where(fits[:, None], kernels - products, 0.0)
    # A panel costs something by itself, whatever its depth: the widest head must be worth it.
    in_all = np.maximum.accumulate(saved, axis=1).sum(axis=0) - sums * PAIR * heads**2.0
    if in_all.max() <= 0:
        return np.zeros(count, np.int64)
    saved = saved[:, : in_all.argmax() + 1]
    best = saved.argmax(axis=1)
    return np.minimum.accumulate(np.where(saved.max(axis=1) > 0, heads[best], 0))


@nb.njit(nogil=True, cache=True)
def _densify(entries, starts, origin, first, last, least, powers, dense):  # type: ignore[no-untyped-def]
    width = dense.shape[2]
    for f in range(first, last):
        for power in range(len(powers)):
            dense[power, f, :] = 0
        for p in range(starts[origin + f], starts[origin + f + 1]):
            column = entries[p] >> np.uint32(8)
            if column >= width:
                break
            value = np.float32(np.int64(entries[p] & np.uint32(255)) + least)
            for power in range(len(powers)):
                product = np.float32(1)
                for _ in range(powers[power]):
                    product *= value
                dense[power, f, column] = product
