"""A card that is not there, for dense vectors: `cupy` is NumPy, and the kernels are run in it.

`select.cu`, `sums.cu` and `midranks.cu` are followed step by step, with the list of `list.cu`
as `cuda_model` has it; constants and parameters are read from the source that would be compiled.
The product reads memory as cuBLAS does, and cuts every sum off to single precision, as tensor cores
may.
"""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.compute.gpu.cuda_model import DTYPES, FLOAT_MAX, Array, Block, Card, key_of
from workbench.compute.gpu import kernel_source, vector_kernels

TYPES = {name: np.dtype(DTYPES[kind]) for name, kind in kernel_source.FIXED.items()} | DTYPES


class Held(Array):
    """On the card, at an address."""

    @property
    def data(self) -> Any:
        return SimpleNamespace(ptr=self.ctypes.data)


class VectorCard(Card):
    """Stands in for `cupy`; what it does not have is NumPy's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.cuda.runtime.__dict__.update(CUDA_R_16F=2, CUDA_R_32F=0)
        self.cuda.device = SimpleNamespace(get_cublas_handle=lambda: 1)
        names = {"CUBLAS_OP_T": 1, "CUBLAS_OP_N": 0, "CUBLAS_GEMM_DEFAULT": -1}
        self.cuda.cublas = SimpleNamespace(**names, gemmEx=gemm)

    def __getattr__(self, name: str) -> Any:
        made = getattr(np, name)
        if name not in ("zeros", "full", "arange", "where", "concatenate", "ascontiguousarray"):
            return made
        return lambda *given, **options: made(*given, **options).view(Held)

    def asarray(self, array: Any) -> Any:
        return super().asarray(np.asarray(array)).view(Held)

    def empty(self, shape: Any, dtype: Any) -> Any:
        return super().empty(shape, dtype).view(Held)

    def RawKernel(self, code: str, name: str, *, options: tuple) -> "Kernel":
        assert options == kernel_source.OPTIONS
        return Kernel(self, code, name)


@contextmanager
def vector_card(*, threads: int = 8, warp: int = 4, slack: int = 1) -> Iterator[VectorCard]:
    """Put such a card in place, with blocks so small that small data take many."""
    there = VectorCard()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_kernels, "xp", there)
        patch.setitem(kernel_source.CONSTANTS, "WARP", warp)
        for name in vector_kernels.THREADS:
            patch.setitem(vector_kernels.THREADS, name, threads)
        for name, size in {"HEIGHT": 5, "WIDTH": 7, "NARROW": 3}.items():
            patch.setattr(vector_kernels, name, size)
        patch.setattr("workbench.compute.dense.vector_search.SLACK", slack)
        vector_kernels._kernel.cache_clear()
        yield there
    vector_kernels._kernel.cache_clear()


def gemm(
    handle: int, of_a: int, of_b: int, m: int, n: int, k: int, alpha: int, a: int, a_type: int,
    lda: int, b: int, b_type: int, ldb: int, beta: int, c: int, c_type: int, ldc: int,
    computing: int, algorithm: int,
) -> None:  # fmt: skip
    """Multiply a transposed by b, all in Fortran's order; half precision in, single out."""
    assert (of_a, of_b, a_type, b_type, c_type, computing) == (1, 0, 2, 2, 0, 0)
    assert (_at(alpha, 1, np.float32), _at(beta, 1, np.float32)) == (1, 0)
    x = _at(a, m * lda, np.float16).reshape(m, lda)[:, :k].astype(float)
    y = _at(b, n * ldb, np.float16).reshape(n, ldb)[:, :k].astype(float)
    sums = np.zeros((n, m))
    for i in range(k):
        sums += y[:, i, None] * x[:, i]
        cut = sums.astype(np.float32)
        over = np.abs(cut) > np.abs(sums)
        sums = np.where(over, np.nextafter(cut, np.float32(0)), cut).astype(float)
    _at(c, n * ldc, np.float32).reshape(n, ldc)[:, :m] = sums


def _at(address: int, count: int, dtype: Any) -> np.ndarray:
    size = count * np.dtype(dtype).itemsize
    return np.frombuffer((ctypes.c_byte * size).from_address(address), dtype)


