"""A pool written by a model: sentences about real items, whose names then give way to slots."""

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.language import prompts
from workbench.language.evidence import Catalogue
from workbench.language.grounding import check, goods_of, vocabulary
from workbench.language.pool import Pool
from workbench.language.sentence import GENRES, NOUNS, Sentence, sample

BATCH = 16  # openings at a time
SAMPLES = 4  # continuations of each
PATIENCE = 8  # samples for each sentence that is asked for; then it is enough
ALIKE = 0.5  # share of common trigrams from which two continuations are the same
OTHERS = 2  # items that a sentence is tried on
# What a small model's English stumbles over: "makes for tonight", "a choice, for tonight".
_CLUMSY = re.compile(r"^ (?:for|to|with)\b|, (?:for|to)\b|, \{genre\}|\bto watch with\b")
_EVIDENCE = {"liked": "liked", "bought": "bought", "own": "seen"}  # that names an item


def kinds_in(ds: Dataset) -> list[str]:
    """Kinds of evidence that the interactions of a data set can give."""
    if Columns.EVENT in ds.interactions:
        bought = (ds.interactions[Columns.EVENT] == "purchase").any()
        return [*(["bought"] if bought else []), "own", "similar", "popular", "none"]
    return [*(["liked"] if ds.explicit else []), "own", "similar", "popular", "none"]


