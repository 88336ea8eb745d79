"""Executed notebook to one HTML page that asks nothing of the network."""

import re
from base64 import b64encode
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from plotly.offline import get_plotlyjs
from traitlets.config import Config

from workbench.strings import LANGUAGES, Strings

_TEMPLATES = Path(__file__).parent / "template"
_PLOTLY = "application/vnd.plotly.v1+json"
_WIDGET = "application/vnd.jupyter.widget-view+json"
_HIDDEN_TAGS = {"parameters", "injected-parameters", "interactive"}


@dataclass(frozen=True)
class Facts:
    """What the foot of a page says of how it came about.

    Attributes
    ----------
    name : str
        The report's name.
    language : str
        Language of the page: "en" or "zh".
    data : str
        Name and hash of the data; may be empty.
    version : str
        Version of Workbench.
    made : datetime
        When.
    seconds : float
        How long it took.
    parameters : mapping
        All parameters.
    """

    name: str
    language: str
    data: str
    version: str
    made: datetime
    seconds: float
    parameters: Mapping[str, Any]


def report_page(notebook: NotebookNode, facts: Facts) -> str:
    """Render an executed notebook: code, widgets and standard error left out, figures alive."""
    visible = _visible(notebook)
    body, _ = _exporter().from_notebook_node(visible)
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", body, re.DOTALL)
    title = unescape(re.sub(r"<[^>]*>", "", heading[1])).strip() if heading else facts.name
    outputs = [output for cell in visible.cells for output in cell.get("outputs", ())]
    has_figures = any(_PLOTLY in output.get("data", {}) for output in outputs)
    scripts = [get_plotlyjs().replace("\r", ""), _asset("figures.js")] if has_figures else []
    return _page("report.html.j2", title, facts, scripts, body=Markup(body))  # noqa: S704


def batch_page(facts: Facts, columns: list[str], entries: list[Any]) -> str:
    """Render the index of a batch of reports."""
    title = _text(facts)("page.batch", count=len(entries), name=facts.name)
    return _page("batch.html.j2", title, facts, [], columns=columns, entries=entries)


def _page(template: str, title: str, facts: Facts, scripts: list[str], **content: Any) -> str:
    # Scripts are allowed one by one, by their hash: markup that slips in from the data stays dead.
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    # Plotly compiles the shaders' code of WebGL figures; only an allowed script may do so.
    allowed = f"{hashes} 'unsafe-eval'" if scripts else "'none'"
    loader = FileSystemLoader(_TEMPLATES)
    environment = Environment(loader=loader, autoescape=True, finalize=_seen)
    return environment.get_template(template).render(
        title=title,
        facts=facts,
        text=_text(facts),
        language={"zh": "zh-CN"}.get(facts.language, facts.language),
        style=Markup(_asset("style.css")),  # noqa: S704
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        script_source=Markup(allowed),  # noqa: S704
        **content,
    )


def _seen(value: Any) -> Any:
    """Leave out what steers a text and is not seen, such as marks that turn its direction."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(c if c.isprintable() or c == "\n" else " " for c in value)


def _visible(notebook: NotebookNode) -> NotebookNode:
    """Copy a notebook without what a reader cannot use: parameters and widgets."""
    copy = deepcopy(notebook)
    copy.cells = [c for c in copy.cells if not _HIDDEN_TAGS & set(c.metadata.get("tags", ()))]
    for cell in copy.cells:
        if "outputs" in cell:
            # A widget's text stands in for the widget, so it goes with it.
            cell.outputs = [o for o in cell.outputs if _WIDGET not in o.get("data", {})]
    return copy


def _exporter() -> HTMLExporter:
    images = ["image/svg+xml", "image/png", "image/jpeg"]
    order = [_PLOTLY, "text/html", "text/markdown", *images, "text/plain"]
    return HTMLExporter(
        config=Config({"NbConvertBase": {"display_data_priority": order}}),
        template_name=_TEMPLATES.name,
        extra_template_basedirs=[str(_TEMPLATES.parent)],
        exclude_input=True,
        exclude_anchor_links=True,
    )


def _text(facts: Facts) -> Strings:
    return Strings(facts.language if facts.language in LANGUAGES else "en")


def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")
