"""Requests side by side: what came is kept, whatever becomes of the others."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from threading import Event
from typing import Any, Generic, TypeVar

from tqdm.auto import tqdm

from workbench.errors import InterruptedWriting, PartialError, WorkbenchError
from workbench.language.llm.backend import Reply

LOST = 4  # requests that fail one after the other, from which no more are sent
Task = TypeVar("Task")


class Calls(Generic[Task]):
    """Asks for many replies; after several failures in a row, or Ctrl-C, for no more of them.

    Parameters
    ----------
    ask : callable
        Gives the reply to a task, and stops trying once the event is set.
    workers : int
        Requests under way at a time.
    """

    def __init__(self, ask: Callable[[Task, Event], Reply], workers: int) -> None:
        self._ask, self._workers = ask, workers
        self._over = Event()
        self._why: BaseException | None = None
        self._lost = 0

    def replies(
        self, tasks: Sequence[Task], conversations: int, label: str | None
    ) -> list[list[Reply]]:
        """Return the replies to each conversation, of which each has a task in every round of them.

        Parameters
        ----------
        tasks : sequence
        conversations : int
        label : str, optional
            Of a progress bar.

        Raises
        ------
        WorkbenchError
            The first there was, if all tasks failed.
        PartialError
            If some did.
        InterruptedWriting
            At Ctrl-C.
        """
        with (
            ThreadPoolExecutor(self._workers) as pool,
            tqdm(desc=label, total=len(tasks), disable=label is None) as bar,
        ):
            futures: list[Future[Reply | BaseException | None]] = []
            try:
                futures.extend(pool.submit(self._kept, task) for task in tasks)
                for _ in as_completed(futures):
                    bar.update()
            except KeyboardInterrupt as interrupt:
                self._end(interrupt)
        found = [future.result() for future in futures]
        found += [self._why] * (len(tasks) - len(found))
        return self._sorted([found[place::conversations] for place in range(conversations)])

    def _kept(self, task: Task) -> Reply | BaseException | None:
        if self._over.is_set():
            return self._why
        try:
            reply = self._ask(task, self._over)
        except WorkbenchError as error:
            self._lost += 1
            if self._lost >= LOST:
                self._end(error)
            return error
        self._lost = 0
        return reply

    def _end(self, why: BaseException) -> None:
        if not self._over.is_set():
            self._why = why
            self._over.set()

    def _sorted(self, found: list[list[Any]]) -> list[list[Reply]]:
        """Tell replies from failures; return the one, raise the other."""
        answers = [[each for each in own if isinstance(each, Reply)] for own in found]
        failed = [each for own in found for each in own if not isinstance(each, Reply)]
        if isinstance(self._why, KeyboardInterrupt):
            raise InterruptedWriting(answers) if any(answers) else self._why
        if not failed:
            return answers
        if not any(answers):
            raise failed[0]
        faults = ["" if came else str(own[0]) for came, own in zip(answers, found, strict=True)]
        asked = sum(map(len, found))
        raise PartialError(
            f"{len(failed)} of {asked} requests failed, one so: {failed[0]}", answers, faults
        )
