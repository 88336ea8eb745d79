"""What a model costs: the time to fit it, and the memory of what it then holds."""

import pickle
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from workbench.datasets import Dataset
from workbench.errors import WorkbenchError
from workbench.models import Recommender


class Costs(NamedTuple):
    """What it took to fit a model; seconds are NaN for one that came fitted."""

    fit_seconds: float
    memory: float


def fit_and_measure(model: Recommender, train: Dataset) -> Costs:
    """Fit a model that is not, and say what that cost."""
    seconds = np.nan
    if not _is_fitted(model):
        started = perf_counter()
        model.fit(train)
        seconds = perf_counter() - started
    return Costs(seconds, state_bytes(model))


def _is_fitted(model: Recommender) -> bool:
    try:
        return model.data is not None
    except WorkbenchError:
        return False


def state_bytes(model: Recommender) -> float:
    """Bytes of what a model holds beside the data set; NaN where it holds what has no size.

    Pickle walks it and meets every array once; nothing is kept of what it writes.
    """
    counter = _Counter()
    try:
        _Walk(counter, model.data).dump(model)
    except (pickle.PicklingError, TypeError, AttributeError):
        return np.nan
    return float(counter.bytes)


class _Counter:
    """A file that only counts."""

    bytes = 0

    def write(self, part: Any) -> None:
        self.bytes += memoryview(part).nbytes


class _Walk(pickle.Pickler):
    """A walk over a model that stops at the data set and at what the data set holds."""

    def __init__(self, counter: _Counter, ds: Dataset) -> None:
        # Arrays are handed over as they lie in memory instead of being copied into the stream.
        super().__init__(counter, protocol=5, buffer_callback=counter.write)
        self._held = {id(ds), *map(id, vars(ds).values())}

    def persistent_id(self, value: Any) -> str | None:
        return "data" if id(value) in self._held else None
