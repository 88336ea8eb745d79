"""What NVIDIA's driver says of itself, through its own library, which needs no package."""

import ctypes
from functools import cache
from typing import NamedTuple

from workbench.errors import install_line


class Driver(NamedTuple):
    """NVIDIA's driver, and the newest CUDA it runs."""

    version: str
    cuda: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.version}, for CUDA up to {dotted(self.cuda)}"


@cache
def driver() -> Driver | None:
    """Return the driver of this machine; None where there is none, or it does not answer."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    if nvml.nvmlInit_v2():
        return None
    name, cuda = ctypes.create_string_buffer(96), ctypes.c_int()
    failed = nvml.nvmlSystemGetDriverVersion(name, len(name))
    failed = failed or nvml.nvmlSystemGetCudaDriverVersion(ctypes.byref(cuda))
    nvml.nvmlShutdown()
    return None if failed else Driver(name.value.decode(), version_of(cuda.value))


def install() -> str:
    """Line that installs what uses a card, by the driver's version."""
    found = driver()
    if found is None:
        return f"{install_line('cuda13')} (or cuda12, by the driver's version)"
    return install_line("cuda13" if found.cuda >= (13, 0) else "cuda12")


def version_of(number: int) -> tuple[int, int]:
    """Major and minor version of CUDA, of which 12.9 calls itself 12090."""
    return number // 1000, number % 1000 // 10


def dotted(version: tuple[int, int]) -> str:
    """Return a version as it is written."""
    return "{}.{}".format(*version)
