"""How time grows with the data, and how close it is to what the arithmetic costs.

    .venv/bin/python benchmarks/scaling.py --size small|medium|large

Items, cosine, k=20, on synthetic ratings up to 1M, 3.2M or 32M. From step to step users grow with
the interactions, 160 a user, and items with their square root.
"""

import harness
import numba as nb
import numpy as np
from harness import clock, interleaved, say, table
from scipy.linalg.blas import sgemm

import workbench as wb
from workbench.device import cores

SECTION = "scaling"
UP_TO = {"small": "1M", "medium": "3.2M", "large": "32M"}
SIDE = 4_096  # of the matrices that the product is timed with
ENTRIES, ROWS, CODES, ROUNDS = 2**12, 2**13, 16, 20_000  # all of the scatter fits a core's cache
BLOCKS, HEADS = 64, 64  # how finely the floor looks for the best split


def adds(ds):
    """Multiply-adds that the data need: half the sum over users of (items rated)²."""
    lengths = np.diff(ds.matrix.indptr).astype(float)
    return float(lengths @ lengths / 2)


def product_rate(runs):
    """Multiply-adds a second of a float32 matrix product on all cores."""
    rng = np.random.default_rng(0)
    a, b = (np.asfortranarray(rng.random((SIDE, SIDE), dtype=np.float32)) for _ in range(2))
    times, _ = interleaved({"sgemm": lambda: sgemm(1.0, a, b)[0, 0]}, runs)
    return SIDE**3 / times["sgemm"]["wall"]


@nb.njit(error_model="numpy")
def scatter(entries, values, sums, rounds):
    """Add products to accumulators as the kernels do, with nothing to wait for but the cache."""
    for turn in range(rounds):
        x = np.uint32(turn) & np.uint32(15)
        for p in range(entries.size):
            entry = entries[p]
            sums[entry >> np.uint32(8)] += values[x, entry & np.uint32(255)]


def scatter_rate(runs):
    """Multiply-adds a second of the compiled loop from cache: a core's times the cores."""
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(ROWS, ENTRIES, replace=False)).astype(np.uint32)
    entries = rows << np.uint32(8) | rng.integers(CODES, size=ENTRIES, dtype=np.uint32)
    values = rng.integers(100, size=(CODES, CODES), dtype=np.int32)
    sums = np.zeros(ROWS, np.int32)
    scatter(entries, values, sums, 1)
    run = {"scatter": lambda: scatter(entries, values, sums, ROUNDS)}
    return cores() * ENTRIES * ROUNDS / interleaved(run, runs)[0]["scatter"]["wall"]


def floor(ds, product, scattered):
    """Seconds of the best split: popular items x active users as products, all else scattered.

    Users come in blocks, the most active first; each block has the head of popular items that
    makes its sums cheapest. Choosing the k best, and moving data, is not in it.
    """
    lengths = np.diff(ds.matrix.indptr)
    popularity = np.argsort(np.argsort(-np.bincount(ds.matrix.indices), kind="stable"))
    rank = popularity[ds.matrix.indices]
    heads = len(popularity) * np.linspace(0, 1, HEADS + 1) ** 2  # finer where it matters
    user = np.repeat(np.arange(len(lengths)), lengths)
    cell = np.searchsorted(heads, rank, side="right") * len(lengths) + user
    within = np.bincount(cell, minlength=(HEADS + 1) * len(lengths)).reshape(HEADS + 1, -1)
    within = within.cumsum(axis=0)  # items of each user within each head
    total = 0.0
    for block in np.array_split(np.argsort(-lengths), BLOCKS):
        left = (lengths[block] ** 2.0).sum() - (within[:, block] ** 2.0).sum(axis=1)
        total += (len(block) * heads**2 / 2 / product + left / 2 / scattered).min()
    return total


def exponent(sizes, seconds):
    """Slope of a line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0]) if len(sizes) > 1 else None


def step(name, rates, runs):
    """Time of one size, beside what its arithmetic costs."""
    ds = harness.data(name)
    say(f"{ds.name}")

    def run():
        wb.similar(ds, k=20, device="cpu", progress=False)

    clock(run)
    times, _ = interleaved({name: run}, runs)
    return {
        "step": name,
        **harness.size_of(ds),
        **times[name],
        "adds": adds(ds),
        "scattered": adds(ds) / rates["scatter"],
        "floor": floor(ds, rates["product"], rates["scatter"]),
    }


def measure(size, runs):
    say("rates of the machine")
    rates = {"product": product_rate(runs), "scatter": scatter_rate(runs)}
    names = list(harness.STEPS)
    steps = [step(name, rates, runs) for name in names[: names.index(UP_TO[size]) + 1]]
    walls = [one["wall"] for one in steps]
    found = {
        "runs": runs,
        "rates": rates,
        "steps": steps,
        "exponent": exponent([one["interactions"] for one in steps], walls),
        "exponent_of_adds": exponent([one["adds"] for one in steps], walls),
    }
    harness.save(SECTION, "items", found)


def markdown():
    """All tables, from what the file of results holds."""
    found = harness.load()["sections"].get(SECTION, {}).get("items", {})
    steps = {one["step"]: one for one in found.get("steps", ())}
    rows = [_row(name, steps.get(name)) for name in harness.STEPS]
    head = ("interactions", "users x items", "multiply-adds, 10⁹", "ours s", "all scattered s")
    parts = [harness.caption(), table((*head, "best split s", "ours / best split"), rows)]
    if found:
        parts.append(_sentence(found, harness.load()["machine"]["cores"]))
    return "\n\n".join(part.rstrip() for part in parts)


def _sentence(found, cores):
    product, scattered = found["rates"]["product"], found["rates"]["scatter"]
    return (
        f"Time grows with interactions to the power {found['exponent']:.2f}, with multiply-adds to "
        f"the power {found['exponent_of_adds']:.2f}. On {cores} cores a matrix product does "
        f"{product / 1e9:.0f} billion multiply-adds a second, the compiled loop "
        f"{scattered / 1e9:.1f} from cache, or {1e9 * cores / scattered:.2f} ns each on a core."
    )


def _row(name, one):
    users, items, _ = harness.STEPS[name]
    if one is None:
        return [name, f"{users:,} x {items:,}", *[None] * 5]
    times = one["wall"], one["scattered"], one["floor"], one["wall"] / one["floor"]
    return [name, f"{users:,} x {items:,}", f"{one['adds'] / 1e9:.3g}", *times]


def main():
    arguments = harness.parser(__doc__).parse_args()
    if not arguments.markdown:
        measure(arguments.size, arguments.runs)
    print(markdown())


if __name__ == "__main__":
    main()
