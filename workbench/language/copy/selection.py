"""Which sentence each line of many lists gets: at random by a hash, and none twice in a list."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from workbench.columns import Columns
from workbench.language.copy.draft import Draft

LISTS = 2048  # lists at a time, which bounds the memory
WEAKER = 1e6  # what a sentence on weaker evidence costs, so that it comes last,
UNWANTED = 1e3  # and one without a word that the brand wants; a repetition costs 1 or 2
_CLAUSE = re.compile(r"[,.;:?!，。；：？！—–…]")


class Supply(Protocol):
    """Sentences with slots, and what may become of them."""

    def ranks(self, draft: Draft) -> Mapping[str, int]:
        """Rank the sentences that suit a draft's situation, 0 those on its strongest evidence."""

    def take(self, draft: Draft, pattern: str, text: str, slots: Mapping[str, str]) -> bool:
        """Put a filled sentence into a draft if it may stand there; say whether it does."""


class Selection:
    """Gives lines sentences, the least used of its list first, and remembers what lists have said.

    Among sentences that a list has used alike a hash decides, of list, item, sentence and seed
    (rendezvous hashing), so that other lists do not matter and a new sentence changes only the
    lines that it takes. Those with `words`, which the brand wants used, come first.
    """

    def __init__(self, seed: int, *, words: Collection[str] = ()) -> None:
        self.seed, self._words = seed, [word.casefold() for word in words]
        self._uses: defaultdict[Any, Counter[str]] = defaultdict(Counter)  # sentences and clauses
        self._clauses: defaultdict[Any, Counter[str]] = defaultdict(Counter)  # names and all
        self._named: defaultdict[Any, Counter[str]] = defaultdict(Counter)  # items of the history

    def assign(
        self,
        drafts: Sequence[Draft],
        supply: Supply,
        *,
        new: Sequence[bool] = (True, False),
        progress: bool = False,
    ) -> None:
        """Give each draft a sentence of a supply that may stand there, if there is one.

        A round each says whether the first clause, names and all, has to be `new` to the list.
        """
        rejected: defaultdict[Draft, frozenset[str]] = defaultdict(frozenset)
        left = list(drafts)
        with tqdm(total=len(drafts), desc="lines", disable=not progress) as bar:
            for is_strict in new:
                repeated: defaultdict[Draft, frozenset[str]] = defaultdict(frozenset)
                pending, left = left, []
                while pending:
                    barred = [rejected[draft] | repeated[draft] for draft in pending]
                    chosen, tried = self._choose(pending, supply, barred), pending
                    pending = []
                    for draft, pattern in zip(tried, chosen, strict=True):
                        if not pattern:
                            left.append(draft)
                        elif text := self._filled(draft, supply, pattern, is_strict):
                            self._uses[draft.reader].update((pattern, nameless_clause(pattern)))
                            if is_strict:
                                self.hold(text, draft)
                            bar.update()
                        else:
                            pending.append(draft)
                            bars = repeated if text is None else rejected
                            bars[draft] |= {pattern}

    def is_new(self, text: str, draft: Draft) -> bool:
        """Say whether a text's first clause stands in no other line of the list."""
        return not self._clauses[draft.reader][first_clause(text, draft.names)]

    def hold(self, text: str, draft: Draft, times: int = 1) -> None:
        """Keep a text's first clause from the other lines of the list; with -1 let it go."""
        self._clauses[draft.reader][first_clause(text, draft.names)] += times

    def _filled(self, draft: Draft, supply: Supply, pattern: str, is_strict: bool) -> str | None:
        """Fill a sentence into a draft; empty if it must not stand there, None if not again."""
        named, repeats = self._named[draft.reader], False
        for text, slots in draft.fillings(pattern, lambda slots: named[slots["because"]]):
            if is_strict and not self.is_new(text, draft):
                repeats = True
            elif supply.take(draft, pattern, text, slots):
                named[slots["because"]] += 1
                return text
        return None if repeats else ""

    def _choose(
        self, drafts: Sequence[Draft], supply: Supply, barred: Sequence[frozenset[str]]
    ) -> list[str | None]:
        """Choose the least used sentence of its list for each draft; None where none suits."""
        situations: dict[Any, int] = {}
        ranks: list[Mapping[str, int]] = []
        codes = np.empty(len(drafts), dtype=np.int64)
        known: dict[Any, Mapping[str, int]] = {}
        for n, (draft, bars) in enumerate(zip(drafts, barred, strict=True)):
            if draft.situation not in known:
                known[draft.situation] = supply.ranks(draft)
            suited = known[draft.situation]
            codes[n] = situations.setdefault((id(suited), bars), len(situations))
            if codes[n] == len(ranks):
                ranks.append({p: rank for p, rank in suited.items() if p not in bars})
        patterns = list(dict.fromkeys(p for suited in ranks for p in suited))
        place = {pattern: n for n, pattern in enumerate(patterns)}
        costs = np.full((len(ranks), len(patterns)), np.inf)
        for n, suited in enumerate(ranks):
            costs[n, [place[p] for p in suited]] = [self._cost(p, r) for p, r in suited.items()]
        lists = pd.Series([draft.reader for draft in drafts], dtype=object)
        items = pd.Series([draft.row.get(Columns.ITEM) for draft in drafts], dtype=object)
        uses = {reader: self._uses[reader] for reader in set(lists) & self._uses.keys()}
        numbers = choose(lists, items, patterns, costs, codes, self.seed, uses)
        return [patterns[n] if n >= 0 else None for n in numbers.tolist()]

    def _cost(self, pattern: str, rank: int) -> float:
        wanted = not self._words or any(word in pattern.casefold() for word in self._words)
        return WEAKER * rank + (0 if wanted else UNWANTED)


