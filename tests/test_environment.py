"""What pip, conda and `make` install are the same packages, within the same bounds."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
IN_CONDA = ("language", "models", "sample", "cuda13")
NAMES = {
    "cudf-cu13": "cudf",
    "cupy-cuda13x": "cupy",
    "jupyter-client": "jupyter_client",
    "torch": "pytorch",
}


def requirements(*extras: str) -> list[Requirement]:
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    return [Requirement(line) for line in lines]


def of_conda(line: str) -> tuple[str, SpecifierSet]:
    """A name and its bounds; conda's single = is pip's == of a prefix."""
    name, bounds = re.fullmatch(r"([\w-]+)(.*)", line).groups()
    return name, SpecifierSet(re.sub(r"^=([\d.]+)$", r"==\1.*", bounds))


@pytest.fixture(scope="module")
def conda() -> dict[str, SpecifierSet]:
    lines = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    (by_pip,) = (line["pip"] for line in lines if isinstance(line, dict))
    assert by_pip.pop() == "-e ."
    return dict(map(of_conda, [line for line in lines if isinstance(line, str)] + by_pip))


@pytest.fixture(scope="module")
def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("needed", requirements(*IN_CONDA), ids=lambda needed: needed.name)
def test_conda_has_what_pip_has(needed: Requirement, conda: dict[str, SpecifierSet]) -> None:
    assert conda[NAMES.get(needed.name, needed.name)] == needed.specifier


def test_conda_has_nothing_else(conda: dict[str, SpecifierSet]) -> None:
    known = {NAMES.get(needed.name, needed.name) for needed in requirements(*IN_CONDA)}
    assert conda.keys() - known == {"python", "pip"}
    (python,) = conda["python"]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.version.removesuffix(".*"))


@pytest.mark.parametrize("needed", requirements(*EXTRAS), ids=str)
def test_what_make_installs_is_within_the_bounds(
    needed: Requirement, pinned: dict[str, str]
) -> None:
    if needed.name in pinned:
        assert needed.specifier.contains(pinned[needed.name])
    else:  # of a card, which `make` does not install; bounded to one release, or free
        assert needed.name in {
            Requirement(line).name for line in EXTRAS["cuda12"] + EXTRAS["cuda13"]
        }


def test_both_kinds_of_driver_get_the_same_packages() -> None:
    twelve = [line.replace("cu12", "cu13").replace("12x", "13x") for line in EXTRAS["cuda12"]]
    assert twelve == EXTRAS["cuda13"]
