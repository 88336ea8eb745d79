"""Recommendation copy: a model's sentences where they are sound, hand-written ones elsewhere."""

import random
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import DataError, MissingExtraError, ModelFileError, OptionError
from workbench.language import prompts
from workbench.language.embedded import NAME as EMBEDDED
from workbench.language.embedded import embedded_model
from workbench.language.evidence import Catalogue
from workbench.language.grounding import check, goods_of, vocabulary
from workbench.language.pool import Pool
from workbench.language.pooling import gather, kinds_in
from workbench.language.sentence import HAND, KINDS
from workbench.options import at_least, one_of

if TYPE_CHECKING:
    from workbench.language.local import Continuation, LocalModel

MODES = ("direct", "pool")
REPEATED = 2.0  # log-probability that a wholly repeated continuation loses
LONG_ENOUGH = 10  # words; a shorter continuation loses up to a log-probability of 1
ROUNDS = 2  # what fails the check is generated once more


class Copywriter:
    """Writes a sentence for each recommendation and checks every one before it is delivered.

    Parameters
    ----------
    model : str or Path, optional
        Local folder or hub id of a language model; by default the embedded one, which writes
        English. Chinese without another model comes from the shipped pool.
    device : {"auto", "cpu", "gpu"}
        Where the model runs.
    candidates : int
        Sentences that the model writes for each that is delivered.
    """

    def __init__(
        self, model: str | Path | None = None, *, device: str = "auto", candidates: int = 4
    ) -> None:
        self._model, self._device = model, device
        self._candidates = at_least("candidates", candidates, 1)
        self._backend: LocalModel | None = None
        self._missing = False

    def __repr__(self) -> str:
        model = self._backend or self._model or EMBEDDED
        return f"Copywriter({model}, device={self._device!r}, candidates={self._candidates})"

    def write(
        self,
        recs: pd.DataFrame,
        ds: Dataset,
        *,
        language: str = "en",
        tone: str = "warm",
        mode: str = "direct",
        pool: Pool | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> pd.DataFrame:
        """Write a sentence for each recommendation.

        Parameters
        ----------
        recs : DataFrame
            ``user_id``, ``item_id`` and ``because``, as a model's ``recommend`` returns them.
        ds : Dataset
            Where titles, attributes and ratings come from.
        language : {"en", "zh"}
        tone : {"warm", "plain", "playful"}
            Tone of the hand-written sentences.
        mode : {"direct", "pool"}
            "pool" fills sentences that were written before, thousands a second.
        pool : Pool, optional
            Sentences for pool mode; by default those that ship with Workbench. In Chinese they
            serve direct mode too where no other model is chosen.
        seed : int
            The same seed and recommendations give the same sentences.
        progress : bool
            Show a progress bar while the model writes.

        Returns
        -------
        DataFrame
            The columns of `recs` and ``text``, ``source`` ("model", "pool" or "pattern"),
            ``evidence``, ``model`` (its name, and what numbers it computed in where) and ``seed``;
            from a pool also ``sentence``.

        Raises
        ------
        OptionError
            If there is no such language or tone.
        UnknownIdError
            If an item is not in the catalogue.
        """
        one_of("language", language, prompts.LANGUAGES)
        one_of("tone", tone, prompts.TONES)
        one_of("mode", mode, MODES)
        if mode == "pool" or (language == "zh" and self._model is None):
            sentences = pool or Pool.shipped(language)
            return sentences.fill(recs, ds, language=language, tone=tone, seed=seed)
        if missing := {Columns.USER, Columns.ITEM, Columns.BECAUSE} - set(recs.columns):
            raise DataError(f"recs lacks the columns {sorted(missing)}; it has {list(recs)}")
        catalogue = Catalogue(ds, language=language)
        lines = [
            _line(catalogue.row(item), catalogue.evidence(user, item, because), catalogue)
            for user, item, because in recs[
                [Columns.USER, Columns.ITEM, Columns.BECAUSE]
            ].to_numpy()
        ]
        name = self._write(lines, language, tone, seed, progress)
        return recs.assign(
            **{
                Columns.TEXT: [line.text for line in lines],
                Columns.SOURCE: [line.source for line in lines],
                Columns.EVIDENCE: [line.evidence for line in lines],
                Columns.MODEL: [name if line.source == "model" else HAND for line in lines],
                Columns.SEED: seed,
            }
        )

    def pool(
        self,
        ds: Dataset,
        *,
        size: int = 200,
        language: str = "en",
        kinds: Sequence[str] | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> Pool:
        """Have the model write sentences with slots, which fill any number of lines.

        The model continues forced openings about items of the catalogue. What is sound is kept
        with slots in place of the names, if it is sound of other items too and not much like a
        sentence that was kept before. Interrupted, the pool is what was kept so far.

        Parameters
        ----------
        ds : Dataset
        size : int
            Sentences wanted; fewer come if the model repeats itself.
        language : {"en", "zh"}
        kinds : sequence of str, optional
            Kinds of evidence, of "liked", "bought", "own", "similar", "popular" and "none"; by
            default those that the data can give.
        seed : int
            The same seed and data give the same pool.
        progress : bool
            Show a progress bar.

        Returns
        -------
        Pool

        Raises
        ------
        OptionError
            If no model at hand writes the language, or there is no such kind of evidence.
        """
        one_of("language", language, prompts.LANGUAGES)
        kinds = [one_of("kinds", kind, KINDS) for kind in kinds or kinds_in(ds)]
        backend = self._open(language)
        if backend is None:
            raise OptionError(
                f"no model here writes language={language!r}: choose one with Copywriter(model), "
                f"or take the sentences of Pool.shipped({language!r})"
            )
        return gather(
            backend,
            ds,
            free=self._model is not None,
            size=at_least("size", size, 1),
            language=language,
            kinds=kinds,
            seed=seed,
            progress=progress,
        )

    def write_one(
        self,
        user_id: Any,
        item_id: Any,
        ds: Dataset,
        *,
        language: str = "en",
        tone: str = "warm",
        seed: int = 0,
    ) -> pd.Series:
        """Write a sentence for a pair, resting on what the user rated highest of its genres.

        Parameters
        ----------
        user_id, item_id : id
            A user with no history, or None, gives a sentence without evidence.
        ds : Dataset
        language, tone, seed
            As for `write`.

        Returns
        -------
        Series
            ``user_id``, ``item_id``, ``because``, ``text``, ``source``, ``evidence``, ``model``
            and ``seed``.
        """
        own = Catalogue(ds, language=language).top_rated(user_id, item_id)
        because = [(evidence[Columns.ITEM], evidence.get(Columns.RATING, 1.0)) for evidence in own]
        recs = pd.DataFrame(
            {Columns.USER: [user_id], Columns.ITEM: [item_id], Columns.BECAUSE: [because]}
        )
        return self.write(recs, ds, language=language, tone=tone, seed=seed).iloc[0]

    def _write(
        self, lines: list["_Line"], language: str, tone: str, seed: int, progress: bool
    ) -> str:
        """Give every line its text; return the name of the model, if one took part."""
        spread = _Spread(seed)
        backend = self._open(language)
        for attempt in range(ROUNDS if backend else 0):
            pending = [line for line in lines if not line.text]
            if pending:
                self._by_model(backend, pending, spread, seed + attempt, progress)
        for line in lines:
            if not line.text:
                line.text = _by_hand(line, spread, tone)
        return repr(backend) if backend else HAND

    def _by_model(
        self,
        backend: Any,
        lines: Sequence["_Line"],
        spread: "_Spread",
        seed: int,
        progress: bool,
    ) -> None:
        # A small model is held to its vocabulary; a capable one is only checked.
        free = self._model is not None
        starts = [spread.next(line.filled(line.openings())) for line in lines]
        pairs = list(zip(lines, starts, strict=True))
        written = backend.generate(
            [line.prompt(start, described=free) for line, start in pairs],
            samples=self._candidates,
            phrases=None if free else [vocabulary(line.row) for line in lines],
            seed=seed,
            progress=progress,
        )
        for (line, start), own in zip(pairs, written, strict=True):
            if best := spread.best([c for c in own if line.sound(start + c.text)]):
                line.text, line.source = start + best.text, "model"

    def _open(self, language: str) -> "LocalModel | None":
        """Return the model, or None where hand-written sentences have to do."""
        if self._model is None and (language != "en" or self._missing):
            return None
        if self._backend is None:
            try:
                self._backend = _backend(self._model, self._device)
            except (MissingExtraError, ModelFileError) as error:
                if self._model is not None:
                    raise
                self._missing = True
                message = f"{error} Until then copy is hand-written (source 'pattern')."
                warnings.warn(message, stacklevel=4)
        return self._backend


@dataclass
class _Line:
    """A recommendation on its way to a sentence."""

    row: dict[str, Any]
    evidence: list[dict[str, Any]]
    language: str
    slots: dict[str, str]
    text: str = ""
    source: str = "pattern"

    @property
    def situation(self) -> tuple[str, str, str]:
        """Language, kind of evidence and kind of goods."""
        kind = str(self.evidence[0]["kind"]) if self.evidence else "none"
        return self.language, kind, goods_of(self.row)

    def filled(self, supply: Sequence[str]) -> dict[str, str]:
        """Fill the patterns of a supply that can be filled; keyed by the pattern."""
        texts = {pattern: prompts.fill(pattern, self.slots) for pattern in supply}
        return {pattern: text for pattern, text in texts.items() if text}

    def openings(self) -> list[str]:
        return prompts.openings(*self.situation)

    def prompt(self, opening: str, *, described: bool) -> str:
        return prompts.prompt(self.row, opening, language=self.language, described=described)

    def sound(self, text: str) -> bool:
        return not check(text, self.row, self.evidence, language=self.language)


class _Spread:
    """Spreads a supply of openings, patterns and endings, so that no two lines look alike."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._uses: Counter[str] = Counter()

    def next(self, filled: Mapping[str, str]) -> str:
        """Return the text of one of the least used patterns."""
        least = min(self._uses[pattern] for pattern in filled)
        pattern = self._random.choice([p for p in filled if self._uses[p] == least])
        self._uses[pattern] += 1
        return filled[pattern]

    def best(self, sound: Sequence["Continuation"]) -> "Continuation | None":
        """Choose the most fluent continuation, marking down what other lines have said."""
        if not sound:
            return None
        chosen = max(sound, key=self._worth)
        self._uses.update(_trigrams(chosen.text))
        return chosen

    def _worth(self, continuation: "Continuation") -> float:
        trigrams = _trigrams(continuation.text)
        repeated = sum(min(self._uses[t], 2) for t in trigrams) / len(trigrams)
        length = min(len(continuation.text.split()), LONG_ENOUGH)
        return continuation.fluency - REPEATED * repeated + length / LONG_ENOUGH


def _trigrams(text: str) -> list[str]:
    words = text.strip(" .").split()
    return [" ".join(words[i : i + 3]) for i in range(max(len(words) - 2, 1))]


def _line(row: dict[str, Any], evidence: list[dict[str, Any]], names: Catalogue) -> _Line:
    goods = goods_of(row)
    other = next((e for e in evidence if Columns.TITLE in e), None)
    because = names.name(other, goods, dated=False) if other else ""
    title = names.name(row, goods)
    slots = prompts.slots(row, title, because, language=names.language)
    return _Line(row, evidence, names.language, slots)


def _by_hand(line: _Line, spread: _Spread, tone: str) -> str:
    texts = line.filled(prompts.patterns(*line.situation, tone))
    sound = {pattern: text for pattern, text in texts.items() if line.sound(text)}
    if not sound:
        raise DataError(f"no sentence about {line.slots['title']!r} passes the grounding check")
    return spread.next(sound)


def _backend(model: str | Path | None, device: str) -> "LocalModel":
    if find_spec("torch") is None:
        raise MissingExtraError("torch", "language", "Writing with a language model")
    if model is None:
        embedded_model()
    from workbench.language.local import LocalModel

    return LocalModel(model, device=device)
