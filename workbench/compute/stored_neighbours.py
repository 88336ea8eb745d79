"""Neighbours that a cluster has written to files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.device import Device

PART = "part-{:05d}.parquet"


@dataclass(frozen=True)
class StoredNeighbours:
    """The k most similar rows of every row, in Parquet files.

    Attributes
    ----------
    path : Path
        The folder.
    of, metric : str
        What was asked for.
    device : Device
        Where it was computed.
    data_hash : str
        Hash of the data set.
    seconds : float
        Wall time.
    shards : int
        Number of files, a block of rows each.
    """

    path: Path
    of: str
    metric: str
    device: Device
    data_hash: str
    seconds: float
    shards: int

    def frame(self) -> Any:
        """Dask DataFrame of what `Neighbours.frame` returns, rows by ascending id."""
        import dask.dataframe as dd

        return dd.read_parquet([self.path / PART.format(part) for part in range(self.shards)])
