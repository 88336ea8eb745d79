"""Recommendation copy: a model's sentences where they are sound, hand-written ones elsewhere."""

import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import MissingExtraError, ModelFileError, OptionError
from workbench.language.copy.brief.brief import BriefOptions, CopyBrief
from workbench.language.copy.brief.domain import domain_named
from workbench.language.copy.brief.voice import Voice
from workbench.language.copy.composition import Supplier, compose
from workbench.language.copy.draft import NO_TEXT, Draft
from workbench.language.copy.draft_building import drafts_of
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.model_writer import ModelWriter
from workbench.language.copy.pools.pool import POOLED, Pool
from workbench.language.copy.pools.pool_writer import (
    InstructedAuthor,
    OpeningAuthor,
    PoolBuilder,
    evidence_types,
)
from workbench.language.copy.pools.slotted_sentence import EVIDENCE_TYPES, TONES
from workbench.language.copy.selection import Selection
from workbench.language.llm.embedded_model import NAME as EMBEDDED
from workbench.language.llm.model_registry import open_backend
from workbench.strings import LANGUAGES
from workbench.validation import at_least, one_of

MODES = ("direct", "pool")


class Copywriter:
    """Writes copy for recommendations and checks every text before it is delivered.

    Parameters
    ----------
    model : str, Path or Backend, optional
        Local folder or hub id of a language model, or a backend; by default the embedded model,
        which writes English. Chinese without another model is hand-written, lines from a pool.
    device : {"auto", "cpu", "gpu"}
        Where the model runs.
    candidates : int
        Texts that the model writes for each that is delivered.
    """

    def __init__(self, model: Any = None, *, device: str = "auto", candidates: int = 4) -> None:
        self._model, self._device = model, device
        self._candidates = at_least("candidates", candidates, 1)
        self._backend: Any = None
        self._missing = False

    def __repr__(self) -> str:
        model = self._backend or self._model or EMBEDDED
        return f"Copywriter({model}, device={self._device!r}, candidates={self._candidates})"

    def write(
        self,
        recs: pd.DataFrame,
        ds: Dataset,
        *,
        kind: str = "line",
        preset: str | Path | None = None,
        language: str = "en",
        voice: Voice | None = None,
        tone: str | None = None,
        mode: str = "direct",
        pool: Pool | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> pd.DataFrame:
        """Write a text for each recommendation, or for each user's list.

        Parameters
        ----------
        recs : DataFrame
            ``user_id``, ``item_id`` and ``because``, as a model's ``recommend`` returns them.
        ds : Dataset
            Where titles, attributes and ratings come from.
        kind : {"line", "push", "email", "title", "why", "intro", "welcome"}
            "intro" introduces a user's list, "welcome" greets a new user with its first item:
            one row a user.
        preset : str or Path, optional
            Domain: "shop", "film", "feed", "finance", "health", "education", or the path of a
            TOML file of your own; see `language.copy.brief.domain.Domain`. By default an item is
            a film or goods of a shop, by its columns.
        language : {"en", "zh"}
        voice : Voice, optional
            Tone, length, words to use and never to use; by default warm and free of superlatives.
        tone : {"warm", "plain", "playful"}, optional
            Short for ``voice=Voice(tone=...)``.
        mode : {"direct", "pool"}
            "pool" fills sentences that were written before, thousands a second: lines, for films
            and goods of a shop.
        pool : Pool, optional
            Sentences to fill; by default those that ship with Workbench. In Chinese they serve
            direct mode too where no other model is chosen.
        seed : int
            The same seed and recommendations give the same texts.
        progress : bool
            Show a progress bar while the model writes.

        Returns
        -------
        DataFrame
            The columns of `recs`, or for "intro" and "welcome" ``user_id`` and ``items`` (a list
            of ids), and

            - ``text``, and for an e-mail ``subject``;
            - ``source``: "model", "pool", "pattern" or "refused"; of an e-mail, that of its
              central sentence;
            - ``reason``: why nothing was written, where ``source`` is "refused" and ``text`` is
              empty: the item does not suit the user by the preset, or nothing sound fits; of a
              "pattern", "model-failed" and how, where the model gave no answer;
            - ``kind``, ``evidence``, ``seed`` and ``model`` (its name, and what numbers it
              computed in where);
            - ``raw`` (the model's own words), ``prompt_hash`` (of exactly what it was sent) and
              ``prompt_version`` (of all that ships hand-written);
            - from a pool also ``sentence``, with its slots.

        Raises
        ------
        OptionError
            If there is no such kind, preset, language, tone or mode, or two settings contradict
            each other.
        UnknownIdError
            If an item is not in the catalogue.
        BackendError
            If a server answers no request at all. Where it fails for some texts, or Ctrl-C is
            pressed, what came is kept, a warning counts the others, and they are hand-written.
        """
        one_of("mode", mode, MODES)
        options: BriefOptions = {"kind": kind, "preset": preset, "language": language}
        options |= {"voice": voice, "tone": tone}
        reader, seed = EvidenceReader(ds, language=language), at_least("seed", seed, 0)
        brief = CopyBrief.of(**options)
        suppliers = self._suppliers(reader, options, mode, pool)
        drafts, table = compose(recs, reader, brief, suppliers, seed=seed, progress=progress)
        _warn_of_faults(drafts)
        return table

    def pool(
        self,
        ds: Dataset,
        *,
        size: int = 200,
        language: str = "en",
        tone: str = "any",
        kinds: Sequence[str] | None = None,
        seed: int = 0,
        progress: bool = False,
    ) -> Pool:
        """Have the model write sentences with slots, which fill any number of lines.

        The embedded model continues openings about items of the catalogue, whose names then give
        way to slots. A model of your own is asked for sentences with slots, several at a time.
        What is sound is kept if it is sound of other items too and not much like a sentence that
        was kept before. Interrupted, or where a server fails, the pool is what was kept so far; a
        warning says why there are fewer sentences than wanted.

        Parameters
        ----------
        ds : Dataset
        size : int
            Sentences wanted; fewer come if the model repeats itself.
        language : {"en", "zh"}
        tone : {"any", "warm", "plain", "playful"}
            With "any" the embedded model writes in all three by turns; a model of your own is
            asked for sentences that go with each. Lines of another tone than the sentences' are
            not filled with them.
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
            If no model at hand writes the language, or there is no such tone or kind of evidence.
        BackendError
            If a server fails before a sentence is kept.
        """
        one_of("language", language, LANGUAGES)
        one_of("tone", tone, TONES)
        types = [one_of("kinds", kind, EVIDENCE_TYPES) for kind in kinds or evidence_types(ds)]
        backend = self._open(language)
        if backend is None:
            raise OptionError(
                f"no model here writes language={language!r}: choose one with Copywriter(model), "
                f"or take the sentences of Pool.shipped({language!r})"
            )
        builder = PoolBuilder(ds, language=language, tone=tone, seed=at_least("seed", seed, 0))
        author = (InstructedAuthor if self._follows else OpeningAuthor)(backend, builder)
        return builder.build(author, size=at_least("size", size, 1), types=types, progress=progress)

    def write_one(
        self,
        user_id: Any,
        item_id: Any,
        ds: Dataset,
        *,
        seed: int = 0,
        **options: Unpack[BriefOptions],
    ) -> pd.Series:
        """Write a text for a pair, resting on what the user rated highest of its genres.

        Parameters
        ----------
        user_id, item_id : id
            A user with no history, or None, gives a text without evidence of the history.
        ds : Dataset
        kind, preset, language, voice, tone, seed
            As for `write`.

        Returns
        -------
        Series
            ``user_id``, ``item_id``, ``because``, the columns of `write`, and

            - ``user`` and ``item``: the descriptions that the text rests on;
            - ``sent``: exactly what the model was sent; empty if there was none;
            - ``reference``: what the user wrote of the item, where the interactions have a column
              ``reference`` or ``review``; else None.
        """
        brief, seed = CopyBrief.of(**options), at_least("seed", seed, 0)
        reader = EvidenceReader(ds, language=brief.language)
        top = reader.top_rated(user_id, item_id)
        because = [(evidence[Columns.ITEM], evidence.get(Columns.RATING, 1.0)) for evidence in top]
        pair = {Columns.USER: [user_id], Columns.ITEM: [item_id], Columns.BECAUSE: [because]}
        suppliers = self._suppliers(reader, options)
        (draft,), table = compose(pd.DataFrame(pair), reader, brief, suppliers, seed=seed)
        _warn_of_faults([draft])
        return table.assign(
            user="\n".join(draft.grounds()),
            item="\n".join(draft.facts()),
            sent=draft.sent,
            reference=[reader.reference(user_id, item_id)],
        ).iloc[0]

    def prompts(
        self, recs: pd.DataFrame, ds: Dataset, *, seed: int = 0, **options: Unpack[BriefOptions]
    ) -> pd.DataFrame:
        """Return exactly what `write` first sends to the model, line by line; nothing is sent.

        Parameters
        ----------
        recs, ds, kind, preset, language, voice, tone, seed
            As for `write`.

        Returns
        -------
        DataFrame
            The columns of `recs`, or of its lists, and ``sent``: the prompt, or the conversation
            as JSON; empty where no model takes part.
        """
        brief, seed = CopyBrief.of(**options), at_least("seed", seed, 0)
        drafts, table = drafts_of(recs, EvidenceReader(ds, language=brief.language), brief)
        if self._follows or brief.language == "en":
            writer = ModelWriter(None, self._follows, self._candidates)
            selection = Selection(seed, words=brief.voice.use)
            writer.address([draft for draft in drafts if not draft.refused], selection)
        return table.assign(sent=[draft.sent for draft in drafts])

    @property
    def _follows(self) -> bool:
        """Whether the model follows instructions; the embedded one only continues openings."""
        return self._model is not None

    def _suppliers(
        self,
        reader: EvidenceReader,
        options: BriefOptions,
        mode: str = "direct",
        pool: Pool | None = None,
    ) -> list[Supplier]:
        """Return what supplies sentences: the model, or a pool; nothing, where templates have to.

        In Chinese a pool stands in for the embedded model, for lines that rest on no attribute.
        """
        language, kind, preset = reader.language, options.get("kind", "line"), options.get("preset")
        offline = language == "zh" and not self._follows and not _has_attributes(reader.data)
        if mode == "pool" or (offline and kind == "line" and preset in POOLED):
            return [(pool or Pool.shipped(language)).supplier(**options)]
        if pool is not None:
            raise OptionError("pool= fills lines in mode='pool'; with mode='direct' leave it out")
        if backend := self._open(language):
            return [ModelWriter(backend, self._follows, self._candidates, cache(reader.taste))]
        return []

    def _open(self, language: str) -> Any:
        """Return the model, or None where hand-written sentences have to do."""
        if not self._follows and (language != "en" or self._missing):
            return None
        if self._backend is None:
            try:
                self._backend = open_backend(self._model, self._device)
            except (MissingExtraError, ModelFileError) as error:
                if self._follows:
                    raise
                self._missing = True
                message = f"{error} Until then copy is hand-written (source 'pattern')."
                warnings.warn(message, stacklevel=4)
        return self._backend


def _has_attributes(ds: Dataset) -> bool:
    """Say whether users state what copy can rest on; a pool knows nothing of it."""
    columns = [] if ds.users is None else list(ds.users)
    return any(a.user in columns for name in POOLED if name for a in domain_named(name).attributes)


def _warn_of_faults(drafts: Sequence[Draft]) -> None:
    if faults := [draft.fault for draft in drafts if draft.fault]:
        written = sum(not d.refused or d.refused.code == NO_TEXT for d in drafts)
        message = (
            f"{len(faults)} of {written} texts are hand-written (source 'pattern'), as the "
            f"model failed; `reason` says how: {faults[0].detail}"
        )
        warnings.warn(message, stacklevel=3)
