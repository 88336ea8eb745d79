"""What new ratings cost beside a full run, and two Dask workers beside one process.

    .venv/bin/python benchmarks/cluster_and_update.py --size small|medium|large

Items, cosine, k=20. New ratings are taken out of the data at random, so that they fall where
ratings fall. Both halves check that the answer is the one of a full run, to the last bit.
"""

from functools import partial

import harness
import numpy as np
from distributed import Client, LocalCluster
from harness import clock, interleaved, say, table

import workbench as wb
from workbench.datasets import Dataset

SECTION = "cluster_and_update"
BATCHES = (1, 100, 10_000)
WORKERS = 2


def similar(ds, **options):
    return wb.similar(ds, k=20, device="cpu", progress=False, **options)


def same(mine, other):
    return np.array_equal(mine.indices, other.indices) and np.array_equal(mine.scores, other.scores)


def without(ds, count):
    """The data less some ratings, and those."""
    taken = np.zeros(len(ds.interactions), bool)
    taken[np.random.default_rng(0).choice(len(taken), count, replace=False)] = True
    rest = ds.interactions[~taken].reset_index(drop=True)
    left = harness.ready(Dataset(rest, ds.items, ds.users, ds.name))
    return left, ds.interactions[taken]


def updates(ds, runs):
    """Time of an update by a batch of each size, and of a full run in turn with it."""
    found = []
    for count in BATCHES:
        say(f"{ds.name}: {count:,} new ratings")
        rest, new = without(ds, count)
        near = similar(rest)
        near.update(new)
        contenders = {"update": partial(near.update, new), "full": partial(similar, ds)}
        times, results = interleaved(contenders, runs)
        agrees = same(results["update"], results["full"])
        found.append({"new": count, "agrees": agrees, **_walls(times)})
    return found


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
        "updates": updates(ds, runs),
        "cluster": cluster(ds, runs),
    }
    harness.save(SECTION, size, found)
    return all(one["agrees"] for one in (*found["updates"], found["cluster"]))


def markdown():
    """All tables, from what the file of results holds."""
    section = harness.load()["sections"].get(SECTION, {})
    sizes = [size for size in harness.SIZES if size in section] or ["medium"]
    updated, spread = [], []
    for size in sizes:
        found = section.get(size, {})
        name = harness.SIZES[size]
        updated += [_update(name, found, count) for count in BATCHES if _holds(found, count)]
        times = [found.get("cluster", {}).get(key) for key in ("process", "cluster")]
        agrees = found.get("cluster", {}).get("agrees")
        spread.append([name, *times, times[1] / times[0] if times[0] else None, _yes(agrees)])
    head = ("data", "new ratings", "update s", "full run s", "update / full", "same answer")
    parts = [harness.caption(), table(head, updated)]
    head = ("data", "one process s", f"{WORKERS} workers s", "workers / process", "same answer")
    parts.append(table(head, spread))
    return "\n\n".join(part.rstrip() for part in parts)


def _holds(found, count):
    return not found or count in [one["new"] for one in found["updates"]]


def _update(name, found, count):
    if not found:
        return [name, count, *[None] * 4]
    one = next(one for one in found["updates"] if one["new"] == count)
    ratio = one["update"] / one["full"]
    return [name, count, one["update"], one["full"], ratio, _yes(one["agrees"])]


def _yes(agrees):
    return None if agrees is None else "yes" if agrees else "NO"


def main():
    arguments = harness.parser(__doc__).parse_args()
    agrees = arguments.markdown or measure(arguments.size, arguments.runs)
    print(markdown())
    if not agrees:
        raise SystemExit("not all answers are those of a full run")


if __name__ == "__main__":
    main()
