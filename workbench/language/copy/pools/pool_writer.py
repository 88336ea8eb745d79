"""A pool written by a model: sentences with slots, each held against other items and sentences."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Protocol

import numpy as np
from tqdm.auto import tqdm

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import BackendError, PartialError
from workbench.language.copy import prompts
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.domain import domain_of
from workbench.language.copy.brief.text_format import format_named
from workbench.language.copy.brief.voice import TONES, Voice
from workbench.language.copy.candidate_choice import Choice, trigrams
from workbench.language.copy.draft import Draft
from workbench.language.copy.drafting import about_item
from workbench.language.copy.goods_purpose import USES
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.model_writer import Writing
from workbench.language.copy.pools.pool import Pool
from workbench.language.copy.pools.slotted_sentence import LONGEST, SlottedSentence
from workbench.language.grounding.item_facts import goods_of
from workbench.words import clean

BATCH = 16  # openings, or conversations, at a time
SAMPLES = 4  # continuations of each opening
LINES = 8  # sentences asked for in a conversation
TOKENS = 60  # that a sentence may take
EXAMPLES = 3  # sentences by hand that a conversation shows, and as many that were kept
PATIENCE = 8  # lines for each sentence that is asked for; then it is enough
ALIKE = 0.5  # share of common trigrams from which two lines are the same
OTHERS = 2  # items that a sentence is tried on
# What a small model's English stumbles over: "makes for tonight", "a choice, for tonight".
_CLUMSY = re.compile(r"^ (?:for|to|with)\b|, (?:for|to)\b|, \{genre\}|\bto watch with\b")
_EVIDENCE = {"liked": "liked", "bought": "bought", "own": "seen"}  # that names an item
_LISTED = re.compile(r"^\s*(?:[-*•·]\s*|\(?\d{1,3}(?:[.)、:：]\s*|）\s*))+")
_QUOTED = re.compile(r"[\"“”'‘’「《]+(\{\w+\})[\"“”'‘’」》]+")
_AROUND = ' "“”'


def kinds_in(ds: Dataset) -> list[str]:
    """Kinds of evidence that the interactions of a data set can give."""
    if Columns.EVENT in ds.interactions:
        bought = (ds.interactions[Columns.EVENT] == "purchase").any()
        return [*(["bought"] if bought else []), "own", "similar", "popular", "none"]
    return [*(["liked"] if ds.explicit else []), "own", "similar", "popular", "none"]


class Desk:
    """Where situations are drawn and sentences judged.

    Parameters
    ----------
    ds : Dataset
    language : {"en", "zh"}
    tone : {"any", "warm", "plain", "playful"}
    seed : int
    """

    def __init__(self, ds: Dataset, *, language: str, tone: str, seed: int) -> None:
        self._catalogue = EvidenceReader(ds, language=language)
        titled = ds.items[Columns.TITLE].fillna("").astype(str).str.strip() != ""
        self._items = ds.items[Columns.ITEM][titled].to_numpy()
        self.language, self.tone, self.seed = language, tone, seed
        self.random = np.random.default_rng(seed)
        self.kept: list[SlottedSentence] = []
        self.wrong: Counter[str] = Counter()  # what lines were left out for
        self._readers = count()

    def draft(self, kind: str, tone: str = "warm") -> Draft:
        """Begin a line about an item drawn at random, on evidence of a kind."""
        item, other = self.random.choice(self._items, 2, replace=len(self._items) < 2)
        row = self._catalogue.row(item)
        evidence: list[dict[str, Any]] = [] if kind == "none" else [{"kind": kind, "count": 2}]
        if kind in _EVIDENCE:
            (own,) = self._catalogue.evidence(None, item, [(other, 1.0)])
            evidence = [own | {"kind": _EVIDENCE[kind]}]
        brief = CopyBrief(
            format_named("line"), domain_of(row), self._catalogue.language, Voice(tone)
        )
        return about_item(brief, next(self._readers), row, evidence, self._catalogue)

    def sentence(
        self, text: str, kind: str, goods: str, tone: str, model: str, raw: str
    ) -> SlottedSentence | None:
        """Return a sentence if it is sound, of other items too, and a new one."""
        made = SlottedSentence(text, self.language, kind, goods, tone, model, self.seed, raw)
        wrong = made.faults() or ([] if self._is_new(made) else ["like another"])
        if not wrong and not all(self._holds(made) for _ in range(OTHERS)):
            wrong = ["not of every item"]
        self.wrong.update(wrong[:1])
        return None if wrong else made

    def _is_new(self, sentence: SlottedSentence) -> bool:
        grams = set(trigrams(sentence.raw))
        same = [s for s in self.kept if (s.kind, s.goods) == (sentence.kind, sentence.goods)]
        return not any(
            len(grams & old) >= ALIKE * len(grams | old)
            for old in (set(trigrams(s.raw)) for s in same)
        )

    def _holds(self, sentence: SlottedSentence) -> bool:
        draft = self.draft(sentence.kind)
        if goods_of(draft.row) != sentence.goods:
            return True
        return all(map(draft.sound_sentence, draft.filled([sentence.text])))


class Author(Protocol):
    """A model that proposes sentences for a pool."""

    desk: Desk
    name: str

    def propose(
        self, kinds: Sequence[str], missing: int, tries: int
    ) -> Iterator[SlottedSentence | None]:
        """Have lines written on kinds of evidence; None for what is not kept of them."""


class Continued:
    """The embedded model: it continues openings about items, whose names then become slots."""

    def __init__(self, backend: Any, desk: Desk) -> None:
        self.desk, self.name = desk, repr(backend)
        self._choice = Choice(desk.seed)
        self._writing = Writing(backend, False, SAMPLES, self._choice)

    def propose(
        self, kinds: Sequence[str], missing: int, tries: int
    ) -> Iterator[SlottedSentence | None]:
        """Continue an opening for each of a batch; of its continuations the best is proposed."""
        tones = TONES if self.desk.tone == "any" else (self.desk.tone,)
        own = [kinds[place % len(kinds)] for place in range(BATCH)]
        drafts = [self.desk.draft(kind, str(self.desk.random.choice(tones))) for kind in own]
        patterns = [self._begun(draft, kind) for draft, kind in zip(drafts, own, strict=True)]
        written = self._writing.replies(drafts, self.desk.seed + tries)
        for kind, draft, pattern, replies in zip(own, drafts, patterns, written, strict=True):
            sound = {
                reply: made
                for reply in replies
                if (made := self._made(kind, draft, pattern, reply.text))
            }
            yield sound.get(self._choice.best(list(sound), {}))
            yield from [None] * (len(replies) - 1)

    def _begun(self, draft: Draft, kind: str) -> str:
        """Deal a draft the least used opening of its kind; return it with its slots."""
        filled = draft.openings()
        if kind in ("liked", "bought"):
            tone = draft.brief.voice.tone
            wider = prompts.openings(self.desk.language, "seen", goods_of(draft.row), tone)
            filled = {text: pattern for text, pattern in filled.items() if pattern not in wider}
        draft.begin(self._choice.deal(filled, draft.reader, draft.names))
        return filled[draft.opening]

    def _made(self, kind: str, draft: Draft, pattern: str, raw: str) -> SlottedSentence | None:
        slotted = _slotted(raw, draft)
        if not raw.strip() or _CLUMSY.search(slotted) or not draft.accepts(raw):
            self.desk.wrong["unsound"] += 1
            return None
        goods, tone = goods_of(draft.row), draft.brief.voice.tone
        return self.desk.sentence(pattern + slotted, kind, goods, tone, self.name, raw)


class Asked:
    """A model that follows instructions: it is asked for sentences with slots, several at once."""

    def __init__(self, backend: Any, desk: Desk) -> None:
        self.desk, self.name = desk, repr(backend)
        self._backend = backend

    def propose(
        self, kinds: Sequence[str], missing: int, tries: int
    ) -> Iterator[SlottedSentence | None]:
        """Propose every line of as many answers as what is missing takes."""
        asked = min(BATCH, max(len(kinds), -(-missing // LINES)))
        drafts = [(kind, self.desk.draft(kind)) for kind in (list(kinds) * asked)[:asked]]
        for (kind, draft), own in zip(drafts, self._replies(drafts, tries), strict=True):
            lines = _lines(own[0].text) if own else []
            for line in lines:
                goods, tone = goods_of(draft.row), self.desk.tone
                yield self.desk.sentence(line, kind, goods, tone, self.name, line)
            yield from [None] * (LINES - len(lines))

    def _replies(self, drafts: Sequence[tuple[str, Draft]], tries: int) -> list[list[Any]]:
        conversations = [self._conversation(kind, draft) for kind, draft in drafts]
        settings = {"samples": 1, "max_new_tokens": LINES * TOKENS, "seed": self.desk.seed + tries}
        try:
            return list(self._backend.generate(conversations, **settings, progress=False))
        except PartialError as error:
            return error.answers

    def _conversation(self, kind: str, draft: Draft) -> list[dict[str, str]]:
        desk, goods = self.desk, goods_of(draft.row)
        genre = bool(draft.slots[0]["genre"]) and bool(desk.random.integers(2))
        tone = "warm" if desk.tone == "any" else desk.tone
        by_hand = prompts.patterns(desk.language, _EVIDENCE.get(kind, kind), goods, tone)
        slots = {"title", "because", *(("genre", "a_genre") if genre else ())}
        by_hand = [pattern for pattern in by_hand if prompts.slots_of(pattern) <= slots]
        shown = desk.random.permutation(by_hand)[:EXAMPLES].tolist()
        kept = [s.text for s in desk.kept if (s.kind, s.goods) == (kind, goods)][-EXAMPLES:]
        return prompts.templates(
            LINES,
            kind=kind,
            goods=goods,
            genre=genre,
            shown=[*shown, *kept],
            language=desk.language,
            tone=desk.tone,
        )


def gather(author: Author, *, size: int, kinds: Sequence[str], progress: bool) -> Pool:
    """Have a model write a pool; see `Copywriter.pool`."""
    desk, found, tries, why = author.desk, Counter[str](), 0, ""
    with tqdm(total=size, desc=f"{author.name} writes a pool", disable=not progress) as bar:
        try:
            while len(desk.kept) < size and tries < PATIENCE * size:
                wanting = [k for k in kinds if found[k] < -(-size // len(kinds))] or list(kinds)
                for sentence in author.propose(wanting, size - len(desk.kept), tries):
                    tries += 1
                    if sentence and len(desk.kept) < size:
                        desk.kept.append(sentence)
                        found[sentence.kind] += 1
                        bar.update()
        except KeyboardInterrupt:
            why = "interrupted"
        except BackendError as error:
            if not desk.kept:
                raise
            why = str(error)
    if len(desk.kept) < size:
        most = ", ".join(f"{reason} ({times})" for reason, times in desk.wrong.most_common(3))
        why = why or f"of {tries} lines most were left out: {most or 'none had a sentence'}"
        warnings.warn(f"{len(desk.kept)} of {size} sentences; {why}", stacklevel=3)
    return Pool(desk.kept)


def _lines(answer: str) -> list[str]:
    """Read the sentences of an answer, without the marks of a list."""
    lines = [_LISTED.sub("", clean(line, limit=LONGEST)) for line in answer.splitlines()]
    return [text for line in lines if (text := _QUOTED.sub(r"\1", line).strip(_AROUND))][:LINES]


def _slotted(raw: str, draft: Draft) -> str:
    """Put slots in place of the genres, the year and the use that a continuation names."""
    text, slots = raw.replace("{", "{{").replace("}", "}}"), draft.slots[0]
    named = [(kind, "kind") for kind in prompts.film_kinds(draft.row, draft.brief.language)]
    named += [(slots[slot], slot) for slot in USES]
    for name, slot in [*named, (slots["genre"], "genre"), (slots["year"], "year")]:
        if name and f"{{{slot}}}" not in text:
            text = re.sub(rf"(?<![\w{{])an? {re.escape(name)}(?!\w)", f"{{a_{slot}}}", text)
            text = re.sub(rf"(?<![\w{{]){re.escape(name)}(?!\w)", f"{{{slot}}}", text)
    return text
