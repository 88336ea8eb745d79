"""A pool written by a model: sentences with slots, each held against other items and sentences."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from workbench.columns import Columns
from workbench.datasets import Dataset
from workbench.errors import BackendError, PartialError
from workbench.language.copy.brief.brief import CopyBrief
from workbench.language.copy.brief.settings import WIDER, shipped, texts
from workbench.language.copy.brief.voice import TONES
from workbench.language.copy.draft import Draft
from workbench.language.copy.draft_building import item_draft
from workbench.language.copy.item_evidence import EvidenceReader
from workbench.language.copy.model_writer import ModelWriter, OpeningSupply
from workbench.language.copy.pools.pool import Pool
from workbench.language.copy.pools.slotted_sentence import LONGEST, SlottedSentence
from workbench.language.copy.prompts import pool_messages
from workbench.language.copy.reply_ranking import ReplyRanking, trigrams
from workbench.language.copy.selection import Selection
from workbench.language.copy.slots import PURPOSE_SLOTS, film_kinds, slots_of
from workbench.language.grounding.item_facts import goods_of
from workbench.words import clean

POOL = "pool"  # stands for the reader of all lines, so that openings take turns among them
BATCH = 16  # openings, or conversations, at a time
SAMPLES = 4  # continuations of each opening
LINES = 8  # sentences asked for in a conversation
TOKENS = 60  # that a sentence may take
EXAMPLES = 3  # hand-written sentences that a conversation shows, and as many that were kept
PATIENCE = 8  # lines for each sentence that is asked for; then it is enough
ALIKE = 0.5  # share of common trigrams from which two lines are the same
OTHERS = 2  # items that a sentence is tried on
# What a small model's English stumbles over: "makes for tonight", "a choice, for tonight".
_CLUMSY = re.compile(r"^ (?:for|to|with)\b|, (?:for|to)\b|, \{genre\}|\bto watch with\b")
_NAMING = {"liked": "liked", "bought": "bought", "own": "seen"}  # types that name an item
_LISTED = re.compile(r"^\s*(?:[-*•·]\s*|\(?\d{1,3}(?:[.)、:：]\s*|）\s*))+")
_QUOTED = re.compile(r"[\"“”'‘’「《]+(\{\w+\})[\"“”'‘’」》]+")
_AROUND = ' "“”'
Proposals = Iterator[SlottedSentence | None]  # None for a line that is not kept


def evidence_types(ds: Dataset) -> list[str]:
    """Types of evidence that the interactions of a data set can give."""
    if Columns.EVENT in ds.interactions:
        strongest = {"bought": (ds.interactions[Columns.EVENT] == "purchase").any()}
    else:
        strongest = {"liked": ds.explicit}
    return [*(name for name in strongest if strongest[name]), "own", "similar", "popular", "none"]


class PoolBuilder:
    """Draws situations to write about, and keeps the sentences that are sound and new."""

    def __init__(self, ds: Dataset, *, language: str, tone: str, seed: int) -> None:
        self._reader = EvidenceReader(ds, language=language)
        titled = ds.items[Columns.TITLE].fillna("").astype(str).str.strip() != ""
        self._items = ds.items[Columns.ITEM][titled].to_numpy()
        self.language, self.tone, self.seed = language, tone, seed
        self.random = np.random.default_rng(seed)
        self.kept: list[SlottedSentence] = []
        self.wrong: Counter[str] = Counter()  # what lines were left out for

    def draft(self, evidence_type: str, tone: str = "warm") -> Draft:
        """Begin a line about an item drawn at random, on evidence of a type."""
        item, other = self.random.choice(self._items, 2, replace=len(self._items) < 2)
        row = self._reader.row(item)
        none = evidence_type == "none"
        evidence: list[dict[str, Any]] = [] if none else [{"kind": evidence_type, "count": 2}]
        if evidence_type in _NAMING:
            (named,) = self._reader.evidence(None, item, [(other, 1.0)])
            evidence = [named | {"kind": _NAMING[evidence_type]}]
        brief = CopyBrief.of(language=self.language, tone=tone).about(row)
        return item_draft(brief, POOL, row, evidence, self._reader)

    def keep(
        self, text: str, evidence: str, draft: Draft, tone: str, model: str, raw: str
    ) -> SlottedSentence | None:
        """Return a sentence if it is sound, of other items too, and a new one."""
        domain = goods_of(draft.row)
        made = SlottedSentence(text, self.language, evidence, domain, tone, model, self.seed, raw)
        wrong = made.faults() or ([] if self._is_new(made) else ["like another"])
        if not wrong and not all(self._holds(made) for _ in range(OTHERS)):
            wrong = ["not of every item"]
        self.wrong.update(wrong[:1])
        return None if wrong else made

    def alike(self, evidence: str, domain: str) -> list[SlottedSentence]:
        """Return what was kept for a situation."""
        return [s for s in self.kept if (s.evidence, s.domain) == (evidence, domain)]

    def build(self, author: Any, *, size: int, types: Sequence[str], progress: bool) -> Pool:
        """Have a model write a pool; see `Copywriter.pool`."""
        written, tries, why = Counter[str](), 0, ""
        with tqdm(total=size, desc=f"{author.name} writes a pool", disable=not progress) as bar:
            try:
                while len(self.kept) < size and tries < PATIENCE * size:
                    share = -(-size // len(types))
                    wanting = [t for t in types if written[t] < share] or list(types)
                    for sentence in author.propose(wanting, size - len(self.kept), tries):
                        tries += 1
                        if sentence and len(self.kept) < size:
                            self.kept.append(sentence)
                            written[sentence.evidence] += 1
                            bar.update()
            except KeyboardInterrupt:
                why = "interrupted"
            except BackendError as error:
                if not self.kept:
                    raise
                why = str(error)
        if len(self.kept) < size:
            most = ", ".join(f"{reason} ({times})" for reason, times in self.wrong.most_common(3))
            why = why or f"of {tries} lines most were left out: {most or 'none had a sentence'}"
            warnings.warn(f"{len(self.kept)} of {size} sentences; {why}", stacklevel=3)
        return Pool(self.kept)

    def _is_new(self, sentence: SlottedSentence) -> bool:
        grams = set(trigrams(sentence.raw))
        alike = self.alike(sentence.evidence, sentence.domain)
        others = (set(trigrams(s.raw)) for s in alike)
        return not any(len(grams & other) >= ALIKE * len(grams | other) for other in others)

    def _holds(self, sentence: SlottedSentence) -> bool:
        draft = self.draft(sentence.evidence)
        if goods_of(draft.row) != sentence.domain:
            return True
        return all(draft.sound(text, "sentence") for text, _ in draft.fillings(sentence.text))


class OpeningAuthor:
    """The embedded model: it continues openings about items, whose names then become slots."""

    def __init__(self, backend: Any, builder: PoolBuilder) -> None:
        self.name, self._builder = repr(backend), builder
        self._writer = ModelWriter(backend, False, SAMPLES)
        self._ranking, self._selection = ReplyRanking(), Selection(builder.seed)

    def propose(self, types: Sequence[str], missing: int, tries: int) -> Proposals:
        """Continue an opening for each of a batch; of its continuations the best is proposed."""
        builder = self._builder
        tones = TONES if builder.tone == "any" else (builder.tone,)
        batch = [types[place % len(types)] for place in range(BATCH)]
        drafts = [builder.draft(each, str(builder.random.choice(tones))) for each in batch]
        self._selection.assign(drafts, OpeningSupply(_strict_openings), new=(False,))
        written = self._writer.replies(drafts, builder.seed + tries)
        for evidence, draft, replies in zip(batch, drafts, written, strict=True):
            sound = {r: made for r in replies if (made := self._made(evidence, draft, r.text))}
            best = self._ranking.best(list(sound), {})
            yield sound[best] if best else None
            yield from [None] * (len(replies) - 1)

    def _made(self, evidence: str, draft: Draft, raw: str) -> SlottedSentence | None:
        slotted = _slotted(raw, draft)
        if not raw.strip() or _CLUMSY.search(slotted) or not draft.accepts(raw):
            self._builder.wrong["unsound"] += 1
            return None
        text, tone = draft.pattern + slotted, draft.brief.voice.tone
        return self._builder.keep(text, evidence, draft, tone, self.name, raw)


class InstructedAuthor:
    """A model that follows instructions: it is asked for sentences with slots, several at once."""

    def __init__(self, backend: Any, builder: PoolBuilder) -> None:
        self.name, self._backend, self._builder = repr(backend), backend, builder

    def propose(self, types: Sequence[str], missing: int, tries: int) -> Proposals:
        """Propose every line of as many answers as what is missing takes."""
        builder = self._builder
        size = min(BATCH, max(len(types), -(-missing // LINES)))
        drafts = [(each, builder.draft(each)) for each in (list(types) * size)[:size]]
        conversations = [self._conversation(each, draft) for each, draft in drafts]
        settings = {"samples": 1, "max_new_tokens": LINES * TOKENS, "seed": builder.seed + tries}
        try:
            answers = list(self._backend.generate(conversations, **settings, progress=False))
        except PartialError as error:
            answers = error.answers
        for (evidence, draft), replies in zip(drafts, answers, strict=True):
            lines = _lines(replies[0].text) if replies else []
            for line in lines:
                yield builder.keep(line, evidence, draft, builder.tone, self.name, line)
            yield from [None] * (LINES - len(lines))

    def _conversation(self, evidence: str, draft: Draft) -> list[dict[str, str]]:
        builder, domain = self._builder, goods_of(draft.row)
        language, tone = builder.language, "warm" if builder.tone == "any" else builder.tone
        genre = bool(draft.slots[0]["genre"]) and bool(builder.random.integers(2))
        slots = {"title", "because", *(("genre", "a_genre") if genre else ())}
        supply, named = shipped("hand_written_patterns")[language], _NAMING.get(evidence, evidence)
        patterns = [p for p in texts(supply, named, tone, domain) if slots_of(p) <= slots]
        shown = builder.random.permutation(patterns)[:EXAMPLES].tolist()
        shown += [s.text for s in builder.alike(evidence, domain)[-EXAMPLES:]]
        return pool_messages(
            LINES, evidence=evidence, domain=domain, genre=genre, shown=shown,
            language=language, tone=builder.tone,
        )  # fmt: skip


def _strict_openings(brief: CopyBrief, evidence: str) -> list[str]:
    """Return the openings that speak of what was liked or bought, not of any item of a history."""
    wider = brief.openings("seen") if evidence in WIDER and evidence != "seen" else []
    return [opening for opening in brief.openings(evidence) if opening not in wider]


def _lines(answer: str) -> list[str]:
    """Read the sentences of an answer, without the marks of a list."""
    lines = [_LISTED.sub("", clean(line, limit=LONGEST)) for line in answer.splitlines()]
    return [text for line in lines if (text := _QUOTED.sub(r"\1", line).strip(_AROUND))][:LINES]


def _slotted(raw: str, draft: Draft) -> str:
    """Put slots in place of the genres, the year and the purpose that a continuation names."""
    text, slots = raw.replace("{", "{{").replace("}", "}}"), draft.slots[0]
    named = [(kind, "kind") for kind in film_kinds(draft.row, draft.brief.language)]
    named += [(slots[slot], slot) for slot in PURPOSE_SLOTS]
    for name, slot in [*named, (slots["genre"], "genre"), (slots["year"], "year")]:
        if name and f"{{{slot}}}" not in text:
            text = re.sub(rf"(?<![\w{{])an? {re.escape(name)}(?!\w)", f"{{a_{slot}}}", text)
            text = re.sub(rf"(?<![\w{{]){re.escape(name)}(?!\w)", f"{{{slot}}}", text)
    return text
