"""CPU or GPU: resolved here and nowhere else."""

import os
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from workbench.errors import DeviceError, install_line
from workbench.options import one_of

VARIABLE = "WORKBENCH_DEVICE"
CHOICES = ("auto", "cpu", "gpu")


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
        return _cpu()
    card, why_not = _probe_gpu()
    if card is not None:
        return card
    if wanted == "gpu":
        raise DeviceError(f"device='gpu' was asked for, but {why_not}. Use device='cpu' or 'auto'.")
    return _cpu()


def describe() -> str:
    """Say in a few lines what was found, what will be used, and why not the GPU."""
    card, why_not = _probe_gpu()
    setting = os.environ.get(VARIABLE)
    lines = [
        f"CPU       {_cpu().name}",
        f"GPU       {card.name if card else 'none: ' + why_not}",
        f"setting   {VARIABLE}={setting}" if setting else f"setting   {VARIABLE} is not set",
        *(f"{package:<9} {_installed(package)}" for package in ("cupy", "cudf", "torch")),
    ]
    try:
        lines.append(f"in use    {resolve()}")
    except DeviceError as error:
        lines.append(f"in use    error: {error}")
    return "\n".join(lines)


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _cpu() -> Device:
    return Device("cpu", f"{_processor()}, {cores()} cores")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


@cache
def _probe_gpu() -> tuple[Device | None, str]:
    """Find a usable card, or the reason there is none."""
    try:
        import cupy
    except ImportError:
        line = install_line("cuda13")
        return None, f"CuPy is not installed: {line} (or cuda12, by the driver's version)"
    try:
        if not cupy.cuda.runtime.getDeviceCount():
            return None, "the driver reports no CUDA card"
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return None, f"the CUDA driver does not answer: {error}"
    memory = properties["totalGlobalMem"] / 2**30
    return Device("gpu", f"{properties['name'].decode()}, {memory:.0f} GiB"), ""


def _installed(package: str) -> str:
    names = {"cupy": ("cupy-cuda13x", "cupy-cuda12x", "cupy"), "cudf": ("cudf-cu13", "cudf-cu12")}
    for name in names.get(package, (package,)):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    extra = "language" if package == "torch" else "cuda13"
    return f"not installed: {install_line(extra)}"
