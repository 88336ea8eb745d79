"""Which of a model's sound replies is taken: fluent, of the reader's taste, and not said before."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from workbench.language.llm.backend import Reply

REPEATED = 1.0  # log-probability that a wholly repeated continuation loses
LONG_ENOUGH = 10  # words; a shorter continuation loses up to a log-probability of 1
FITTING = 1.0  # log-probability that a text all about the reader's taste gains
USED = 0.5  # the same for a word that the brand wants used


class ReplyRanking:
    """Ranks what a model wrote, and remembers what was taken; the brand wants `words` used."""

    def __init__(self, words: Collection[str] = ()) -> None:
        self._uses: Counter[str] = Counter()
        self._words = [word.casefold() for word in words]

    def best(self, replies: Sequence[Reply], taste: Mapping[str, float]) -> Reply | None:
        """Choose among sound replies; None if there are none.

        A reply is worth its fluency, plus `FITTING` times the share of the reader's taste that it
        speaks of, less `REPEATED` times the share of its trigrams that other lines have.
        """
        if not replies:
            return None
        chosen = max(replies, key=lambda reply: self._worth(reply, taste))
        self._uses.update(trigrams(chosen.text))
        return chosen

    def _worth(self, reply: Reply, taste: Mapping[str, float]) -> float:
        grams = trigrams(reply.text)
        repeated = sum(min(self._uses[gram], 2) for gram in grams) / len(grams)
        length = min(len(reply.text.split()), LONG_ENOUGH) / LONG_ENOUGH
        fluency = reply.fluency or 0.0  # servers do not say
        wanted = any(word in reply.text.casefold() for word in self._words)
        suits = FITTING * taste_share(reply.text, taste) + USED * wanted
        return fluency + suits + length - REPEATED * repeated


def taste_share(text: str, taste: Mapping[str, float]) -> float:
    """Share of a reader's taste that a text speaks of; genres are called as in a sentence."""
    return sum(
        share
        for genre, share in taste.items()
        if re.search(rf"(?<![a-z]){re.escape(genre)}(?![a-z])", text, re.IGNORECASE)
    )


def trigrams(text: str) -> list[str]:
    """Return a text's runs of three words, or of three characters where it has no spaces."""
    words = text.strip(" .").split()
    if len(words) == 1:  # Chinese runs on without spaces
        words = list(text)
    return [" ".join(words[i : i + 3]) for i in range(max(len(words) - 2, 1))]
