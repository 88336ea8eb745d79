"""A campaign: users of a segment within a budget, their lines, and what the check says of each."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset, load
from workbench.datasets.segments import segment
from workbench.errors import DataError, OptionError
from workbench.families import MIN_OVERLAP
from workbench.io import require_ending
from workbench.language import COPY_METRICS, CopyEvaluation, Copywriter, Review, evaluate_copy
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.copywriter import MODES
from workbench.language.measures.copy_evaluation import FEATURES
from workbench.language.review.export import ENDINGS
from workbench.models import ItemKNN
from workbench.strings import Strings
from workbench.validation import at_least, one_of

ELSEWHERE = ("unsupported", "sound", "by_model")  # measures that the rest of a report shows


@dataclass
class Campaign:
    """Lines for a segment of users within a budget, each with the result of the check.

    Parameters
    ----------
    ds : Dataset or str
        The data, or what `load` takes.
    segment : str
        Which users: see `workbench.datasets.segments.segment`; all if empty.
    preset : str, optional
        Kind of goods, as in `Copywriter.write`; by default what the items are.
    mode : {"direct", "pool"}
        Whether each line is written, or filled from sentences that were written before: thousands
        of lines in seconds.
    budget : int
        Lines at most, 0 for as many as the segment takes. Users get whole lists: where the budget
        has fewer than the segment needs, ``budget // n`` users are drawn by the seed.
    n : int
        Lines a user.
    shown : int
        Users whose lines are on the page, those with flagged lines first; all lines count in the
        figures.
    path : str, optional
        File for all lines with what the check says of each: ``.csv``, ``.jsonl`` or ``.parquet``.
    max_chars : int
        Length at which a line is flagged; 0 is any.
    language, tone, seed
        As in `Copywriter.write`.
    model : str, optional
        Language model, see `Copywriter`.
    device : {"auto", "cpu", "gpu"}
    """

    ds: Any
    segment: str = ""
    preset: str | None = None
    mode: str = "direct"
    budget: int = 20
    n: int = 2
    shown: int = 20
    path: str | None = None
    max_chars: int = 0
    language: str = "en"
    tone: str = "warm"
    seed: int = 0
    model: str | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        one_of("mode", self.mode, MODES)
        at_least("budget", self.budget, 0)
        at_least("n", self.n, 1)
        at_least("shown", self.shown, 1)
        if 0 < self.budget < self.n:
            raise OptionError(
                f"budget={self.budget} lines pay for no list of n={self.n}: raise budget, lower n, "
                "or set budget=0 for the whole segment"
            )
        if self.path:
            require_ending(self.path, ENDINGS)
        at_least("max_chars", self.max_chars, 0)
        self.text = Strings(self.language)
        if not isinstance(self.ds, Dataset):
            self.ds = load(self.ds)
        self.reached = segment(self.ds, self.segment)
        self.voice = Voice(self.tone, max_chars=self.max_chars or None)
        self.writer = Copywriter(self.model, device=self.device)
        self.recommender = ItemKNN(min_overlap=MIN_OVERLAP, device=self.device)

    @cached_property
    def users(self) -> np.ndarray:
        """Those of the segment whom the budget has a list for."""
        reached = len(self.reached)
        count = min(self.budget // self.n, reached) if self.budget else reached
        drawn = np.random.default_rng(self.seed).permutation(reached)[:count]
        return self.reached.to_numpy()[np.sort(drawn)]

    @cached_property
    def review(self) -> Review:
        """Every line with the check's result: what passes is open, for a person to approve."""
        recs = self.recommender.fit(self.ds).recommend(self.users, n=self.n)
        if recs.empty:
            raise DataError(f"no item has a score for the users of segment={self.segment!r}")
        brief: Any = {"language": self.language, "preset": self.preset, "voice": self.voice}
        review = Review(self.ds, editor="", **brief)
        review.add(self.writer.write(recs, self.ds, mode=self.mode, seed=self.seed, **brief))
        return review

    @cached_property
    def lines(self) -> pd.DataFrame:
        """The lines, see `Review.lines`."""
        return self.review.lines

    @property
    def written(self) -> pd.DataFrame:
        """The lines without those that were refused, which have no text."""
        return self.lines[self.lines[Columns.TEXT] != ""]

    def numbers(self) -> dict[str, int]:
        """Users and lines there are, by the names of the texts that say so."""
        flagged = self.lines["reasons"].map(bool)
        return {
            "reached": len(self.reached),
            "users": self.lines[Columns.USER].nunique(),
            "lines": len(self.lines),
            "pass": int((~flagged).sum()),
            "flagged": int(flagged.sum()),
            "items": self.lines[Columns.ITEM].nunique(),
        }

    def genre_shares(self) -> tuple[pd.Series, pd.Series]:
        """Share of each genre in the lines, and in the histories of the same users."""
        mine = self.ds.table[self.ds.table[Columns.USER].isin(self.users)]
        return self._shares(self.lines[Columns.ITEM]), self._shares(mine[Columns.ITEM])

    def evaluate(self) -> CopyEvaluation:
        """How well the lines name what they should, and how varied they are."""
        known = {"", Columns.SOURCE}
        if not self._shares(self.ds.items[Columns.ITEM]).empty:
            known.add(FEATURES)
        names = [n for n, m in COPY_METRICS.items() if m.needs in known and n not in ELSEWHERE]
        return evaluate_copy(self.written, self.ds, metrics=names, language=self.language)

    def _shares(self, items: pd.Series) -> pd.Series:
        column = self.ds.column(Columns.GENRES, self.language)
        if column not in self.ds.items:
            return pd.Series(dtype=float)
        genres = self.ds.items.set_index(Columns.ITEM)[column]
        return genres.reindex(items).explode().dropna().value_counts(normalize=True)
