"""The sections of a report on a campaign: its lines, each with the check's result, and figures."""

import pandas as pd
import plotly.graph_objects as go
from IPython.display import HTML

from workbench import __version__
from workbench.columns import Columns
from workbench.html import escape
from workbench.language.grounding.lexicon import genre_name
from workbench.language.review.export import save
from workbench.panels.controls import cards
from workbench.panels.copy import copy_cards
from workbench.plots.axes import bars, paired_bars
from workbench.plots.copy_quality import copy_measures, length_histogram
from workbench.reports.campaign import Campaign
from workbench.reports.sections.parts import report_html

MOST = 12  # bars of a figure


class CampaignReport(Campaign):
    """The sections of a report on a `Campaign`, each ready to be shown; it takes the same."""

    def header(self) -> HTML:
        """Title, segment and the figures a reader wants first."""
        tiles = {
            self.text(f"campaign.{name}"): f"{value:,}" for name, value in self.numbers().items()
        }
        whom = self.segment or self.text("campaign.everybody")
        note = self.text("campaign.note", segment=whom, name=self.ds.name)
        title = cards.heading(self.text("campaign.title"), note, level=1)
        budget = f"<p>{escape(self._budget_text())}</p>"
        return report_html(cards.STYLE, title, cards.tiles(tiles), budget)

    def sources(self) -> go.Figure:
        """Who wrote the lines."""
        counts = self.lines[Columns.SOURCE].value_counts()
        names = counts.index.map(lambda name: self.text(f"source.{name}"))
        return bars(names, counts, title=self.text("campaign.by_source"))

    def reasons(self) -> go.Figure | HTML:
        """Why lines are flagged; one that has several reasons counts for each."""
        codes = self.lines["reasons"].explode().dropna()
        if codes.empty:
            return report_html(f'<div class="passes">{self.text("campaign.all_pass")}</div>')
        counts = codes.str.partition(":")[0].value_counts()
        names = [self.text(f"why.{c}") if c in copy_cards.REASONS else c for c in counts.index]
        return bars(names[:MOST], counts[:MOST], title=self.text("campaign.by_reason"))

    def lengths(self) -> go.Figure:
        """How long the lines are, beside the limit."""
        lengths = self.written[Columns.TEXT].str.len()
        return length_histogram(lengths, self.max_chars, language=self.language)

    def measures(self) -> go.Figure | HTML:
        """How well the lines name what they should, and how varied they are."""
        if self.written.empty:
            return report_html(cards.error(self.text("campaign.none")))
        return copy_measures(self.evaluate(), language=self.language)

    def genres(self) -> go.Figure:
        """Share of each genre in the lines, beside that in the histories of the same users."""
        promoted, chosen = self.genre_shares()
        shown = promoted.index[:MOST]
        series = {
            self.text("campaign.promoted"): promoted.reindex(shown),
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
        return report_html(*parts)

    def saved(self) -> HTML:
        """Write all lines to the file, if one is named, and say so."""
        if not self.path:
            return report_html()
        path = save(self.lines, self.path)
        done = self.text("campaign.saved", count=f"{len(self.lines):,}", path=path)
        return report_html(f"<p>{escape(done)}</p>")

    def colophon(self) -> HTML:
        """Return by what and from what all of it was made."""
        rows = {
            self.text("report.device"): str(self.recommender.device),
            self.text("report.model"): ", ".join(sorted(set(self.lines[Columns.MODEL]))),
            self.text("report.hash"): f"{self.ds.name} · {self.ds.hash}",
            self.text("report.version"): __version__,
        }
        return report_html(cards.heading(self.text("report.how")), cards.facts(rows))

    def _budget_text(self) -> str:
        """Say whom the budget reaches, and who has no line."""
        reached, drawn = len(self.reached), len(self.users)
        numbers = {"users": f"{drawn:,}", "reached": f"{reached:,}", "budget": f"{self.budget:,}"}
        key = "drawn" if drawn < reached else "whole"
        sentence = self.text(f"campaign.{key}", n=self.n, seed=self.seed, **numbers)
        without = drawn - self.lines[Columns.USER].nunique()
        return sentence + (self.text("campaign.without", count=f"{without:,}") if without else "")

    def _card(self, line: pd.Series) -> str:
        status, kind = ("flagged", "flagged") if line["reasons"] else ("pass", "approved")
        marks = cards.chips([self.text(f"campaign.{status}")], kind)
        notes = [copy_cards.reason_text(reason, self.text) for reason in line["reasons"]]
        notes.append(copy_cards.evidence_text(line, self.ds, self.text))
        claims = self.review.claims(line.name)
        return copy_cards.line_card(line, claims, self.text, marks=marks, notes=notes)
