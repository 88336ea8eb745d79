"""A chat model on a server that speaks OpenAI's protocol."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any, TypeVar

import httpx

from workbench.language.llm.backend import Message, Reply, cut, stop_strings, until
from workbench.language.llm.chat_endpoint import Endpoint
from workbench.language.llm.concurrent_requests import Calls
from workbench.validation import at_least, number

STRIDE = 1_000_003  # between the seeds of samples, so that those of seed and seed + 1 differ
Made = TypeVar("Made")


@dataclass
class Account:
    """What a server was asked for, and what that cost.

    Parameters
    ----------
    requests, retries : int
        Answers asked for, and how often one had to be asked for again.
    prompt_tokens, tokens : int
        Read and written, as the server counts them.
    uncounted : int
        Answers whose tokens the server did not tell.
    cost : float or None
        Of the tokens told; None where no prices were given.
    """

    requests: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    tokens: int = 0
    uncounted: int = 0
    cost: float | None = None


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
    account : Account
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
        self._endpoint = Endpoint(
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
        self.account = Account(cost=0.0 if prices else None)

    def __repr__(self) -> str:
        left = [name for name, own in self._endpoint.names.items() if own is None]
        return f"{self.name} · {self.base_url}" + (f" · its own {', '.join(left)}" if left else "")

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
        bodies = [self._body(own, max_new_tokens, temperature, stop, seed) for own in conversations]
        # Sample by sample, so that one that fails always is not taken for a server that is gone.
        tasks = [
            {**body, "seed": body["seed"] + STRIDE * sample}
            for sample in range(at_least("samples", samples, 1))
            for body in bodies
        ]
        with self._endpoint.client() as client:

            def ask(body: Mapping[str, Any], over: Event) -> Reply:
                return self._retried(lambda: self._ask(client, body), over)

            calls = Calls(ask, self._concurrency)
            return calls.replies(tasks, len(bodies), f"{self.name} writes" if progress else None)

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
        body = self._body(messages, max_new_tokens, temperature, stop, seed)
        return until(self._pieces(body), stop)

    def _body(
        self,
        messages: Sequence[Message],
        max_new_tokens: int,
        temperature: float,
        stop: Sequence[str],
        seed: int,
    ) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "max_tokens": at_least("max_new_tokens", max_new_tokens, 1),
            "temperature": number("temperature", temperature),
            "seed": at_least("seed", seed, 0),
        }
        if marks := stop_strings(stop):
            settings["stop"] = marks
        return {"model": self.name, "messages": list(map(dict, messages)), **settings}

    def _ask(self, client: httpx.Client, body: Mapping[str, Any]) -> Reply:
        with self._endpoint.sent(client, body) as response:
            found = self._endpoint.answer(response)
        try:
            text = _string(found["choices"][0]["message"]["content"])
        except (LookupError, TypeError):
            raise self._endpoint.fault("answered with no chat completion", passing=True) from None
        text = cut(text[: self._max_chars], body.get("stop", ()))
        return Reply(text, None, *self._counted(found.get("usage")))

    def _pieces(self, body: Mapping[str, Any]) -> Iterator[str]:
        body = {**body, "stream": True, "stream_options": {"include_usage": True}}
        left = self._max_chars
        with ExitStack() as stack:
            client = stack.enter_context(self._endpoint.client())
            response = self._retried(lambda: stack.enter_context(self._endpoint.sent(client, body)))
            for text in self._texts(response):
                yield text[:left]
                left -= len(text)
                if left <= 0:
                    return

    def _texts(self, response: httpx.Response) -> Iterator[str]:
        shown, ended, usage = 0, False, None
        try:
            for found in self._endpoint.events(response):
                usage = found.get("usage") or usage
                text, last = self._delta(found)
                shown, ended = shown + len(text), ended or last
                if text:
                    yield text
        finally:
            self._counted(usage)
        if not ended:
            raise self._endpoint.fault(f"broke off after {shown} characters")

    def _delta(self, found: dict[str, Any]) -> tuple[str, bool]:
        """Text of a chunk, and whether it is the last; the one that counts tokens has neither."""
        try:
            choice: Any = next(iter(found["choices"]), {"delta": {}})
            return _string(choice["delta"].get("content")), bool(choice.get("finish_reason"))
        except (LookupError, TypeError, AttributeError):
            raise self._endpoint.fault("sent something that is no part of an answer") from None

    def _retried(self, send: Callable[[], Made], over: Event | None = None) -> Made:
        self._note(requests=1)
        return self._endpoint.retried(send, lambda: self._note(retries=1), over)

    def _counted(self, usage: Any) -> tuple[int, int]:
        """Enter the tokens of an answer; return them."""
        try:
            read, written = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
        except (LookupError, TypeError, ValueError):
            self._note(uncounted=1)
            return 0, 0
        self._note(prompt_tokens=read, tokens=written)
        if self._prices:
            self._note(cost=(read * self._prices[0] + written * self._prices[1]) / 1e6)
        return read, written

    def _note(self, **more: float) -> None:
        with self._lock:
            for name, count in more.items():
                setattr(self.account, name, getattr(self.account, name) + count)


def _string(content: Any) -> str:
    if not isinstance(content, str | None):
        raise TypeError(content)
    return content or ""