def gather(
    backend: Any,
    ds: Dataset,
    *,
    free: bool,
    size: int,
    language: str,
    kinds: Sequence[str],
    seed: int,
    progress: bool,
) -> Pool:
    """Have a model write a pool; see `Copywriter.pool`."""
    desk = _Desk(ds, language, free, seed)
    sentences: list[Sentence] = []
    found: Counter[str] = Counter()
    tries = 0
    with tqdm(total=size, desc=f"{backend.name} writes a pool", disable=not progress) as bar:
        try:
            while len(sentences) < size and tries < PATIENCE * size:
                wanting = [k for k in kinds if found[k] < -(-size // len(kinds))] or list(kinds)
                drafts = [desk.draft(wanting[i % len(wanting)]) for i in range(BATCH)]
                written = backend.complete(
                    [draft.prompt for draft in drafts],
                    samples=SAMPLES,
                    phrases=None if free else [draft.phrases for draft in drafts],
                    seed=seed + tries,
                )
                tries += BATCH * SAMPLES
                for draft, own in zip(drafts, written, strict=True):
                    kept = desk.keep(draft, [each.text for each in own], repr(backend))
                    if kept and len(sentences) < size:
                        sentences.append(kept)
                        found[draft.kind] += 1
                        bar.update()
        except KeyboardInterrupt:
            warnings.warn(f"interrupted: {len(sentences)} of {size} sentences", stacklevel=3)
    return Pool(sentences)


@dataclass(frozen=True)
class _Draft:
    """A forced opening about an item, which a model is to continue."""

    kind: str
    opening: str
    row: dict[str, Any]
    evidence: list[dict[str, Any]]
    slots: dict[str, str]
    prompt: str
    phrases: dict[str, bool]


class _Desk:
    """Where drafts are laid out and what comes back is judged."""

    def __init__(self, ds: Dataset, language: str, free: bool, seed: int) -> None:
        self._catalogue = Catalogue(ds, language=language)
        titled = ds.items[Columns.TITLE].fillna("").astype(str).str.strip() != ""
        self._items = ds.items[Columns.ITEM][titled].to_numpy()
        self._language, self._free, self._seed = language, free, seed
        self._random = np.random.default_rng(seed)
        self._openings: Counter[str] = Counter()
        self._uses: Counter[str] = Counter()
        self._kept: dict[tuple[str, str], list[set[str]]] = {}

    def draft(self, kind: str) -> _Draft:
        """Lay out the least used opening of a kind about an item drawn at random."""
        row, evidence, slots = self._about(kind)
        goods = goods_of(row)
        own = prompts.openings(self._language, _EVIDENCE.get(kind, kind), goods, "warm")
        if kind in ("liked", "bought"):
            wider = prompts.openings(self._language, "seen", goods, "warm")
            own = [opening for opening in own if opening not in wider]
        opening = min(own, key=lambda o: (self._openings[o], self._random.random()))
        self._openings[opening] += 1
        filled = prompts.fill(opening, slots) or ""
        prompt = prompts.taught(row, filled)
        if self._free:
            prompt = prompts.prompt(row, filled, language=self._language)
        # Words of one genre would bind the sentence to it; its name becomes a slot.
        shared = [vocabulary(sample(goods, genres, self._language)) for genres in GENRES[goods]]
        words = {w: end for w, end in shared[0].items() if w in shared[1]}
        genre = [f"{slots['genre']} {noun}" for noun in NOUNS[goods]] if slots["genre"] else []
        phrases = words | dict.fromkeys(genre, True)
        return _Draft(kind, opening, row, evidence, slots, prompt, phrases)

    def _about(self, kind: str) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, str]]:
        item, other = self._random.choice(self._items, 2, replace=len(self._items) < 2)
        row = self._catalogue.row(item)
        goods = goods_of(row)
        evidence: list[dict[str, Any]] = [{"kind": kind, "count": 2}]
        because = ""
        if kind in _EVIDENCE:
            own = self._catalogue.evidence(None, item, [(other, 1.0)])
            evidence = [own[0] | {"kind": _EVIDENCE[kind]}]
            because = self._catalogue.name(own[0], goods, dated=False)
        title = self._catalogue.name(row, goods)
        slots = prompts.slots(row, title, because, language=self._language)
        return row, [] if kind == "none" else evidence, slots

    def keep(self, draft: _Draft, texts: Sequence[str], model: str) -> Sentence | None:
        """Return the freshest sentence that is sound, of other items too, and a new one."""
        for raw in sorted(dict.fromkeys(texts), key=self._worn):
            sentence = self._judged(draft, raw, model)
            grams = self._grams(raw)
            kept = self._kept.setdefault((draft.kind, goods_of(draft.row)), [])
            alike = any(len(grams & old) >= ALIKE * len(grams | old) for old in kept)
            if sentence and not alike:
                kept.append(grams)
                self._uses.update(grams)
                return sentence
        return None

    def _judged(self, draft: _Draft, raw: str, model: str) -> Sentence | None:
        started = prompts.fill(draft.opening, draft.slots) or ""
        if not raw.strip() or check(
            started + raw, draft.row, draft.evidence, language=self._language
        ):
            return None
        slotted = _slotted(raw, draft.slots)
        if self._language == "en" and _CLUMSY.search(slotted):
            return None
        sentence = Sentence(
            text=draft.opening + slotted,
            language=self._language,
            kind=draft.kind,
            goods=goods_of(draft.row),
            model=model,
            seed=self._seed,
            raw=raw,
        )
        if sentence.faults() or not all(self._holds(sentence) for _ in range(OTHERS)):
            return None
        return sentence

    def _holds(self, sentence: Sentence) -> bool:
        row, evidence, slots = self._about(sentence.kind)
        text = prompts.fill(sentence.text, slots) if goods_of(row) == sentence.goods else None
        return not text or not check(text, row, evidence, language=self._language)

    def _worn(self, raw: str) -> float:
        grams = self._grams(raw)
        return sum(self._uses[gram] for gram in grams) / len(grams)

    def _grams(self, raw: str) -> set[str]:
        pieces = raw.strip(" .。").split() if self._language == "en" else list(raw.strip("。"))
        return {" ".join(pieces[i : i + 3]) for i in range(max(len(pieces) - 2, 1))}


def _slotted(raw: str, slots: dict[str, str]) -> str:
    """Put slots in place of the genre and year that a continuation names."""
    text = raw.replace("{", "{{").replace("}", "}}")
    for name in ("a_genre", "genre", "year"):
        if slots[name]:
            text = re.sub(rf"(?<![\w{{]){re.escape(slots[name])}(?!\w)", f"{{{name}}}", text)
    return text
