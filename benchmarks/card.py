"""What `gpu.py` measures: a function a part, each a stream of (row of the table, figures).

The same code runs on the processor, for a rehearsal: what only a card can tell is then left out.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import harness
import numpy as np
import pandas as pd

import workbench as wb
from workbench.compute import topk
from workbench.compute.metrics import METRICS
from workbench.device import VARIABLE, Device, resolve

LISTED = ["ndcg@10", "map@10", "novelty@10", "serendipity@10"]
Figures = Iterator[tuple[str, dict[str, Any]]]


class Size(NamedTuple):
    """How large everything is."""

    ratings: tuple[int, int, int]  # users, items, ratings
    parity: tuple[int, int, int]
    vectors: tuple[int, int]
    k: int
    asked: int  # rows whose answer is compared with the processor's where all would take long
    dense: int  # rows that the dense baseline looks at
    csv: int  # ratings in the CSV file
    scores: tuple[int, int]  # users, items
    lines: int  # of copy


SIZES = {
    "full": Size((200_000, 85_000, 32_000_000), (20_000, 8_000, 1_000_000), (1_000_000, 256), 100,
                 1000, 2048, 3_200_000, (4096, 85_000), 64),
    "tiny": Size((300, 200, 6000), (60, 50, 900), (400, 16), 5, 20, 32, 500, (8, 300), 2),
}  # fmt: skip


class Setting(NamedTuple):
    """Where and on how much all is measured."""

    device: Device
    size: Size
    data: Any = None

    @property
    def on_card(self) -> bool:
        """Whether this is no rehearsal."""
        return self.device.kind == "gpu"

    def similar(self, data: Any, device: str | None = None, **options: Any) -> Any:
        """Search here, or on another device."""
        kind = device or self.device.kind
        return wb.similar(data, device=kind, progress=False, **options)


# --- clocks -------------------------------------------------------------------------------------


class Timed:
    """A CUDA kernel whose launches are timed by the card."""

    launches: list[tuple[Any, Any]] = []  # noqa: RUF012 - of all kernels

    def __init__(self, kernel: Any, cupy: Any) -> None:
        object.__setattr__(self, "held", (kernel, cupy))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.held[0], name, value)

    def __call__(self, *given: Any, **options: Any) -> None:
        """Launch it between two events."""
        kernel, cupy = self.held
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        kernel(*given, **options)
        end.record()
        self.launches.append((start, end))


@contextmanager
def kernels(setting: Setting) -> Iterator[dict[str, float]]:
    """Seconds in our kernels, and gigabytes of the card at most, of what is done inside."""
    found: dict[str, float] = {}
    if not setting.on_card:
        yield found
        return
    import cupy

    raw, peak = cupy.RawKernel, _peak(cupy)
    Timed.launches.clear()
    cupy.RawKernel = lambda *given, **options: Timed(raw(*given, **options), cupy)
    try:
        with peak:
            yield found
        cupy.cuda.Device().synchronize()
    finally:
        cupy.RawKernel = raw
    times = [cupy.cuda.get_elapsed_time(*pair) for pair in Timed.launches]
    found |= {"kernels": sum(times) / 1000, "peak": peak.most / 2**30}


def _peak(cupy: Any) -> Any:
    class Peak(cupy.cuda.MemoryHook):
        name = "Peak"
        held = most = 0

        def malloc_postprocess(self, **given: Any) -> None:
            self.held += given["mem_size"]
            self.most = max(self.most, self.held)

        def free_postprocess(self, **given: Any) -> None:
            self.held -= given["mem_size"]

    return Peak()


def timed(function: Any) -> tuple[float, Any]:
    """Wall seconds of a second call, which nothing is compiled for, and its result."""
    function()
    start = perf_counter()
    result = function()
    return perf_counter() - start, result


def differ(mine: Any, other: Any) -> int:
    """How many of the other's lists are not ours, to the bit."""
    rows = mine.ids.get_indexer(other.ids)
    wrong = (mine.indices[rows] != other.indices) | (mine.scores[rows] != other.scores)
    return int(wrong.any(axis=1).sum())


# --- parts --------------------------------------------------------------------------------------


