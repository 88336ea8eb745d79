"""Memory of a card comes from RMM where it is installed, bounded, and goes back."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from workbench.device import memory
from workbench.errors import DeviceError

FREE = 100_000


class CudaMemoryResource:
    """RMM's way to the driver: what is free of the card, and what is held."""

    def __init__(self) -> None:
        self.held = 0

    def allocate(self, size: int) -> None:
        self.held += size

    def free(self, size: int) -> None:
        self.held -= size


class PoolMemoryResource:
    """Grows up to its most, and gives all back as it ends."""

    def __init__(self, upstream: CudaMemoryResource, initial: int, maximum: int) -> None:
        assert maximum % 256 == initial % 256 == 0
        self.upstream, self.maximum, self.size = upstream, maximum, initial

    def allocate(self, size: int) -> None:
        if self.size + size > self.maximum:
            raise MemoryError("std::bad_alloc: out_of_memory: maximum pool size exceeded")
        self.size += size
        self.upstream.allocate(size)

    def free(self, size: int) -> None:
        pass

    def __del__(self) -> None:
        self.upstream.free(self.size)


class DeviceBuffer:
    def __init__(self, *, size: int, stream: Any, mr: Any) -> None:
        self.size, self.mr, self.ptr, self.stream = 0, mr, 4096, stream
        mr.allocate(size)
        self.size = size

    def __del__(self) -> None:
        self.mr.free(self.size)


@contextmanager
def using_allocator(malloc: Any) -> Iterator[None]:
    cupy.malloc = malloc
    yield
    cupy.malloc = None


cupy = SimpleNamespace(
    cuda=SimpleNamespace(
        runtime=SimpleNamespace(memGetInfo=lambda: (FREE, 2 * FREE)),
        using_allocator=using_allocator,
        get_current_stream=lambda: "the current stream",
        device=SimpleNamespace(get_device_id=lambda: 0),
        UnownedMemory=lambda ptr, size, owner, device_id: (ptr, size, owner, device_id),
        memory=SimpleNamespace(MemoryPointer=lambda memory, offset: (*memory, offset)),
    )
)


@pytest.fixture
def rmm(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """RMM, as far as it is asked; it takes a pool for its upstream where one is set up."""
    current = CudaMemoryResource()
    names = {
        "rmm": {},
        "rmm.mr": {
            "CudaMemoryResource": CudaMemoryResource,
            "PoolMemoryResource": PoolMemoryResource,
            "get_current_device_resource": lambda: state.current,
        },
        "rmm.pylibrmm": {},
        "rmm.pylibrmm.device_buffer": {"DeviceBuffer": DeviceBuffer},
        "rmm.pylibrmm.stream": {"Stream": lambda obj: obj},
    }
    for name, members in names.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys.modules["rmm"], "mr", sys.modules["rmm.mr"], raising=False)
    monkeypatch.setattr(memory, "find_spec", lambda name: name)
    state = SimpleNamespace(current=current)
    return state


def test_arrays_come_from_rmm_and_all_goes_back(rmm) -> None:
    with memory.bounded(cupy):
        array = cupy.malloc(1000)
        pointer, size, buffer, device, offset = array
        assert (pointer, size, device, offset) == (4096, 1000, -1, 0)
        assert buffer.stream == "the current stream"
        assert rmm.current.held == 1000
    assert rmm.current.held == 1000  # an array that is still there keeps what it lies in
    del array, buffer
    gc.collect()
    assert rmm.current.held == 0


def test_what_is_too_much_is_an_error_that_names_the_variable(rmm, monkeypatch) -> None:
    monkeypatch.setenv(memory.VARIABLE, "0.5")
    with memory.bounded(cupy):
        array = cupy.malloc(FREE // 2 - 256)
        assert array
    wanted = r"WORKBENCH_GPU_FRACTION=0\.5: std::bad_alloc"
    with pytest.raises(DeviceError, match=wanted), memory.bounded(cupy):
        cupy.malloc(FREE // 2 + 256)


def test_a_pool_that_somebody_set_up_is_used_as_it_is(rmm) -> None:
    driver = rmm.current
    rmm.current = PoolMemoryResource(driver, 0, 512)
    with memory.bounded(cupy):
        array = cupy.malloc(512)
        assert array[2].mr is rmm.current
        assert driver.held == 512


@pytest.mark.gpu
def test_on_a_card_a_pool_is_bounded_and_goes_back(monkeypatch) -> None:
    import cupy

    free, _ = cupy.cuda.runtime.memGetInfo()
    monkeypatch.setenv(memory.VARIABLE, str(2**24 / free))
    with memory.bounded(cupy):
        array = cupy.empty(2**23, "u1")
    with pytest.raises(DeviceError, match=memory.VARIABLE), memory.bounded(cupy):
        cupy.empty(2**25, "u1")
    del array
    gc.collect()
    assert cupy.cuda.runtime.memGetInfo()[0] >= free - 2**23
