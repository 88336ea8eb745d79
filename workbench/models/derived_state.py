"""What is made of a model's state and can be made again: never saved, and dropped with it."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from workbench.device.arrays import to_device

CACHE: WeakKeyDictionary[Any, dict[str, tuple[Any, Any]]] = WeakKeyDictionary()


def derived(owner: Any, name: str, source: Any, make: Callable[[], Any]) -> Any:
    """Return what `make` made of this very source, made once; of another source, made anew."""
    cached = CACHE.setdefault(owner, {})
    if name not in cached or cached[name][0] is not source:
        cached[name] = source, make()
    return cached[name][1]


def on_device(owner: Any, name: str, matrix: Any) -> Any:
    """Return a matrix of a model's state on the model's device, copied there once."""
    if owner.device.kind != "gpu":
        return matrix
    return derived(owner, name, matrix, lambda: to_device(owner.device, matrix))
