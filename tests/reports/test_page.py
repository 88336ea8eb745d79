import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbench.reports.batch import Entry
from workbench.reports.page import Facts, batch_page, report_page

HOSTILE = "<img src=x onerror=alert(1)>"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"
FIGURE = go.Figure(go.Bar(y=[1, 2], name=f"</script>{HOSTILE}"), layout={"height": 321})


def facts(**changes):
    values = {
        "name": "tiny",
        "language": "en",
        "data": "example · 0123",
        "version": "0.0",
        "made": datetime(2026, 1, 2, tzinfo=UTC),
        "seconds": 3.2,
        "parameters": {"user_id": HOSTILE, "segment": "", "model": None},
    }
    return Facts(**values | changes)


def shown(data, *, source="secret_code()", tags=()):
    output = new_output("display_data", data=data)
    return new_code_cell(source, outputs=[output], metadata={"tags": list(tags)})


def page(*cells, **changes):
    return report_page(new_notebook(cells=list(cells)), facts(**changes))


def figure_cell(**options):
    return shown({"application/vnd.plotly.v1+json": json.loads(FIGURE.to_json())}, **options)


class Page(HTMLParser):
    """What a browser would fetch, run and show."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.tags, self.texts, self.scripts, self.open = [], [], [], [], []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        self.open.append((tag, values))
        self.fetched += [values[name] for name in ("src", "srcset", "data") if name in values]
        if tag == "link":
            self.fetched.append(values["href"])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]

    def handle_data(self, data):
        tag, values = self.open[-1] if self.open else ("", {})
        if tag == "script" and values.get("type") != "application/json":
            self.scripts.append(data)
        elif tag == "style":
            self.fetched += re.findall(r"@import\s*\S+|url\(([^)]*)\)", data)
        else:
            self.texts.append(data)

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass


def test_code_widgets_parameters_and_noise_are_left_out():
    widget = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider(value=3)"}
    noise = new_code_cell("x", outputs=[new_output("stream", name="stderr", text="a warning")])
    text = page(
        shown({"text/plain": "kept"}),
        shown({"text/plain": "an explorer"}, tags=["interactive"]),
        shown({"text/plain": "given"}, tags=["injected-parameters"]),
        shown({"text/plain": "defaults"}, tags=["parameters"]),
        shown(widget),
        noise,
    )
    assert "kept" in text
    for hidden in ("secret_code", "an explorer", "given", "defaults", "IntSlider", "a warning"):
        assert hidden not in text


@pytest.mark.parametrize("kind", ["display_data", "execute_result"])
def test_what_is_displayed_and_what_a_cell_ends_with_are_shown(kind):
    html = new_output(kind, data={"text/html": "<table><td>cell</td></table>", "text/plain": "no"})
    text = page(new_code_cell("frame", outputs=[html]))
    assert text.count("<table><td>cell</td></table>") == 1
    assert ">no<" not in text


def test_hostile_text_is_shown_as_text():
    stdout = new_code_cell("x", outputs=[new_output("stream", name="stdout", text=HOSTILE)])
    text = page(
        stdout,
        shown({"text/plain": HOSTILE}),
        shown({"text/markdown": f"**bold** {HOSTILE}"}),
        figure_cell(),
    )
    parsed = Page(text)
    assert "img" not in parsed.tags
    assert text.split("<footer>")[0].count(ESCAPED) == 3
    assert ESCAPED in text.split("<footer>")[1]
    assert not {"segment", "model"} & set(re.findall(r"<dt>(\w+)", text))  # not given
    assert "<strong>bold</strong>" in text


def test_only_our_own_scripts_may_run():
    text = page(figure_cell(), shown({"text/html": "<script>alert(1)</script>"}))
    parsed = Page(text)
    own = [script for script in parsed.scripts if script != "alert(1)"]
    assert len(own) == 2
    for script in own:
        assert f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in parsed.policy
    assert "script-src 'sha256-" in parsed.policy
    scripts = parsed.policy.split("script-src")[1].split(";")[0]
    assert "unsafe-inline" not in scripts
    assert parsed.policy.startswith("default-src 'none'")


def test_nothing_is_fetched():
    png = shown({"image/png": b64encode(b"png").decode()})
    svg = shown({"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"})
    parsed = Page(page(new_markdown_cell("# Title"), figure_cell(), png, svg))
    assert parsed.fetched
    assert [address for address in parsed.fetched if not address.startswith("data:")] == []


def test_plotly_comes_once_and_only_with_a_figure():
    with_figures = Page(page(figure_cell(), figure_cell()))
    assert sum("plotly.js v" in script for script in with_figures.scripts) == 1
    without = page(shown({"text/plain": "x"}), figure_cell(tags=["interactive"]))
    assert Page(without).scripts == []
    assert "script-src 'none'" in without
    assert len(without) < 50_000


def test_a_figure_arrives_as_it_was():
    text = page(figure_cell())
    data = re.search(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data[1])["data"][0]["name"] == f"</script>{HOSTILE}"
    assert "min-height: 321px" in text


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        (new_markdown_cell("# Taste & *title*"), "Taste &amp; title"),
        (shown({"text/html": "<h1>User &lt;b&gt;</h1>"}), "User &lt;b&gt;"),
        (new_markdown_cell("No heading"), "tiny"),
    ],
)
def test_the_first_heading_is_the_title(cell, title):
    assert f"<title>{title}</title>" in page(cell)


def test_the_page_speaks_its_language():
    text = page(new_markdown_cell("# 报告"), language="zh")
    assert '<html lang="zh-CN">' in text
    assert "由 Workbench 0.0 生成" in text
    assert '<html lang="fr">' in page(new_markdown_cell("# x"), language="fr")


def test_the_index_lists_what_failed_and_why():
    entries = [
        Entry({"user_id": 1, "k": 5}, "done", page="a b.html", seconds=1.25),
        Entry({"user_id": HOSTILE}, "failed", reason=f"no {HOSTILE}"),
        Entry({"user_id": 3}),
    ]
    text = batch_page(facts(), ["user_id", "k"], entries)
    assert "3 tiny reports" in text
    assert '<a href="a%20b.html">a b.html</a>' in text
    assert f"no {ESCAPED}" in text
    assert "not made" in text
    assert "img" not in Page(text).tags
