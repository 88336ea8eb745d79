"""A chat model on a server that speaks OpenAI's protocol."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, TypeVar

import httpx

from workbench.language.llm.backend import Message, Reply
from workbench.language.llm.chat_endpoint import ChatEndpoint
from workbench.language.llm.concurrent_requests import ConcurrentRequests
from workbench.language.llm.sampling import Sampling, cut_at, stream_until
from workbench.validation import at_least, number

STRIDE = 1_000_003  # between the seeds of samples, so that those of seed and seed + 1 differ
Result = TypeVar("Result")


@dataclass
class Usage:
    """What a server was asked for, and what that cost."""

    requests: int = 0  # answers asked for
    retries: int = 0  # how often one had to be asked for again
    prompt_tokens: int = 0  # read, as the server counts them
    tokens: int = 0  # written
    uncounted: int = 0  # answers whose tokens the server did not tell
    cost: float | None = None  # of the tokens told; None where no prices were given


class ServerModel:
    """A chat model on an OpenAI-compatible server: vLLM, Ollama, `transformers serve`, a vendor.

    Each sample is a request of its own, since not every server gives several.

    Parameters
    ----------
    base_url : str
        As far as the version: "http://localhost:8000/v1".
    model : str
        The server's name of the model.
    key_variable : str, optional
        Name of the environment variable that holds the key; by default none is sent.
    timeout : float
        Seconds of silence after which a request has failed.
    retries : int
        Times that a request is sent again: when the connection fails or breaks off, after a
        timeout, an answer that is no chat completion, a status of 408, 409, 429, 500 or above.
    delay : float
        Seconds before the first retry at most, doubled for each that follows; the wait is drawn
        from 0 up to that, unless the server's ``Retry-After`` says how long.
    concurrency : int
        Requests under way at a time.
    max_chars : int
        Characters at which an answer is cut, whatever the server sends.
    prices : (float, float), optional
        Of a million tokens read and of a million written.
    names : dict, optional
        What the server calls a setting, as ``{"max_tokens": "max_completion_tokens"}``; None
        leaves a setting to the server, and the model's repr says so.

    Attributes
    ----------
    usage : Usage
        Requests, retries, tokens and cost so far.

    Raises
    ------
    OptionError
        If an option is out of its range.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        key_variable: str | None = None,
        timeout: float = 60.0,
        retries: int = 4,
        delay: float = 1.0,
        concurrency: int = 4,
        max_chars: int = 8000,
        prices: tuple[float, float] | None = None,
        names: Mapping[str, str | None] | None = None,
    ) -> None:
        self._endpoint = ChatEndpoint(
            base_url,
            key_variable=key_variable,
            timeout=number("timeout", timeout, zero=False),
            retries=at_least("retries", retries, 0),
            delay=number("delay", delay),
            names=dict(names or {}),
        )
        self.name, self.base_url = model, self._endpoint.url
        self._concurrency = at_least("concurrency", concurrency, 1)
        self._max_chars = at_least("max_chars", max_chars, 1)
        self._prices = [number("prices", price) for price in prices or ()]
        self._lock = Lock()
        self.usage = Usage(cost=0.0 if prices else None)

    def __repr__(self) -> str:
        left = [name for name, renamed in self._endpoint.names.items() if renamed is None]
        return f"{self.name} · {self.base_url}" + (f" · its own {', '.join(left)}" if left else "")

    @property
    def account(self) -> Usage:
        """`usage`, by its old name for one release."""
        warnings.warn("account has become usage", DeprecationWarning, stacklevel=2)
        return self.usage

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
        """Answer conversations, as `Backend.generate` says.

        Sample i is asked for with the seed + 1,000,003 i. Whether a server heeds a seed or a
        temperature that it accepts cannot be told from here.

        Raises
        ------
        OptionError
            If a setting is out of its range, or the server refuses it.
        BackendError
            If the server cannot be reached, refuses every request or gives no sound answer.
        PartialError
            If that holds for some of the requests; it has the replies to the others.
        InterruptedWriting
            At Ctrl-C, with the replies that came until then.
        """
        sampling = Sampling(samples, max_new_tokens, temperature, stop, seed)
        # Sample by sample, so that one that fails always is not taken for a server that is gone.
        bodies = [
            self._body(messages, sampling, sample)
            for sample in range(samples)
            for messages in conversations
        ]
        with self._endpoint.client() as client:
            requests: ConcurrentRequests[dict[str, Any]] = ConcurrentRequests(
                lambda body, stopped: self._retried(lambda: self._ask(client, body), stopped),
                self._concurrency,
            )
            label = f"{self.name} writes" if progress else None
            return requests.replies(bodies, len(conversations), label)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int = 64,
        temperature: float = 0.7,
        stop: Sequence[str] = (),
        seed: int = 0,
    ) -> Iterator[str]:
        """Yield an answer piece by piece; one that breaks off once begun is an error.

        Raises
        ------
        OptionError, BackendError
            As for `generate`.
        """
        body = self._body(messages, Sampling(1, max_new_tokens, temperature, stop, seed))
        return stream_until(self._pieces(body), stop)

    def _body(
        self, messages: Sequence[Message], sampling: Sampling, sample: int = 0
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.name,
            "messages": list(map(dict, messages)),
            "max_tokens": int(sampling.max_new_tokens),
            "temperature": float(sampling.temperature),
            "seed": int(sampling.seed) + STRIDE * sample,
        }
        return body | ({"stop": list(sampling.stop)} if sampling.stop else {})

    def _ask(self, client: httpx.Client, body: Mapping[str, Any]) -> Reply:
        with self._endpoint.post(client, body) as response:
            answer = self._endpoint.answer(response)
        try:
            text = _string(answer["choices"][0]["message"]["content"])
        except (LookupError, TypeError):
            raise self._endpoint.error("answered with no chat completion", passing=True) from None
        text = cut_at(text[: self._max_chars], body.get("stop", ()))
        return Reply(text, None, *self._count_tokens(answer.get("usage")))

    def _pieces(self, body: Mapping[str, Any]) -> Iterator[str]:
        body = {**body, "stream": True, "stream_options": {"include_usage": True}}
        left = self._max_chars
        with ExitStack() as stack:
            client = stack.enter_context(self._endpoint.client())
            response = self._retried(
                lambda: stack.enter_context(self._endpoint.post(client, body)), Event()
            )
            for text in self._texts(response):
                yield text[:left]
                left -= len(text)
                if left <= 0:
                    return

    def _texts(self, response: httpx.Response) -> Iterator[str]:
        shown, ended, usage = 0, False, None
        try:
            for event in self._endpoint.events(response):
                usage = event.get("usage") or usage
                text, last = self._delta(event)
                shown, ended = shown + len(text), ended or last
                if text:
                    yield text
        finally:
            self._count_tokens(usage)
        if not ended:
            raise self._endpoint.error(f"broke off after {shown} characters")

    def _delta(self, event: dict[str, Any]) -> tuple[str, bool]:
        """Text of a chunk, and whether it is the last; the one that counts tokens has neither."""
        try:
            choice: Any = next(iter(event["choices"]), {"delta": {}})
            return _string(choice["delta"].get("content")), bool(choice.get("finish_reason"))
        except (LookupError, TypeError, AttributeError):
            raise self._endpoint.error("sent something that is no part of an answer") from None

    def _retried(self, send: Callable[[], Result], stopped: Event) -> Result:
        self._add(requests=1)
        return self._endpoint.with_retries(send, lambda: self._add(retries=1), stopped)

    def _count_tokens(self, usage: Any) -> tuple[int, int]:
        """Add the tokens of an answer to the usage; return them."""
        try:
            read, written = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
        except (LookupError, TypeError, ValueError):
            self._add(uncounted=1)
            return 0, 0
        self._add(prompt_tokens=read, tokens=written)
        if self._prices:
            self._add(cost=(read * self._prices[0] + written * self._prices[1]) / 1e6)
        return read, written

    def _add(self, **counts: float) -> None:
        with self._lock:
            for name, count in counts.items():
                setattr(self.usage, name, getattr(self.usage, name) + count)


def _string(content: Any) -> str:
    if not isinstance(content, str | None):
        raise TypeError(content)
    return content or ""
