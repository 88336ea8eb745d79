"""Two Dask workers beside one process.

    .venv/bin/python benchmarks/cluster.py --size small|medium|large

Items, cosine, k=20. The answer is checked to be that of one process, to the last bit.
"""

from functools import partial

import harness
import numpy as np
from distributed import Client, LocalCluster
from harness import clock, interleaved, say, table

import workbench as wb

SECTION = "cluster"
WORKERS = 2


def similar(ds, **options):
    return wb.similar(ds, k=20, device="cpu", progress=False, **options)


def same(mine, other):
    return np.array_equal(mine.indices, other.indices) and np.array_equal(mine.scores, other.scores)


def cluster(ds, runs):
    """Time on two workers of one core each, and in one process, after one untimed run each."""
    say(f"{ds.name}: {WORKERS} workers")
    options = {"n_workers": WORKERS, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as workers, Client(workers) as client:
        contenders = {
            "process": partial(similar, ds),
            "cluster": partial(similar, ds, client=client),
        }
        first = {name: clock(function)[0] for name, function in contenders.items()}
        times, results = interleaved(contenders, runs)
    agrees = same(results["cluster"], results["process"])
    return {"workers": WORKERS, "agrees": agrees, "first": first["cluster"], **_walls(times)}


def _walls(times):
    return {name: time["wall"] for name, time in times.items()}


def measure(size, runs):
    ds = harness.data(size)
    found = {
        "runs": runs,
        "data": harness.size_of(ds),
        "cluster": cluster(ds, runs),
    }
    harness.save(SECTION, size, found)
    return found["cluster"]["agrees"]


def markdown():
    """All tables, from what the file of results holds."""
    section = harness.load()["sections"].get(SECTION, {})
    sizes = [size for size in harness.SIZES if size in section] or ["medium"]
    spread = []
    for size in sizes:
        found = section.get(size, {})
        name = harness.SIZES[size]
        times = [found.get("cluster", {}).get(key) for key in ("process", "cluster")]
        agrees = found.get("cluster", {}).get("agrees")
        spread.append([name, *times, times[1] / times[0] if times[0] else None, _yes(agrees)])
    head = ("data", "one process s", f"{WORKERS} workers s", "workers / process", "same answer")
    return "\n\n".join(part.rstrip() for part in (harness.caption(), table(head, spread)))


def _yes(agrees):
    return None if agrees is None else "yes" if agrees else "NO"


def main():
    arguments = harness.parser(__doc__).parse_args()
    agrees = arguments.markdown or measure(arguments.size, arguments.runs)
    print(markdown())
    if not agrees:
        raise SystemExit("the answer is not that of one process")


if __name__ == "__main__":
    main()
