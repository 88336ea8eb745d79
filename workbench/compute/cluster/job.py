"""What both plans of the cluster engine share: the cluster, the search, where lists go."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import numpy as np
from dask.sizeof import sizeof
from distributed import Client, get_worker
from scipy import sparse
from tqdm.auto import tqdm

from workbench.compute.cluster.ratings_table import FAN, Table
from workbench.compute.cpu.engine import DELAY
from workbench.compute.cpu.packing import Packed
from workbench.compute.neighbours import Neighbours
from workbench.compute.options import SimilarityOptions
from workbench.compute.stored_neighbours import PART
from workbench.compute.topk_keys import best, unpack
from workbench.device import Device, cores, resolve
from workbench.device.threads import Team
from workbench.errors import DataError, DeviceError, OptionError

UNLIMITED = 2**33  # bytes a worker is taken to have where it has no limit

turn = Lock()  # a search uses all threads, or the card, of its worker: there is one at a time


@dataclass(frozen=True)
class Cluster:
    """A client, and what its scheduler says of the workers.

    Attributes
    ----------
    client : distributed.Client
    addresses : list of str
        Of the workers.
    threads : list of int
        Of each worker.
    memory : list of int
        Bytes each worker may use.
    devices : list of Device
        Of each worker; empty where none of their cards is to be used.
    """

    client: Any
    addresses: list[str]
    threads: list[int]
    memory: list[int]
    devices: list[Device]

    @classmethod
    def of(cls, client: Any, device: str) -> "Cluster":
        """Ask the scheduler, and the workers where they compute."""
        if not isinstance(client, Client) or client.asynchronous:
            raise OptionError(
                f"client={client!r} is not a dask.distributed.Client, or an asynchronous one; "
                "give client=Client(address)"
            )
        # Not client.scheduler_info: it may be cut short by the client's own refreshing of it.
        workers = client.run_on_scheduler(
            lambda dask_scheduler: [
                (address, worker.nthreads, worker.memory_limit or UNLIMITED)
                for address, worker in dask_scheduler.workers.items()
            ]
        )
        if not workers:
            raise OptionError("client= has no workers; start some, or client.wait_for_workers(1)")
        addresses, threads, memory = map(list, zip(*workers, strict=True))
        devices = list(client.run(resolve, device).values())
        return cls(client, addresses, threads, memory, devices)

    @property
    def device(self) -> Device:
        """What results say of where they come from: the cards, if every worker has one."""
        if self.devices and all(device.kind == "gpu" for device in self.devices):
            cards = Counter(device.name for device in self.devices)
            names = ", ".join(f"{count} x {name}" for name, count in cards.items())
            return Device("gpu", f"Dask, {names}")
        return Device("cpu", f"Dask, {len(self.addresses)} workers, {sum(self.threads)} threads")

    def on_processors(self, device: str) -> "Cluster":
        """Leave out the cards, which hold all ratings or none."""
        if device == "gpu":
            raise DeviceError(
                "device='gpu': the ratings, packed, do not fit a quarter of every worker's memory; "
                "give workers more, or use device='auto'"
            )
        return replace(self, devices=[])

    def submit(self, turn: int, function: Any, *arguments: Any) -> Any:
        """Start a task, by preference on the worker whose turn it is.

        Tasks would otherwise gather where the data they all need happens to be.
        """
        worker = self.addresses[turn % len(self.addresses)]
        return self.client.submit(
            function, *arguments, pure=False, workers=[worker], allow_other_workers=True
        )

    def done(self, futures: Iterable[Any], total: int, progress: bool) -> Iterator[Any]:
        """Futures as they finish; an error as soon as it comes."""
        bar = {"delay": DELAY, "disable": not progress, "unit": " tasks", "leave": False}
        for future in tqdm(futures, total=total, **bar):
            if future.status != "finished":
                future.result()
            yield future


@dataclass(frozen=True)
class Job:
    """A search on a cluster.

    Attributes
    ----------
    cluster : Cluster
    table : Table
    options : SimilarityOptions
    rows : int array or None
        Rows whose neighbours are asked for, ascending; None for all.
    template : Future of Neighbours
        With no rows.
    folder : Path or None
        Where lists are written to.
    """

    cluster: Cluster
    table: Table
    options: SimilarityOptions
    rows: np.ndarray | None
    template: Any
    folder: Path | None

    @property
    def asked(self) -> np.ndarray:
        """Rows whose neighbours are asked for."""
        return np.arange(len(self.table.pool)) if self.rows is None else self.rows

    def collapse(self, turn: int, parts: list[Any]) -> list[Any]:
        """Merge futures of keys until a few are left."""
        while len(parts) > FAN:
            groups = [parts[start : start + FAN] for start in range(0, len(parts), FAN)]
            parts = [self.cluster.submit(turn, merged, group, self.options.k) for group in groups]
        return parts

    def deliver(self, block: int, parts: list[Any], rows: np.ndarray) -> Any:
        """Future of the lists of a block of rows, from futures of keys of some of its pairs."""
        few = self.collapse(block, parts)
        ending = self.options.k, rows, self.template, self.folder, block
        return self.cluster.submit(block, _merged_lists, few, *ending)


def _size(value: Any) -> int:
    return sum(sizeof(part) for part in vars(value).values())


# Dask takes what it does not know for a few bytes, and would neither spill it nor mind moving it.
for _kind in (sparse.csr_array, Packed, Neighbours):
    sizeof.register(_kind, _size)


@contextmanager
def team_of_worker() -> Iterator[Team]:
    """In a task: as many threads as its worker has."""
    with turn, Team(min(get_worker().state.nthreads, cores())) as team:
        yield team


def merged(parts: list[np.ndarray], k: int) -> np.ndarray:
    """Keys of the k best among the lists of several parts, in whatever order and groups."""
    return best(np.concatenate(parts, axis=1), k)


def part_of(parts: list[np.ndarray], number: int) -> np.ndarray:
    """One of a task's results, which others need not wait for."""
    return parts[number]


def delivered(
    indices: np.ndarray, scores: np.ndarray, rows: np.ndarray,
    template: Neighbours, folder: Path | None, block: int,
) -> tuple[np.ndarray, np.ndarray] | None:  # fmt: skip
    """Indices and scores of a block of rows; or, where there is a folder, a file of them."""
    if folder is None:
        return indices, scores
    near = replace(template, ids=template.pool[rows], indices=indices, scores=scores)
    # Under another name until it is whole: a worker may die, and a task may run twice.
    path, part = folder / PART.format(block), folder / f".{PART.format(block)}.{uuid4().hex}"
    near.frame().to_parquet(part, index=False)
    os.replace(part, path)
    return None


def repeated() -> DataError:
    """What is wrong with two ratings of one item by one user."""
    return DataError("a user has two ratings of one item; merge them first, or use wb.read")


def _merged_lists(parts: list[np.ndarray], k: int, *ending: Any) -> Any:
    return delivered(*unpack(merged(parts, k)), *ending)
