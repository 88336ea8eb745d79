"""Copy for a segment of users within a budget: every line with the check's result, and figures."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML

from workbench import __version__
from workbench.columns import Columns
from workbench.datasets import Dataset, load
from workbench.datasets.segments import segment
from workbench.errors import DataError, OptionError
from workbench.families import MIN_OVERLAP
from workbench.html import escape
from workbench.io import require_ending
from workbench.language import COPY_METRICS, Copywriter, Review, evaluate_copy
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.copywriter import MODES
from workbench.language.grounding.lexicon import genre_name
from workbench.language.measures.copy_evaluation import FEATURES
from workbench.language.review.export import ENDINGS, save
from workbench.models import ItemKNN
from workbench.panels.controls import cards
from workbench.panels.copy import copy_cards
from workbench.plots.axes import bars, paired_bars
from workbench.plots.copy_quality import copy_measures, length_histogram
from workbench.strings import Strings
from workbench.validation import at_least, one_of

MOST = 12  # bars of a figure
TOLD = ("unsupported", "sound", "by_model")  # measures that the rest of the page says already


@dataclass
class CampaignReport:
    """The sections of a report on a campaign, each ready to be shown.

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
        whole = len(self.reached)
        count = min(self.budget // self.n, whole) if self.budget else whole
        drawn = np.random.default_rng(self.seed).permutation(len(self.reached))[:count]
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

    def header(self) -> HTML:
        """Title, segment and the figures a reader wants first."""
        flagged = self.lines["reasons"].map(bool)
        numbers = {
            "reached": len(self.reached),
            "users": self.lines[Columns.USER].nunique(),
            "lines": len(self.lines),
            "pass": int((~flagged).sum()),
            "flagged": int(flagged.sum()),
            "items": self.lines[Columns.ITEM].nunique(),
        }
        tiles = {self.text(f"campaign.{name}"): f"{value:,}" for name, value in numbers.items()}
        whom = self.segment or self.text("campaign.everybody")
        note = self.text("campaign.note", segment=whom, name=self.ds.name)
        title = cards.heading(self.text("campaign.title"), note, level=1)
        account = f"<p>{escape(self._account())}</p>"
        return self._html(cards.STYLE, title, cards.tiles(tiles), account)

    def sources(self) -> go.Figure:
        """Who wrote the lines."""
        counts = self.lines[Columns.SOURCE].value_counts()
        names = counts.index.map(lambda name: self.text(f"source.{name}"))
        return bars(names, counts, title=self.text("campaign.by_source"))

    def reasons(self) -> go.Figure | HTML:
        """Why lines are flagged; one that has several reasons counts for each."""
        codes = self.lines["reasons"].explode().dropna()
        if codes.empty:
            return self._html(f'<div class="passes">{self.text("campaign.all_pass")}</div>')
        counts = codes.str.partition(":")[0].value_counts()
        names = [self.text(f"why.{c}") if c in copy_cards.REASONS else c for c in counts.index]
        return bars(names[:MOST], counts[:MOST], title=self.text("campaign.by_reason"))

    def lengths(self) -> go.Figure:
        """How long the lines are, beside the limit."""
        lengths = self._written[Columns.TEXT].str.len()
        return length_histogram(lengths, self.max_chars, language=self.language)

    def measures(self) -> go.Figure | HTML:
        """How well the lines name what they should, and how varied they are."""
        if self._written.empty:
            return self._html(cards.error(self.text("campaign.none")))
        column = self.ds.column(Columns.GENRES, self.language)
        bare = self._shares(self.ds.items[Columns.ITEM], column).empty
        known = {"", Columns.SOURCE} | (set() if bare else {FEATURES})
        names = [n for n, m in COPY_METRICS.items() if m.needs in known and n not in TOLD]
        found = evaluate_copy(self._written, self.ds, metrics=names, language=self.language)
        return copy_measures(found, language=self.language)

    def genres(self) -> go.Figure:
        """Share of each genre in the lines, beside that in the histories of the same users."""
        column = self.ds.column(Columns.GENRES, self.language)
        mine = self.ds.table[self.ds.table[Columns.USER].isin(self.users)]
        promoted, chosen = (
            self._shares(frame[Columns.ITEM], column) for frame in (self.lines, mine)
        )
        shown = promoted.index[:MOST]
        series = {
            self.text("campaign.promoted"): promoted[shown],
            self.text("campaign.chosen"): chosen.reindex(shown, fill_value=0.0),
        }
        names = [genre_name(genre, self.language) for genre in shown]
        figure = paired_bars(names, series, title=self.text("campaign.genres"))
        figure.update_layout(margin_t=70)  # the legend has a line of its own
        return figure.update_xaxes(tickformat=".0%")

    def exposure(self) -> go.Figure:
        """In how many lists the items are that are shown most."""
        counts = self.lines[Columns.ITEM].value_counts()[:MOST]
        titles = counts.index.map(self.ds.titles_in(self.language))
        title, x = self.text("campaign.exposure"), self.text("campaign.lists")
        return bars(titles, counts, title=title, x=x)

    def copy(self) -> HTML:
        """Lines by user, the flagged first, with the result of the check and what they rest on."""
        lists = self.lines.groupby(Columns.USER, sort=False)
        flagged = lists["reasons"].agg(lambda reasons: any(map(bool, reasons)))
        users = flagged.sort_values(ascending=False, kind="stable").index[: self.shown]
        note = self.text("campaign.copy_note")
        if len(users) < len(lists):
            note += self.text("campaign.some", shown=len(users), users=f"{len(lists):,}")
        parts = [cards.heading(self.text("campaign.copy"), note)]
        for user in users:
            parts.append(cards.heading(self.text("user.name", user=user), level=3))
            parts += [self._card(line) for _, line in lists.get_group(user).iterrows()]
        return self._html(*parts)

    def saved(self) -> HTML:
        """Write all lines to the file, if one is named, and say so."""
        if not self.path:
            return self._html()
        path = save(self.lines, self.path)
        done = self.text("campaign.saved", count=f"{len(self.lines):,}", path=path)
        return self._html(f"<p>{escape(done)}</p>")

    def colophon(self) -> HTML:
        """Return by what and from what all of it was made."""
        rows = {
            self.text("report.device"): str(self.recommender.device),
            self.text("report.model"): ", ".join(sorted(set(self.lines[Columns.MODEL]))),
            self.text("report.hash"): f"{self.ds.name} · {self.ds.hash}",
            self.text("report.version"): __version__,
        }
        return self._html(cards.heading(self.text("report.how")), cards.facts(rows))

    @property
    def _written(self) -> pd.DataFrame:
        """The lines without those that were refused, which have no text."""
        return self.lines[self.lines[Columns.TEXT] != ""]

    def _account(self) -> str:
        """Say whom the budget reaches, and who has no line."""
        whole, drawn = len(self.reached), len(self.users)
        numbers = {"users": f"{drawn:,}", "reached": f"{whole:,}", "budget": f"{self.budget:,}"}
        key = "drawn" if drawn < whole else "whole"
        said = self.text(f"campaign.{key}", n=self.n, seed=self.seed, **numbers)
        without = drawn - self.lines[Columns.USER].nunique()
        return said + (self.text("campaign.without", count=f"{without:,}") if without else "")

    def _shares(self, items: pd.Series, column: str) -> pd.Series:
        if column not in self.ds.items:
            return pd.Series(dtype=float)
        genres = self.ds.items.set_index(Columns.ITEM)[column]
        return genres.reindex(items).explode().dropna().value_counts(normalize=True)

    def _card(self, line: pd.Series) -> str:
        status, kind = ("flagged", "flagged") if line["reasons"] else ("pass", "approved")
        marks = cards.chips([self.text(f"campaign.{status}")], kind)
        notes = [copy_cards.reason_text(reason, self.text) for reason in line["reasons"]]
        notes.append(copy_cards.evidence_text(line, self.ds, self.text))
        claims = self.review.claims(line.name)
        return copy_cards.line_card(line, claims, self.text, marks=marks, notes=notes)

    def _html(self, *parts: str) -> HTML:
        return HTML(cards.box(*parts))
