"""How long a user waits: the import, the first list, ten lines of copy, a whole report.

    .venv/bin/python benchmarks/startup.py

There is no peer to stand beside; pandas' own import gives the machine's measure.
"""

import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

RUNS = 3
STEPS = {
    "python -c pass": "pass",
    "import pandas": "import pandas",
    "import workbench": "import workbench",
    "load movielens-small": "import workbench as wb; wb.load()",
    "ItemKNN, one user": "import workbench as wb; wb.ItemKNN().fit(wb.load()).recommend([42])",
    "the same with ten lines of copy": (
        "import workbench as wb; ds = wb.load();"
        "wb.Copywriter().write(wb.ItemKNN().fit(ds).recommend([42]), ds)"
    ),
    "user report": "import workbench as wb; wb.report('user', user_id=42, progress=False)",
}


def seconds(code, folder):
    start = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder, capture_output=True)
    return perf_counter() - start


def main():
    print(f"whole processes, median of {RUNS} runs\n\n| step | seconds |\n|---|---|")
    with TemporaryDirectory() as folder:
        for name, code in STEPS.items():
            print(f"| {name} | {median(seconds(code, folder) for _ in range(RUNS)):.2f} |")


if __name__ == "__main__":
    main()
