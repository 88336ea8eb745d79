"""An installed Workbench is whole without its checkout."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
CODE = """
import pathlib, sys
import workbench as wb
from workbench.language.copy.brief.settings import DOMAINS
from workbench.panels.performance import timings
from workbench.reports.plan import available_reports

inside = pathlib.Path(wb.__file__).parent
assert inside.is_relative_to(sys.argv[1]), inside
assert timings.RESULTS.is_relative_to(inside) and timings.RESULTS.is_file()
assert {"user", "model", "campaign"} <= available_reports().keys() and DOMAINS
print(wb.report("user", dataset="shop", user_id="u011", n=3, output="out"))
"""


def in_repository() -> set[str]:
    command = ["git", "ls-files", "workbench", "notebooks"]
    files = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return set(files.splitlines())


def test_the_build_takes_what_lies_outside_the_package() -> None:
    """The fast twin: nothing that the package reads is left to an ignore list or a pattern."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    assert build.keys() == {"targets"}
    assert wheel["packages"] == ["workbench"]
    assert wheel.keys() == {"packages", "force-include"}
    for source, target in wheel["force-include"].items():
        assert (ROOT / source).exists()
        assert target == f"workbench/{source}"


@pytest.mark.slow
def test_a_wheel_holds_every_file_and_makes_the_report(tmp_path: Path) -> None:
    """Elsewhere, with the packages that are here and nothing of the checkout."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", tmp_path, ROOT], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        path if path.startswith("workbench/") else f"workbench/{path}" for path in in_repository()
    }
    assert files == expected | {"workbench/benchmarks/results.json"}
    target = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", target, wheel], check=True)
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(target)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )
    page = tmp_path / done.stdout.splitlines()[-1]
    assert "u011" in page.read_text("utf-8")
