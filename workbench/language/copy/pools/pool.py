"""Sentences with slots, checked once, that fill any number of lines as fast as names are read."""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Self

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, DataFileError, OptionError
from workbench.io import whole
from workbench.language.copy.brief.text_format import format_named
from workbench.language.copy.brief.voice import Voice, voice_of
from workbench.language.copy.candidate_choice import Choice
from workbench.language.copy.draft import PATTERNS, columns
from workbench.language.copy.drafting import begin
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.pools.pool_filling import fill
from workbench.language.copy.pools.slotted_sentence import SlottedSentence
from workbench.language.copy.templates import by_hand
from workbench.strings import LANGUAGES
from workbench.validation import at_least, one_of

DOMAINS = (None, "film", "shop")  # that sentences of a pool are written for
_DATA = Path(__file__).parents[1] / "data"


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
        pool._hold(_by_hand() if hand else _read(shipped_file(language)))
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
        lines = [json.dumps(asdict(s), ensure_ascii=False) + "\n" for s in self.sentences]
        try:
            with whole(path) as draft:
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
        return pd.DataFrame(
            [asdict(s) for s in self.sentences], columns=list(SlottedSentence.__dataclass_fields__)
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
        preset: str | Path | None = None,
        language: str = "en",
        voice: Voice | None = None,
        tone: str | None = None,
        seed: int = 0,
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
        one_of("language", language, LANGUAGES)
        if preset not in DOMAINS:
            raise OptionError(
                f"a pool has lines for films and goods of a shop, not for preset={preset!r}"
            )
        seed, voice = at_least("seed", seed, 0), voice_of(voice, tone)
        catalogue = EvidenceReader(ds, language=language)
        drafts, table = begin(recs, catalogue, kind="line", preset=preset, voice=voice)
        tones = (voice.tone, "any")
        supply = [s for s in self.sentences if s.language == language and s.tone in tones]
        own = fill(supply, drafts, seed)
        choices: dict[Any, Choice] = {}
        for draft in drafts:
            if not draft.text and not draft.refused:
                # One for each list, so that no other changes what is dealt.
                key = f"{draft.reader} {seed}"
                by_hand(draft, choices.setdefault(key, Choice(key, use=voice.use)))
        written = columns(drafts, format_named("line"), PATTERNS, seed)
        written[Columns.MODEL] = [s.model if s else PATTERNS for s in own]
        written[Columns.SENTENCE] = [s.text if s else "" for s in own]
        return table.assign(**written)


def shipped_file(language: str) -> Path:
    """Return the file of the sentences that a model wrote for Workbench."""
    return _DATA / f"pool_{language}.jsonl"


def _by_hand() -> Iterable[SlottedSentence]:
    table = tomllib.loads((_DATA / "pool_zh.toml").read_text(encoding="utf-8"))
    for kind, cells in table.items():
        for goods, tones in cells.items():
            for tone, texts in tones.items():
                yield from (SlottedSentence(text, "zh", kind, goods, tone) for text in texts)


def _read(path: Path) -> list[SlottedSentence]:
    """Read JSON lines; whether the sentences are sound is another matter."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{str(path)!r} cannot be read as a pool: {error}") from error
    sentences = []
    for number, line in enumerate(lines, 1):
        try:
            sentences.append(SlottedSentence(**json.loads(line)))
        except (TypeError, ValueError, RecursionError) as error:
            message = f"{str(path)!r}, line {number}, is not a sentence of a pool: {error}"
            raise DataFileError(message) from error
    return sentences
