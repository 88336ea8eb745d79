"""What can be chosen of models and rules, for the data at hand."""

from collections.abc import Mapping

import ipywidgets as widgets

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.families import FAMILIES
from workbench.models import Diversity, InStock, MaxPer
from workbench.models.rerank.filters import Rule
from workbench.panels.controls.panel import choice, share_slider
from workbench.strings import Strings

MOST_ITEMS = 20_000  # for a model that is dense in them


def suited(ds: Dataset) -> list[str]:
    """Names of the families of models that can be fitted on the data here."""
    misfits = {
        "ease": len(ds.item_ids) > MOST_ITEMS,
        "p3alpha": ds.interactions[Columns.RATING].min() < 0,
        "rp3beta": ds.interactions[Columns.RATING].min() < 0,
        "demographic": ds.users is None,
        "recent": Columns.TIMESTAMP not in ds.interactions,
    }
    return [name for name in (*FAMILIES, "recent") if not misfits.get(name, False)]


def rule_controls(ds: Dataset, text: Strings) -> dict[str, widgets.Widget]:
    """Controls of the rules for which the items have a column."""
    controls: dict[str, widgets.Widget] = {}
    if Columns.GENRES in ds.items:
        most = [(text("recommend.any"), 0), *((str(most), most) for most in (1, 2, 3))]
        controls["most"] = choice(text, "recommend.most", most, 0)
        controls["diversity"] = share_slider(text, "recommend.diversity", 0.0, 0.0, 1.0, 0.1)
    if "stock" in ds.items:
        box = widgets.Checkbox(False, description=text("recommend.stock"), indent=False)
        controls["stock"] = box
    return controls


def rules_of(controls: Mapping[str, widgets.Widget]) -> list[Rule]:
    """Rules that the controls ask for."""
    values = {name: control.value for name, control in controls.items()}
    rules: list[Rule] = []
    if values.get("stock"):
        rules.append(InStock())
    if values.get("most"):
        rules.append(MaxPer(Columns.GENRES, values["most"]))
    if values.get("diversity"):
        rules.append(Diversity(values["diversity"]))
    return rules
