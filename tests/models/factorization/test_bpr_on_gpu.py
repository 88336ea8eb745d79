"""BPR on a card, most of it without one.

The kernel, modelled step by step, takes the processor's steps where one warp takes them in turn,
and learns as much where many miss one another's; and the source compiles, for every card from the
A100 and the RTX 30 on.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

import workbench as wb
from tests.compute.gpu.cuda_model import DTYPES
from tests.compute.gpu.test_engine import LINUX, compiled
from tests.models.contract import checkerboard, sample
from workbench.compute import Device
from workbench.models import BPR
from workbench.models.factorization import bpr_on_gpu, sgd_kernels
from workbench.models.factorization.bpr import chosen_items


class Array(np.ndarray):
    """On the card."""

    def get(self) -> np.ndarray:
        return np.array(self)


class Kernel:
    """`bpr_step.cu` step by step: its variables by the same names, lanes as elements of arrays."""

    def __init__(self, code: str, name: str, *, options: tuple[str, ...]) -> None:
        self.defined = {k: int(v) for k, v in re.findall(r"^#define (\w+) (\d+)$", code, re.M)}
        (signature,) = re.findall(
            rf"__launch_bounds__\(THREADS, BLOCKS\) {name}\((.*?)\) {{", code, re.S
        )
        self.parameters = [part.strip() for part in signature.split(",")]

    def __call__(self, grid: tuple, block: tuple, arguments: tuple) -> None:
        given = {}
        for parameter, value in zip(self.parameters, arguments, strict=True):
            match = re.fullmatch(r"(?:const )?(\w+) (\*__restrict__ |\*)?(\w+)", parameter)
            kind = np.dtype({"i64": np.int64}.get(match[1]) or DTYPES[match[1]])
            assert value.dtype == kind, parameter
            assert isinstance(value, Array) == bool(match[2]), parameter
            given[match[3]] = value.reshape(-1).view(np.ndarray) if match[2] else value
        assert block == (self.defined["THREADS"],)
        self.warps = grid[0] * (block[0] // self.defined["WARP"])
        g = SimpleNamespace(**given)
        for first in range(0, int(g.count), self.warps):
            taken = range(first, min(first + self.warps, int(g.count)))
            steps = [self._step(g, turn) for turn in taken]  # all read before any adds
            for table, places, added in (each for step in steps for each in step):
                np.add.at(table, places, added)

    def _step(self, g: SimpleNamespace, turn: int) -> list[tuple]:
        u, i, j = g.users[g.order[turn]], g.items[g.order[turn]], g.negatives[turn]
        if j in g.items[g.starts[u] : g.starts[u + 1]]:
            return []
        f = np.arange(g.factors)
        x, y, z = (np.int64(row) * g.factors + f for row in (u, i, j))
        of_user, of_item, of_other, fade = g.p[x], g.q[y], g.q[z], g.rate * g.l2
        lanes = np.zeros(self.defined["WARP"], np.float32)
        np.add.at(lanes, f % len(lanes), of_user * (of_item - of_other))
        gap = len(lanes) // 2
        while gap:
            lanes, gap = lanes + lanes[np.arange(len(lanes)) ^ gap], gap // 2
        first, second = g.biases[i], g.biases[j]
        step = g.rate / (1 + np.exp(lanes[0] + first - second))
        return [
            (g.biases, i, step - fade * first),
            (g.biases, j, -step - fade * second),
            (g.p, x, step * (of_item - of_other) - fade * of_user),
            (g.q, y, step * of_user - fade * of_item),
            (g.q, z, -step * of_user - fade * of_other),
        ]


@contextmanager
def card(*, apart: int = 1000) -> Iterator[list[Kernel]]:
    """Stand in for CuPy as far as `bpr_on_gpu` uses it; the kernels that are made."""
    made: list[Kernel] = []

    def raw(*given, **options) -> Kernel:
        made.append(Kernel(*given, **options))
        return made[-1]

    def state(seed: int) -> SimpleNamespace:
        rng = np.random.RandomState(seed)
        return SimpleNamespace(
            permutation=lambda n: rng.permutation(n).view(Array),
            randint=lambda *given, **options: rng.randint(*given, **options).view(Array),
        )

    attributes = {"MultiProcessorCount": 1}
    cupy = SimpleNamespace(
        asarray=lambda array: array.copy().view(Array),
        RawKernel=raw,
        random=SimpleNamespace(RandomState=state),
        cuda=SimpleNamespace(Device=lambda: SimpleNamespace(attributes=attributes)),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", cupy)
        patch.setattr(bpr_on_gpu, "bounded", nullcontext)
        patch.setattr(bpr_on_gpu, "TURNS", apart)
        patch.setattr(bpr_on_gpu, "WARP", 4)
        patch.setattr(bpr_on_gpu, "THREADS", 4)
        yield made


def start(chosen: sparse.csr_array, factors: int) -> tuple[np.ndarray, ...]:
    rng, (users, items) = np.random.default_rng(0), chosen.shape
    sizes = items, (users, factors), (items, factors)
    return tuple(rng.normal(0, 0.1, size).astype(np.float32) for size in sizes)


def in_turn(chosen, learnt, epochs: int, rate: float, l2: float, seed: int) -> tuple:
    """The compiled loop of the processor, with the choices drawn as on a card."""
    draw, found = np.random.RandomState(seed), tuple(part.copy() for part in learnt)
    users, items = (axis.astype(np.int32) for axis in chosen.tocoo().coords)
    for _ in range(epochs):
        order = draw.permutation(chosen.nnz)
        negatives = draw.randint(0, chosen.shape[1], size=chosen.nnz, dtype=np.int32)
        known = chosen.indptr.astype(np.int64), items
        sgd_kernels.bpr_epoch(users[order], items[order], negatives, *known, rate, l2, *found)
    return found


@pytest.mark.parametrize("factors", [1, 3, 4, 11])
def test_one_warp_takes_the_steps_of_the_processor(factors: int) -> None:
    chosen = chosen_items(sample().matrix)
    learnt, options = start(chosen, factors), (3, 0.1, 0.03, 5)
    with card() as made:
        found = bpr_on_gpu.trained(chosen, learnt, *options)
    assert made[0].warps == 1
    for one, other in zip(found, in_turn(chosen, learnt, *options), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_no_more_warps_are_under_way_than_data_allow() -> None:
    warps = bpr_on_gpu.THREADS // bpr_on_gpu.WARP
    assert bpr_on_gpu.block_count(10, 132) == 1
    assert bpr_on_gpu.block_count(100_000, 132) * warps * bpr_on_gpu.TURNS <= 100_000
    assert bpr_on_gpu.block_count(32_000_000, 132) == 132 * bpr_on_gpu.BLOCKS


def test_steps_that_miss_one_another_learn_as_much() -> None:
    ds, model = checkerboard(8), BPR(factors=4, learning_rate=0.1, epochs=60, seed=1)
    model.device = Device("gpu", "modelled")
    with card(apart=4) as made:
        model.fit(ds)
    assert made[0].warps > 1
    model.device = Device("cpu", "here")
    recs = model.recommend(n=1)
    assert recs["user_id"].tolist() == recs["item_id"].tolist() == list(range(8))


@LINUX
@pytest.mark.parametrize("architecture", ["sm_80", "sm_86", "sm_90", "sm_120"])
def test_it_compiles_for_every_card_without_spilling(architecture: str) -> None:
    binary, log = compiled(bpr_on_gpu.source(), architecture, "--ptxas-options=-v")
    assert binary.startswith(b"\x7fELF")
    assert "warning" not in log
    assert "0 bytes spill stores, 0 bytes spill loads" in log
    registers = int(re.search(r"Used (\d+) registers", log).group(1))
    assert registers * bpr_on_gpu.THREADS * bpr_on_gpu.BLOCKS <= 65_536


@pytest.mark.gpu
def test_a_card_learns_as_much_as_the_processor() -> None:
    """Lists of films are as good; of two runs on a card neither's are the other's to the bit."""
    train, test = wb.split(wb.load("movielens-small"), seed=1)
    options = {"metrics": ["ndcg@10", "auc"], "resamples": 20}
    cpu, gpu = (
        wb.evaluate(BPR(epochs=30, device=kind).fit(train), train, test, **options).frame()
        for kind in ("cpu", "gpu")
    )
    np.testing.assert_allclose(gpu["value"], cpu["value"], rtol=0.05)
