"""The voice of a brand: what its copy sounds like, and what it never does."""

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

    def faults(self, text: str, language: str) -> list[Reason]:
        """Return what in a text is against the voice."""
        too_long = self.max_chars is not None and len(text) > self.max_chars
        return [Reason("voice-length", f"{len(text)} > {self.max_chars}")] if too_long else []
