"""Reports on data that tries to be markup, script or a formula, or to turn the text around."""

import ast
import json
import unicodedata
from datetime import UTC, datetime

import nbformat
import numpy as np
import pandas as pd
import pytest
from IPython.display import HTML
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.language.test_hostile import HOSTILE, Elements
from workbench.datasets import Dataset
from workbench.reports import page as page_module
from workbench.reports.page import Facts, report_page
from workbench.reports.plan import find_report

TEXTS = list(dict.fromkeys(item["text"] for item in HOSTILE))
PLAIN = [f"Oak Lamp {number}" for number in range(len(TEXTS))]


def dataset(texts, goods):
    """Everybody has chosen every other item; all names, texts and ids of users are from `texts`."""
    rng = np.random.default_rng(0)
    chosen = np.argwhere(rng.random((10, len(texts))) < 0.5)
    users = np.array(texts, dtype=object)[-10:]
    interactions = pd.DataFrame(
        {"user_id": users[chosen[:, 0]], "item_id": chosen[:, 1], "rating": 1.0 + chosen.sum(1) % 5}
    )
    items = pd.DataFrame({"item_id": range(len(texts)), "title": texts, "description": texts[::-1]})
    items["genres"] = [[text, "Comedy"] for text in texts]
    items[goods] = 1999.0
    attributes = pd.DataFrame({"user_id": users, "city": users, "interests": users})
    return Dataset(interactions, items, attributes, name=texts[0])


def page(name, ds, **given):
    """The page of a report, its cells run here rather than in a kernel."""
    cells, names = [], {}
    for cell in nbformat.read(find_report(name), as_version=4).cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and "interactive" not in tags:
            body = ast.parse(cell.source).body
            shown = body.pop() if isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), name, "exec"), names)
            if "parameters" in tags:
                names |= {"dataset": ds} | given
            if shown:
                cells.append(_cell(eval(ast.unparse(shown), names)))
    facts = Facts(name, "en", ds.name, "0.0", datetime.now(UTC), 1.0, {"user_id": ds.user_ids[0]})
    return report_page(new_notebook(cells=cells), facts), cells


def _cell(result):
    if isinstance(result, HTML):
        data = {"text/html": result.data}
    else:
        data = {"application/vnd.plotly.v1+json": json.loads(result.to_json())}
    return new_code_cell("", outputs=[new_output("display_data", data=data)])


def _few(name):
    """What makes a page short: that of harmless data only says which elements are ours."""
    return {"examples": 2} if name == "model" else {"n": 2}


def labels(value):
    """All texts of a figure."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from labels(each)


@pytest.mark.parametrize(
    ("name", "goods", "given"),
    [
        ("campaign", "price", {"language": "zh", "budget": 0, "max_chars": 0, "n": 9}),
        ("campaign", "year", {"mode": "pool", "budget": 0, "n": 9}),
        ("user", "year", {"language": "zh", "n": 30}),
        ("model", "price", {"examples": 9, "k": 20}),
    ],
)
def test_a_page_is_built_of_its_own_elements_alone(name, given, goods, monkeypatch):
    monkeypatch.setattr(
        page_module, "get_plotlyjs", lambda: "plotly"
    )  # millions of characters, not ours
    hostile, cells = page(name, dataset(TEXTS, goods), **given)
    harmless, _ = page(name, dataset(PLAIN, goods), **given | _few(name))
    built = {(tag, *names) for tag, names in Elements(hostile).found}
    assert built - {(tag, *names) for tag, names in Elements(harmless).found} == set()
    hidden = [c for c in hostile if unicodedata.category(c)[0] == "C" and c not in "\n\t"]
    assert hidden == []
    shown = [data for cell in cells for o in cell.outputs for data in o.data.values()]
    figures = [data for data in shown if isinstance(data, dict)]
    assert Elements(hostile).found.count(("script", ["type"])) == len(figures)
    assert Elements(hostile).found.count(("script", [])) == 2
    for text in labels(figures):
        assert "<" not in text.replace("<br>", "").replace("<extra></extra>", "")
        assert text.isprintable(), ascii(text)


def test_no_cell_of_the_saved_lines_is_a_formula(tmp_path):
    given = {"language": "zh", "budget": 0, "n": 9, "path": str(tmp_path / "lines.csv")}
    page("campaign", dataset([f"={text}" for text in TEXTS], "price"), **given)
    saved = pd.read_csv(tmp_path / "lines.csv", dtype=str, keep_default_na=False)
    cells = saved.to_numpy().ravel()
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert saved["title"].str.startswith("'=").all()
