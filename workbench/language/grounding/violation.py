"""What the grounding check finds in a text: reasons against it, and claims with their facts."""

from typing import NamedTuple


class Violation(NamedTuple):
    """Why a text must not be delivered.

    Attributes
    ----------
    code : str
        What is wrong; see `workbench.language.grounding.check.check`.
    detail : str
        The word, number or name that is.
    start, end : int or None
        Where it stands in the text; None of what is wrong with all of it.
    """

    code: str
    detail: str = ""
    start: int | None = None
    end: int | None = None

    def __str__(self) -> str:
        return f"{self.code}:{self.detail}" if self.detail else self.code


class Claim(NamedTuple):
    """A span of a text and the fact on which it rests.

    Attributes
    ----------
    start, end : int
        The span.
    field : str
        Field of the item's row, such as "genres", or of the evidence, such as "evidence.kind".
    fact : str
        What stands there.
    """

    start: int
    end: int
    field: str
    fact: str
