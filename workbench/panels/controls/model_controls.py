"""What can be chosen of models and rules, for the data at hand."""

from collections.abc import Mapping

import ipywidgets as widgets

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.families import FAMILIES
from workbench.models import Diversity, InStock, MaxPer
from workbench.models.rerank.filters import Rule
from workbench.panels.controls.panel import choice
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
    found: dict[str, widgets.Widget] = {}
    if Columns.GENRES in ds.items:
        most = [(text("recommend.any"), 0), *((str(most), most) for most in (1, 2, 3))]
        found["most"] = choice(text, "recommend.most", most, 0)
        found["diversity"] = widgets.FloatSlider(
            0.0,
            min=0.0,
            max=1.0,
            step=0.1,
            description=text("recommend.diversity"),
            continuous_update=False,
            style={"description_width": "initial"},
        )
    if "stock" in ds.items:
        found["stock"] = widgets.Checkbox(False, description=text("recommend.stock"), indent=False)
    return found


def rules_of(controls: Mapping[str, widgets.Widget]) -> list[Rule]:
    """Rules that the controls ask for."""
    asked = {name: control.value for name, control in controls.items()}
    rules: list[Rule] = []
    if asked.get("stock"):
        rules.append(InStock())
    if asked.get("most"):
        rules.append(MaxPer(Columns.GENRES, asked["most"]))
    if asked.get("diversity"):
        rules.append(Diversity(asked["diversity"]))
    return rules
