"""Copy, measured: is it true, does it name what it should, is it varied, is it personal."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, OptionError
from workbench.evaluation.metrics.registry import EITHER, HIGHER, LOWER
from workbench.evaluation.model_evaluation import RESAMPLES
from workbench.evaluation.statistics.bootstrap import UserSums, bootstrap, table
from workbench.language.measures import copy_metrics
from workbench.language.measures.copy_lines import Lines, counts
from workbench.validation import at_least, one_of

REFERENCES, FEATURES = "references", "features of the items"


class CopyMetric(NamedTuple):
    """A measure of copy: what computes it, which way is better, what it needs beside the lines."""

    sums: Callable[[Lines], UserSums]
    better: str
    needs: str = ""


COPY_METRICS = {
    "item_named": CopyMetric(copy_metrics.item_named, HIGHER),
    "evidence_named": CopyMetric(copy_metrics.evidence_named, HIGHER),
    "by_model": CopyMetric(copy_metrics.by_model, EITHER, Columns.SOURCE),
    "unsupported": CopyMetric(copy_metrics.unsupported, LOWER),
    "sound": CopyMetric(copy_metrics.sound, HIGHER),
    "fmr": CopyMetric(copy_metrics.fmr, HIGHER, FEATURES),
    "fcr": CopyMetric(copy_metrics.fcr, HIGHER, FEATURES),
    "div": CopyMetric(copy_metrics.div, LOWER, FEATURES),
    "usr": CopyMetric(copy_metrics.usr, HIGHER),
    "distinct_1": CopyMetric(partial(copy_metrics.distinct, 1), HIGHER),
    "distinct_2": CopyMetric(partial(copy_metrics.distinct, 2), HIGHER),
    "repeated_clause": CopyMetric(copy_metrics.repeated_clause, LOWER),
    "repeated_ending": CopyMetric(copy_metrics.repeated_ending, LOWER),
    "length": CopyMetric(copy_metrics.length, EITHER),
    "rouge_1": CopyMetric(partial(copy_metrics.rouge, "rouge1"), HIGHER, REFERENCES),
    "rouge_2": CopyMetric(partial(copy_metrics.rouge, "rouge2"), HIGHER, REFERENCES),
    "rouge_l": CopyMetric(partial(copy_metrics.rouge, "rougeL"), HIGHER, REFERENCES),
    "bleu": CopyMetric(copy_metrics.bleu, HIGHER, REFERENCES),
    "exact_match": CopyMetric(copy_metrics.exact_match, HIGHER, REFERENCES),
    "token_f1": CopyMetric(copy_metrics.token_f1, HIGHER, REFERENCES),
}


@dataclass(frozen=True, eq=False)
class CopyEvaluation:
    """How good lines of copy are.

    Attributes
    ----------
    lines : DataFrame
        The lines that were measured, with what was found of each beside the measures.
    """

    lines: pd.DataFrame = field(repr=False)
    user_sums: Mapping[str, UserSums] = field(repr=False)
    resamples: int = field(default=RESAMPLES, repr=False)
    seed: int = 0

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def per_line(self) -> pd.DataFrame:
        """A row a line and a column a measure, those of all lines together left out.

        NaN where a line has no part in a measure.
        """
        columns = {
            name: sums.finish(sums.numerator, sums.denominator)
            for name, sums in self.user_sums.items()
            if not sums.of_the_whole
        }
        return pd.DataFrame(columns, index=self.lines.index)

    def frame(self) -> pd.DataFrame:
        """One row a measure.

        Returns
        -------
        DataFrame
            ``metric``, ``value``, ``low`` and ``high`` (95 % percentile interval of the bootstrap
            over users, as a user's lines are not independent; NaN for variety, which a sample
            would bias, and where there is one user) and ``users`` that have a part in it.
        """
        return self._table(np.arange(len(self)))

    def by(self, groups: Sequence[Any]) -> pd.DataFrame:
        """One row a group of lines and measure: ``group`` and the columns of `frame`.

        Parameters
        ----------
        groups : sequence
            Group of each line, such as ``lines["source"]``. Variety depends on how many lines
            there are: compare groups of like size.
        """
        codes, names = pd.factorize(pd.Series(list(groups)), use_na_sentinel=False)
        if len(codes) != len(self):
            raise DataError(f"{len(codes)} groups for {len(self)} lines")
        parts = [self._table(np.flatnonzero(codes == code)) for code in range(len(names))]
        grouped = pd.concat(parts, keys=names, names=["group"]).reset_index("group")
        return grouped.reset_index(drop=True)

    def _table(self, rows: np.ndarray) -> pd.DataFrame:
        codes, users = pd.factorize(self.lines[Columns.USER].iloc[rows], use_na_sentinel=False)
        by_user = counts(codes, np.arange(len(rows)), (len(users), len(rows)))
        summed = {}
        for name, of_all in self.user_sums.items():
            sums = of_all.of(rows)
            numerator, denominator = by_user @ sums.numerator, by_user @ sums.denominator
            summed[name] = replace(sums, numerator=numerator, denominator=denominator)
        return table(summed, bootstrap(summed, resamples=self.resamples, seed=self.seed))


def evaluate_copy(
    lines: pd.DataFrame,
    ds: Dataset,
    *,
    references: Sequence[str | None] | None = None,
    metrics: str | Iterable[str] | None = None,
    language: str = "en",
    preset: str | Path | None = None,
    features: str = Columns.GENRES,
    checks: Mapping[str, Any] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> CopyEvaluation:
    """Measure lines of copy.

    Parameters
    ----------
    lines : DataFrame
        As `Copywriter.write` returns them: ``user_id``, ``item_id`` (or ``items``, of a text on a
        list), ``text``, ``evidence``; for ``by_model`` ``source``; and if there is a ``kind``, its
        rules are those of ``sound``. Leave out lines without a text, which were refused.
    ds : Dataset
        What the lines speak of.
    references : sequence of str or None, optional
        What a person wrote for the same lines, in their order.
    metrics : sequence of str, optional
        By default all that the lines and references allow:

        - is it true: ``unsupported`` (claims a line), ``sound`` (share without any fault);
        - does it name: ``item_named``, ``evidence_named``, ``fmr`` (a feature of the item);
        - is it varied: ``fcr`` (features covered), ``div`` (features shared; lower is better),
          ``usr`` (unique sentences), ``distinct_1``, ``distinct_2``, ``repeated_clause`` (within
          a user's list; lower is better), ``repeated_ending`` (stock phrases; the same);
        - ``length`` (words, or Chinese characters), ``by_model`` (share);
        - is it what a person wrote: ``rouge_1``, ``rouge_2``, ``rouge_l``, ``bleu``,
          ``exact_match``, ``token_f1``.

        The formulas and their sources stand in `workbench.language.measures.copy_metrics`.
    language : {"en", "zh"}
    preset : str or Path, optional
        Domain of the items, as in `Copywriter.write`.
    features : str
        Column of the items whose values count as features: a text or list.
    checks : dict, optional
        Options of `language.grounding.check.check`, such as ``{"length": (5, 120)}`` for texts
        of several sentences, which then judges instead of the rules of the kind of text.
    resamples, seed : int
        Of the bootstrap over users.

    Returns
    -------
    CopyEvaluation
        ``.frame()`` is the table, ``.per_line`` the values of each line and
        ``.lines["reasons"]`` what the checker said of it.

    Raises
    ------
    DataError
        If a column is missing, there is no line, or one has no text.
    OptionError
        If there is no such metric, or it needs references and there are none.
    UnknownIdError
        If an item is not in the catalogue.
    MissingExtraError
        If references are given and rouge-score or sacrebleu is not installed.
    """
    at_least("resamples", resamples, 1)
    if features != Columns.GENRES:  # which a catalogue may lack: its measures are left out then
        one_of("features", features, ds.items.columns)
    read = Lines(lines, ds, language, features, references, checks or {}, preset)
    user_sums = {name: COPY_METRICS[name].sums(read) for name in _chosen(metrics, read)}
    if "reasons" in vars(read):
        lines = lines.assign(reasons=[list(map(str, reasons)) for reasons in read.reasons])
    return CopyEvaluation(lines, user_sums, resamples, seed)


def _chosen(metrics: str | Iterable[str] | None, lines: Lines) -> list[str]:
    """Names of the metrics that are asked for, or of those that can be computed."""
    there = {
        REFERENCES: lines.references is not None,
        FEATURES: len(lines.feature_names) > 0,
        Columns.SOURCE: Columns.SOURCE in lines.frame,
        "": True,
    }
    if metrics is None:
        return [name for name, metric in COPY_METRICS.items() if there[metric.needs]]
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    for name in names:
        needs = COPY_METRICS[one_of("metric", name, COPY_METRICS)].needs
        if not there[needs]:
            raise OptionError(f"metric={name!r} needs {needs}, and there is none")
    return names
