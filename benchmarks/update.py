"""An update of neighbours by new ratings beside a search from the start.

    .venv/bin/python benchmarks/update.py --size small|medium|large

k=20, items by cosine and by TF-IDF-weighted cosine, whose weights a rating changes for all who
share its user, and users by cosine. New ratings are of users and items drawn from the
ratings there are, so that they are as popular. Both take them into the data set first; the answers
are checked to be the same.
"""

from functools import partial

import harness
import numpy as np
import pandas as pd
from harness import interleaved, say, table

import workbench as wb
from workbench.datasets import extended

SECTION = "update"
BATCHES = (1, 100, 10_000)
KINDS = {
    "cosine": {},
    "cosine, TF-IDF": {"weighting": "tfidf"},
    "cosine, of users": {"of": "users"},
}


def similar(ds, **options):
    return wb.similar(ds, k=20, device="cpu", progress=False, **options)


def batch(ds, count, seed):
    """Draw new ratings, of users and items as active and popular as those there are."""
    rng = np.random.default_rng(seed)
    users, items = (rng.choice(ds.interactions[name], count) for name in ("user_id", "item_id"))
    ratings = rng.integers(1, 11, count) / 2
    return pd.DataFrame({"user_id": users, "item_id": items, "rating": ratings})


def agree(updated, full, *, exact):
    """To the bit, but for weights, whose sums differ in their last digits by their order."""
    if exact:
        same = np.array_equal(updated.indices, full.indices)
        return same and np.array_equal(updated.scores, full.scores)
    return np.allclose(updated.scores, full.scores, rtol=1e-5, atol=1e-7)


def measure(size, runs):
    ds = harness.data(size)
    found = []
    for kind, options in KINDS.items():
        near = similar(ds, **options)
        for count in BATCHES:
            say(f"{ds.name}: {kind}, {count:,} new ratings")
            new = batch(ds, count, seed=count)
            contenders = {
                "update": partial(near.update, new),
                "full": lambda new=new, options=options: similar(extended(ds, new), **options),
                "data": lambda new=new: extended(ds, new).hash,
            }
            times, results = interleaved(contenders, runs)
            agrees = agree(results["update"], results["full"], exact="weighting" not in options)
            walls = {name: time["wall"] for name, time in times.items()}
            rows = results["update"].computed
            found.append({"kind": kind, "new": count, "rows": rows, "agrees": agrees, **walls})
    harness.save(SECTION, size, {"runs": runs, "data": harness.size_of(ds), "updates": found})
    return all(one["agrees"] for one in found)


def markdown():
    """All tables, from what the file of results holds."""
    section = harness.load()["sections"].get(SECTION, {})
    rows = []
    for size in [size for size in harness.SIZES if size in section] or ["medium"]:
        held = section.get(size, {}).get("updates")
        blank = [{"kind": kind, "new": count} for kind in KINDS for count in BATCHES]
        rows += [_row(harness.SIZES[size], one) for one in held or blank]
    head = (
        "data", "metric", "new ratings", "rows searched anew", "update s", "from the start s",
        "of which the data set", "update / from the start", "same answer",
    )  # fmt: skip
    return "\n\n".join(part.rstrip() for part in (harness.caption(), table(head, rows)))


def _row(name, one):
    times = [one.get(key) for key in ("update", "full", "data")]
    ratio = times[0] / times[1] if times[1] else None
    agrees = {None: None, True: "yes", False: "NO"}[one.get("agrees")]
    return [name, one["kind"], one["new"], one.get("rows"), *times, ratio, agrees]


def main():
    arguments = harness.parser(__doc__).parse_args()
    agrees = arguments.markdown or measure(arguments.size, arguments.runs)
    print(markdown())
    if not agrees:
        raise SystemExit("the answer is not that of a full search")


if __name__ == "__main__":
    main()
