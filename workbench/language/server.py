"""A chat model on a server that speaks OpenAI's protocol."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity
from tqdm.auto import tqdm

from workbench.errors import BackendError, OptionError
from workbench.language.backend import Message, Reply, cut, until
from workbench.options import at_least, number, one_of

LONGEST_WAIT = 60.0  # seconds before a retry, whatever the server asks for
LARGEST = 2**26  # bytes of an answer that are read
SETTINGS = ("max_tokens", "temperature", "stop", "seed", "stream_options")
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
        self.base_url, self.name = _checked(base_url), model
        self._key_variable = key_variable
        self._timeout = number("timeout", timeout, zero=False)
        self._retries = at_least("retries", retries, 0)
        self._delay = number("delay", delay)
        self._concurrency = at_least("concurrency", concurrency, 1)
        self._max_chars = at_least("max_chars", max_chars, 1)
        self._prices = [number("prices", price) for price in prices or ()]
        self._names = {one_of("names", name, SETTINGS): own for name, own in (names or {}).items()}
        self._lock = Lock()
        self.account = Account(cost=0.0 if prices else None)

    def __repr__(self) -> str:
        left = [name for name, own in self._names.items() if own is None]
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
            If the server cannot be reached, refuses the request or gives no sound answer.
        """
        settings = _settings(max_new_tokens, temperature, stop, seed)
        tasks = list(product(conversations, range(at_least("samples", samples, 1))))
        with self._client() as client, ThreadPoolExecutor(self._concurrency) as pool:

            def ask(task: tuple[Sequence[Message], int]) -> Reply:
                own = settings | {"seed": seed + STRIDE * task[1]}
                return self._retried(lambda: self._ask(client, task[0], own))

            answers = pool.map(ask, tasks)
            flat = list(tqdm(answers, f"{self.name} writes", len(tasks), disable=not progress))
        return [flat[j : j + samples] for j in range(0, len(flat), samples)]

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
        settings = _settings(max_new_tokens, temperature, stop, seed)
        return until(self._pieces(messages, settings), stop)

    def _ask(self, client: httpx.Client, messages: Any, settings: dict[str, Any]) -> Reply:
        with self._sent(client, messages, settings) as response:
            found = self._parsed(_body(response))
            try:
                text = found["choices"][0]["message"]["content"] or ""
                text = cut(text[: self._max_chars], settings["stop"])
            except (LookupError, TypeError, AttributeError):
                raise self._passing("answered with no chat completion") from None
        return Reply(text, None, *self._counted(found.get("usage")))

    def _pieces(self, messages: Any, settings: dict[str, Any]) -> Iterator[str]:
        settings |= {"stream": True, "stream_options": {"include_usage": True}}
        shown, ended, usage = 0, False, None
        with ExitStack() as stack:
            client = stack.enter_context(self._client())
            response = self._retried(
                lambda: stack.enter_context(self._sent(client, messages, settings))
            )
            for line in response.iter_lines():
                field, _, data = line.partition(":")
                if field != "data":
                    continue
                if data.strip() == "[DONE]":
                    ended = True
                    break
                found = self._parsed(data)
                usage = found.get("usage") or usage
                text, last = self._delta(found)
                ended = ended or last
                text = text[: self._max_chars - shown]
                shown += len(text)
                if text:
                    yield text
                if shown == self._max_chars:
                    ended = True
                    break
            if not ended:
                raise self._passing(f"broke off after {shown} characters")
        self._counted(usage)

    def _delta(self, found: dict[str, Any]) -> tuple[str, bool]:
        """Text of a chunk, and whether it is the last."""
        try:
            choice: Any = next(iter(found["choices"]), {"delta": {}})
            return str(choice["delta"].get("content") or ""), bool(choice.get("finish_reason"))
        except (LookupError, TypeError, AttributeError):
            raise self._passing(f"sent no chunk of an answer: {self._quoted(found)}") from None

    # --- requests -------------------------------------------------------------------------------

    def _client(self) -> httpx.Client:
        return httpx.Client(headers=self._headers(), timeout=self._timeout)

    def _headers(self) -> dict[str, str]:
        key = self._key()
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _key(self) -> str:
        """Read the key where it is needed, so that nothing here ever holds it."""
        if self._key_variable is None:
            return ""
        key = os.environ.get(self._key_variable, "").strip()
        if not re.fullmatch(r"[!-~]+", key):
            problem = "holds characters that no key has" if key else "is not set"
            raise OptionError(f"The environment variable {self._key_variable} {problem}")
        return key

    @contextmanager
    def _sent(
        self, client: httpx.Client, messages: Any, settings: dict[str, Any]
    ) -> Iterator[httpx.Response]:
        named = {self._names.get(name, name): value for name, value in settings.items()}
        body = {name: value for name, value in named.items() if name and value != []}
        asked = {"model": self.name, "messages": [dict(message) for message in messages]} | body
        try:
            with client.stream("POST", f"{self.base_url}/chat/completions", json=asked) as response:
                if not response.is_success:
                    raise self._refusal(response, body)
                yield response
        except httpx.TimeoutException:
            raise self._passing(
                f"gave no sign for {self._timeout:g} s", "raise timeout or lower concurrency"
            ) from None
        except httpx.ConnectError as error:
            raise self._passing(
                f"cannot be reached ({error})", "is it running, and is the address right?"
            ) from None
        except httpx.HTTPError as error:
            raise self._passing(f"broke off ({error})") from None

    def _retried(self, send: Callable[[], Made]) -> Made:
        backoff = tenacity.wait_random_exponential(self._delay, LONGEST_WAIT)

        def wait(state: tenacity.RetryCallState) -> float:
            error: Any = state.outcome and state.outcome.exception()
            return backoff(state) if error.wait is None else min(error.wait, LONGEST_WAIT)

        self._note(requests=1)
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            stop=tenacity.stop_after_attempt(self._retries + 1),
            wait=wait,
            before_sleep=lambda _: self._note(retries=1),
            reraise=True,
        )(send)

    # --- answers --------------------------------------------------------------------------------

    def _parsed(self, raw: str | bytes) -> dict[str, Any]:
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._passing("answered with no JSON object")
        if error := found.get("error"):
            raise self._passing(f"answered: {self._quoted(error)}")
        return found

    def _refusal(self, response: httpx.Response, body: Mapping[str, Any]) -> Exception:
        """Say what a status other than success means."""
        status = response.status_code
        said = self._quoted(_body(response).decode(errors="replace"))
        settings = [name for name in body if re.search(rf"\b{re.escape(name)}\b", said)]
        if status in (400, 422) and settings:
            name = settings[0]
            return OptionError(
                f"{self.base_url} does not take {name}={body[name]!r} ({status}: {said}). Choose "
                f"another, or with names={{...}} give the server's own name of it, or None to "
                "leave it to the server"
            )
        message = f"answered {status} {response.reason_phrase}: {said}"
        if status in (408, 409, 429) or status >= 500:
            asked = response.headers.get("retry-after", "")
            return self._passing(
                message,
                "lower concurrency or raise retries",
                int(asked) if asked.isdigit() else None,
            )
        return BackendError(f"{self.base_url} {message}. {_FIXES.get(status, _FIX)}")

    def _quoted(self, said: Any) -> str:
        """Beginning of what a server says, which may repeat the key."""
        text = said if isinstance(said, str) else json.dumps(said)
        return " ".join(text.replace(self._key() or "\0", "***")[:300].split()) or "nothing"

    def _passing(self, what: str, fix: str = "try again", wait: float | None = None) -> "_Passing":
        error = _Passing(f"{self.base_url} {what}. To mend it: {fix}")
        error.wait = wait
        return error

    def _counted(self, usage: Any) -> tuple[int, int]:
        """Enter the tokens of an answer; return them."""
        try:
            read, written = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
        except (LookupError, TypeError, ValueError):
            self._note(uncounted=1)
            return 0, 0
        pairs = zip((read, written), self._prices, strict=False)
        cost = sum(count * price / 1e6 for count, price in pairs)
        self._note(prompt_tokens=read, tokens=written, cost=cost if self._prices else None)
        return read, written

    def _note(self, **more: float | None) -> None:
        with self._lock:
            for name, number in more.items():
                if number is not None:
                    setattr(self.account, name, getattr(self.account, name) + number)


class _Passing(BackendError):
    """A fault that may be gone when the request is sent again."""

    wait: float | None = None  # seconds that the server asks for


_FIX = "Check base_url, which mostly ends in /v1, and the name of the model."
_FIXES = dict.fromkeys(
    (401, 403), "Set key_variable to the name of the environment variable that holds the key."
)


def _settings(
    max_new_tokens: int, temperature: float, stop: Sequence[str], seed: int
) -> dict[str, Any]:
    return {
        "max_tokens": at_least("max_new_tokens", max_new_tokens, 1),
        "temperature": number("temperature", temperature),
        "stop": list(stop),
        "seed": at_least("seed", seed, 0),
    }


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionError(f"base_url={base_url!r} is no address such as 'http://localhost:8000/v1'")
    if parts.username or parts.query or parts.fragment:
        raise OptionError(
            "base_url holds more than an address; put a key into an environment variable and name "
            "that as key_variable"
        )
    return base_url.rstrip("/")


def _body(response: httpx.Response) -> bytes:
    held = bytearray()
    for part in response.iter_bytes():
        held += part
        if len(held) > LARGEST:
            raise BackendError(f"{response.url} answered with more than {LARGEST:,} bytes")
    return bytes(held)
