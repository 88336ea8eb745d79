"""What the benchmarks share: data, clocks, memory, and the file of results."""

import argparse
import ctypes
import gc
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Container, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import workbench as wb
from workbench.compute import resolve

RESULTS = Path(__file__).with_name("results.json")
PACKAGES = (
    "implicit", "numba", "numpy", "scikit-learn", "scipy", "similaripy", "sparse-dot-topn"
)  # fmt: skip

# Users, items, interactions. 160 interactions a user throughout, items with the square root.
STEPS = {
    "0.32M": (2_000, 8_500, 320_000),
    "1M": (6_250, 15_000, 1_000_000),
    "3.2M": (20_000, 27_000, 3_200_000),
    "10M": (62_500, 48_000, 10_000_000),
    "32M": (200_000, 85_000, 32_000_000),
}
SIZES = {"small": "movielens-small", "medium": "3.2M", "large": "32M"}


def data(size: str) -> wb.datasets.Dataset:
    """Load a data set by size or step, ready."""
    name = SIZES.get(size, size)
    return ready(wb.synthetic(*STEPS[name]) if name in STEPS else wb.load(name))


def ready(ds: wb.datasets.Dataset) -> wb.datasets.Dataset:
    """Have its matrix and hash made: they are nobody's time."""
    assert ds.matrix.nnz
    assert ds.hash
    gc.collect()
    return ds


def size_of(ds: wb.datasets.Dataset) -> dict[str, Any]:
    users, items = ds.matrix.shape
    return {"users": users, "items": items, "interactions": int(ds.matrix.nnz)}


def parser(what: str | None) -> argparse.ArgumentParser:
    """Return a parser with the flags that every script has."""
    made = argparse.ArgumentParser(description=(what or "").split("\n")[0])
    made.add_argument("--size", choices=list(SIZES), default="small", help="of the data")
    made.add_argument("--runs", type=int, default=3, help="runs, of which the median counts")
    made.add_argument(
        "--markdown", action="store_true", help="measure nothing, print what results.json holds"
    )
    return made


def clock(function: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, seconds of all threads, and what the function returns."""
    gc.collect()
    wall, cpu = perf_counter(), process_time()
    result = function()
    return perf_counter() - wall, process_time() - cpu, result


def interleaved(
    contenders: dict[str, Callable[[], Any]], runs: int, once: Container[str] = ()
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """Medians of wall and CPU seconds, everybody once a round, and the first results.

    Those in `once` take part in the first round alone.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    results: dict[str, Any] = {}
    for turn in range(runs):
        for name, function in contenders.items():
            if turn and name in once:
                continue
            wall, cpu, result = clock(function)
            times[name].append((wall, cpu))
            results.setdefault(name, result)
            del result
            say(f"  {name:<24} {wall:8.2f} s  {cpu:8.2f} s CPU")
    return {name: _medians(pairs) for name, pairs in times.items()}, results


def _medians(pairs: list[tuple[float, float]]) -> dict[str, float]:
    wall, cpu = (median(times) for times in zip(*pairs, strict=True))
    return {"wall": wall, "cpu": cpu}


def peak_beyond(function: Callable[[], Any]) -> float:
    """Megabytes that a call takes at its peak beyond what was there before; in Linux alone."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed must not serve the call unseen
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = _status("VmRSS")
    function()
    return (_status("VmHWM") - before) / 1000


def _status(field: str) -> float:
    """Kilobytes, as the kernel counts this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) * 1.024 for line in lines if line.startswith(field))


def alone(*arguments: str, **environment: str) -> Any:
    """Run the script itself in a process of its own; it prints one line of JSON last."""
    command = [sys.executable, sys.argv[0], *arguments]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | environment
    )
    return json.loads(done.stdout.splitlines()[-1])


def machine() -> dict[str, Any]:
    processor, _, cores = resolve("cpu").name.rpartition(", ")
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"processor": processor, "cores": int(cores.split()[0]), "ram_gib": round(gigabytes)}


def load() -> dict[str, Any]:
    """Everything that was measured so far."""
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {"sections": {}}


def save(section: str, key: str, found: Any) -> None:
    """Put what was found under a key of a section; what another machine measured goes."""
    held, here = load(), machine()
    if held.get("machine", here) != here:
        say(f"{RESULTS.name} was of another machine: {held['machine']}; its figures are dropped")
        held = {"sections": {}}
    versions = {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    today = datetime.now(UTC).date().isoformat()
    sections = held["sections"]
    sections.setdefault(section, {})[key] = {"date": today} | found
    whole = {"machine": here, "date": today, "versions": versions, "sections": sections}
    RESULTS.write_text(json.dumps(rounded(whole), indent=1) + "\n", "utf-8")


def rounded(value: Any) -> Any:
    """Four digits, so that the file can be read and its changes too."""
    if isinstance(value, dict):
        return {key: rounded(held) for key, held in value.items()}
    if isinstance(value, list):
        return [rounded(held) for held in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table, with a line below; None is a figure that is to be measured."""
    lines = [list(head), *([_cell(cell) for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return "to be filled"
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def caption() -> str:
    """What it was measured on, in a sentence."""
    held = load()
    if "machine" not in held:
        return "Nothing has been measured yet."
    where = held["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in held["versions"].items())
    return (
        f"{where['processor']}, {where['cores']} cores, {where['ram_gib']} GiB; {held['date']}; "
        f"{versions}."
    )


def say(line: str) -> None:
    """Tell how far it is, apart from the tables."""
    print(line, file=sys.stderr, flush=True)
