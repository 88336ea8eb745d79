"""Where the tools are for what is on a device: `cpu.topk_kernels` or `gpu.topk_kernels`."""

from typing import Any

from workbench.device import Device


def of_device(device: Device) -> Any:
    """The module of a device."""
    return _of("cupy" if device.kind == "gpu" else "numpy")


def of_array(array: Any) -> Any:
    """The module of an array's library."""
    return _of(type(array).__module__.partition(".")[0])


def _of(library: str) -> Any:
    if library == "cupy":
        from workbench.compute.gpu import topk_kernels as gpu_kernels

        return gpu_kernels
    from workbench.compute.cpu import topk_kernels

    return topk_kernels
