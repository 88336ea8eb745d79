"""Data in: by name, from your own files, or made up with a seed."""

from workbench.datasets.dataset import Dataset, positions
from workbench.datasets.extension import extended
from workbench.datasets.readers.reader import read
from workbench.datasets.registry import SOURCES, load
from workbench.datasets.splits import split
from workbench.datasets.synthetic.long_tail import example, synthetic

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
