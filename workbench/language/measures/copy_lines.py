"""Lines of copy, read once for all measures: titles set aside, words, features, faults."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.text_format import format_named
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.proofreading import line_faults
from workbench.language.grounding.check import check
from workbench.language.grounding.lexicon import lexicon
from workbench.language.grounding.title_masking import ALLOWED, ITEM, OTHER, Masked, known_names
from workbench.language.grounding.violation import Violation
from workbench.language.measures import references
from workbench.strings import LANGUAGES
from workbench.validation import one_of
from workbench.words import clean, normal, segmented

# Faults of form; whatever else the checker finds is a claim that nothing supports.
FORM = {"not-named", "length", "residue", "article", "repetition", "language", "required"}
_MARKED = re.compile(r"[\ue000\ue001]|[^\W_]+(?:['-][^\W_]+)*")
_CLAUSE = re.compile(r"[,.;:!?—–，。；：！？]")
_ANY_VOICE = Voice(never=(), emoji=True)  # what a brand forbids is no fault of claim or form
_LETTER = re.compile(r"[^\W\u3400-\u9fff]")  # Chinese runs on without spaces: it bounds nothing


@dataclass(frozen=True, eq=False)
class Lines:
    """Copy as `Copywriter.write` returns it, and what the measures read of it.

    The frame is the ``lines`` of `evaluate_copy`, which documents all parameters.
    """

    frame: pd.DataFrame
    ds: Dataset
    language: str = "en"
    features: str = Columns.GENRES
    references: Sequence[Any] | None = None
    checks: Mapping[str, Any] = field(default_factory=dict)
    preset: str | Path | None = None

    def __post_init__(self) -> None:
        one_of("language", self.language, LANGUAGES)
        about = Columns.ITEMS if Columns.ITEMS in self.frame else Columns.ITEM
        needed = [Columns.USER, about, Columns.TEXT, Columns.EVIDENCE]
        if missing := [name for name in needed if name not in self.frame]:
            raise DataError(f"lines lack the columns {missing}; they have {list(self.frame)}")
        if self.frame.empty:
            raise DataError("there are no lines to measure")
        _all_are(str, self.frame[Columns.TEXT])
        _all_are(list, self.frame[Columns.EVIDENCE])
        if about == Columns.ITEMS:
            lists = self.frame.get(Columns.ITEM, pd.Series(None, self.frame.index)).isna()
            _all_are(list, self.frame.loc[lists, about])
        if self.references is not None and len(self.references) != len(self.frame):
            raise DataError(f"{len(self.references)} references for {len(self.frame)} lines")

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def texts(self) -> list[str]:
        """The lines themselves."""
        return self.frame[Columns.TEXT].tolist()

    @property
    def evidence(self) -> list[list[dict[str, Any]]]:
        """What each line rests on."""
        return self.frame[Columns.EVIDENCE].tolist()

    @cached_property
    def items(self) -> pd.Series:
        """Item that each line has to name; None of the introduction of a list, which names none."""
        none = [None] * len(self)
        columns = (Columns.ITEM, Columns.ITEMS, Columns.KIND)
        parts = zip(*(self.frame.get(name, none) for name in columns), strict=True)
        return pd.Series([_item(*part) for part in parts], dtype=object)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Row of each line's item."""
        catalogue = EvidenceReader(self.ds, language=self.language)
        catalogue.read([], self.items.dropna())
        none = {Columns.TITLE: ""}
        return [none if item is None else catalogue.row(item) for item in self.items]

    @cached_property
    def masked(self) -> list[str]:
        """Lines with one character in place of each title: titles are nobody's wording."""
        parts = zip(self.texts, self.rows, self.evidence, strict=True)
        return [mask(text, row, evidence) for text, row, evidence in parts]

    @cached_property
    def first_clauses(self) -> pd.Series:
        """What stands before a line's first mark, titles set aside."""
        return pd.Series([_CLAUSE.split(t, maxsplit=1)[0].strip().lower() for t in self.masked])

    @cached_property
    def endings(self) -> pd.Series:
        """What follows a line's last title; all of it where there is none."""
        return pd.Series([re.split(f"[{ITEM}{OTHER}]", t)[-1].strip().lower() for t in self.masked])

    @cached_property
    def reasons(self) -> list[list[Violation]]:
        """Why the checker of `workbench.language` would reject each line."""
        return list(map(self._violations, range(len(self))))

    @cached_property
    def claims(self) -> list[list[Violation]]:
        """Of the reasons, the claims that nothing supports."""
        codes = FORM | {f"{Columns.SUBJECT}-{code}" for code in FORM}
        return [[each for each in reasons if each.code not in codes] for reasons in self.reasons]

    @cached_property
    def words(self) -> tuple[np.ndarray, np.ndarray]:
        """Line and number of every word, in order, titles counting as one; (words,) each."""
        split = pd.Series(list(map(self._split, self.masked))).explode().dropna()
        return split.index.to_numpy(), pd.factorize(split)[0]

    def grams(self, n: int) -> sparse.csr_array:
        """How often each line has each run of n words; shape (lines, runs)."""
        line, code = self.words
        starts = np.flatnonzero(line[: len(line) - n + 1] == line[n - 1 :])
        keys = np.zeros(len(starts), dtype=np.int64)
        for place in range(n):
            keys = keys * (code.max(initial=0) + 1) + code[starts + place]
        runs, codes = np.unique(keys, return_inverse=True)
        return counts(line[starts], codes, (len(self), len(runs)))

    @cached_property
    def owned(self) -> sparse.csr_array:
        """Which features the item of each line has; bool of shape (lines, features)."""
        cells, codes = self._cells, self.feature_names.get_indexer(self._cells)
        # The last row, at place -1, is for lines without an item.
        items = counts(cells.index, codes, (len(self.ds.items) + 1, len(self.feature_names))) > 0
        return items[pd.Index(self.ds.items[Columns.ITEM]).get_indexer(self.items)]

    @cached_property
    def mentioned(self) -> sparse.csr_array:
        """Which features each line mentions, titles set aside; bool of shape (lines, features)."""
        listed = lexicon()[self.language]["genres"]
        codes: defaultdict[str, list[int]] = defaultdict(list)
        for code, name in enumerate(self.feature_names):
            for word in str(listed[name]).split(", ") if name in listed else [name.lower()]:
                codes[word].append(code)
        names = "|".join(map(re.escape, sorted(codes, key=len, reverse=True)))
        pattern = re.compile(f"(?<!{_LETTER.pattern})(?:{names})(?!{_LETTER.pattern})")
        pairs = [
            (line, code)
            for line, text in enumerate(self.masked)
            for word in pattern.findall(text.lower())
            for code in codes[word]
        ]
        entries = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return counts(entries[:, 0], entries[:, 1], (len(self), len(self.feature_names))) > 0

    @cached_property
    def feature_names(self) -> pd.Index:
        """Features of the catalogue, once each; none where the items have no such column."""
        return pd.Index(self._cells.unique())

    @cached_property
    def referred(self) -> np.ndarray:
        """Which lines have a reference; bool of shape (lines,)."""
        return np.array([bool(reference) for reference in self.reference_texts])

    @cached_property
    def rouge(self) -> dict[str, np.ndarray]:
        """F-measures against the references; see `references.rouge`."""
        split = self._split if self.language == "zh" else None
        return references.rouge(self.texts, self.reference_texts, split=split)

    @cached_property
    def matches(self) -> np.ndarray:
        """Exact match and F1 of the words; see `references.matches`."""
        return references.matches(self.texts, self.reference_texts, split=self._split)

    def _violations(self, place: int) -> list[Violation]:
        """By what the format of the text has to pass, or where there is none as one sentence."""
        line, row, evidence = self.frame.iloc[place], self.rows[place], self.evidence[place]
        kind = line.get(Columns.KIND)
        if self.checks or not isinstance(kind, str):
            return check(line[Columns.TEXT], row, evidence, language=self.language, **self.checks)
        brief = CopyBrief.of(
            kind=kind, preset=self.preset, language=self.language, voice=_ANY_VOICE
        ).about(row)
        parts = {part: line.get(part) for part in brief.format.parts}
        texts = {part: text for part, text in parts.items() if isinstance(text, str)}
        return line_faults(texts, row, evidence, brief)

    def _split(self, text: str) -> list[str]:
        return words(text, self.language)

    @cached_property
    def reference_texts(self) -> list[str]:
        """References, empty where a line has none."""
        texts: Sequence[Any] = [None] * len(self) if self.references is None else self.references
        return ["" if pd.isna(text) else text.strip() for text in texts]

    @cached_property
    def _cells(self) -> pd.Series:
        """Every feature of every item, by the place of the item."""
        items = self.ds.items.reset_index(drop=True)
        columns = (f"{self.features}_{self.language}", self.features)
        values = next((items[name] for name in columns if name in items), pd.Series(dtype=object))
        cells = values.explode().dropna().astype(str).map(clean)
        return cells[~cells.str.match(r"\(|$")]  # "(no genres listed)" is none


