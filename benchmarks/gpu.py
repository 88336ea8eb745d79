"""Everything that a card is for, checked and measured in one run of under eight minutes.

    .venv/bin/python benchmarks/gpu.py            # or make gpu, on a machine with a CUDA card
    .venv/bin/python benchmarks/gpu.py --device cpu --size tiny --out /tmp/rehearsal.json

A part that fails is a row that says so, and the rest goes on. Only what a card has measured is
kept, in gpu.json; without one there is an error, but for a rehearsal.
"""

import argparse
import json
import platform
import signal
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

import card
import harness
from harness import say

from workbench.errors import DeviceError
from workbench.panels.performance.timings import GPU_RESULTS, GPU_ROWS
from workbench.strings import Strings

BUDGET = 450  # seconds of all parts
PACKAGES = ("cupy-cuda13x", "cupy-cuda12x", "cudf-cu13", "cudf-cu12", "numpy", "torch")


@contextmanager
def at_most(seconds):
    """Raise TimeoutError where it takes longer."""

    def stop(number, frame):
        raise TimeoutError(f"stopped after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def measure(setting, parts, budget=BUDGET):
    """Figures of every row, by its key; what failed is a note."""
    rows, end = {}, perf_counter() + budget
    for name in parts:
        left = end - perf_counter()
        say(f"{name}: {left:.0f} s left")
        try:
            if left <= 0:
                raise TimeoutError("not run: the time was up")
            with at_most(left):
                if name in card.NEEDS_DATA and setting.data is None:
                    setting = card.with_data(setting)
                for key, figures in card.PARTS[name](setting):
                    known = {what: held for what, held in figures.items() if held is not None}
                    rows.setdefault(key, {}).update(known)
                    say(f"  {key}: {known}")
        except Exception as error:
            rows[f"{name}_failed"] = {"note": f"{type(error).__name__}: {error}"[:300]}
            say(f"  {rows[f'{name}_failed']['note']}")
    return rows


def record(setting, rows):
    """What is kept: on what it was measured, and the figures."""
    return {
        "device": str(setting.device),
        "size": next(name for name, size in card.SIZES.items() if size == setting.size),
        "processor": harness.machine(),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version()} | dict(_versions()),
        "rows": harness.rounded(rows),
    }


def _versions():
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def markdown(held):
    """Return the table; blank where nothing has been measured."""
    text, rows = Strings(), held.get("rows", {})
    lines = ["| | measured | target | on the processor | |", "|---|---|---|---|---|"]
    for key, target in GPU_ROWS.items():
        row = rows.get(key, {})
        cells = (row.get("value"), target, row.get("cpu"))
        shown = " | ".join("" if cell is None else f"{cell:.3g}" for cell in cells)
        peak = f"{row['peak']:.2g} GiB of the card at most" if "peak" in row else ""
        note = "; ".join(part for part in (row.get("note", ""), peak) if part)
        lines.append(f"| {text(f'gpu_table.{key}')} | {shown} | {_plain(note)} |")
    lines += [
        f"| {key.replace('_', ' ')} | | | | {_plain(row['note'])} |"
        for key, row in rows.items() if key not in GPU_ROWS
    ]  # fmt: skip
    return f"{_caption(held)}\n\n" + "\n".join(lines)


def _caption(held):
    if not held:
        return "Nothing has been measured on a card yet: what is blank is not known."
    versions = ", ".join(f"{name} {number}" for name, number in held["versions"].items())
    rehearsal = "" if held["size"] == "full" else f" A rehearsal on {held['size']} data."
    return f"{held['device']}; {held['date']}; {versions}.{rehearsal}"


def _plain(note):
    return note.replace("|", "/").replace("\n", " ")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="cpu: a rehearsal")
    parser.add_argument("--size", choices=list(card.SIZES), default="full")
    parser.add_argument("--parts", nargs="+", choices=list(card.PARTS), default=list(card.PARTS))
    parser.add_argument("--out", type=Path, help="where to keep the figures instead of gpu.json")
    parser.add_argument("--markdown", action="store_true", help="print what gpu.json holds")
    return parser.parse_args()


def main():
    asked = arguments()
    if asked.markdown:
        print(markdown(json.loads(GPU_RESULTS.read_text()) if GPU_RESULTS.exists() else {}))
        return
    try:
        setting = card.setting_of(asked.device, asked.size)
    except DeviceError as error:
        raise SystemExit(str(error)) from None
    held = record(setting, measure(setting, asked.parts))
    whole = setting.on_card and asked.size == "full" and asked.parts == list(card.PARTS)
    out = asked.out or (GPU_RESULTS if whole else None)
    if out:
        out.write_text(json.dumps(held, indent=1) + "\n", "utf-8")
    print(markdown(held))


if __name__ == "__main__":
    main()
