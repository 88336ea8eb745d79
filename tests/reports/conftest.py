"""Small report notebooks, and the means to write more."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

HOSTILE = "<img src=x onerror=alert(1)>"

PARAMETERS = """\
from typing import Any

user_id: int | str = "u1"  # user id as it stands in the data
dataset: str = "example"  # name of a data set, or the path of your own file
n: int = 3  # how many; at least 1
metric: str = "cosine"  # one of: cosine, pearson
language: str = "en"  # one of: en, zh
shrink: float = 0.5
labels: list[str] = []
fail = False
seconds: float = 0.0
"""

CELLS = (
    "import os, sys, time\nimport plotly.graph_objects as go",
    f"print({HOSTILE!r})\nprint('noise', file=sys.stderr)",
    "print(sys.executable, os.getcwd(), os.environ['HF_HUB_OFFLINE'], user_id, n)",
    "time.sleep(seconds)",
    "if fail:\n    raise ValueError(f'no luck for {user_id}')",
    "go.Figure(go.Bar(x=['a', 'b'], y=[n, 2], name='</script><b>bars</b>'))",
)


def _write(path: Path, cells: tuple[str, ...] = CELLS, parameters: str = PARAMETERS) -> Path:
    tagged = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    code = [new_code_cell(source) for source in cells]
    notebook = new_notebook(cells=[new_markdown_cell("# Taste & *title*"), tagged, *code])
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="session")
def write_notebook() -> Callable[..., Path]:
    """Write a report notebook with a heading, a cell of parameters and code cells."""
    return _write


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a notebook into the test's own folder, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: _write(tmp_path / "tiny_report.ipynb", *arguments)
