"""What README and docs show is what happens: every snippet runs, on small data."""

import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.main import get_command

import workbench as wb
from tests.language.stand_ins import Scripted
from workbench.cli import app
from workbench.datasets import Dataset

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md",
                 *(ROOT / "docs").glob("*.md"))
)  # fmt: skip
COMMANDS = get_command(app).commands


def blocks(page: str, language: str) -> list[str]:
    """Snippets of a page, in order."""
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Model(Scripted):
    """Writes at once, as the embedded model and as one that follows instructions."""

    def generate(self, conversations, *, samples=1, temperature=0.7, **settings):
        settings |= {"max_new_tokens": 9, "seed": 0, "progress": False}
        return super().generate(conversations, samples=samples, **settings)

    def complete(self, texts, **settings):
        return self.generate(texts, **settings)


GRADES = '{"fluent": 4, "faithful": 5, "personal": 3, "inviting": 3}'
SHOWN = [page for page in PAGES if blocks(page, "python")]


@pytest.fixture(scope="module")
def films(movies: Dataset) -> Dataset:
    """The ratings of some users, user 42 among them, of some films, film 260 among them."""
    counts = movies.interactions["item_id"].value_counts()
    table = movies.interactions
    few = table["user_id"].between(20, 60) & table["item_id"].isin([260, *counts.index[:150]])
    items = movies.items[movies.items["item_id"].isin(table.loc[few, "item_id"])]
    return Dataset(table[few].reset_index(drop=True), items.reset_index(drop=True), name="films")


@pytest.fixture
def place(films: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the files that snippets read, small data, and a model that writes at once."""
    from workbench.reports.plan import plan

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXAMPLE_KEY", "secret")
    shutil.copytree(ROOT / "data", "data")
    films.table.to_parquet("orders.parquet")
    load, read, tune = wb.load, wb.read, wb.tune
    monkeypatch.setattr(wb, "load", lambda name="movielens-small", **options: (
        films if name == "movielens-small" else load(name, **options)))  # fmt: skip
    monkeypatch.setattr(wb, "read", lambda source, device="cpu", **columns: (
        read(source, device="cpu", **columns)))  # fmt: skip
    monkeypatch.setattr(wb, "tune", lambda *given, **options: tune(*given, budget=2, **options))
    monkeypatch.setattr(wb, "report", lambda name, **given: plan(name, given))
    monkeypatch.setattr(wb, "synthetic", lambda *sizes: films)
    monkeypatch.setattr(Dataset, "to", lambda self, device: self)
    monkeypatch.setattr(
        "workbench.language.copy.copywriter.open_backend",
        lambda *_, **__: Model("Heat is a crime drama."),
    )
    wb.Pool([]).save("spring.jsonl")


def shown(films: Dataset) -> dict[str, Any]:
    """What snippets take as given."""
    recs = wb.ItemKNN(k=10).fit(films).recommend(users=[42, 43], n=3)
    new = pd.DataFrame({"user_id": [42], "item_id": films.item_ids[:1], "rating": [5.0]})
    model = Model("推荐{title}：{genre}片里的佳作。")
    return {
        "wb": wb, "ds": films, "recs": recs, "new_ratings": new, "campaign": films.item_ids,
        "writer": wb.Copywriter(), "model": model, "backend": Model(GRADES),
        "url": "http://localhost:1/v1", "name": "small", "np": np, "pd": pd,
    }  # fmt: skip


@pytest.mark.parametrize("page", SHOWN)
def test_every_snippet_of_a_page_runs(page: str, films: Dataset, place: None) -> None:
    names = shown(films)
    for block in blocks(page, "python"):
        code = re.sub(r"^%.*", "", block, flags=re.MULTILINE)  # of a notebook
        exec(compile(code, page, "exec"), names)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_one(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    lines = "\n".join(blocks(page, "sh")).splitlines() + re.findall(r"`(workbench [^`]+)`", text)
    wrong = []
    for line in lines:
        words = shlex.split(line, comments=True)
        if words[:1] != ["workbench"]:
            continue
        command = COMMANDS.get(words[1])
        options = {name for each in command.params for name in each.opts} if command else set()
        asked = {word.partition("=")[0] for word in words[2:] if re.match(r"--?[a-z]", word)}
        if command is None or not asked <= options:
            wrong.append(line)
    assert not wrong


def test_every_target_and_extra_that_pages_name_exists() -> None:
    text = "\n".join((ROOT / page).read_text("utf-8") for page in PAGES)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    known = set(extras["optional-dependencies"])
    named = re.search(r"Extras: (.*?)\.\n", text, re.DOTALL)[1]
    assert set(re.findall(r"`([a-z0-9]+)`(?= \(|,|$| and)", named)) - {"make"} <= known
    assert known <= set(re.findall(r"`([a-z0-9]+)`", named))
