"""Write copy for a list, change its tone, see what each line rests on and the check."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ipywidgets as widgets
import pandas as pd

from workbench.columns import Columns
from workbench.compute import resolve
from workbench.datasets import Dataset
from workbench.language import Copywriter
from workbench.language.prompts import TONES
from workbench.models import Recommender
from workbench.panels import cards
from workbench.panels.base import Panel, choice, labels, search, slider
from workbench.strings import Strings


@dataclass(frozen=True)
class CopyDraft:
    """One user's list with its lines.

    Parameters
    ----------
    model : Recommender
        Fitted.
    writer : Copywriter
    user_id : str or int
    n : int
        Lines.
    tone, language, seed
        As in `Copywriter.write`.
    """

    model: Recommender
    writer: Copywriter
    user_id: Any
    n: int = 5
    tone: str = "warm"
    language: str = "en"
    seed: int = 0

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The recommendations with ``text``, ``source``, ``evidence``, ``model``, ``seed``."""
        recs = self.model.recommend([self.user_id], n=self.n)
        return self.writer.write(
            recs, self.model.data, language=self.language, tone=self.tone, seed=self.seed
        )


class CopyStudio(Panel):
    """Copy for a user's list, line by line with its evidence.

    Parameters
    ----------
    model : Recommender
        Fitted.
    user_id : str or int
        Who is looked at first.
    writer : Copywriter, optional
        By default the embedded model.
    n : int
        Lines.
    tone, seed
        As in `Copywriter.write`.
    language : {"en", "zh"}
    """

    def __init__(
        self,
        model: Recommender,
        user_id: Any,
        *,
        writer: Copywriter | None = None,
        n: int = 5,
        tone: str = "warm",
        seed: int = 0,
        language: str = "en",
    ) -> None:
        text = Strings(language)
        self._model, self._writer = model, writer or Copywriter()
        self._users = labels(model.data, "users", language)
        self._lines = widgets.HTML()
        tones = [(text(f"tone.{name}"), name) for name in TONES]
        super().__init__(
            model.data,
            language=language,
            device=resolve("auto"),
            title="copy.title",
            controls={
                "user": search(text, "recommend.user", list(self._users), str(user_id)),
                "n": slider(text, "copy.n", n, 1, 20),
                "tone": choice(text, "copy.tone", tones, tone),
                "seed": slider(text, "copy.seed", seed, 0, 20),
            },
            views=[self._lines],
        )

    def _state(self) -> CopyDraft:
        return CopyDraft(
            self._model,
            self._writer,
            self._users[self.controls["user"].value],
            self.controls["n"].value,
            self.controls["tone"].value,
            self.text.language,
            self.controls["seed"].value,
        )

    def _draw(self, state: CopyDraft) -> None:
        self._lines.value = cards.box(copy_cards(state.lines, self.ds, self.text))


def copy_cards(lines: pd.DataFrame, ds: Dataset, text: Strings) -> str:
    """Cards of lines with evidence and, on each, who wrote it."""
    titles = ds.titles_in(text.language)
    ratings = {}
    if len(lines) and lines[Columns.USER].iloc[0] is not None:
        mine = ds.history(lines[Columns.USER].iloc[0])
        ratings = dict(zip(mine[Columns.ITEM], mine[Columns.RATING], strict=True))
    return "".join(
        cards.card(
            line.rank,
            titles[line.item_id],
            score=line.score,
            labels=cards.genres_of(ds, line.item_id, text.language),
            copy=line.text,
            why=cards.because(line.because, ds, ratings, text),
            marks=cards.chips([text(f"source.{line.source}")], line.source),
        )
        for line in lines.itertuples()
    )