def _item(item: Any, items: Any, kind: Any) -> Any:
    if item is not None and item == item:
        return item
    return next(iter(items), None) if isinstance(kind, str) and format_named(kind).named else None


def mask(text: str, row: Mapping[str, Any], evidence: Iterable[Mapping[str, Any]]) -> str:
    """Put ITEM in place of the item's title, with its year or without, and OTHER of others.

    Titles are found as the check of facts finds them; the value of a user's attribute, which the
    evidence has as its title, is one of the others.
    """
    evidence = list(evidence)
    values = [name for name in known_names({}, evidence) if name.mark == ALLOWED]
    titles = [name for name in known_names(row, evidence) if name.mark != ALLOWED]
    others = [name._replace(mark=OTHER) for name in values]
    return Masked.of(text, [*titles, *others]).read


def words(text: str, language: str) -> list[str]:
    """Words in lower case, Chinese ones by jieba."""
    text = normal(text).lower()
    if language != "zh":
        return _MARKED.findall(text)
    return [word for word, _, _ in segmented(text) if _MARKED.search(word)]


def counts(row: Any, column: np.ndarray, shape: tuple[int, int]) -> sparse.csr_array:
    """How often each column is named for each row."""
    return sparse.coo_array((np.ones(len(row)), (row, column)), shape=shape).tocsr()


def _all_are(kind: type, cells: pd.Series) -> None:
    for label, cell in cells.items():
        if not isinstance(cell, kind) or (isinstance(cell, str) and not cell.strip()):
            raise DataError(
                f"column {cells.name!r}, row {label!r}: {cell!r:.80} is no {kind.__name__} to "
                "measure; leave out lines without one, such as refused ones, and parse JSON"
            )
