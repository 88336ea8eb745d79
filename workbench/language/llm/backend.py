"""What every language model offers, whether it runs here or on a server."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

Message = Mapping[str, str]  # role and content


class Reply(NamedTuple):
    """What a model wrote."""

    text: str
    fluency: float | None  # mean log-probability of its own words; None where it is not told
    prompt_tokens: int  # read; 0 where a server does not tell
    tokens: int  # written, the mark that ends a text aside; 0 where a server does not tell


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
