"""Scores stay on the card until lists are chosen: with twins of CuPy's arrays, and with a card."""

import sys
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from scipy import sparse

import workbench as wb
from workbench.compute import Device
from workbench.compute.cpu import vector_kernels
from workbench.device import VARIABLE
from workbench.models.neighbours import ease

MODELS = {
    "items": wb.ItemKNN,
    "users": wb.UserKNN,
    "walks": wb.RP3beta,
    "ease": wb.EASE,
    "als": partial(wb.ALS, cg_steps=None),
    "bpr": partial(wb.BPR, epochs=2),
}
RULES = [
    wb.Attribute("price", at_most=300),
    wb.NotBought(),
    wb.MaxPer("brand", 1),
    wb.Diversity(0.3),
]


class Array(np.ndarray):
    """NumPy's array as CuPy's: it comes down by `get` only, which is counted."""

    __module__ = "cupy"
    fetched: ClassVar[list[int]] = []

    def get(self) -> np.ndarray:
        self.fetched.append(self.size)
        return self.view(np.ndarray)


class Csr(sparse.csr_array):
    """SciPy's CSR array as cupyx's: its products are on the card."""

    def __matmul__(self, other: Any) -> Any:
        assert isinstance(other, Array | Csr), "a product of the host and the card"
        found = super().__matmul__(other)
        return found.view(Array) if isinstance(found, np.ndarray) else Csr(found)

    def toarray(self, *args: Any, **options: Any) -> Array:
        return super().toarray(*args, **options).view(Array)


def _uploading(part: Any) -> Any:
    """A function of NumPy's whose result is on the card; anything else as it is."""
    if not callable(part) or isinstance(part, type):
        return part

    def call(*args: Any, **options: Any) -> Any:
        found = part(*args, **options)
        return found.view(Array) if isinstance(found, np.ndarray) else found

    return call


@pytest.fixture
def twins(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Modules in the place of CuPy's; sizes of what came down."""
    cupy, cupyx, inner = (ModuleType(name) for name in ("cupy", "cupyx.scipy", "cupyx.sparse"))
    cupy.__getattr__ = lambda name: _uploading(getattr(np, name))
    cupy.asarray = lambda array, order=None: np.asarray(array, order=order).view(Array)
    inner.csr_matrix = Csr
    cupyx.sparse = inner
    for name, module in (("cupy", cupy), ("cupyx.scipy", cupyx), ("cupyx.scipy.sparse", inner)):
        monkeypatch.setitem(sys.modules, name, module)
    tools = SimpleNamespace(select=_uploading(vector_kernels.select), xp=cupy)
    monkeypatch.setitem(sys.modules, "workbench.compute.gpu.vector_kernels", tools)
    monkeypatch.setattr(Array, "fetched", [])
    monkeypatch.setenv(VARIABLE, "cpu")  # nobody asks the twin for its cards
    return Array.fetched


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rules", [[], RULES])
def test_only_lists_come_down(name: str, rules: list, twins: list[int]) -> None:
    ds = wb.load("shop")
    model = MODELS[name](device="cpu").fit(ds)
    options = {"n": 4, "seen": "keep" if rules else "exclude", "filters": rules}
    expected = model.recommend(**options)
    pairs = expected[:20]
    scores, whole = model.score(pairs), model.scores(ds.user_ids[:2])
    model.device = Device("gpu", "twin")
    assert_frame_equal(model.recommend(**options), expected)
    assert twins
    assert max(twins) < len(ds.user_ids) * len(ds.item_ids) / 3
    np.testing.assert_allclose(model.score(pairs), scores)
    np.testing.assert_allclose(model.scores(ds.user_ids[:2]), whole)


def test_a_matrix_goes_up_once_and_anew_after_another_fit(
    twins: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.models.derived_state import CACHE

    monkeypatch.setattr(ease, "_inverse_on_card", lambda matrix: None)
    ds, sent = wb.load("shop"), []
    model = wb.EASE(device="cpu").fit(ds)
    model.device = Device("gpu", "twin")
    upload = sys.modules["cupy"].asarray
    sys.modules["cupy"].asarray = lambda array, **options: (
        sent.append(np.size(array)) or upload(array, **options)
    )
    users, whole = ds.user_ids[:2], len(ds.item_ids) ** 2
    first = model.recommend(users, evidence=0)
    model.recommend(users, evidence=0)
    assert sent.count(whole) == 1
    model.l2 = 5.0
    again = model.fit(ds).recommend(users, evidence=0)
    assert sent.count(whole) == 2
    assert not again["score"].equals(first["score"])
    kept = len(CACHE)
    del model
    assert len(CACHE) < kept


@pytest.mark.gpu
@pytest.mark.parametrize("name", MODELS.keys() - {"bpr"})  # which is another model on a card
@pytest.mark.parametrize("rules", [[], RULES])
def test_a_card_gives_the_lists_of_the_cpu(name: str, rules: list) -> None:
    ds = wb.load("shop")
    lists = [
        MODELS[name](device=device).fit(ds).recommend(n=4, filters=rules, evidence=0)
        for device in ("cpu", "gpu")
    ]
    assert_frame_equal(lists[1], lists[0], rtol=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("feedback", ["implicit", "explicit"])
def test_factors_of_a_card_score_as_those_of_the_cpu(feedback: str) -> None:
    ds = wb.load("shop")
    cpu, gpu = (
        wb.ALS(factors=16, l2=1.0, feedback=feedback, device=device).fit(ds)
        for device in ("cpu", "gpu")
    )
    np.testing.assert_allclose(gpu.scores(ds.user_ids), cpu.scores(ds.user_ids), atol=1e-3)
