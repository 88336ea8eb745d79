"""Where things run: the argument wins, then the variable, and no GPU is never silent."""

import pytest

from workbench import device
from workbench.device import Device, nvidia_driver, resolve
from workbench.device.nvidia_driver import Driver
from workbench.errors import DeviceError, OptionError

WHY_NOT = "CuPy is not installed: pip install -e '.[cuda13]'"
CARD = Device("gpu", "NVIDIA H200, 139 GiB")


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a card, wherever the tests run."""
    monkeypatch.setattr(device, "usable_card", lambda: (None, WHY_NOT))


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "usable_card", lambda: (CARD, ""))


@pytest.fixture(autouse=True)
def _no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(device.VARIABLE, raising=False)


@pytest.mark.usefixtures("no_card")
def test_auto_without_a_card_is_the_processor() -> None:
    assert resolve().kind == resolve("auto").kind == "cpu"
    assert resolve().name.endswith(" cores")
    assert str(resolve()) == f"CPU · {resolve().name}"


@pytest.mark.usefixtures("no_card")
def test_a_gpu_that_is_not_there_is_an_error_that_says_why(monkeypatch) -> None:
    with pytest.raises(DeviceError, match=r"CuPy is not installed.*Use device='cpu' or 'auto'"):
        resolve("gpu")
    monkeypatch.setenv(device.VARIABLE, "gpu")
    with pytest.raises(DeviceError, match="CuPy is not installed"):
        resolve()


@pytest.mark.usefixtures("card")
def test_the_argument_wins_over_the_variable_and_that_over_the_card(monkeypatch) -> None:
    assert resolve() == CARD
    monkeypatch.setenv(device.VARIABLE, "cpu")
    assert resolve().kind == "cpu"
    assert resolve("gpu") == CARD
    monkeypatch.setenv(device.VARIABLE, "gpu")
    assert resolve("cpu").kind == "cpu"
    monkeypatch.setenv(device.VARIABLE, "")
    assert resolve() == CARD


def test_other_names_are_refused_wherever_they_come_from(monkeypatch) -> None:
    with pytest.raises(OptionError, match="device='cuda' is not one of 'auto', 'cpu', 'gpu'"):
        resolve("cuda")
    monkeypatch.setenv(device.VARIABLE, "GPU")
    with pytest.raises(OptionError, match="WORKBENCH_DEVICE='GPU' is not one of"):
        resolve()
    assert resolve("cpu").kind == "cpu"


def test_the_probe_of_this_machine_gives_a_card_or_a_reason() -> None:
    found, why_not = device.usable_card()
    assert (found is None) == bool(why_not)
    if found is None:
        assert "cudaError" not in why_not
        with pytest.raises(DeviceError):
            resolve("gpu")


def test_cores_are_counted_on_systems_without_affinity(monkeypatch) -> None:
    """os.sched_getaffinity is Linux alone: on a Mac every model failed when it was made."""
    monkeypatch.delattr(device.os, "sched_getaffinity", raising=False)
    assert device.processor.__wrapped__().name.endswith(f"{device.os.cpu_count()} cores")


@pytest.mark.parametrize(
    ("driver", "failure", "reason"),
    [
        (None, "cudaErrorInsufficientDriver: …", "there is no NVIDIA driver on this machine"),
        (
            Driver("535.54", (12, 2)),
            "cudaErrorInsufficientDriver: …",
            "the NVIDIA driver (535.54, for CUDA up to 12.2) is too old for the CuPy that is here: "
            "pip install -e '.[cuda12]'",
        ),
        (Driver("580.95", (13, 0)), "cudaErrorNoDevice: …", device.NO_CARD),
        (Driver("580.95", (13, 0)), "cudaErrorECC: a bit", "CUDA does not answer: cudaErrorECC"),
    ],
)
def test_a_failure_of_cuda_is_put_in_words(driver, failure, reason, monkeypatch) -> None:
    for module in (device, nvidia_driver):
        monkeypatch.setattr(module, "driver", lambda: driver)
    assert device._plainly(RuntimeError(failure)).startswith(reason)
