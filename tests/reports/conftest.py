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

CELLS = [
    "import sys, time\nimport plotly.graph_objects as go\nfrom IPython.display import HTML, display",
    f"display(HTML('<p class=\"who\">' + {HOSTILE!r}.replace('<', '&lt;') + '</p>'))",
    f"print({HOSTILE!r})\nprint('noise', file=sys.stderr)",
    "time.sleep(seconds)",
    "if fail:\n    raise ValueError(f'no luck for {user_id}')",
    "go.Figure(go.Bar(x=['a', 'b'], y=[n, 2], name='</script><b>bars</b>'))",
    f"{HOSTILE!r}",
]


def write_notebook(path: Path, cells: list[str], parameters: str = PARAMETERS) -> Path:
    tagged = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    code = [new_code_cell(source) for source in cells]
    code.append(new_code_cell("'a widget'", metadata={"tags": ["interactive"]}))
    notebook = new_notebook(cells=[new_markdown_cell("# Taste & *title*\n\nProse."), tagged, *code])
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a notebook into the test's own folder, which is also the current one."""
    monkeypatch.chdir(tmp_path)

    def write(cells: list[str] = CELLS, parameters: str = PARAMETERS) -> Path:
        return write_notebook(tmp_path / "tiny_report.ipynb", cells, parameters)

    return write
