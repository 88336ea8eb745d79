"""Recommendation lists of models that are chosen of all that suit the data."""

from collections.abc import Sequence
from typing import Any

from workbench import models
from workbench.datasets import Dataset
from workbench.families import FAMILIES
from workbench.models import Recommender
from workbench.panels.controls.model_controls import suited
from workbench.panels.controls.panel import choice
from workbench.panels.lists.list_comparison import ListPanel
from workbench.strings import Strings
from workbench.validation import one_of


class RecommendPanel(ListPanel):
    """Lists of three models, each chosen of all that suit the data; a model is fitted once.

    Parameters
    ----------
    ds : Dataset
    user_id : str or int
        Who is looked at first.
    families : sequence of str
        Names of `workbench.families.FAMILIES` to begin with, a column each; "recent" is
        `Popular` with a half-life of 30 days.
    n : int
        Items a list.
    language : {"en", "zh"}
    device : {"auto", "cpu", "gpu"}

    Raises
    ------
    OptionError
        If a family is unknown, or does not suit the data.
    """

    def __init__(
        self,
        ds: Dataset,
        user_id: Any,
        *,
        families: Sequence[str] = ("item-knn", "rp3beta", "popular"),
        n: int = 6,
        language: str = "en",
        device: str = "auto",
    ) -> None:
        text, offered = Strings(language), suited(ds)
        self._fitted: dict[str, Recommender] = {}
        options = [(text(f"family.{name}"), name) for name in offered]
        super().__init__(
            ds,
            text,
            user_id,
            n=n,
            device=device,
            pickers={
                f"model {place}": choice(
                    text, "recommend.model", options, one_of("families", name, offered)
                )
                for place, name in enumerate(families, start=1)
            },
        )

    def _models(self) -> dict[str, Recommender]:
        chosen = [box.value for name, box in self.controls.items() if name.startswith("model ")]
        return {self.text(f"family.{name}"): self._model(name) for name in chosen}

    def _model(self, name: str) -> Recommender:
        if name not in self._fitted:
            if name == "recent":
                model: Recommender = models.Popular(half_life=30)
            else:
                family = getattr(models, FAMILIES[name])
                model = family(device=self.device.kind if family.on_gpu else "cpu")
            self._fitted[name] = model.fit(self.ds)
        return self._fitted[name]
