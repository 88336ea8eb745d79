"""What is compiled ahead is all that a first user meets."""

import subprocess
import sys

SCRIPT = """
from workbench.compute import similar
from workbench.compute.cpu import search_kernels
from workbench.compute.metrics import METRICS
from workbench.compute.warm_up import warm
from workbench.datasets import synthetic

warm()
warmed = len(search_kernels.search.signatures)
data = synthetic(200, 150, 6000, seed=1)
for metric in METRICS:
    for of, ids in (("items", data.item_ids), ("users", data.user_ids)):
        for options in ({}, {"ids": ids[:3]}, {"min_overlap": 3}, {"signed": True}):
            similar(data, metric=metric, of=of, device="cpu", progress=False, **options)
print(warmed, len(search_kernels.search.signatures))
"""


def test_no_metric_compiles_anything_more() -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    warmed, after = map(int, done.stdout.split())
    assert 0 < warmed == after
