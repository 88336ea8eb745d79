"""What the grounding check finds in a text: reasons against it, and claims with their facts."""

from typing import NamedTuple


class Violation(NamedTuple):
    """Why a text must not be delivered.

    The codes: ``not-named``; ``misnamed`` (a title cut or altered, or with another year);
    ``other-title`` (a name that neither row nor evidence has, or an item of the evidence as
    if it were recommended); ``number``, ``price``, ``year``, ``award``, ``superlative`` and
    ``quote`` without support; ``user-claim`` (more than the history holds);
    ``unsupported-word``; ``instruction``; ``residue`` (of a template, of markup, of a chat);
    ``article``; ``repetition``; ``length``; ``language``.
    """

    code: str
    detail: str = ""  # the word, number or name that is
    start: int | None = None  # where it stands in the text; None of what is wrong with all of it
    end: int | None = None

    def __str__(self) -> str:
        return f"{self.code}:{self.detail}" if self.detail else self.code


class Claim(NamedTuple):
    """A span of a text and the fact on which it rests."""

    start: int
    end: int
    field: str  # of the item's row ("genres"), or of the evidence ("evidence.kind")
    fact: str  # what stands there
