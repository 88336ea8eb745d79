"""What goods are for, in the words of their own description, where these fit into a sentence."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from workbench.columns import Columns
from workbench.language.copy.brief.voice import Voice
from workbench.language.grounding.check import check
from workbench.language.grounding.item_facts import goods_of, instructs
from workbench.language.grounding.lexicon import words
from workbench.words import clean

# By how the description's last sentence begins: what stands before it in a sentence of copy.
USES = {"use_for": "is a choice", "use_verb": "", "use_noun": "is", "use_trait": "is"}
LONGEST = 90  # characters
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def last_sentence(row: Mapping[str, Any]) -> str:
    """Return the last sentence of a description, which says what goods are for; empty if none."""
    description = clean(row.get(Columns.DESCRIPTION, ""), limit=300)
    return "" if instructs(description) else _SENTENCE.split(description)[-1]


def use(row: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return what goods are for as the value of the slot that it fits; empty values elsewhere.

    Parameters
    ----------
    row : mapping
        The item's row.
    language : {"en", "zh"}

    Returns
    -------
    dict of str to str
        "use_for" ("for the morning run"), "use_verb" ("keeps leftovers fresh"), "use_noun" ("a
        quiet accent for a sideboard") and "use_trait" ("warm on a cold day"): at most one is
        filled, and it claims nothing that copy may not.
    """
    none = dict.fromkeys(USES, "")
    if language != "en" or goods_of(row) != "shop":
        return none
    return none | _use(last_sentence(row))


@lru_cache(maxsize=2**14)
def _use(sentence: str) -> dict[str, str]:
    first = sentence.split(" ")[0].lower()
    slot = next((slot for slot in USES if first in words("en", slot)), "")
    said = sentence[:1].lower() + sentence[1:].removesuffix(".")
    text = f"For something new, Qorvane {USES[slot]} {said}." if slot else ""
    row = {Columns.TITLE: "Qorvane", Columns.PRICE: 1.0, Columns.DESCRIPTION: sentence}
    sound = text and len(said) <= LONGEST and not check(" ".join(text.split()), row, [])
    return {slot: said} if sound and not Voice().faults(text, "en") else {}
