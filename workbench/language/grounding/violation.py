"""What the grounding check finds in a text: reasons against it, and claims with their facts."""

from typing import NamedTuple


class Violation(NamedTuple):
    """Why a text must not be delivered."""

    code: str  # what is wrong; see `workbench.language.grounding.check.check`
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
