"""The search engine of a device."""

from typing import Any

from scipy import sparse

from workbench.device import Device


def engine_on(device: Device) -> Any:
    """The module that searches on a device: `cpu.engine` or `gpu.engine`."""
    if device.kind == "gpu":
        from workbench.compute.gpu import engine as gpu_engine

        return gpu_engine
    from workbench.compute.cpu import engine

    return engine


def target_rows(by_feature: sparse.csr_array, device: Device) -> Any:
    """Prepared rows as `nearest_to` of the engine takes them at the least cost a call."""
    if device.kind == "gpu":
        return by_feature
    from workbench.compute.cpu.engine import TargetRows

    return TargetRows.of(by_feature)
