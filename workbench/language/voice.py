"""The voice of a brand: what its copy sounds like, and what it never does."""

from collections.abc import Collection
from dataclasses import dataclass

from workbench.language.grounding import Reason


@dataclass(frozen=True)
class Voice:
    """How copy has to sound.

    Parameters
    ----------
    tone : {"warm", "plain", "playful"}
    max_chars : int, optional
        Length at which a text is too long.
    """

    tone: str = "warm"
    max_chars: int | None = None

    def faults(self, text: str, language: str, *, names: Collection[str] = ()) -> list[Reason]:
        """Return what in a text is against the voice; `names` are titles in it."""
        if self.max_chars is None or len(text) <= self.max_chars:
            return []
        return [Reason("voice-length", str(len(text)), self.max_chars, len(text))]
