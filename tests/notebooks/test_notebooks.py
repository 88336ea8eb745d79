"""Every notebook runs from top to bottom, as it is and on the shop in Chinese."""

from itertools import pairwise
from pathlib import Path

import nbformat
import papermill
import pytest

from workbench.reports.execution import ThisPython

ROOT = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(p for p in ROOT.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
NUMBERED = [path for path in NOTEBOOKS if path.parent == ROOT]
IN_CHINESE = {"dataset": "shop", "language": "zh"}
# In Chinese, notebooks that compute by other means too do so.
OTHERWISE = {"10_speed_and_scale": {"engine": "dask", "most": 20_000}}
SHOWN = {
    ("02_similarity", "defaults"): (
        "{'cosine': 0.99705, 'pearson': 1.0}",
        "{'cosine': 0.76696, 'pearson': 0.0}",
    ),
    ("10_speed_and_scale", "defaults"): ("<b>0</b><span>lists that differ</span>",),
    ("10_speed_and_scale", "shop-zh"): ("<b>0</b><span>不一致的列表</span>",),
}
# Reports in Chinese are pages, which tests/browser opens.
RUNS = [
    *((path, "defaults", {}) for path in NOTEBOOKS),
    *((path, "shop-zh", IN_CHINESE | OTHERWISE.get(path.stem, {})) for path in NUMBERED),
]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize(
    ("path", "name", "parameters"), RUNS, ids=[f"{path.stem}-{name}" for path, name, _ in RUNS]
)
def test_runs_from_top_to_bottom(path, name, parameters, tmp_path):
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
    data = [output.get("data", {}) for output in outputs]
    assert any("application/vnd.jupyter.widget-view+json" in each for each in data)
    assert not [o["text"] for o in outputs if o.get("name") == "stderr" and "Warn" in o["text"]]
    shown = "".join(each.get("text/plain", "") for each in data) + str(done.metadata.widgets)
    assert [words for words in SHOWN.get((path.stem, name), ()) if words not in shown] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
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
    for path, following in pairwise(NUMBERED):
        last = nbformat.read(path, as_version=4).cells[-1].source
        assert f"({following.name})" in last, path.name
