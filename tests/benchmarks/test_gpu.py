"""The run that measures a card: rehearsed on the processor, and its clocks with a card's twin."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from workbench.device import Device
from workbench.errors import DeviceError
from workbench.panels.performance.timings import GPU_ROWS

ROOT = Path(__file__).parents[2] / "benchmarks"
ON_CARD = {"tests", "items_kernel", "table_csv", "table_parquet", "table_split", "copy"}


@pytest.fixture
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    import card
    import gpu

    yield SimpleNamespace(card=card, gpu=gpu)
    for name in ("card", "gpu", "harness"):
        sys.modules.pop(name, None)


@pytest.fixture
def rehearse(scripts, monkeypatch, tmp_path, capsys):
    def run(*arguments: str) -> tuple[dict, str]:
        out = tmp_path / "out.json"
        given = ["gpu.py", "--device", "cpu", "--size", "tiny", "--out", str(out), *arguments]
        monkeypatch.setattr(sys, "argv", given)
        scripts.gpu.main()
        return json.loads(out.read_text("utf-8")), capsys.readouterr().out

    return run


def test_the_rehearsal_fills_every_row_but_a_cards_own(rehearse, scripts) -> None:
    parts = [name for name in scripts.card.PARTS if name != "copy"]
    held, shown = rehearse("--parts", *parts)
    rows = held["rows"]
    assert {key for key in GPU_ROWS if "value" in rows.get(key, {})} == set(GPU_ROWS) - ON_CARD
    assert set(rows) <= set(GPU_ROWS)
    for key, target in GPU_ROWS.items():
        if target == 0 and key != "tests":
            assert rows[key]["value"] == 0
    assert rows["table_csv"]["cpu"] > 0
    assert "same" in rows["lists"]["note"]
    assert "A rehearsal on tiny data" in shown
    assert held["device"].startswith("CPU")


def test_a_part_that_fails_is_a_row_and_the_rest_goes_on(rehearse, scripts, monkeypatch) -> None:
    def broken(setting):
        yield "lists", {"value": 1.5}
        raise ValueError("a | b\nc")

    monkeypatch.setitem(scripts.card.PARTS, "items", broken)
    held, shown = rehearse("--parts", "items", "vectors")
    assert held["rows"]["items_failed"] == {"note": "ValueError: a | b\nc"}
    assert held["rows"]["lists"] == {"value": 1.5}
    assert held["rows"]["vectors_same"]["value"] == 0
    assert "| items failed | | | | ValueError: a / b c |" in shown


def test_what_the_time_does_not_allow_is_not_run(scripts, monkeypatch) -> None:
    def endless(setting):
        while True:
            yield "lists", {"value": 1.0}

    monkeypatch.setitem(scripts.card.PARTS, "lists", endless)
    setting = scripts.card.setting_of("cpu", "tiny")
    rows = scripts.gpu.measure(setting, ["lists", "vectors"], budget=0.2)
    assert "TimeoutError: stopped after" in rows["lists_failed"]["note"]
    assert rows["vectors_failed"] == {"note": "TimeoutError: not run: the time was up"}


def test_without_a_card_it_says_so(scripts, monkeypatch) -> None:
    def no_card(name):
        raise DeviceError("device='gpu' was asked for, but there is none")

    monkeypatch.setattr(scripts.card, "resolve", no_card)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    with pytest.raises(SystemExit, match="device='gpu' was asked for"):
        scripts.gpu.main()


def test_the_readme_shows_what_is_kept(scripts) -> None:
    kept = ROOT / "gpu.json"
    held = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    assert scripts.gpu.markdown(held) in (ROOT / "README.md").read_text("utf-8")


def test_kernels_are_timed_by_the_card_and_memory_by_its_pool(scripts, monkeypatch) -> None:
    cupy = _card(seconds=0.25)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    setting = scripts.card.Setting(Device("gpu", "twin"), scripts.card.SIZES["tiny"])
    raw = cupy.RawKernel
    with scripts.card.kernels(setting) as found:
        kernel = cupy.RawKernel("code", "name", options=())
        kernel.max_dynamic_shared_size_bytes = 7
        for _ in range(3):
            kernel((1,), (2,), (), shared_mem=3)
        hook = cupy.hooks[-1]
        for size in (2**30, 2**31):
            hook.malloc_postprocess(mem_size=size)
            hook.free_postprocess(mem_size=size)
    assert found == {"kernels": 0.75, "peak": 2.0}
    assert cupy.RawKernel is raw
    assert cupy.made[0].max_dynamic_shared_size_bytes == 7
    assert len(cupy.made[0].calls) == 3


def test_the_floor_is_what_a_search_reads_and_adds(scripts, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", _card(seconds=0.001))
    setting = scripts.card.Setting(Device("gpu", "twin"), scripts.card.SIZES["tiny"])
    lengths = SimpleNamespace(matrix=SimpleNamespace(indptr=np.array([0, 10_000, 40_000])))
    note = scripts.card._floors(setting, lengths, {"kernels": 0.01})
    # 10^9 products; a copy of 1 GiB, read and written, in a millisecond; 10 x 32 adds at 1 GHz.
    assert note.startswith("1 billion products")
    assert "memory 0.0019 s (19% of what it reaches)" in note
    assert "shared memory 0.0031 s (31% of what it reaches)" in note


class _Kernel:
    def __init__(self, *given, **options) -> None:
        self.calls: list = []

    def __call__(self, *given, **options) -> None:
        self.calls.append((given, options))


class _Hook:
    def __enter__(self):
        return self

    def __exit__(self, *error: object) -> None:
        pass


def _card(*, seconds: float) -> SimpleNamespace:
    """As much of CuPy as the clocks use; a launch takes so many seconds."""
    cupy = SimpleNamespace(made=[], hooks=[])

    class Hook(_Hook):
        def __init__(self) -> None:
            cupy.hooks.append(self)

    def raw(*given, **options):
        cupy.made.append(_Kernel())
        return cupy.made[-1]

    event = SimpleNamespace(record=lambda: None, synchronize=lambda: None)
    attributes = {"MultiProcessorCount": 10, "ClockRate": 1_000_000}
    device = SimpleNamespace(attributes=attributes, synchronize=lambda: None)
    cupy.RawKernel = raw
    cupy.zeros = cupy.empty_like = lambda *given: SimpleNamespace(nbytes=2**30)
    cupy.copyto = lambda target, source: None
    cupy.cuda = SimpleNamespace(
        MemoryHook=Hook, Event=lambda: event, Device=lambda: device,
        get_elapsed_time=lambda start, end: 1000 * seconds,
    )  # fmt: skip
    return cupy
