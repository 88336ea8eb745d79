"""Whether PyTorch can use the card that others see: it may have been built for the CPU."""

from importlib.util import find_spec

from workbench.device import Device, resolve
from workbench.errors import DeviceError, MissingExtraError


def sees_card() -> bool:
    """Whether this PyTorch can use a card; `MissingExtraError` where there is none."""
    if find_spec("torch") is None:
        raise MissingExtraError("torch", "language", "This model")
    import torch

    return torch.cuda.is_available()


def resolve_for_torch(device: str) -> Device:
    """Resolve a device that PyTorch will use, or raise `DeviceError` if it sees no GPU."""
    resolved = resolve(device)
    if resolved.kind == "cpu" or sees_card():
        return resolved
    if device == "gpu":
        raise DeviceError(
            "device='gpu' was asked for, but PyTorch sees no card; install its build for CUDA "
            "(`workbench device` says which), or use device='cpu'"
        )
    return resolve("cpu")
