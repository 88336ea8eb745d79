"""The workers of a Dask cluster: who they are, what they have, and how tasks are handed to them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from distributed import Client
from tqdm.auto import tqdm

from workbench.compute.cpu.kernel_search import DELAY
from workbench.device import Device, resolve
from workbench.errors import DeviceError, OptionError

UNLIMITED = 2**33  # bytes a worker is taken to have where it has no limit
SHARE = 0.25  # of the smallest worker's memory: packing takes some times what it makes


@dataclass(frozen=True)
class Cluster:
    """A client, and what its scheduler says of the workers: a value a worker."""

    client: Any
    addresses: list[str]
    threads: list[int]
    memory: list[int]  # bytes that it may use
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
        if all(device.kind == "gpu" for device in self.devices):
            cards = Counter(device.name for device in self.devices)
            names = ", ".join(f"{count} x {name}" for name, count in cards.items())
            return Device("gpu", f"Dask, {names}")
        return Device("cpu", f"Dask, {len(self.addresses)} workers, {sum(self.threads)} threads")

    def require_memory(self, needed: int) -> None:
        """Raise `DeviceError` unless every worker can hold so many bytes and pack them."""
        room = SHARE * min(self.memory)
        if needed > room:
            raise DeviceError(
                f"the ratings, packed, and the lists take {needed / 1e9:.3g} GB of every worker, "
                f"which is more than a quarter of the smallest one's memory ({room / 1e9:.3g} GB); "
                "give workers more memory each, or ask for fewer neighbours (k)"
            )

    def submit(self, turn: int, function: Any, *arguments: Any) -> Any:
        """Start a task, by preference on the worker whose turn it is.

        Tasks would otherwise gather where the data they all need happens to be.
        """
        worker = self.addresses[turn % len(self.addresses)]
        return self.client.submit(
            function, *arguments, pure=False, workers=[worker], allow_other_workers=True
        )

    def finished(self, futures: Iterable[Any], total: int, progress: bool) -> Iterator[Any]:
        """Futures as they finish; an error as soon as it comes."""
        bar = {"delay": DELAY, "disable": not progress, "unit": " tasks", "leave": False}
        for future in tqdm(futures, total=total, **bar):
            if future.status != "finished":
                future.result()
            yield future