def tests(setting: Setting) -> Figures:
    """The tests that need a card."""
    if not setting.on_card:
        yield "tests", {"note": "not run: no card"}
        return
    root = Path(__file__).parents[1]
    paths = (path for path in root.glob("tests/**/test_*.py") if "mark.gpu" in path.read_text())
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", *map(str, paths)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=150)
    note = (done.stdout.strip().splitlines() or [done.stderr.strip()])[-1]
    yield "tests", {"value": float(done.returncode), "note": note}


def parity(setting: Setting) -> Figures:
    """Every metric, on ratings spread evenly and with a long tail, beside the processor."""
    users, items, count = setting.size.parity
    rng = np.random.default_rng(0)
    cells = rng.choice(users * items, count, replace=False)
    even = pd.DataFrame(
        {
            "user_id": cells // items,
            "item_id": cells % items,
            "rating": rng.integers(1, 11, count) / 2,
        }
    )
    for key, ds in (
        ("parity_random", wb.read(even)), ("parity_tail", wb.synthetic(users, items, count)),
    ):  # fmt: skip
        some, wrong = ds.item_ids[:: max(1, len(ds.item_ids) // 2000)], {}
        for metric in METRICS:
            options = {"metric": metric, "k": 20, "ids": some}
            found, expected = (setting.similar(ds, where, **options) for where in (None, "cpu"))
            wrong[metric] = differ(found, expected)
        note = ", ".join(f"{name} {count}" for name, count in wrong.items() if count)
        yield key, {"value": float(sum(wrong.values())), "note": note or f"{len(wrong)} metrics"}


def items(setting: Setting) -> Figures:
    """All items' neighbours: kernels, from the ratings, from a table; floors and baselines."""
    ds, size = setting.data, setting.size
    with kernels(setting) as card:
        seconds, near = timed(lambda: setting.similar(ds, k=size.k))
    card = {name: held / (2 if name == "kernels" else 1) for name, held in card.items()}
    yield "items_search", {"value": seconds, "peak": card.get("peak")}
    yield "items_kernel", {"value": card.get("kernels"), "note": _floors(setting, ds, card)}
    start = perf_counter()
    other = setting.similar(ds, "cpu", k=size.k)
    yield "items_search", {"cpu": perf_counter() - start}
    yield "items_same", {"value": float(differ(near, other)), "note": f"of {len(near.ids):,}"}
    del other
    seconds, note = _dense(setting, ds, near)
    yield "items_dense", {"value": seconds, "note": note}
    yield from _from_table(setting, ds)


def _floors(setting: Setting, ds: Any, card: dict[str, float]) -> str:
    """What the search must at least read and add, and how near to that it came."""
    lengths = np.diff(ds.matrix.indptr).astype(float)
    met = float((lengths**2).sum())  # each a product, and an entry of 4 bytes read
    note = f"{met / 1e9:.3g} billion products and reads of 4 bytes"
    if "kernels" not in card:
        return note
    import cupy

    rate = _bandwidth(cupy)
    known = cupy.cuda.Device().attributes
    floors = {"memory": 4 * met / rate}
    if clock := known.get("ClockRate"):  # in kHz
        floors["shared memory"] = met / (known["MultiProcessorCount"] * 32 * clock * 1000)
    parts = (
        f"{name} {floor:.4f} s ({floor / card['kernels']:.0%} of what it reaches)"
        for name, floor in floors.items()
    )
    return f"{note}; floors: {', '.join(parts)}; {rate / 1e12:.2f} TB/s measured"


def _bandwidth(cupy: Any) -> float:
    """Bytes a second that a copy on the card reads and writes."""
    source = cupy.zeros(2**28, np.float32)
    target = cupy.empty_like(source)
    for _ in range(3):
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        cupy.copyto(target, source)
        end.record()
        end.synchronize()
    return 2 * source.nbytes / (cupy.cuda.get_elapsed_time(start, end) / 1000)


def _dense(setting: Setting, ds: Any, near: Any) -> tuple[float, str]:
    """Products of dense tiles and the best of each row, from some rows: what a card is quick at."""
    tools, n = topk.kernels(setting.device.kind == "gpu"), len(ds.item_ids)
    xp, rows = tools.xp, np.linspace(0, n - 1, min(setting.size.dense, n)).astype(int)
    by_item = ds.matrix.T.tocsr()
    lengths = xp.asarray(np.sqrt(by_item.power(2).sum(axis=1)).astype(np.float32))

    def tile(part: Any) -> Any:
        held = by_item[part]
        users = -(-held.shape[1] // tools.ALIGNED) * tools.ALIGNED
        dense = xp.zeros((held.shape[0], users), tools.DTYPE)
        row = np.repeat(np.arange(held.shape[0]), np.diff(held.indptr))
        dense[xp.asarray(row), xp.asarray(held.indices)] = xp.asarray(held.data.astype(tools.DTYPE))
        return dense

    start = perf_counter()
    mine, own, keys = tile(rows), lengths[xp.asarray(rows)], None
    for first in range(0, n, 4096):
        part = slice(first, min(first + 4096, n))
        scores = tools.product(mine, tile(part)) / own[:, None] / lengths[part]
        keys = tools.select(scores, near.indices.shape[1], first=first, keys=keys)
    keys[:1].tolist()  # waits for the card
    seconds = (perf_counter() - start) * n / len(rows)
    return seconds, f"about, from {len(rows):,} rows, in products of {np.dtype(tools.DTYPE).name}"


def _from_table(setting: Setting, ds: Any) -> Figures:
    """From a table in memory: checked, cleaned and encoded, then searched."""
    table, note = ds.interactions, "from pandas"
    if setting.on_card and find_spec("cudf"):
        import cudf

        table, note = cudf.DataFrame(table), "from cuDF"
    elif setting.on_card:
        note = "from pandas on the host: cuDF is not installed"
    start = perf_counter()
    read = wb.read(table)
    half = perf_counter() - start
    setting.similar(read, k=setting.size.k)
    note = f"{note}; {half:.2f} s of it reading"
    yield "items_table", {"value": perf_counter() - start, "note": note}


def users(setting: Setting) -> Figures:
    """All users' neighbours."""
    ds, k = setting.data, setting.size.k // 2
    with kernels(setting) as card:
        seconds, near = timed(lambda: setting.similar(ds, of="users", k=k))
    note = f"{card['kernels'] / 2:.3f} s in kernels" if card else ""
    yield "users_search", {"value": seconds, "note": note, "peak": card.get("peak")}
    ids = ds.user_ids[:: max(1, len(ds.user_ids) // setting.size.asked)]
    other = setting.similar(ds, "cpu", of="users", k=k, ids=ids)
    yield "users_same", {"value": float(differ(near, other)), "note": f"of {len(ids):,}"}


def vectors(setting: Setting) -> Figures:
    """All neighbours among embeddings."""
    n, width = setting.size.vectors
    held = np.random.default_rng(0).standard_normal((n, width), np.float32).astype(float)
    with kernels(setting) as card:
        start = perf_counter()
        near = setting.similar(held, k=setting.size.k)
        seconds = perf_counter() - start
    note = f"{card['kernels']:.2f} s in kernels beside the products" if card else ""
    yield "vectors_search", {"value": seconds, "note": note, "peak": card.get("peak")}
    ids = np.arange(0, n, max(1, n // setting.size.asked))
    other = setting.similar(held, "cpu", k=setting.size.k, ids=ids)
    yield "vectors_same", {"value": float(differ(near, other)), "note": f"of {len(ids):,}"}


def lists(setting: Setting) -> Figures:
    """The ten best of all items for many users, by scores that are there."""
    from workbench.compute import top_k

    tools = topk.kernels(setting.device.kind == "gpu")
    scores = np.random.default_rng(0).standard_normal(setting.size.scores, np.float32)
    there = tools.xp.asarray(scores)
    bring = (lambda part: part.get()) if setting.on_card else np.asarray
    seconds, found = timed(lambda: [bring(part) for part in top_k(there, 10)])
    rate = scores.nbytes / seconds / 1e9
    same = all(map(np.array_equal, found, top_k(scores, 10)))
    yield "lists", {"value": seconds, "note": f"{rate:.0f} GB/s; {'same' if same else 'NOT SAME'}"}


def judging(setting: Setting) -> Figures:
    """A model judged by its lists, and by all its scores."""
    train, test = wb.split(wb.synthetic(*setting.size.parity), seed=0)
    models = [wb.ItemKNN(device=kind).fit(train) for kind in (setting.device.kind, "cpu")]
    wrong, users = 0, len(test.user_ids)
    for key, metrics in (("judge_lists", LISTED), ("judge_scores", ["auc"])):
        options = {"metrics": metrics, "resamples": 1}
        (seconds, found), (others, expected) = (
            timed(partial(wb.evaluate, model, train, test, **options)) for model in models
        )
        mine, theirs = (each.frame()["value"] for each in (found, expected))
        wrong += int((~np.isclose(mine, theirs, rtol=1e-4)).sum())
        yield key, {"value": seconds, "cpu": others, "note": f"{users:,} users"}
    yield "judge_same", {"value": float(wrong), "note": "by more than 0.01%"}


def pairwise(setting: Setting) -> Figures:
    """BPR: an epoch of all ratings, and how good its lists are."""
    kinds = {"value": setting.device.kind, "cpu": "cpu"}
    train, test = wb.split(wb.synthetic(*setting.size.parity), seed=0)
    good, epoch = {}, {}
    for column, kind in kinds.items():
        model = wb.BPR(epochs=20, device=kind).fit(train)
        found = wb.evaluate(model, train, test, metrics="ndcg@10", resamples=1)
        good[column] = float(found.frame()["value"].iloc[0])
        # Less what is done once: between fits of one epoch and of some more.
        more = 10 if kind == "gpu" else 1
        few, many = (
            _fitted(wb.BPR(epochs=epochs, device=kind), setting.data) for epochs in (1, 1 + more)
        )
        epoch[column] = (many - few) / more
    yield "bpr_epoch", epoch
    yield "bpr_ndcg", good


def _fitted(model: Any, data: Any) -> float:
    start = perf_counter()
    model.fit(data)
    return perf_counter() - start


def tables(setting: Setting) -> Figures:
    """Reading (which cleans and encodes) and splitting, by cuDF beside pandas."""
    known = setting.on_card and find_spec("cudf")
    note = "" if known else "cuDF is not installed" if setting.on_card else "no card"
    with TemporaryDirectory() as folder:
        csv, parquet = Path(folder, "ratings.csv"), Path(folder, "ratings.parquet")
        table = setting.data.interactions
        table.head(setting.size.csv).to_csv(csv, index=False)
        table.to_parquet(parquet, index=False)
        times = {kind: _steps(kind, csv, parquet) for kind in ("cpu", *["gpu"] * bool(known))}
    for key, seconds in times["cpu"].items():
        yield key, {"value": times.get("gpu", {}).get(key), "cpu": seconds, "note": note}


def _steps(kind: str, csv: Path, parquet: Path) -> dict[str, float]:
    """Seconds of each step, with tables of the library of a device."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = kind
    try:
        seconds, _ = timed(lambda: wb.read(csv))
        times = [perf_counter()]
        read = wb.read(parquet)
        times.append(perf_counter())
        wb.split(read, seed=0)
        times.append(perf_counter())
    finally:
        os.environ.pop(VARIABLE)
        os.environ |= {} if before is None else {VARIABLE: before}
    whole, split = np.diff(times).tolist()
    return {"table_csv": seconds, "table_parquet": whole, "table_split": split}


def copy(setting: Setting) -> Figures:
    """Tokens of copy that the embedded model delivers."""
    from workbench.errors import WorkbenchError
    from workbench.language.llm.embedded_model import embedded_model

    ds = wb.load("shop")
    recs = wb.ItemKNN().fit(ds).recommend(ds.user_ids[: -(-setting.size.lines // 10)], n=10)
    recs = recs.head(setting.size.lines)
    try:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(embedded_model())
        writer = wb.Copywriter(device=setting.device.kind)
        writer.write(recs.head(1), ds)
    except (ImportError, WorkbenchError) as error:
        yield "copy", {"note": f"not run: {str(error).splitlines()[0]}"}
        return
    start = perf_counter()
    lines = writer.write(recs, ds)
    seconds = perf_counter() - start
    count = sum(len(tokenizer(text)["input_ids"]) for text in lines["text"])
    written = int((lines["source"] == "model").sum())
    yield "copy", {
        "value": count / seconds, "note": f"{written} of {len(lines)} lines by the model"
    }  # fmt: skip


PARTS = {
    part.__name__: part
    for part in (tests, parity, items, users, vectors, lists, tables, copy, judging, pairwise)
}
NEEDS_DATA = ("items", "users", "pairwise", "tables")


def setting_of(device: str, size: str) -> Setting:
    """Where and how much; the ratings are made when a part first needs them."""
    return Setting(resolve(device), SIZES[size])


def with_data(setting: Setting) -> Setting:
    return setting._replace(data=harness.ready(wb.synthetic(*setting.size.ratings)))
