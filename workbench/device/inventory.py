"""What there is to compute on, for `workbench device`."""

import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from workbench.device import VARIABLE, processor, resolve, usable_card
from workbench.device.nvidia_driver import dotted, driver, install, version_of
from workbench.errors import WorkbenchError, install_line

BUILDS = ("", "-cuda13x", "-cuda12x", "-cu13", "-cu12")  # of a package, by their names' endings
ON_CARDS = ("cupy", "cudf", "rmm", "dask-cuda")


def describe() -> str:
    """Say what was found, down to versions, what will be used, and why not the GPU."""
    card, why_not = usable_card()
    lines = [
        ("CPU", processor().name),
        ("driver", str(driver() or "none")),
        *(_cards() if card else [("GPU", f"no GPU: {why_not}")]),
        *((package, _installed(package) or f"not installed: {install()}") for package in ON_CARDS),
        ("torch", _torch()),
        ("setting", f"{VARIABLE} is {os.environ.get(VARIABLE) or 'not set'}"),
        ("in use", _in_use()),
    ]
    return "\n".join(f"{name:<9} {text}" for name, text in lines)


def _in_use() -> str:
    try:
        return str(resolve())
    except WorkbenchError as error:
        return f"error: {error}"


def _cards() -> Iterator[tuple[str, str]]:
    """Every card that CuPy sees, and the CUDA it brings."""
    from cupy.cuda import Device, runtime

    for number in range(runtime.getDeviceCount()):
        with Device(number):
            free, total = runtime.memGetInfo()
        yield f"GPU {number}", card_text(runtime.getDeviceProperties(number), free, total)
    yield "CUDA", f"{dotted(version_of(runtime.runtimeGetVersion()))}, that CuPy runs on"


def card_text(properties: dict[str, Any], free: int, total: int) -> str:
    """Describe a card by what CUDA says of it, with its memory in bytes."""
    return (
        f"{properties['name'].decode()}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free, "
        f"compute capability {properties['major']}.{properties['minor']}, "
        f"{properties['multiProcessorCount']} multiprocessors"
    )


def _torch() -> str:
    found = _installed("torch")
    if not found:
        return f"not installed: {install_line('language')}"
    import torch

    if torch.version.cuda is None:
        return f"{found}, built without CUDA"
    cards = torch.cuda.device_count()
    return f"{found}, for CUDA {torch.version.cuda}, sees {cards or 'no'} card{'s'[: cards != 1]}"


def _installed(package: str) -> str:
    for build in BUILDS:
        try:
            return version(package + build)
        except PackageNotFoundError:
            continue
    return ""
