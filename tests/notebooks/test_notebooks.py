"""Every notebook runs from top to bottom, as it is and on the shop in Chinese."""

from itertools import pairwise
from pathlib import Path

import nbformat
import papermill
import pytest

from workbench.reports.execution import ThisPython

ROOT = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(p for p in ROOT.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
IN_CHINESE = {"dataset": "shop", "language": "zh"}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def _name(value: object) -> str:
    return value.stem if isinstance(value, Path) else "shop-zh" if value else "defaults"


@pytest.fixture(params=[{}, IN_CHINESE], ids=_name)
def parameters(request):
    return request.param


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_runs_from_top_to_bottom(path, parameters, tmp_path):
    done = papermill.execute_notebook(
        path,
        tmp_path / path.name,
        parameters,
        kernel_name="python3",
        kernel_manager_class=ThisPython,
        execution_timeout=300,
        progress_bar=False,
    )
    outputs = [output for cell in done.cells for output in cell.get("outputs", ())]
    assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)
    assert not [o["text"] for o in outputs if o.get("name") == "stderr" and "Warn" in o["text"]]


def test_the_worked_examples_are_in_the_similarity_notebook(tmp_path):
    done = papermill.execute_notebook(
        ROOT / "02_similarity.ipynb",
        tmp_path / "done.ipynb",
        {"dataset": "example", "min_overlap": 1},
        kernel_name="python3",
        kernel_manager_class=ThisPython,
        progress_bar=False,
    )
    shown = [
        o["data"].get("text/plain", "")
        for c in done.cells
        for o in c.get("outputs", ())
        if "data" in o
    ]
    assert "{'cosine': 0.99705, 'pearson': 1.0}" in shown
    assert "{'cosine': 0.76696, 'pearson': 0.0}" in shown


def test_a_cluster_gives_the_answer_of_one_process(tmp_path):
    done = papermill.execute_notebook(
        ROOT / "10_speed_and_scale.ipynb",
        tmp_path / "done.ipynb",
        {"dataset": "shop", "engine": "dask", "most": 20_000},
        kernel_name="python3",
        kernel_manager_class=ThisPython,
        execution_timeout=300,
        progress_bar=False,
    )
    assert "<b>0</b><span>lists that differ</span>" in str(done.metadata.widgets)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_is_committed_clean_and_small(path):
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert "parameters" in cells[0].metadata.tags
    assert not any(cell.outputs or cell.execution_count for cell in cells)
    assert sum(len(cell.source) for cell in cells) < 3000


def test_start_here_links_to_every_notebook():
    text = (ROOT / "00_start_here.ipynb").read_text("utf-8")
    others = [path.relative_to(ROOT).as_posix() for path in NOTEBOOKS[1:]]
    assert not [name for name in others if f"({name})" not in text]


def test_each_notebook_leads_to_the_next():
    numbered = [path for path in NOTEBOOKS if path.parent == ROOT]
    for path, following in pairwise(numbered):
        last = nbformat.read(path, as_version=4).cells[-1].source
        assert f"({following.name})" in last, path.name
