"""Compile the CPU engine's loops ahead of their first use: ``python -m workbench.compute.warm``.

Numba compiles a loop when it first meets its types, some ten seconds each, and keeps it on disk.
"""

from workbench.compute.similarity import similar
from workbench.datasets import synthetic

KINDS = {  # by what the accumulators hold: one sum, two, six; whole numbers or not
    "cosine": {},
    "cosine of two ratings in common": {"min_overlap": 2},
    "pearson": {"metric": "pearson"},
    "centred cosine": {"metric": "centred_cosine"},
}


def warm() -> None:
    """Search small data once in every way that has loops of its own."""
    data = synthetic(60, 80, 900)
    for options in KINDS.values():
        similar(data, k=3, device="cpu", progress=False, **options)
        similar(data, k=3, device="cpu", ids=data.item_ids[:2], progress=False, **options)


if __name__ == "__main__":
    warm()
