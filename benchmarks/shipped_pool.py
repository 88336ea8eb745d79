"""Writes the English pool that ships anew, by the embedded model as it is now.

    .venv/bin/python benchmarks/shipped_pool.py [--size 300]

Afterwards ``pool.py`` says what lines it makes.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from workbench.datasets import load
from workbench.language.copy.copywriter import Copywriter
from workbench.language.copy.pools.pool import Pool, shipped_file

DATA = ("movielens-small", "shop")  # films, and goods of a shop


def main(arguments: Sequence[str] | None = None) -> None:
    """Have a pool written for each kind of goods, and save both as one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--size", type=int, default=300, help="sentences for each kind of goods")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=shipped_file("en"))
    options = parser.parse_args(arguments)
    writer = Copywriter()
    pools = [
        writer.pool(load(d), size=options.size, seed=options.seed, progress=True) for d in DATA
    ]
    print(sum(pools, Pool([])).save(options.output))


if __name__ == "__main__":
    main()
