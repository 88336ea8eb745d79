"""How an answer is drawn, and where it ends."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workbench.errors import OptionError
from workbench.validation import at_least, number


@dataclass(frozen=True)
class Sampling:
    """The settings of `Backend.generate`, checked.

    Raises
    ------
    OptionError
        If one is out of its range; `stop` must be a list, as a bare string would be taken for its
        letters.
    """

    samples: int = 1
    max_new_tokens: int = 64
    temperature: float = 0.7
    stop: Sequence[str] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        at_least("samples", self.samples, 1)
        at_least("max_new_tokens", self.max_new_tokens, 1)
        number("temperature", self.temperature)
        at_least("seed", self.seed, 0)
        if isinstance(self.stop, str) or not all(self.stop):
            raise OptionError(f"stop={self.stop!r} must be a list of strings, none of them empty")


def cut_at(text: str, stop: Sequence[str]) -> str:
    """Return a text up to the first of some strings."""
    return text[: min((place for mark in stop if (place := text.find(mark)) >= 0), default=None)]


def stream_until(pieces: Iterable[str], stop: Sequence[str]) -> Iterator[str]:
    """Yield the pieces of a text up to the first of some strings, which may lie across pieces."""
    text, shown = "", 0
    for piece in pieces:
        text += piece
        kept = cut_at(text, stop)
        # What may be the beginning of a stop string waits for what follows.
        waiting = max((_begun(text, mark) for mark in stop), default=0)
        sure = min(len(kept), len(text) - waiting)
        if sure > shown:
            yield kept[shown:sure]
            shown = sure
        if sure == len(kept) < len(text):
            return
    if rest := cut_at(text, stop)[shown:]:
        yield rest


def _begun(text: str, mark: str) -> int:
    """How many characters at the end of a text begin the mark."""
    return next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)
