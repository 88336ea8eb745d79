"""Where things run: the argument wins, then the variable, and no GPU is never silent."""

import pytest

from workbench import device
from workbench.device import Device, describe, resolve
from workbench.errors import DeviceError, OptionError

WHY_NOT = "CuPy is not installed: pip install -e '.[cuda13]'"
CARD = Device("gpu", "NVIDIA H200, 139 GiB")


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a card, wherever the tests run."""
    monkeypatch.setattr(device, "_probe_gpu", lambda: (None, WHY_NOT))


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_probe_gpu", lambda: (CARD, ""))


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


@pytest.mark.usefixtures("no_card")
def test_describe_says_why_there_is_no_gpu(monkeypatch) -> None:
    text = describe()
    assert f"GPU       none: {WHY_NOT}" in text
    assert "setting   WORKBENCH_DEVICE is not set" in text
    assert "in use    CPU · " in text
    monkeypatch.setenv(device.VARIABLE, "gpu")
    assert "setting   WORKBENCH_DEVICE=gpu" in describe()
    assert "in use    error: device='gpu' was asked for, but CuPy" in describe()


@pytest.mark.usefixtures("card")
def test_describe_names_the_card() -> None:
    assert "GPU       NVIDIA H200, 139 GiB" in describe()
    assert "in use    GPU · NVIDIA H200, 139 GiB" in describe()


def test_the_probe_of_this_machine_gives_a_card_or_a_reason() -> None:
    found, why_not = device._probe_gpu()
    assert (found is None) == bool(why_not)
    if found is None:
        with pytest.raises(DeviceError):
            resolve("gpu")


def test_missing_packages_are_named_with_the_line_that_installs_them(monkeypatch) -> None:
    def absent(name: str) -> str:
        raise device.PackageNotFoundError(name)

    monkeypatch.setattr(device, "version", absent)
    text = describe()
    assert "torch     not installed: pip install -e '.[language]'" in text
    assert "cudf      not installed: pip install -e '.[cuda13]'" in text


def test_cores_are_counted_on_systems_without_affinity(monkeypatch) -> None:
    """os.sched_getaffinity is Linux alone: on a Mac every model failed when it was made."""
    monkeypatch.delattr(device.os, "sched_getaffinity", raising=False)
    assert device._cpu.__wrapped__().name.endswith(f"{device.os.cpu_count()} cores")
