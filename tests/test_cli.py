import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import workbench as wb
from workbench.cli import app
from workbench.families import FAMILIES

RECOMMEND = ["recommend", "--user-id", "u1", "--dataset", "example"]
WRITE = ["write", "--dataset", "shop", "--user-id", "u011"]
HOSTILE = '=HYPERLINK("http://x")\x1b[31m'


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def ratings(tmp_path):
    rows = [(u, i, 5.0 - (u + i) % 3) for u in range(6) for i in range(6) if (u * i) % 4 != 1]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "rating"])
    frame["item_id"] = frame["item_id"].map(lambda item: f"{HOSTILE} {item}")
    frame["timestamp"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame.index, unit="D")
    frame.to_csv(tmp_path / "ratings.csv", index=False)
    return "ratings.csv"


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from workbench.cli import app;"
        "print(CliRunner().invoke(app, ['--help']).output);"
        "print({'numpy', 'pandas', 'torch', 'papermill'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nset()\n")
    for command in ("lab", "report", "recommend", "write", "data", "device"):
        assert command in done.stdout


def test_lab_opens_at_the_first_notebook(tmp_path):
    browser, seen = tmp_path / "browser", tmp_path / "seen"
    script = f'#!/bin/sh\ncat "${{1#file://}}" > {seen}.part && mv {seen}.part {seen}\n'
    browser.write_text(script)
    browser.chmod(0o755)
    command = [sys.executable, "-m", "workbench.cli", "lab", "--allow-root", "--port-retries=50"]
    with (tmp_path / "log").open("w") as log:
        environment = os.environ | {"BROWSER": str(browser)}
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            deadline = time.monotonic() + 60
            while not seen.exists() and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            server.terminate()
            server.wait(30)
    assert "/lab/tree/00_start_here.ipynb" in seen.read_text()


def test_write_has_a_line_for_each_recommendation(run):
    arguments = ["--dataset", "shop", "--user-id", "u011", "-n", 3, "--language", "zh"]
    done = run("write", *arguments, "--csv", "copy.csv")
    assert done.exit_code == 0, done.output
    copy = pd.read_csv("copy.csv")
    assert copy["source"].tolist() == ["pool"] * 3
    titles = wb.load("shop").titles_in("zh")
    assert all(
        titles[item] in text for item, text in zip(copy["item_id"], copy["text"], strict=True)
    )


def written(run, *arguments, user="u011"):
    """What the command writes as JSON, with its page of the terminal."""
    asked = ["--dataset", "shop", "--user-id", user, "-n", 2, "--language", "zh"]
    done = run("write", *asked, *arguments, "--json", "copy.json")
    assert done.exit_code == 0, done.output
    return json.loads(Path("copy.json").read_text()), done.stdout


@pytest.mark.parametrize("kind", ["push", "email", "title", "why", "intro", "welcome"])
def test_write_has_texts_of_each_kind(run, kind):
    rows, _ = written(run, "--kind", kind, "--preset", "shop", "--tone", "plain")
    ds = wb.load("shop")
    recs = wb.ItemKNN(min_overlap=5).fit(ds).recommend(["u011"], n=2)
    options = {"kind": kind, "preset": "shop", "tone": "plain", "language": "zh"}
    copy = wb.Copywriter().write(recs, ds, **options)
    assert [row["text"] for row in rows] == copy["text"].tolist()
    assert [row.get("subject", "") for row in rows] == list(copy.get("subject", [""] * len(rows)))
    titles = recs["item_id"].map(ds.titles_in("zh"))
    if kind in ("intro", "welcome"):
        assert [row["items"] for row in rows] == [" · ".join(titles)]
    else:
        assert [row["title"] for row in rows] == titles.tolist()


def test_write_fills_a_pool_where_that_is_the_mode(run):
    rows, _ = written(run, "--language", "en", "--mode", "pool", "--tone", "playful")
    ds = wb.load("shop")
    recs = wb.ItemKNN(min_overlap=5).fit(ds).recommend(["u011"], n=2)
    copy = wb.Copywriter().write(recs, ds, mode="pool", tone="playful")
    assert [row["text"] for row in rows] == copy["text"].tolist()
    assert {row["source"] for row in rows} == {"pool"}


def test_write_says_why_a_text_is_refused(run):
    """A preset without a sentence of its own, where no model writes."""
    Path("bare.toml").write_text('name = "bare"\ngoods = {zh = "植物"}\n', encoding="utf-8")
    rows, shown = written(run, "--preset", "bare.toml")
    assert [(row["text"], row["source"]) for row in rows] == [("", "refused")] * 2
    assert rows[0]["reason"].split()[0] in shown


