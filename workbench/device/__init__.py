"""CPU or GPU: resolved here and nowhere else."""

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workbench.device.nvidia_driver import driver, install
from workbench.errors import DeviceError
from workbench.validation import one_of

VARIABLE = "WORKBENCH_DEVICE"
CHOICES = ("auto", "cpu", "gpu")
NO_CARD = "the NVIDIA driver reports no card that may be used"


@dataclass(frozen=True)
class Device:
    """Where a result was computed.

    Attributes
    ----------
    kind : {"cpu", "gpu"}
        What engines branch on.
    name : str
        What panels and reports show: the processor and its cores, or the card and its memory.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.upper()} · {self.name}"


def resolve(device: str = "auto") -> Device:
    """Resolve a device name to the device that will be used.

    Parameters
    ----------
    device : {"auto", "cpu", "gpu"}
        "auto" takes what the environment variable ``WORKBENCH_DEVICE`` says and, where it says
        nothing, the GPU if there is one. An explicit "cpu" or "gpu" wins over the variable.

    Raises
    ------
    DeviceError
        If a GPU is asked for, by argument or variable, and there is none that can be used.
    OptionError
        If the argument or the variable holds anything else.
    """
    wanted = one_of("device", device, CHOICES)
    if wanted == "auto":
        wanted = one_of(VARIABLE, os.environ.get(VARIABLE) or "auto", CHOICES)
    if wanted == "cpu":
        return processor()
    card, why_not = usable_card()
    if card is not None:
        return card
    if wanted == "gpu":
        raise DeviceError(f"device='gpu' was asked for, but {why_not}. Use device='cpu' or 'auto'.")
    return processor()


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def processor() -> Device:
    """Return the CPU, as a device."""
    return Device("cpu", f"{_processor_name()}, {cores()} cores")


def _processor_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


@cache
def usable_card() -> tuple[Device | None, str]:
    """Find a usable card, or the reason there is none."""
    try:
        import cupy
    except ImportError:
        return None, f"CuPy is not installed: {install()}"
    try:
        if not cupy.cuda.runtime.getDeviceCount():
            return None, NO_CARD
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return None, _plainly(error)
    memory = properties["totalGlobalMem"] / 2**30
    return Device("gpu", f"{properties['name'].decode()}, {memory:.0f} GiB"), ""


def _plainly(error: Exception) -> str:
    """Why CUDA does not run, in words."""
    found, name = driver(), str(error).partition(":")[0]
    if found is None and name == "cudaErrorInsufficientDriver":
        return "there is no NVIDIA driver on this machine"
    if name == "cudaErrorInsufficientDriver":
        return f"the NVIDIA driver ({found}) is too old for the CuPy that is here: {install()}"
    return NO_CARD if name == "cudaErrorNoDevice" else f"CUDA does not answer: {error}"
