import json
import signal
from pathlib import Path

import pandas as pd
import pytest

from tests.reports.processes import has_ended, start, wait_for
from workbench.errors import DataError, OptionError
from workbench.reports import report_batch

# Fails for u2 until the file "well" is there.
CELLS = (
    "from pathlib import Path",
    "if user_id == 'u2' and not Path('well').exists():\n    raise ValueError('u2 is not well')",
)


@pytest.fixture
def tiny(notebook):
    return str(notebook(CELLS))


def state():
    entries = json.loads(Path("reports/batch.json").read_text()).values()
    return {entry["parameters"]["user_id"]: entry for entry in entries}


def test_a_failure_is_listed_and_only_it_is_made_again(tiny):
    Path("users.csv").write_text("user_id,n\nu1,4\nu2,\nu9,1\n")

    index = report_batch(tiny, "users.csv", jobs=2, shrink=2, progress=False)
    assert index == Path("reports/index.html")
    text = index.read_text()
    assert "1 done" in text
    assert "2 failed" in text
    assert "ValueError: u2 is not well" in text
    assert "user &#39;u9&#39; has no interactions" in text
    page = Path("reports", state()["u1"]["page"])
    assert f'href="{page.name}"' in text
    assert state()["u2"]["status"] == "failed"
    first = page.stat().st_mtime_ns

    Path("well").touch()
    text = report_batch(tiny, "users.csv", jobs=2, shrink=2, progress=False).read_text()
    assert "2 done" in text
    assert "1 failed" in text
    assert page.stat().st_mtime_ns == first
    assert not list(Path("reports").glob("*-failed.ipynb"))

    only = pd.DataFrame({"user_id": ["u1"], "n": [4]})
    report_batch(tiny, only, force=True, shrink=2, progress=False)
    assert page.stat().st_mtime_ns > first


def test_another_notebook_is_made_again(tiny, notebook):
    users = pd.DataFrame({"user_id": ["u1"]})
    report_batch(tiny, users, progress=False)
    page = Path("reports/tiny-u1.html")
    first = page.stat().st_mtime_ns
    report_batch(tiny, users, progress=False)
    assert page.stat().st_mtime_ns == first
    notebook(("'edited'",))
    report_batch(tiny, users, progress=False)
    assert "edited" in page.read_text()


@pytest.mark.parametrize(
    ("table", "error", "words"),
    [
        ("usr_id\nu1\n", OptionError, "no parameter 'usr_id'. Did you mean 'user_id'"),
        ("user_id;n\nu1;3\n", OptionError, "no parameter 'user_id;n'"),
        ("user_id,n\nu1,3\nu2,many\n", OptionError, "row 2, column 'n': n='many' must be of"),
        ("user_id,n\nu1,0\n", OptionError, "row 1, column 'n': n=0 must be"),
        ("user_id,n\n", DataError, "no rows"),
        ("", DataError, "users.csv cannot be read as CSV"),
        ("user_id,n\nu1,1,1,1\nu2,1,1\n", DataError, "more cells than the header"),
    ],
)
def test_a_bad_table_is_refused_before_anything_runs(tiny, table, error, words):
    Path("users.csv").write_text(table)
    with pytest.raises(error, match=words):
        report_batch(tiny, "users.csv")
    assert not Path("reports").exists()


def test_a_missing_table_a_bad_common_parameter_and_no_jobs(tiny):
    with pytest.raises(DataError, match=r"there is no file nowhere\.csv"):
        report_batch(tiny, "nowhere.csv")
    users = pd.DataFrame({"user_id": ["u1"]})
    with pytest.raises(OptionError, match=r"no parameter 'metrics'\. Did you mean 'metric'"):
        report_batch(tiny, users, metrics="cosine")
    with pytest.raises(OptionError, match="metric='cos'"):
        report_batch(tiny, users, metric="cos")
    with pytest.raises(OptionError, match="jobs=0"):
        report_batch(tiny, users, jobs=0)


def test_a_damaged_state_file_says_what_to_do(tiny):
    Path("reports").mkdir()
    Path("reports/batch.json").write_text("{")
    with pytest.raises(DataError, match=r"reports/batch\.json is not the state.*delete it"):
        report_batch(tiny, pd.DataFrame({"user_id": ["u1"]}))


def test_an_interruption_keeps_what_is_done_and_leaves_no_process(notebook):
    cells = (
        "import os, time; open(f'{user_id}.pid', 'w').write(str(os.getpid()))",
        "time.sleep(300 if user_id == 'u2' else 0)",
    )
    tiny = str(notebook(cells))
    Path("users.csv").write_text("user_id\nu1\nu2\nu1\n")
    script = (
        "from workbench.reports import report_batch;"
        f"report_batch({tiny!r}, 'users.csv', jobs=1, progress=False)"
    )
    child = start(script)
    wait_for("u2.pid", child)
    child.send_signal(signal.SIGINT)
    _, complaint = child.communicate()

    assert b"KeyboardInterrupt" in complaint
    assert {user: entry["status"] for user, entry in state().items()} == {"u1": "done"}
    names = {path.name for path in Path("reports").iterdir()}
    assert names == {"batch.json", "index.html", "tiny-u1.html", "tiny-u1.ipynb"}
    assert "not made" in Path("reports/index.html").read_text()
    assert has_ended(int(Path("u2.pid").read_text()), patience=30)