def test_an_email_keeps_its_lines_in_the_terminal(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    rows, shown = written(run, "--kind", "email")
    first, *_, last = rows[0]["text"].split("\n")
    printed = shown.splitlines()
    start = next(n for n, line in enumerate(printed) if first in line)
    assert any(last in line for line in printed[start + 1 :])


def test_version(run):
    assert run("--version").stdout.strip() == wb.__version__


def test_device(run):
    result = run("device")
    assert result.exit_code == 0
    assert "CPU" in result.stdout
    assert "GPU" in result.stdout


def test_data_lists_and_describes(run, ratings):
    assert "movielens-small" in run("data").stdout
    assert wb.load("example").hash in run("data", "example").stdout
    assert "6 users" in run("data", ratings).stdout


@pytest.mark.parametrize("model", FAMILIES)
def test_recommend_writes_files_that_a_spreadsheet_takes_for_no_formula(run, ratings, model):
    result = run(
        *("recommend", "--user-id", 1, "--dataset", ratings, "--model", model, "-n", 2),
        *(["--min-overlap", 1] if model in ("item-knn", "user-knn") else []),
        *("--csv", "list.csv", "--json", "list.json"),
    )
    assert result.exit_code == 0, result.stderr
    assert "\x1b[31m" not in result.stdout
    recs = getattr(wb, FAMILIES[model])().fit(wb.read(ratings)).recommend(users=[1], n=2)
    rows = json.loads(Path("list.json").read_text())
    assert [row["item_id"] for row in rows] == recs["item_id"].tolist()
    neutral = [f"'{item}" for item in recs["item_id"]]
    assert pd.read_csv("list.csv")["item_id"].tolist() == neutral


def test_a_list_is_that_of_the_report_and_its_file_is_for_spreadsheets(run):
    arguments = ["recommend", "--dataset", "shop", "--user-id", "u011", "-n", 3]
    run(*arguments, "--csv", "marked.txt")
    run(*arguments, "--csv", "plain.csv", "--no-bom")
    marked, plain = Path("marked.txt").read_bytes(), Path("plain.csv").read_bytes()
    assert marked == b"\xef\xbb\xbf" + plain
    ds = wb.load("shop")
    recs = wb.ItemKNN(min_overlap=5).fit(ds).recommend(["u011"], n=3)
    assert pd.read_csv("plain.csv")["item_id"].tolist() == recs["item_id"].tolist()
    failed = run(*arguments, "--csv", "no/list.csv")
    assert failed.exit_code == 2
    assert failed.stderr.splitlines()[-1].startswith("error: 'no/list.csv' cannot be written")
    assert sorted(Path().iterdir()) == [Path("marked.txt"), Path("plain.csv")]


def test_recommend_only_what_is_asked_for(run):
    arguments = ["recommend", "--dataset", "shop", "--user-id", "u011", "--model", "popular"]
    asked = ["--where", "price<=50", "--where", "genres != Food, Home", "--half-life", 30]
    result = run(*arguments, *asked, "-n", 4, "--json", "list.json")
    assert result.exit_code == 0, result.stderr
    rules = [wb.Attribute("price", at_most=50), wb.Attribute("genres", none_of=["Food", "Home"])]
    ds = wb.load("shop")
    recs = wb.Popular(half_life=30).fit(ds).recommend(["u011"], n=4, filters=rules)
    rows = json.loads(Path("list.json").read_text())
    assert [row["item_id"] for row in rows] == recs["item_id"].tolist()
    assert "price at most 50: 342 of 400 items left out" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["recommend", "--user-id", "zed", "--dataset", "example"], "'u1'"),
        (["recommend", "--user-id", "u1", "--dataset", "nope"], "movielens-small"),
        (["recommend", "--user-id", "u1", "--dataset", "example", "-k", "0"], "k=0"),
        (["recommend", "--user-id", "u1", "--model", "svd"], "'item-knn'"),
        (["recommend", "--user-id", "u1", "--model", "als", "-k", "5"], "'als' takes no k"),
        (["recommend", "--user-id", "u1", "--where", "price"], "must be written column<=value"),
        (
            ["recommend", "--user-id", "u1", "--dataset", "example", "--where", "cost<=5"],
            "no column 'cost'",
        ),
        (["recommend", "--user-id", "u1", "--dataset", "nowhere.csv"], "nowhere.csv"),
        ([*WRITE, "--kind", "sms"], "kind='sms' is not one of"),
        ([*WRITE, "--preset", "nope"], "preset='nope' is not one of"),
        ([*WRITE, "--preset", "nope.toml"], "nope.toml cannot be read"),
        ([*WRITE, "--preset", "finance"], "needs the column 'risk_preference'"),
        ([*WRITE, "--mode", "fast"], "mode='fast' is not one of"),
        ([*WRITE, "--mode", "pool", "--kind", "push"], "use mode='direct'"),
        ([*WRITE, "--tone", "loud"], "tone='loud' is not one of"),
        ([*WRITE, "--language", "fr"], "language='fr' is not one of"),
        (["report", "nope"], "no report 'nope'"),
        (["report", "model", "--model", "svd"], "'item-knn'"),
        (["report", "user", "-p", "k"], "key=value"),
        (["report", "campaign", "-p", "segment=town == 'x'"], "no column 'town'"),
        (["data", "nope"], "movielens-small"),
        ([*RECOMMEND, "--model", "als", "--min-overlap", "2"], "'als' takes no min_overlap"),
    ],
)
def test_what_is_wrong_is_one_line_and_code_2(run, arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_report_prints_the_page(run, tmp_path):
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    parameters = new_code_cell("user_id: str = 'u1'\nk: int = 5", metadata={"tags": ["parameters"]})
    cells = [parameters, new_code_cell("print(f'k is {k} for {user_id}')")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "tiny_report.ipynb")

    result = run("report", "tiny_report.ipynb", "--user-id", "u2", "-p", "k=7", "--output", "out")
    assert result.exit_code == 0, result.stderr
    page = Path(result.stdout.splitlines()[-1])
    assert page.parent == Path("out")
    assert "k is 7 for u2" in page.read_text()

    assert "no parameter 'output'" in run("report", "tiny_report.ipynb", "-p", "output=x").stderr
    assert "no parameter 'metric'" in run("report", "tiny_report.ipynb", "--metric", "x").stderr

    Path("users.csv").write_text("user_id\na\n")
    result = run("report", "tiny_report.ipynb", "--k", "9", "--for-each", "users.csv")
    assert result.stdout.splitlines()[-1] == "reports/index.html"
    assert "k is 9 for a" in next(Path("reports").glob("tiny-a*.html")).read_text()
