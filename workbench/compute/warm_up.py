"""Compile the CPU engine's loops ahead of their first use: ``python -m workbench.compute.warm_up``.

Numba compiles a loop when it first meets its types, some ten seconds each, and keeps it on disk.
"""

from typing import Any

import numpy as np

from workbench.compute.similarity import similar
from workbench.compute.topk import top_k
from workbench.datasets import synthetic

KINDS: tuple[dict[str, Any], ...] = (  # by what is summed: whole numbers, one, two or six; floats
    {"metric": "cosine"},
    {"metric": "cosine", "min_overlap": 2},
    {"metric": "pearson"},
    {"metric": "centred_cosine"},
)


def warm() -> None:
    """Search small data once in every way that has loops of its own."""
    data = synthetic(60, 80, 900)
    for options in KINDS:
        similar(data, k=3, device="cpu", progress=False, **options)
        similar(data, k=3, device="cpu", ids=data.item_ids[:2], progress=False, **options)
    similar(np.random.default_rng(0).normal(size=(90, 3)), k=3, device="cpu")
    top_k(np.zeros((1, 2)), 1)


if __name__ == "__main__":
    warm()
