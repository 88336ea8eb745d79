"""What a search among vectors and a choice of the best need of a card, as `cpu.vector_kernels`."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import cupy as xp
import numpy as np

from workbench.compute.gpu.kernel_source import CONSTANTS, FIXED, OPTIONS, definitions, text
from workbench.compute.topk_keys import EMPTY, best, pack
from workbench.device.memory import bounded

DTYPE = np.float16  # of a product's entries, and by what an operation may be off
# Tensor cores cut sums off where they might round; twice that, for what they align to one another
# (Blanchard et al. 2020, Mixed precision block fused multiply-add).
ROUNDING, UNDERFLOW, ADDING = 2.0**-11, 2.0**-25, 2.0**-22
ALIGNED = 8  # entries of a product come in multiples of it
HEIGHT, WIDTH, NARROW = 4096, 32_768, 2048  # rows and columns of a block of products; of sums
THREADS = {"select": 256, "sums": 128, "midranks": 256}
MOST = 49_152  # bytes of shared memory that every card gives a block


@contextmanager
def session() -> Iterator[Callable[..., None]]:
    """What calls a function with each of some items, in a part of the card's memory."""

    def each(function: Callable[[Any], Any], items: Iterable[Any]) -> None:
        for item in items:
            function(item)

    with bounded(xp):
        yield each


def product(x: Any, y: Any) -> Any:
    """Product of halves, added up in single precision: CuPy's own would give halves."""
    runtime, cublas = xp.cuda.runtime, xp.cuda.cublas
    result = xp.empty((len(x), len(y)), np.float32)
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    width, half, single = x.shape[1], runtime.CUDA_R_16F, runtime.CUDA_R_32F
    # In Fortran's order, as cuBLAS sees them, the arrays are their own transposes.
    cublas.gemmEx(
        xp.cuda.device.get_cublas_handle(), cublas.CUBLAS_OP_T, cublas.CUBLAS_OP_N,
        len(y), len(x), width, one.ctypes.data, y.data.ptr, half, width, x.data.ptr, half, width,
        zero.ctypes.data, result.data.ptr, single, len(y), single, cublas.CUBLAS_GEMM_DEFAULT,
    )  # fmt: skip
    return result


def select(scores: Any, k: int, *, first: int = 0, keys: Any = None) -> Any:
    """See `workbench.compute.cpu.vector_kernels.select`."""
    rows, columns = scores.shape
    if keys is None:
        keys = xp.full((rows, k), EMPTY, np.int64)
    scores = xp.ascontiguousarray(scores, dtype=np.float32)
    capacity = 1 << max(1, (k + THREADS["select"] - 1).bit_length())
    size = 8 * (CONSTANTS["HEADER"] + capacity)
    if size > MOST:  # so many that sorting all is no worse
        packed = pack(scores, xp)
        packed = xp.where(packed == EMPTY, EMPTY, packed - first)
        return best(xp.concatenate([keys, packed], axis=1), k, xp)
    if rows and columns and k:
        numbers = (np.uint32(number) for number in (columns, k, first, capacity))
        _launch("select", rows, (scores, keys, *numbers), size)
    return keys


def sums(x: Any, rows: Any, columns: Any) -> Any:
    """See `workbench.compute.cpu.vector_kernels.sums`."""
    count, others = len(rows), columns.shape[-1]
    result = xp.empty((count, others), np.float64)
    warps = THREADS["sums"] // CONSTANTS["WARP"]
    pieces = -(-others // CONSTANTS["WARP"])
    rows, columns = (xp.ascontiguousarray(each, dtype=np.int64) for each in (rows, columns))
    stride = others if columns.ndim == 2 else 0
    numbers = np.uint64(count), *map(np.uint32, (x.shape[1], others, stride))
    if result.size:
        _launch("sums", -(-count * pieces // warps), (x, rows, columns, result, *numbers), 0)
    return result


def midranks(scores: Any, rows: Any, columns: Any) -> Any:
    """See `workbench.compute.midranks`."""
    scores = xp.ascontiguousarray(scores, dtype=np.float64)
    rows, columns = (xp.ascontiguousarray(each, dtype=np.int64) for each in (rows, columns))
    result = xp.empty(len(rows), np.float64)
    if result.size:
        arguments = scores, rows, columns, result, np.uint32(scores.shape[1])
        _launch("midranks", len(rows), arguments, 0)
    return result


def _launch(name: str, blocks: int, arguments: tuple[Any, ...], shared: int) -> None:
    _kernel(name)((blocks,), (THREADS[name],), arguments, shared_mem=shared)


@cache
def _kernel(name: str) -> Any:
    return xp.RawKernel(source(name), name, options=OPTIONS)


def source(name: str) -> str:
    """CUDA C of a kernel of this module."""
    constants = CONSTANTS | {"THREADS": THREADS[name], "SIGNED": 1}
    types = [f"typedef {word} {kind};" for kind, word in FIXED.items()]
    head = [*definitions(constants), *types]
    return "\n".join(head) + "\n" + text("list.cu") + text(f"{name}.cu")
