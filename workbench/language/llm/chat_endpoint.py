"""Requests to a chat server: sent, tried again, and refused in words; the key is only read here.

By httpx rather than the client of OpenAI, which reads ``OPENAI_API_KEY`` and sends it unasked,
tells a server the operating system, counts no retries, cannot be stopped between them, waits 8
seconds at most, and takes an answer of any size.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import tenacity

from workbench.errors import BackendError, OptionError
from workbench.validation import one_of

LONGEST_WAIT = 60.0  # seconds before a retry, whatever the server asks for
LARGEST = 2**26  # bytes of an answer that are read
SETTINGS = ("max_tokens", "temperature", "stop", "seed", "stream_options")
FIX = "Check base_url, which mostly ends in /v1, and the name of the model"
FIXES = dict.fromkeys(
    (401, 403), "Set key_variable to the name of the environment variable that holds the key"
)
Result = TypeVar("Result")


@dataclass(frozen=True)
class ChatEndpoint:
    """Where requests go, and how; the parameters are those of `ServerModel`."""

    url: str
    key_variable: str | None
    timeout: float
    retries: int
    delay: float
    names: Mapping[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.username or parts.query or parts.fragment:
            raise OptionError(
                "base_url holds more than an address; put a key into an environment variable and "
                "name that as key_variable"
            )
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OptionError(
                f"base_url={self.url!r} is no address such as 'http://localhost:8000/v1'"
            )
        for name in self.names:
            one_of("names", name, SETTINGS)
        object.__setattr__(self, "url", self.url.rstrip("/"))

    def client(self) -> httpx.Client:
        """Return a client that sends the key, if there is one, with every request."""
        key = self._key()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(headers=headers, timeout=self.timeout)

    @contextmanager
    def post(self, client: httpx.Client, body: Mapping[str, Any]) -> Iterator[httpx.Response]:
        """Send a request, its settings under the server's names; whatever fails is put in words."""
        renamed = {self.names.get(name, name): value for name, value in body.items()}
        body = {name: value for name, value in renamed.items() if name}
        try:
            with client.stream("POST", f"{self.url}/chat/completions", json=body) as response:
                if not response.is_success:
                    raise self._refusal(response, body)
                yield response
        except httpx.TimeoutException:
            fix = "Raise timeout or lower concurrency"
            raise self.error(f"gave no sign for {self.timeout:g} s", fix, passing=True) from None
        except httpx.ConnectError as error:
            fix = "Is it running, and is the address right?"
            raise self.error(f"cannot be reached ({error})", fix, passing=True) from None
        except httpx.HTTPError as error:
            raise self.error(f"broke off ({error})", passing=True) from None

    def with_retries(
        self, send: Callable[[], Result], count: Callable[[], None], stopped: Event
    ) -> Result:
        """Send, and again while a failure may pass and nobody has stopped; `count` each retry."""
        backoff = tenacity.wait_random_exponential(self.delay, LONGEST_WAIT)

        def wait(state: tenacity.RetryCallState) -> float:
            error: Any = state.outcome and state.outcome.exception()
            return backoff(state) if error.wait is None else min(error.wait, LONGEST_WAIT)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: getattr(error, "passing", False)),
            stop=tenacity.stop_after_attempt(self.retries + 1)
            | tenacity.stop_when_event_set(stopped),
            wait=wait,
            before_sleep=lambda _: count(),
            reraise=True,
        )(send)

    def answer(self, response: httpx.Response) -> dict[str, Any]:
        """Read an answer to its end."""
        return self._parsed(self._bytes(response))

    def events(self, response: httpx.Response) -> Iterator[dict[str, Any]]:
        """Read a stream of server-sent events to its end."""
        for line in response.iter_lines():
            name, _, data = line.partition(":")
            if name == "data" and data.strip() == "[DONE]":
                return
            if name == "data":
                yield self._parsed(data)

    def error(
        self, what: str, fix: str = "Try again", *, passing: bool = False, wait: int | None = None
    ) -> BackendError:
        """Return the error for a failure, with the seconds that the server asks to wait."""
        error = BackendError(f"{self.url} {what}. {fix}")
        error.passing, error.wait = passing, wait
        return error

    def _key(self) -> str:
        # Read where it is needed, so that no object holds it.
        if self.key_variable is None:
            return ""
        key = os.environ.get(self.key_variable, "").strip()
        if not re.fullmatch(r"[!-~]+", key):
            problem = "holds characters that no key has" if key else "is not set"
            raise OptionError(f"The environment variable {self.key_variable} {problem}")
        return key

    def _quoted(self, message: Any) -> str:
        """Beginning of what a server answers, which may repeat the key."""
        text = message if isinstance(message, str) else json.dumps(message)
        return " ".join(text.replace(self._key() or "\0", "***")[:300].split()) or "nothing"

    def _bytes(self, response: httpx.Response) -> bytes:
        content = bytearray()
        for part in response.iter_bytes():
            content += part
            if len(content) > LARGEST:
                raise self.error(f"answered with more than {LARGEST:,} bytes")
        return bytes(content)

    def _parsed(self, raw: str | bytes) -> dict[str, Any]:
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise self.error("answered with no JSON object", passing=True)
        if message := answer.get("error"):
            raise self.error(f"answered: {self._quoted(message)}", passing=True)
        return answer

    def _refusal(self, response: httpx.Response, body: Mapping[str, Any]) -> Exception:
        """Put a status other than success in words."""
        status = response.status_code
        message = self._quoted(self._bytes(response).decode(errors="replace"))
        if status in (400, 422):
            for name in {self.names.get(name, name) for name in SETTINGS} & body.keys():
                if name and re.search(rf"\b{re.escape(name)}\b", message):
                    return OptionError(
                        f"{self.url} does not take {name}={body[name]!r} ({status}: {message}). "
                        "Choose another, or with names={…} give the server's own name of it, or "
                        "None to leave it to the server"
                    )
        problem = f"answered {status} {response.reason_phrase}: {message}"
        if status in (408, 409, 429) or status >= 500:
            seconds = response.headers.get("retry-after", "")
            wait = int(seconds) if seconds.isdecimal() else None
            fix = "Lower concurrency or raise retries"
            return self.error(problem, fix, passing=True, wait=wait)
        return self.error(problem, FIXES.get(status, FIX))
