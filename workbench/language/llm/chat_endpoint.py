"""Requests to a chat server: sent, tried again, and refused in words; the key is only read here."""

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
Made = TypeVar("Made")


@dataclass(frozen=True)
class Endpoint:
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
    def sent(self, client: httpx.Client, body: Mapping[str, Any]) -> Iterator[httpx.Response]:
        """Send a request, its settings under the server's names; whatever fails is said so."""
        named = {self.names.get(name, name): value for name, value in body.items()}
        asked = {name: value for name, value in named.items() if name}
        try:
            with client.stream("POST", f"{self.url}/chat/completions", json=asked) as response:
                if not response.is_success:
                    raise self._refusal(response, asked)
                yield response
        except httpx.TimeoutException:
            fix = "Raise timeout or lower concurrency"
            raise self.fault(f"gave no sign for {self.timeout:g} s", fix, passing=True) from None
        except httpx.ConnectError as error:
            fix = "Is it running, and is the address right?"
            raise self.fault(f"cannot be reached ({error})", fix, passing=True) from None
        except httpx.HTTPError as error:
            raise self.fault(f"broke off ({error})", passing=True) from None

    def retried(
        self, send: Callable[[], Made], note: Callable[[], None], over: Event | None = None
    ) -> Made:
        """Send, and again while a fault may pass and it is not over; `note` tells of each time."""
        backoff = tenacity.wait_random_exponential(self.delay, LONGEST_WAIT)

        def wait(state: tenacity.RetryCallState) -> float:
            error: Any = state.outcome and state.outcome.exception()
            return backoff(state) if error.wait is None else min(error.wait, LONGEST_WAIT)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: getattr(error, "passing", False)),
            stop=tenacity.stop_after_attempt(self.retries + 1)
            | tenacity.stop_when_event_set(over or Event()),
            wait=wait,
            before_sleep=lambda _: note(),
            reraise=True,
        )(send)

    def answer(self, response: httpx.Response) -> dict[str, Any]:
        """Read a whole answer."""
        return self._parsed(self._body(response))

    def events(self, response: httpx.Response) -> Iterator[dict[str, Any]]:
        """Read a stream of server-sent events to its end."""
        for line in response.iter_lines():
            kind, _, data = line.partition(":")
            if kind == "data" and data.strip() == "[DONE]":
                return
            if kind == "data":
                yield self._parsed(data)

    def fault(
        self, what: str, fix: str = "Try again", *, passing: bool = False, wait: int | None = None
    ) -> BackendError:
        """Return the error for a fault, with the seconds that the server asks to wait."""
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

    def _quoted(self, said: Any) -> str:
        """Beginning of what a server says, which may repeat the key."""
        text = said if isinstance(said, str) else json.dumps(said)
        return " ".join(text.replace(self._key() or "\0", "***")[:300].split()) or "nothing"

    def _body(self, response: httpx.Response) -> bytes:
        held = bytearray()
        for part in response.iter_bytes():
            held += part
            if len(held) > LARGEST:
                raise self.fault(f"answered with more than {LARGEST:,} bytes")
        return bytes(held)

    def _parsed(self, raw: str | bytes) -> dict[str, Any]:
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.fault("answered with no JSON object", passing=True)
        if error := found.get("error"):
            raise self.fault(f"answered: {self._quoted(error)}", passing=True)
        return found

    def _refusal(self, response: httpx.Response, asked: Mapping[str, Any]) -> Exception:
        """Say what a status other than success means."""
        status = response.status_code
        said = self._quoted(self._body(response).decode(errors="replace"))
        if status in (400, 422):
            for name in {self.names.get(name, name) for name in SETTINGS} & asked.keys():
                if name and re.search(rf"\b{re.escape(name)}\b", said):
                    return OptionError(
                        f"{self.url} does not take {name}={asked[name]!r} ({status}: {said}). "
                        "Choose another, or with names={…} give the server's own name of it, or "
                        "None to leave it to the server"
                    )
        message = f"answered {status} {response.reason_phrase}: {said}"
        if status in (408, 409, 429) or status >= 500:
            asked_for = response.headers.get("retry-after", "")
            wait = int(asked_for) if asked_for.isdecimal() else None
            fix = "Lower concurrency or raise retries"
            return self.fault(message, fix, passing=True, wait=wait)
        return self.fault(message, FIXES.get(status, FIX))
