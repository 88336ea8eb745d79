"""Requests side by side: what came is kept, whatever becomes of the others."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from threading import Event
from typing import Any, Generic, TypeVar

from tqdm.auto import tqdm

from workbench.errors import InterruptedWriting, PartialError, WorkbenchError
from workbench.language.llm.backend import Reply

FAILURES = 4  # requests that fail one after the other, from which no more are sent
Body = TypeVar("Body")


class ConcurrentRequests(Generic[Body]):
    """Sends many requests, some at a time; after several failures in a row, or Ctrl-C, no more.

    What sends a request stops trying once the event is set.
    """

    def __init__(self, send: Callable[[Body, Event], Reply], workers: int) -> None:
        self._send, self._workers = send, workers
        self._stopped = Event()
        self._cause: BaseException | None = None
        self._failures = 0

    def replies(
        self, bodies: Sequence[Body], conversations: int, label: str | None
    ) -> list[list[Reply]]:
        """Return the replies to each conversation, of which every round of bodies has one each.

        Raises
        ------
        WorkbenchError
            The first there was, if all requests failed.
        PartialError
            If some did.
        InterruptedWriting
            At Ctrl-C.
        """
        futures: list[Future[Reply | BaseException | None]] = []
        with (
            ThreadPoolExecutor(self._workers) as pool,
            tqdm(desc=label, total=len(bodies), disable=label is None) as bar,
        ):
            try:
                futures.extend(pool.submit(self._attempt, body) for body in bodies)
                for _ in as_completed(futures):
                    bar.update()
            except KeyboardInterrupt as interrupt:
                self._stop(interrupt)
        outcomes = [future.result() for future in futures]
        outcomes += [self._cause] * (len(bodies) - len(outcomes))
        return self._replies([outcomes[place::conversations] for place in range(conversations)])

    def _attempt(self, body: Body) -> Reply | BaseException | None:
        if self._stopped.is_set():
            return self._cause
        try:
            reply = self._send(body, self._stopped)
        except WorkbenchError as error:
            self._failures += 1
            if self._failures >= FAILURES:
                self._stop(error)
            return error
        self._failures = 0
        return reply

    def _stop(self, cause: BaseException) -> None:
        if not self._stopped.is_set():
            self._cause = cause
            self._stopped.set()

    def _replies(self, outcomes: list[list[Any]]) -> list[list[Reply]]:
        """Tell replies from failures; return the one, raise the other."""
        answers = [[each for each in row if isinstance(each, Reply)] for row in outcomes]
        failed = [each for row in outcomes for each in row if not isinstance(each, Reply)]
        if isinstance(self._cause, KeyboardInterrupt):
            raise InterruptedWriting(answers) if any(answers) else self._cause
        if not failed:
            return answers
        if not any(answers):
            raise failed[0]
        faults = ["" if came else str(row[0]) for came, row in zip(answers, outcomes, strict=True)]
        count = sum(map(len, outcomes))
        raise PartialError(
            f"{len(failed)} of {count} requests failed, one so: {failed[0]}", answers, faults
        )