def choose(
    lists: pd.Series,
    items: pd.Series,
    patterns: Sequence[str],
    costs: np.ndarray,
    situations: np.ndarray,
    seed: int,
    uses: Mapping[Any, Mapping[str, int]] | None = None,
) -> np.ndarray:
    """Choose a sentence for each line, the cheapest and least used, among those by a hash.

    Parameters
    ----------
    lists, items : Series of shape (lines,)
        Ids of the list that a line belongs to and of its item.
    costs : float array of shape (situations, sentences)
        Infinite where a sentence does not suit. A sentence that its list has had costs 2 more, one
        with the same first clause 1.
    situations : int array of shape (lines,)
        Row of `costs` for each line.
    uses : mapping, optional
        By list, how often it has had sentences and first clauses before.

    Returns
    -------
    int64 array of shape (lines,)
        Number of the sentence; -1 where none suits.
    """
    chosen = np.full(len(lists), -1)
    if not chosen.size or not len(patterns):
        return chosen
    named = [nameless_clause(pattern) for pattern in patterns]
    clauses = pd.factorize(pd.Series(named))[0]
    # The same sentence again is worse than the same first clause.
    again = (clauses[:, None] == clauses).astype(np.float64) + np.eye(len(patterns))
    names = _names(lists)
    lines = pd.util.hash_array((names + "\t" + _names(items)).to_numpy(object))
    lines += np.uint64(seed % 2**64)
    sentences = pd.util.hash_array(np.array(patterns, dtype=object))
    codes, _ = pd.factorize(names)
    readers = dict(zip(codes.tolist(), lists, strict=True)) if uses else {}
    # Lines that few sentences fit choose first, before others have spent these.
    order = np.argsort(np.isfinite(costs).sum(1)[situations], kind="stable")
    places = pd.Series(codes[order]).groupby(codes[order]).cumcount()
    places = places.set_axis(order).sort_index().to_numpy()
    for start in range(0, int(codes.max()) + 1, LISTS):
        block = (codes >= start) & (codes < start + LISTS)
        used = np.zeros((min(LISTS, int(codes.max()) + 1 - start), len(patterns)))
        for code, reader in readers.items():
            if uses and start <= code < start + LISTS and (counts := uses.get(reader)):
                pairs = zip(patterns, named, strict=True)
                used[code - start] = [counts.get(p, 0) + counts.get(c, 0) for p, c in pairs]
        for place in range(int(places[block].max()) + 1):
            rows = np.flatnonzero(block & (places == place))
            noise = _noise(_noise(lines[rows])[:, None] ^ sentences) / 2**64
            score = used[codes[rows] - start] + noise + costs[situations[rows]]
            best = score.argmin(1)
            used[codes[rows] - start] += again[best]
            chosen[rows] = np.where(np.isinf(score[np.arange(len(rows)), best]), -1, best)
    return chosen


def first_clause(text: str, names: Collection[str] = ()) -> str:
    """Return a text up to its first mark, the marks within names aside."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, _CLAUSE.sub(" ", name))
    clauses = (" ".join(part.split()) for part in _CLAUSE.split(text))
    return next(filter(None, clauses), "").casefold()


@cache
def nameless_clause(pattern: str) -> str:
    """Return a sentence's first clause, its slots left as they are."""
    return first_clause(pattern)


def _names(ids: pd.Series) -> pd.Series:
    # Beside a missing id whole numbers are floats, and must not be other names for that.
    return ids.convert_dtypes().astype("string").fillna("")


def _noise(bits: np.ndarray) -> np.ndarray:
    """Mix 64 bits (the end of SplitMix64), so that close numbers go far apart."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
