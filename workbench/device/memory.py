"""How much of a card's memory is ours to take, and from whom."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from workbench.errors import DeviceError, OptionError

VARIABLE = "WORKBENCH_GPU_FRACTION"
FRACTION = 0.8  # of the card's free memory
ALIGNED = 256  # bytes, in multiples of which RMM's pools come


def fraction() -> float:
    """The part of the card's free memory that may be taken."""
    setting = os.environ.get(VARIABLE) or str(FRACTION)
    try:
        part = float(setting)
    except ValueError:
        part = 0.0
    if not 0 < part <= 1:
        raise OptionError(f"{VARIABLE}={setting!r} must be a number above 0 and at most 1")
    return part


@contextmanager
def bounded(cupy: Any) -> Iterator[None]:
    """Memory of the card up to a part of what is free, given back in the end.

    It comes from RMM where that is installed, as that of cuDF's tables does, and else from a pool
    of CuPy's own; `DeviceError` if it is not enough.
    """
    part = fraction()
    free, _ = cupy.cuda.runtime.memGetInfo()
    pool = (_PoolOfRMM if find_spec("rmm") else _pool_of_cupy)(cupy, int(part * free))
    try:
        with cupy.cuda.using_allocator(pool.malloc):
            yield
    except MemoryError as error:  # RMM's, and CuPy's, which is one
        raise DeviceError(
            f"this does not fit the card, of which {free / 2**30:.3g} GiB are free, with "
            f"{VARIABLE}={part:g}: {error}. Free some, ask for less (a smaller k, "
            "fewer factors), or use device='cpu'."
        ) from error
    finally:
        pool.free_all_blocks()


def _pool_of_cupy(cupy: Any, limit: int) -> Any:
    pool = cupy.cuda.MemoryPool()
    pool.set_limit(size=limit)
    return pool


class _PoolOfRMM:
    """RMM's pool, with the methods of CuPy's; where somebody set one up already, that one."""

    def __init__(self, cupy: Any, limit: int) -> None:
        from rmm import mr

        self._cuda = cupy.cuda
        self._pool = mr.get_current_device_resource()
        if type(self._pool) is mr.CudaMemoryResource:
            self._pool = mr.PoolMemoryResource(self._pool, 0, limit // ALIGNED * ALIGNED)

    def malloc(self, size: int) -> Any:
        """Memory, as CuPy asks an allocator for it."""
        from rmm.pylibrmm.device_buffer import DeviceBuffer
        from rmm.pylibrmm.stream import Stream

        stream = Stream(obj=self._cuda.get_current_stream())
        held = DeviceBuffer(size=size, stream=stream, mr=self._pool)
        device = -1 if held.ptr else self._cuda.device.get_device_id()
        memory = self._cuda.UnownedMemory(held.ptr, held.size, held, device)
        return self._cuda.memory.MemoryPointer(memory, 0)

    def free_all_blocks(self) -> None:
        """Let go of the pool, which ends with the last array that is in it."""
        del self._pool
