"""What every language model offers, whether it runs here or on a server."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from workbench.errors import MissingExtraError, OptionError
from workbench.language.llm.adapter import FOLDER as ADAPTER
from workbench.language.llm.embedded_model import embedded_model

Message = Mapping[str, str]  # role and content


class Reply(NamedTuple):
    """What a model wrote.

    Parameters
    ----------
    text : str
    fluency : float or None
        Mean log-probability that the model gave its own words; None where it is not told.
    prompt_tokens, tokens : int
        Tokens read and written, the mark that ends a text aside; 0 where a server does not tell.
    """

    text: str
    fluency: float | None
    prompt_tokens: int
    tokens: int


@runtime_checkable
class Backend(Protocol):
    """A language model that answers conversations; its repr says what it is and where it runs."""

    @property
    def name(self) -> str:
        """Name to show beside what the model wrote."""

    def generate(
        self,
        conversations: Sequence[Sequence[Message]],
        *,
        samples: int = 1,
        max_new_tokens: int = 64,
        temperature: float = 0.7,
        stop: Sequence[str] = (),
        seed: int = 0,
        progress: bool = False,
    ) -> list[list[Reply]]:
        """Answer each conversation.

        Parameters
        ----------
        conversations : sequence of sequence of mapping
            Messages, each with ``role`` ("system", "user" or "assistant") and ``content``.
        samples : int
            Answers to each.
        max_new_tokens : int
            Length at which an answer is cut.
        temperature : float
            0 takes the most likely token each time; above it, tokens are sampled.
        stop : sequence of str
            Strings before which an answer ends.
        seed : int
            0 or more.
        progress : bool
            Show a progress bar.

        Returns
        -------
        list of list of Reply
            One list a conversation, in their order.

        Raises
        ------
        OptionError
            If a setting is out of its range or is not supported.
        """

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int = 64,
        temperature: float = 0.7,
        stop: Sequence[str] = (),
        seed: int = 0,
    ) -> Iterator[str]:
        """Yield an answer piece by piece."""


def open_backend(model: str | Path | Backend | None = None, device: str = "auto") -> Backend:
    """Return the backend of a local folder or hub id; None is the embedded model, taught to write.

    Parameters
    ----------
    model : str, Path, Backend, optional
        A backend is returned as it is.
    device : {"auto", "cpu", "gpu"}
        Where a model of this machine runs.

    Raises
    ------
    OptionError
        If the model is something else.
    MissingExtraError
        If PyTorch is not installed.
    ModelFileError
        If the embedded model is not installed or its file is damaged.
    """
    if isinstance(model, Backend):
        return model
    if not isinstance(model, str | Path | None):
        raise OptionError(
            f"model={model!r} is no folder, no hub id and no backend: one has name, generate and "
            "stream"
        )
    if find_spec("torch") is None:
        raise MissingExtraError("torch", "language", "Writing with a language model")
    if model is None:
        embedded_model()
    from workbench.language.llm.local_model import LocalModel

    return LocalModel(model, device=device, adapter=ADAPTER if model is None else None)


def stop_strings(stop: Sequence[str]) -> list[str]:
    """Return them as a list; a bare string would be taken for its letters."""
    if isinstance(stop, str) or not all(stop):
        raise OptionError(f"stop={stop!r} must be a list of strings, none of them empty")
    return list(stop)


def cut(text: str, stop: Sequence[str]) -> str:
    """Return a text up to the first of some strings."""
    return text[: min((place for mark in stop if (place := text.find(mark)) >= 0), default=None)]


def until(pieces: Iterable[str], stop: Sequence[str]) -> Iterator[str]:
    """Yield the pieces of a text up to the first of some strings, which may lie across pieces."""
    text, shown = "", 0
    for piece in pieces:
        text += piece
        whole = cut(text, stop)
        # What may be the beginning of a stop string waits for what follows.
        held = 0 if whole != text else max((_begun(text, mark) for mark in stop), default=0)
        if len(whole) - held > shown:
            yield whole[shown : len(whole) - held]
            shown = len(whole) - held
        if whole != text:
            return
    if text[shown:]:
        yield text[shown:]


def _begun(text: str, mark: str) -> int:
    """How many characters at the end of a text begin the mark."""
    return next((n for n in range(len(mark) - 1, 0, -1) if text.endswith(mark[:n])), 0)
