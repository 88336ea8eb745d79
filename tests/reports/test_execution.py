import os
import re
import signal
import sys
from pathlib import Path

import nbformat
import pytest

import workbench as wb
from tests.reports.processes import start, wait_for
from workbench.errors import OptionError, ReportError
from workbench.reports.execution import write_whole


@pytest.fixture(scope="module")
def page(write_notebook, tmp_path_factory):
    folder = tmp_path_factory.mktemp("place {with} braces")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        notebook = write_notebook(folder / "tiny_report.ipynb")
        return folder / wb.report(str(notebook), user_id="u2", n="4", progress=False)


def test_a_report_is_a_page_and_the_executed_notebook(page):
    assert page.parent.name == "reports"
    assert re.fullmatch(r"tiny-u2-[0-9a-f]{6}\.html", page.name)
    assert sorted(page.parent.iterdir()) == [page, page.with_suffix(".ipynb")]
    executed = nbformat.read(page.with_suffix(".ipynb"), as_version=4)
    injected = [c for c in executed.cells if "injected-parameters" in c.metadata.tags]
    assert "n = 4" in injected[0].source
    assert executed.metadata.papermill.output_path == page.stem


def test_the_kernel_is_this_python_in_the_current_folder_and_stays_offline(page):
    text = page.read_text()
    assert f"{sys.executable} {page.parent.parent} 1 u2 4" in text


def test_the_foot_says_how_it_came_about(page):
    foot = page.read_text().split("<footer>")[1].split("</footer>")[0]
    assert f"example · {wb.load('example').hash}" in foot
    assert f"Workbench {wb.__version__}" in foot
    assert re.search(r"<dt>metric</dt>\s*<dd>cosine</dd>", foot)


def test_a_failed_cell_leaves_a_readable_notebook_and_no_page(notebook, tmp_path):
    with pytest.raises(ReportError) as caught:
        wb.report(str(notebook()), fail=True, output="out", progress=False)
    failed = next(Path("out").iterdir())
    assert list(Path("out").iterdir()) == [failed]
    assert failed.name.endswith("-failed.ipynb")
    assert "cell [7] (if fail:) failed: ValueError: no luck for u1" in str(caught.value)
    assert str(failed) in str(caught.value)
    outputs = [o for cell in nbformat.read(failed, 4).cells for o in cell.get("outputs", ())]
    assert any(output.get("ename") == "ValueError" for output in outputs)


def test_an_interactive_cell_waits_for_somebody_with_a_kernel(notebook):
    path = notebook()
    cells = nbformat.read(path, as_version=4)
    panel = nbformat.v4.new_code_cell("raise ValueError", metadata={"tags": ["interactive"]})
    cells.cells.insert(2, panel)
    nbformat.write(cells, path)
    page = wb.report(str(path), progress=False)
    executed = nbformat.read(page.with_suffix(".ipynb"), as_version=4)
    assert executed.cells[-1].source == "raise ValueError"
    assert [cell.source for cell in executed.cells].count("raise ValueError") == 1
    assert executed.cells[-1].outputs == []


def test_a_slow_cell_is_stopped_and_named(notebook):
    slow = notebook(("import time", "time.sleep(60)"))
    with pytest.raises(ReportError, match=r"time\.sleep\(60\)\) took more than 1 seconds"):
        wb.report(str(slow), timeout=1, progress=False)


def test_a_kernel_that_dies_is_said_to_have_died(notebook):
    deadly = notebook(("import os", "os.kill(os.getpid(), 9)"))
    with pytest.raises(ReportError, match=r"os\.kill.*lost its kernel"):
        wb.report(str(deadly), progress=False)


def test_a_wrong_parameter_is_refused_before_a_kernel_starts(notebook):
    with pytest.raises(OptionError, match="n='many'"):
        wb.report(str(notebook()), n="many")
    assert not Path("reports").exists()


def test_an_interrupted_report_leaves_nothing_half_written(notebook):
    slow = notebook(("open('started', 'w').close()", "import time; time.sleep(60)"))
    script = f"import workbench as wb; wb.report({str(slow)!r}, progress=False)"
    child = start(script)
    wait_for("started", child)
    child.send_signal(signal.SIGINT)
    _, complaint = child.communicate()
    assert b"KeyboardInterrupt" in complaint
    assert list(Path("reports").iterdir()) == []


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "page.html"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "new \ud800")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]
