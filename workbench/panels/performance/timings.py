"""How long finding neighbours takes: here and now, as data grow, and beside other libraries."""

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from workbench.compute import similar
from workbench.compute.options import OF
from workbench.datasets import Dataset, synthetic
from workbench.plots.search_speed import OURS

PACKAGE = Path(__file__).resolve().parents[2]
INSIDE, BESIDE = PACKAGE / "benchmarks", PACKAGE.parent / "benchmarks"
# The benchmarks' results lie inside an installed package, and beside it in a checkout.
RESULTS = (INSIDE if INSIDE.is_dir() else BESIDE) / "results.json"
GPU_RESULTS = RESULTS.with_name("gpu.json")
METRICS = ("cosine", "jaccard", "msd", "pearson", "adjusted_cosine", "asymmetric_cosine")
GPU_ROWS: dict[str, float | None] = {
    "tests": 0, "parity_random": 0, "parity_tail": 0, "items_kernel": 0.1, "items_search": None,
    "items_table": 1.0, "items_same": 0, "items_dense": None, "users_search": None,
    "users_same": 0, "vectors_search": None, "vectors_same": 0, "lists": None,
    "judge_lists": None, "judge_scores": None, "judge_same": 0, "bpr_epoch": None,
    "bpr_ndcg": None, "table_csv": None, "table_parquet": None, "table_split": None, "copy": None,
}  # fmt: skip
"""Rows of the table of a GPU, as `benchmarks/gpu.py` fills it, and what each should reach."""
RUNS = 2  # after a first one that compiles or loads; the shorter counts


def by_metric(ds: Dataset, *, device: str = "auto") -> pd.DataFrame:
    """Seconds that all 20 nearest take: a row a metric, a column ``items`` and ``users``."""
    times = {of: [_seconds(ds, of=of, metric=name, device=device) for name in METRICS] for of in OF}
    return pd.DataFrame(times, index=pd.Index(METRICS, name="metric"))


def growth(most: int, *, device: str = "auto", steps: int = 6) -> pd.DataFrame:
    """Seconds that items take on synthetic data which double, step by step, up to `most` ratings.

    Users grow with the ratings, 160 each, and items with their square root, as in `benchmarks/`.
    """
    rows = []
    for count in (most // 2**step for step in reversed(range(steps))):
        users, items = max(2, count // 160), round(27_000 * (count / 3_200_000) ** 0.5)
        rows.append((count, users, items, _seconds(synthetic(users, items, count), device=device)))
    return pd.DataFrame(rows, columns=["interactions", "users", "items", "seconds"])


def _seconds(ds: Dataset, **options: Any) -> float:
    def run() -> float:
        start = perf_counter()
        similar(ds, k=20, progress=False, **options)
        return perf_counter() - start

    run()  # makes the data's matrix and hash too
    return min(run() for _ in range(RUNS))


def measured(path: Path = RESULTS) -> dict[str, Any]:
    """Sections of the results that the repository keeps; none where they are not."""
    return json.loads(path.read_text("utf-8"))["sections"] if path.is_file() else {}


def gpu_figures(path: Path = GPU_RESULTS, results: dict[str, Any] | None = None) -> pd.DataFrame:
    """What was measured on a GPU: a row each of `GPU_ROWS`, NaN where nothing was.

    Returns
    -------
    DataFrame
        ``measured``, ``target`` and ``cpu``, which is of the GPU's own machine or, of items, as
        `results` have it; with the GPU's name and the date in ``attrs``.
    """
    run = json.loads(path.read_text("utf-8")) if path.is_file() else {"rows": {}}
    rows = run["rows"]
    table = pd.DataFrame(
        {
            "measured": [rows.get(key, {}).get("value") for key in GPU_ROWS],
            "target": list(GPU_ROWS.values()),
            "cpu": [rows.get(key, {}).get("cpu") for key in GPU_ROWS],
        },
        index=pd.Index(GPU_ROWS, name="row"),
        dtype=float,
    )
    for race in (results or {}).get("similarity", {}).get("large", {}).get("race", ()):
        if not rows and (race["of"], race["k"]) == ("items", 100):
            mine = next(time["wall"] for time in race["times"] if time["name"] == OURS)
            table.loc["items_search", "cpu"] = mine
    table.attrs = {"device": run.get("device"), "date": run.get("date")}
    return table


def races(results: dict[str, Any]) -> dict[int, pd.DataFrame]:
    """Interactions -> every library's seconds for the 20 nearest of all items, fastest first."""
    tables = {}
    for section in results.get("similarity", {}).values():
        for race in section.get("race", ()):
            if (race["of"], race["k"]) == ("items", 20):
                table = pd.DataFrame(race["times"]).reindex(columns=["name", "wall", "cpu", "rows"])
                ours = table["wall"][table["name"] == OURS].iloc[0]
                table = table.assign(times_ours=table["wall"] / ours, estimated=table["rows"] > 0)
                tables[section["data"]["interactions"]] = table.sort_values(
                    "wall", ignore_index=True
                )
    return dict(sorted(tables.items()))
