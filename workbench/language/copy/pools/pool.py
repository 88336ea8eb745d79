"""Sentences with slots, checked once, that fill any number of lines as fast as names are read."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Self, Unpack

import pandas as pd

from workbench.datasets import Dataset
from workbench.errors import DataError, DataFileError, OptionError
from workbench.io import atomic_file
from workbench.language.copy.brief.brief import BriefOptions, CopyBrief
from workbench.language.copy.brief.settings import DATA
from workbench.language.copy.composition import compose
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.pools.pool_filling import PoolSupplier
from workbench.language.copy.pools.slotted_sentence import SlottedSentence, read_sentences
from workbench.strings import LANGUAGES
from workbench.validation import at_least, one_of

POOLED = (None, "film", "shop")  # domains that sentences of a pool are written for


class Pool:
    """Sentences with slots, each with the situation that it may be said in.

    Parameters
    ----------
    sentences : iterable of SlottedSentence
        A sentence that occurs again in the same situation is left out.

    Raises
    ------
    DataError
        If a sentence has other slots than it may, or says what not every item supports.
    """

    def __init__(self, sentences: Iterable[SlottedSentence]) -> None:
        self._hold(sentences)
        for number, sentence in enumerate(self.sentences, 1):
            if faults := sentence.faults():
                raise DataError(f"sentence {number} ({sentence.text!r:.80}): {'; '.join(faults)}")

    def _hold(self, sentences: Iterable[SlottedSentence]) -> None:
        first: dict[Any, SlottedSentence] = {}
        for s in sentences:
            first.setdefault((s.text, s.language, s.evidence, s.domain, s.tone), s)
        self.sentences = tuple(first.values())

    @classmethod
    @cache
    def shipped(cls, language: str) -> Self:
        """Return the pool that ships with Workbench.

        Parameters
        ----------
        language : {"en", "zh"}
            English sentences were written by the embedded model, Chinese ones by hand.
        """
        one_of("language", language, LANGUAGES)
        pool = cls.__new__(cls)  # its sentences are checked by the tests
        pool._hold(read_sentences(shipped_file(language)))
        return pool

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a pool that `save` wrote, and check every sentence again.

        Raises
        ------
        DataFileError
            If the file is not there or is not one of a pool; the line is named.
        DataError
            If a sentence must not be in a pool.
        """
        return cls(read_sentences(Path(path)))

    def save(self, path: str | Path) -> Path:
        """Write the sentences as JSON lines, the whole file or none of it."""
        path = Path(path)
        lines = [json.dumps(s.record(), ensure_ascii=False) + "\n" for s in self.sentences]
        try:
            with atomic_file(path) as draft:
                draft.write_text("".join(lines), encoding="utf-8")
        except OSError as error:
            raise DataFileError(f"{str(path)!r} cannot be written: {error}") from error
        return path

    def __len__(self) -> int:
        return len(self.sentences)

    def __add__(self, other: "Pool") -> "Pool":
        return type(self)([*self.sentences, *other.sentences])

    def __repr__(self) -> str:
        return f"Pool({len(self)} sentences)\n{self.sizes.to_string() if len(self) else ''}".strip()

    @property
    def frame(self) -> pd.DataFrame:
        """One row a sentence."""
        records = [s.record() for s in self.sentences]
        return pd.DataFrame(records, columns=SlottedSentence.columns())

    @property
    def sizes(self) -> pd.DataFrame:
        """Number of sentences by situation, a column a tone."""
        by = [self.frame[name] for name in ("language", "kind", "goods")]
        return pd.crosstab(by, self.frame["tone"])

    def fill(
        self, recs: pd.DataFrame, ds: Dataset, *, seed: int = 0, **options: Unpack[BriefOptions]
    ) -> pd.DataFrame:
        """Give every recommendation a sentence of the pool, or a hand-written one.

        Within a user's list no sentence and no first clause comes twice while the supply for its
        situation lasts. What a user reads does not depend on who else is in `recs`.

        Parameters
        ----------
        recs, ds, preset, language, voice, tone, seed
            As for `Copywriter.write`; sentences of the tone "any" go with every tone.

        Returns
        -------
        DataFrame
            What `Copywriter.write` returns, with ``source`` "pool", or "pattern" where no sentence
            of the pool fits, and

            - ``model``: who wrote the sentence;
            - ``sentence``: the text with its slots; empty where it is not of the pool.
        """
        brief, supplier = CopyBrief.of(**options), self.supplier(**options)
        reader, seed = EvidenceReader(ds, language=brief.language), at_least("seed", seed, 0)
        return compose(recs, reader, brief, [supplier], seed=seed)[1]

    def supplier(self, **options: Unpack[BriefOptions]) -> PoolSupplier:
        """Return what supplies lines of a brief with these sentences."""
        kind, preset = options.get("kind", "line"), options.get("preset")
        if kind != "line" or preset not in POOLED:
            raise OptionError(
                f"a pool fills lines for films and goods of a shop, not kind={kind!r} with "
                f"preset={preset!r}; use mode='direct'"
            )
        return PoolSupplier(self.sentences)


def shipped_file(language: str) -> Path:
    """Return the file of the sentences that ship; a model wrote the English ones."""
    return DATA / f"pool_{language}.{'toml' if language == 'zh' else 'jsonl'}"
