"""Every family of models beside the same model of other libraries: fit, and recommend to everybody.

    .venv/bin/python benchmarks/models.py --size small|medium|large
        [--python lenskit=PYTHON] [--python rectools=PYTHON] [--parts race latency]

small is movielens-small, medium 1M synthetic ratings, large 3.2M. A ranking model is fitted and
gives everybody ten items that they have not seen; a model of ratings is fitted and predicts a fifth
of them. Each contender has a process of its own, one after the other, and runs once on tiny data
before it is timed. A library of another Python is raced where ``--python`` names it.

latency: one user's ten items with evidence, on 85,000 items (EASE, which is dense: 20,000), for a
user of the data and for the same history typed in. What a list costs does not depend on epochs.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import harness
import model_peers
import numpy as np
from harness import say, table

import workbench as wb
from workbench.columns import Columns

SECTION = "models"
DATA = {"small": "movielens-small", "medium": "1M", "large": "3.2M"}
OURS = "workbench"
DENSE = ("ease",)  # items x items
MOST_DENSE = 20_000
SURPRISE_MOST = 200_000  # ratings: in plain Python loops
FIELD = {
    "popular": ("lenskit", "rectools"),
    "item-knn": ("implicit", "lenskit", "rectools"),
    "item-knn, TF-IDF": ("implicit", "rectools"),
    "als": ("implicit", "lenskit", "rectools"),
    "bpr": ("implicit",),
    "ease": ("lenskit", "rectools"),
    "baseline": ("surprise", "lenskit"),
    "user-knn, msd": ("surprise",),
    "user-knn, msd, means": ("surprise", "lenskit"),
    "user-knn, msd, baselines": ("surprise",),
    "svd": ("surprise",),
}
VECTORS = np.random.default_rng(0).normal(size=(85_000, 384)).astype(np.float32)
LATENCY = {
    "Popular": lambda: wb.Popular(),
    "ItemKNN": lambda: wb.ItemKNN(),
    "UserKNN": lambda: wb.UserKNN(),
    "P3alpha": lambda: wb.P3alpha(),
    "RP3beta": lambda: wb.RP3beta(),
    "ALS": lambda: wb.ALS(epochs=1),
    "BPR": lambda: wb.BPR(epochs=1),
    "ContentBased, TF-IDF": lambda: wb.ContentBased(),
    "ContentBased, 384 numbers": lambda: wb.ContentBased(vectors=VECTORS),
    "Hybrid": lambda: wb.Hybrid(),
    "EASE": lambda: wb.EASE(),
}
SEEN = 300  # users asked, one at a time


def arrays(ds):
    """The interactions as codes, and a fifth of the ratings to predict."""
    train, test = wb.split(ds, holdout=0.2, seed=0)
    users, items = train.user_ids, train.item_ids
    codes = {}
    for name, part in (("", train.interactions), ("test_", test.interactions)):
        user, item = users.get_indexer(part[Columns.USER]), items.get_indexer(part[Columns.ITEM])
        known = (user >= 0) & (item >= 0)
        codes |= {f"{name}user": user[known], f"{name}item": item[known]}
    return codes | {"rating": train.interactions[Columns.RATING].to_numpy()}


def run(python, file, library, family, runs):
    """Medians of a contender, or why it has none."""
    script = Path(model_peers.__file__)
    command = [python, str(script), str(file), library, family, "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1]
        say(f"  {library:<10} not run: {why}")
        return {"name": library, "not_run": why}
    found = {
        what: median(times) for what, times in json.loads(done.stdout.splitlines()[-1]).items()
    }
    say(f"  {library:<10} {found['wall']:8.2f} s  {found['cpu']:8.2f} s CPU")
    return {"name": library, **found}


def race(ds, pythons, families, runs):
    """Every family, ours and its field."""
    found = []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "data.npz"
        np.savez(file, **arrays(ds))
        for family in families:
            if family in DENSE and len(ds.item_ids) > MOST_DENSE:
                continue
            say(f"{ds.name}: {family}")
            field = [
                name
                for name in FIELD[family]
                if name != "surprise" or len(ds.interactions) <= SURPRISE_MOST
            ]
            times = [
                run(pythons.get(name, sys.executable), file, name, family, runs)
                for name in (OURS, *field)
            ]
            found.append({"family": family, "times": times})
    return found


def latency(names):
    """Milliseconds to recommend to one user: what passes and what all threads take."""
    found = []
    sizes = {False: (20_000, 85_000, 3_200_000), True: (6_250, MOST_DENSE, 1_000_000)}
    for dense in sorted({name.lower() in DENSE for name in names}):
        ds = harness.ready(wb.synthetic(*sizes[dense]))
        for name in (name for name in names if (name.lower() in DENSE) == dense):
            found += _latency(name, LATENCY[name]().fit(ds), ds)
    return found


def _latency(name, model, ds):
    """A line for users of the data, and one for their histories typed in."""
    users = np.random.default_rng(0).choice(ds.user_ids, SEEN, replace=False).tolist()
    told = [
        list(ds.history(user)[[Columns.ITEM, Columns.RATING]].itertuples(index=False, name=None))
        for user in users
    ]
    ways = {"user": (model.recommend, [[user] for user in users])}
    ways["typed in"] = model.recommend_for, told
    found = []
    for who, (recommend, given) in ways.items():
        recommend(given[0])
        clocks = [(perf_counter(), process_time(), recommend(one))[:2] for one in given]
        clocks.append((perf_counter(), process_time()))
        wall, cpu = np.percentile(1000 * np.diff(clocks, axis=0), [50, 95], axis=0).T.tolist()
        line = {"name": name, "who": who, "items": len(ds.item_ids)}
        line |= dict(zip(("median", "p95", "cpu_median", "cpu_p95"), wall + cpu, strict=True))
        say(f"  {name:<26} {who:<9}" + "".join(f"{v:9.1f}" for v in [*line.values()][3:]))
        found.append(line)
    return found


def race_table(found):
    """One line a family: ours, the fastest other, and who was not run."""
    lines = []
    for line in found:
        ours, *others = line["times"]
        ran = [other for other in others if "wall" in other]
        best = min(ran, key=lambda other: other["wall"]) if ran else {}
        lines.append(
            [
                line["family"],
                *(ours.get(what, "failed") for what in ("wall", "cpu")),
                *(best.get(what, "none") for what in ("name", "wall", "cpu")),
                ours["wall"] / best["wall"] if best and "wall" in ours else "",
                ", ".join(o["name"] for o in others if "wall" not in o) or "",
            ]
        )
    head = ["model", "ours s", "CPU s", "fastest other", "s", "CPU s", "ratio", "not run"]
    return table(head, lines)


def latency_table(found):
    head = ["model", "who", "items", "median ms", "p95 ms", "median CPU ms", "p95 CPU ms"]
    return table(head, [line.values() for line in found])


def main():
    parser = harness.parser(__doc__)
    parser.add_argument("--parts", nargs="+", choices=["race", "latency"], default=["race"])
    parser.add_argument("--families", nargs="+", choices=list(FIELD), default=list(FIELD))
    parser.add_argument("--models", nargs="+", choices=list(LATENCY), default=list(LATENCY))
    parser.add_argument("--python", action="append", default=[], metavar="LIBRARY=PYTHON")
    asked = parser.parse_args()
    pythons = dict(pair.split("=", 1) for pair in asked.python)
    if not asked.markdown:
        if "race" in asked.parts:
            ds = harness.data(DATA[asked.size])
            found = race(ds, pythons, asked.families, asked.runs)
            harness.save(SECTION, asked.size, {"data": harness.size_of(ds), "race": found})
        if "latency" in asked.parts:
            harness.save(SECTION, "latency", {"times": latency(asked.models)})
    held = harness.load()["sections"].get(SECTION, {})
    for size in DATA:
        if size in held:
            print(f"### {DATA[size]}\n\n{race_table(held[size]['race'])}")
    if "latency" in held:
        print(f"### One user\n\n{latency_table(held['latency']['times'])}")


if __name__ == "__main__":
    main()
