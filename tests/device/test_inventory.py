"""What `workbench device` prints: what is there, what is missing, and the line that installs it."""

import ctypes
from importlib.metadata import PackageNotFoundError

import pytest

from workbench import device
from workbench.device import Device, inventory, nvidia_driver
from workbench.device.inventory import describe
from workbench.device.nvidia_driver import Driver

CARD = Device("gpu", "NVIDIA H200, 139 GiB")
PROPERTIES = {"name": b"NVIDIA H200", "major": 9, "minor": 0, "multiProcessorCount": 132}


class NVML:
    """The driver's own library, as far as it is asked."""

    def __init__(self, *, starts: bool = True, answers: bool = True) -> None:
        self.open, self._starts, self._answers = False, starts, answers

    def nvmlInit_v2(self) -> int:
        self.open = self._starts
        return int(not self._starts)

    def nvmlShutdown(self) -> None:
        self.open = False

    def nvmlSystemGetDriverVersion(self, name: ctypes.Array, size: int) -> int:
        assert self.open
        assert size == len(name) >= 80  # what the library asks for
        name.value = b"570.211.01"
        return int(not self._answers)

    def nvmlSystemGetCudaDriverVersion(self, reference) -> int:
        assert self.open
        reference._obj.value = 12080
        return 0


@pytest.fixture(autouse=True)
def _no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(device.VARIABLE, raising=False)


def found(card: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (device, inventory):
        monkeypatch.setattr(module, "usable_card", lambda: card)


def asked(nvml: NVML, monkeypatch: pytest.MonkeyPatch) -> Driver | None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: nvml)
    found = nvidia_driver.driver.__wrapped__()
    assert not nvml.open
    return found


def test_the_driver_says_its_version_and_that_of_cuda(monkeypatch) -> None:
    found = asked(NVML(), monkeypatch)
    assert found == Driver("570.211.01", (12, 8))
    assert str(found) == "570.211.01, for CUDA up to 12.8"


@pytest.mark.parametrize("trouble", [{"starts": False}, {"answers": False}])
def test_a_driver_that_does_not_answer_is_none(trouble: dict, monkeypatch) -> None:
    assert asked(NVML(**trouble), monkeypatch) is None


@pytest.mark.parametrize(
    ("driver", "line"),
    [
        (Driver("570", (12, 8)), "pip install -e '.[cuda12]'"),
        (Driver("580", (13, 0)), "pip install -e '.[cuda13]'"),
        (None, "pip install -e '.[cuda13]' (or cuda12, by the driver's version)"),
    ],
)
def test_what_is_missing_comes_with_the_line_for_the_driver(driver, line, monkeypatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    for module in (nvidia_driver, inventory):
        monkeypatch.setattr(module, "driver", lambda: driver)
    monkeypatch.setattr(inventory, "version", absent)
    lines = describe().splitlines()
    for package in inventory.ON_CARDS:
        assert f"{package:<9} not installed: {line}" in lines
    assert "torch     not installed: pip install -e '.[language]'" in lines
    assert f"driver    {driver or 'none'}" in lines


def test_without_a_card_it_says_why(monkeypatch) -> None:
    found((None, "there is no NVIDIA driver"), monkeypatch)
    lines = describe().splitlines()
    assert lines[0].startswith("CPU       ")
    assert "GPU       no GPU: there is no NVIDIA driver" in lines
    assert "setting   WORKBENCH_DEVICE is not set" in lines
    assert lines[-1].startswith("in use    CPU · ")


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ("gpu", "device='gpu' was asked for, but no"),
        ("GPU", "WORKBENCH_DEVICE='GPU' is not one of"),
    ],
)
def test_a_setting_that_cannot_be_met_is_told(setting: str, error: str, monkeypatch) -> None:
    found((None, "no driver"), monkeypatch)
    monkeypatch.setenv(device.VARIABLE, setting)
    assert f"setting   WORKBENCH_DEVICE is {setting}" in describe()
    assert f"in use    error: {error}" in describe()


def test_a_card_comes_with_its_memory_and_processors(monkeypatch) -> None:
    text = inventory.card_text(PROPERTIES, 2**37, 150 * 2**30)
    assert text == (
        "NVIDIA H200, 128.0 of 150.0 GiB free, compute capability 9.0, 132 multiprocessors"
    )
    found((CARD, ""), monkeypatch)
    monkeypatch.setattr(inventory, "_cards", lambda: [("GPU 0", text), ("GPU 1", text)])
    assert f"GPU 0     {text}\nGPU 1     {text}\n" in describe()
    assert "in use    GPU · NVIDIA H200, 139 GiB" in describe()


@pytest.mark.gpu
def test_on_a_card_driver_and_runtime_agree() -> None:
    import cupy

    newest = nvidia_driver.version_of(cupy.cuda.runtime.driverGetVersion())
    assert nvidia_driver.driver().cuda == newest
    lines = describe().splitlines()
    assert sum(line.startswith("GPU ") for line in lines) == cupy.cuda.runtime.getDeviceCount()
    assert any(line.startswith("CUDA ") for line in lines)
