"""A list with its lines of copy, before anyone has decided on them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.language import Copywriter
from workbench.language.copy.brief.text_format import format_named
from workbench.language.copy.brief.voice import Voice
from workbench.models import Recommender

VARIANTS = 3


@dataclass(frozen=True)
class CopyDraft:
    """One user's list with its lines, or with the one text about all of it."""

    model: Recommender  # fitted
    writer: Copywriter
    user_id: Any
    n: int = 5  # items of the list
    tone: str = "warm"
    language: str = "en"
    seed: int = 0
    max_chars: int | None = None  # length at which a line is too long
    kind: str = "line"
    preset: str | Path | None = None

    @property
    def ds(self) -> Dataset:
        """The data that the model was fitted on."""
        return self.model.data

    @property
    def voice(self) -> Voice:
        """What every line must keep to."""
        return Voice(self.tone, max_chars=self.max_chars)

    @cached_property
    def recs(self) -> pd.DataFrame:
        """The list."""
        return self.model.recommend([self.user_id], n=self.n)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """What `Copywriter.write` returns: a line for each item, or one for all."""
        return self._write(self.recs, self.seed)

    def variants(
        self, line: int, *, count: int = VARIANTS, after: int = 0, known: tuple[str, ...] = ()
    ) -> pd.DataFrame:
        """Write others in place of one of the lines, each by a seed of its own.

        There are `count` at most: seeds that repeat a text, or one of `known`, are passed over, and
        `after` seeds left out.
        """
        recs = self._about(line)
        variants = [self._write(self.recs.head(0), self.seed)]
        texts = set(known)
        for seed in range(self.seed + after + 1, self.seed + after + 1 + 3 * count):
            variant = self._write(recs, seed)
            if variant[Columns.TEXT].iloc[0] not in texts:
                texts |= set(variant[Columns.TEXT])
                variants.append(variant)
            if len(variants) > count:
                break
        return pd.concat(variants[1:] or variants, ignore_index=True)

    def prompt(self, line: int, seed: int | None = None) -> str:
        """Return what the model was sent for a line, or for a variant of it, word for word."""
        alone = seed is not None and seed != self.seed
        recs = self._about(line) if alone else self.recs
        prompts = self.writer.prompts(
            recs, self.ds, seed=self.seed if seed is None else int(seed), **self._brief
        )
        return str(prompts["sent"].iloc[0 if alone else line])

    def _about(self, line: int) -> pd.DataFrame:
        """Return the recommendations that a line is about."""
        return self.recs if format_named(self.kind).per == "list" else self.recs.iloc[[line]]

    def _write(self, recs: pd.DataFrame, seed: int) -> pd.DataFrame:
        return self.writer.write(recs, self.ds, seed=seed, **self._brief)

    @property
    def _brief(self) -> dict[str, Any]:
        settings = {"kind": self.kind, "preset": self.preset}
        return settings | {"language": self.language, "voice": self.voice}
