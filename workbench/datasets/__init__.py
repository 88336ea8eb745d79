"""Data in: by name, from your own files, or made up with a seed."""

from workbench.datasets.dataset import Dataset, positions
from workbench.datasets.extend import extended
from workbench.datasets.read import read
from workbench.datasets.registry import SOURCES, load
from workbench.datasets.split import split
from workbench.datasets.synthetic import example, synthetic

__all__ = [
    "SOURCES",
    "Dataset",
    "example",
    "extended",
    "load",
    "positions",
    "read",
    "split",
    "synthetic",
]