class Kernel:
    """A launch runs its blocks, one after the other, in any order."""

    def __init__(self, card: VectorCard, code: str, name: str) -> None:
        self._card = card
        self._block = {"select": Select, "sums": Sums, "midranks": Midranks}[name]
        defined = re.findall(r"^#define (\w+) (-?\d+|\(-.*\)|\d+u)$", code, re.M)
        self._constants = {key: eval(re.sub("LL|u", "", value)) for key, value in defined}
        (signature,) = re.findall(rf"__launch_bounds__\(THREADS\) {name}\((.*?)\) {{", code, re.S)
        self._parameters = [part.strip() for part in signature.split(",")]

    def __call__(self, grid: tuple, block: tuple, arguments: tuple, *, shared_mem: int) -> None:
        (blocks,), (threads,) = grid, block
        assert threads == self._constants["THREADS"]
        given = {}
        for parameter, value in zip(self._parameters, arguments, strict=True):
            match = re.fullmatch(r"(?:const )?(\w+) (\*__restrict__ )?(\w+)", parameter)
            assert match
            assert value.dtype == TYPES[match[1]], parameter
            assert isinstance(value, Held) == bool(match[2]), parameter
            assert not match[2] or value.flags.c_contiguous
            given[match[3]] = np.asarray(value).reshape(-1) if match[2] else value.item()
        for number in self._card.rng.permutation(blocks):
            self._block(int(number), given, self._constants, self._card.rng, shared_mem).run()


class Select(Block):
    """One block of `select.cu`: its variables by the same names."""

    def __init__(self, number: int, given: dict, constants: dict, rng: Any, shared: int) -> None:
        self.number, self.rng = number, rng
        self.given, self.c = SimpleNamespace(**given), SimpleNamespace(**constants)
        assert 8 * (self.c.HEADER + self.given.capacity) <= shared <= vector_kernels.MOST
        self.keys = rng.integers(-(2**63), 2**63 - 1, self.given.capacity)

    def run(self) -> None:
        g, c = self.given, self.c
        mine = g.scores[self.number * g.columns :][: g.columns]
        best = g.keys[self.number * g.k :][: g.k]
        some = best[best != c.EMPTY]
        self.held = before = len(some)
        self.keys[:before] = some
        self.kth = kth = int(best[g.k - 1]) if before == g.k else c.EMPTY
        for start in range(0, g.columns, c.THREADS):
            column = np.arange(start, min(start + c.THREADS, g.columns))
            found = mine[column]
            keys = key_of(found, g.first + column, c.LAST)
            self._offer(np.where(found >= -FLOAT_MAX, keys, c.EMPTY))
        if (self.held, self.kth) == (before, kth):
            return
        self._cut()
        best[: self.held] = self.keys[: self.held]


class Sums:
    """One block of `sums.cu`: its variables by the same names, lanes as elements of arrays."""

    def __init__(self, number: int, given: dict, constants: dict, rng: Any, shared: int) -> None:
        self.number = number
        self.given, self.c = SimpleNamespace(**given), SimpleNamespace(**constants)

    def run(self) -> None:
        g, c = self.given, self.c
        pieces = -(-g.others // c.WARP)
        lane = np.arange(c.WARP)
        for warp in range(c.THREADS // c.WARP):
            row, piece = divmod(self.number * (c.THREADS // c.WARP) + warp, pieces)
            if row >= g.count:
                return
            place = piece * c.WARP + lane
            other = g.columns[row * g.stride + np.minimum(place, g.others - 1)]
            left, total = g.rows[row] * g.width, np.zeros(c.WARP)
            for start in range(0, g.width, c.WARP):
                here = min(c.WARP, g.width - start)
                tile = g.x[(other * g.width + start)[:, None] + lane[:here]]
                for i in range(here):
                    total += g.x[left + start + i] * tile[:, i]
            there = place < g.others
            g.totals[row * g.others + place[there]] = total[there]


class Midranks:
    """One block of `midranks.cu`: its variables by the same names, threads as elements."""

    def __init__(self, number: int, given: dict, constants: dict, rng: Any, shared: int) -> None:
        self.number = number
        self.given, self.c = SimpleNamespace(**given), SimpleNamespace(**constants)

    def run(self) -> None:
        g, mine = self.given, np.zeros(self.c.THREADS, int)
        row = g.scores[g.rows[self.number] * g.width :][: g.width]
        own = row[g.columns[self.number]]
        for start in range(0, g.width, self.c.THREADS):
            score = row[start : start + self.c.THREADS]
            mine[: len(score)] += (score < own).astype(int) + (score <= own)
        g.ranks[self.number] = (1 + mine.sum()) / 2
