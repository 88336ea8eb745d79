"""Which of several sound texts is delivered, so that a list suits its reader and reads varied."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

REPEATED = 1.0  # log-probability that a wholly repeated continuation loses
LONG_ENOUGH = 10  # words; a shorter continuation loses up to a log-probability of 1
FITTING = 1.0  # log-probability that a text all about the reader's taste gains
USED = 0.5  # the same for a word that the brand wants used
_CLAUSE = re.compile(r"[,.;:?!，。；：？！—–…]")


class Candidate(Protocol):
    """What a model wrote, and how likely it found its own words, if it says so."""

    @property
    def text(self) -> str:
        """The words."""
        ...

    @property
    def fluency(self) -> float | None:
        """Mean log-probability of the words."""
        ...


class Choice:
    """Deals out patterns and openings evenly, and ranks what a model wrote.

    It remembers what all lines have said, and the first clause of every line of a list: no two
    lines of a list share one.

    Parameters
    ----------
    seed : int or str
    use : collection of str
        Words that the brand wants used.
    """

    def __init__(self, seed: int | str, *, use: Collection[str] = ()) -> None:
        self._random = random.Random(seed)
        self._uses: Counter[str] = Counter()
        self._clauses: defaultdict[Any, set[str]] = defaultdict(set)
        self._dealt: defaultdict[Any, set[str]] = defaultdict(set)  # clauses, whatever they name
        self._wanted = [word.casefold() for word in use]

    def deal(
        self,
        filled: Mapping[str, str],
        reader: Any,
        names: Collection[str] = (),
        *,
        sound: Callable[[str], bool] = bool,
        repeat: bool = True,
    ) -> str:
        """Return one of several texts and hold its first clause for the reader's list.

        Texts with a word that the brand wants come first, then those whose first clause the list
        has not had with other names either, then those of the least used pattern.

        Parameters
        ----------
        filled : mapping of str to str
            The pattern of each text.
        reader : hashable
            Whose list it is.
        names : collection of str
            Titles, whose marks end no clause.
        sound : callable
            Whether a text may be delivered; asked of no more texts than needed.
        repeat : bool
            Take a first clause again if there is no other.

        Returns
        -------
        str
            Empty if there is no such text.
        """
        new = {text: self.is_new(text, reader, names) for text in filled}
        texts = [text for text in filled if repeat or new[text]]
        self._random.shuffle(texts)
        bare = {text: _nameless(text, names) for text in texts}
        dealt = {text: bare[text] in self._dealt[reader] for text in texts}
        texts.sort(key=lambda t: (not new[t], not self._used(t), dealt[t], self._uses[filled[t]]))
        text = next(filter(sound, texts), "")
        if text:
            self._uses[filled[text]] += 1
            self._dealt[reader].add(bare[text])
            self.hold(text, reader, names)
        return text

    def is_new(self, text: str, reader: Any, names: Collection[str]) -> bool:
        """Say whether a text's first clause stands in no other line of the reader's list."""
        return first_clause(text, names) not in self._clauses[reader]

    def hold(self, text: str, reader: Any, names: Collection[str]) -> None:
        """Keep a text's first clause from the other lines of the reader's list."""
        self._clauses[reader].add(first_clause(text, names))

    def free(self, text: str, reader: Any, names: Collection[str]) -> None:
        """Let the other lines have a text's first clause."""
        self._clauses[reader].discard(first_clause(text, names))

    def best(self, sound: Sequence[Candidate], taste: Mapping[str, float]) -> Any:
        """Choose among sound candidates; None if there are none.

        A candidate is worth its fluency, plus `FITTING` times the share of the reader's taste
        that it speaks of, less `REPEATED` times the share of its trigrams that other lines have.
        """
        if not sound:
            return None
        chosen = max(sound, key=lambda candidate: self._worth(candidate, taste))
        self._uses.update(trigrams(chosen.text))
        return chosen

    def _worth(self, candidate: Candidate, taste: Mapping[str, float]) -> float:
        grams = trigrams(candidate.text)
        repeated = sum(min(self._uses[gram], 2) for gram in grams) / len(grams)
        length = min(len(candidate.text.split()), LONG_ENOUGH) / LONG_ENOUGH
        fluency = candidate.fluency or 0.0  # servers do not say
        fits = FITTING * fit(candidate.text, taste) + USED * self._used(candidate.text)
        return fluency + fits + length - REPEATED * repeated

    def _used(self, text: str) -> bool:
        return any(word in text.casefold() for word in self._wanted)


def fit(text: str, taste: Mapping[str, float]) -> float:
    """Share of a reader's taste, by genre, that a text speaks of.

    Parameters
    ----------
    text : str
    taste : mapping of str to float
        Share of each genre, as it is called in a sentence.
    """
    return sum(
        share
        for genre, share in taste.items()
        if re.search(rf"(?<![a-z]){re.escape(genre)}(?![a-z])", text, re.IGNORECASE)
    )


def first_clause(text: str, names: Collection[str] = ()) -> str:
    """Return a text up to its first mark, the marks within names aside."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, _CLAUSE.sub(" ", name))
    clauses = (" ".join(part.split()) for part in _CLAUSE.split(text))
    return next(filter(None, clauses), "").casefold()


def _nameless(text: str, names: Collection[str]) -> str:
    """Return a text's first clause with the same mark for all names."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = text.replace(name, "\0")
    return first_clause(text)


def trigrams(text: str) -> list[str]:
    """Return a text's runs of three words, or of three characters where it has no spaces."""
    words = text.strip(" .").split()
    if len(words) == 1:  # Chinese runs on without spaces
        words = list(text)
    return [" ".join(words[i : i + 3]) for i in range(max(len(words) - 2, 1))]
