"""Sentences with slots, checked once, that fill any number of lines as fast as names are read."""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Self
from uuid import uuid4

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, DataFileError
from workbench.language import prompts
from workbench.language.evidence import Catalogue
from workbench.language.filling import fill
from workbench.language.sentence import Sentence
from workbench.options import one_of
from workbench.strings import LANGUAGES

_DATA = Path(__file__).parent / "data"


class Pool:
    """Sentences with slots, each with the situation that it may be said in.

    Parameters
    ----------
    sentences : iterable of Sentence
        A sentence that occurs again in the same situation is left out.

    Raises
    ------
    DataError
        If a sentence has other slots than it may, or says what not every item supports.
    """

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        self._hold(sentences)
        for number, sentence in enumerate(self.sentences, 1):
            if faults := sentence.faults():
                raise DataError(f"sentence {number} ({sentence.text!r:.80}): {'; '.join(faults)}")

    def _hold(self, sentences: Iterable[Sentence]) -> None:
        same = {(s.text, s.language, s.kind, s.goods, s.tone): s for s in reversed([*sentences])}
        self.sentences = tuple(same.values())[::-1]

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
        hand = language == "zh"
        pool._hold(_by_hand() if hand else _read(_DATA / f"pool_{language}.jsonl"))
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
        return cls(_read(Path(path)))

    def save(self, path: str | Path) -> Path:
        """Write the sentences as JSON lines, the whole file or none of it."""
        path = Path(path)
        part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
        lines = [json.dumps(asdict(s), ensure_ascii=False) + "\n" for s in self.sentences]
        try:
            part.write_text("".join(lines), encoding="utf-8")
            part.replace(path)
        except OSError as error:
            raise DataFileError(f"{str(path)!r} cannot be written: {error}") from error
        finally:
            part.unlink(missing_ok=True)
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
        return pd.DataFrame(
            [asdict(s) for s in self.sentences], columns=list(Sentence.__dataclass_fields__)
        )

    @property
    def sizes(self) -> pd.DataFrame:
        """Number of sentences by situation, a column a tone."""
        by = [self.frame[name] for name in ("language", "kind", "goods")]
        return pd.crosstab(by, self.frame["tone"])

    def fill(
        self,
        recs: pd.DataFrame,
        ds: Dataset,
        *,
        language: str = "en",
        tone: str = "warm",
        seed: int = 0,
    ) -> pd.DataFrame:
        """Give every recommendation a sentence of the pool.

        Within a user's list no sentence and no first clause comes twice while the supply for its
        situation lasts. What a user reads does not depend on who else is in `recs`.

        Parameters
        ----------
        recs, ds, language, tone, seed
            As for `Copywriter.write`; sentences of the tone "any" go with every tone.

        Returns
        -------
        DataFrame
            The columns of `recs` and ``text``, ``source`` ("pool", or "pattern" where no sentence
            of the pool fits), ``evidence``, ``model`` (who wrote the sentence), ``seed`` and
            ``sentence`` (the text with its slots).
        """
        one_of("language", language, LANGUAGES)
        one_of("tone", tone, prompts.TONES)
        if missing := {Columns.USER, Columns.ITEM, Columns.BECAUSE} - set(recs.columns):
            raise DataError(f"recs lacks the columns {sorted(missing)}; it has {list(recs)}")
        supply = [s for s in self.sentences if s.language == language and s.tone in (tone, "any")]
        filled = fill(supply, recs, Catalogue(ds, language=language), tone, seed)
        texts, sources, evidence, models, sentences = (
            zip(*filled, strict=True) if filled else [()] * 5
        )
        return recs.assign(
            **{
                Columns.TEXT: list(texts),
                Columns.SOURCE: list(sources),
                Columns.EVIDENCE: list(evidence),
                Columns.MODEL: list(models),
                Columns.SEED: seed,
                Columns.SENTENCE: list(sentences),
            }
        )


def _by_hand() -> Iterable[Sentence]:
    table = tomllib.loads((_DATA / "pool_zh.toml").read_text(encoding="utf-8"))
    for kind, cells in table.items():
        for goods, tones in cells.items():
            for tone, texts in tones.items():
                yield from (Sentence(text, "zh", kind, goods, tone) for text in texts)


def _read(path: Path) -> list[Sentence]:
    """Read JSON lines; whether the sentences are sound is another matter."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{str(path)!r} cannot be read as a pool: {error}") from error
    sentences = []
    for number, line in enumerate(lines, 1):
        try:
            sentences.append(Sentence(**json.loads(line)))
        except (TypeError, ValueError, RecursionError) as error:
            message = f"{str(path)!r}, line {number}, is not a sentence of a pool: {error}"
            raise DataFileError(message) from error
    return sentences
