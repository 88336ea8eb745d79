"""The threads of the CPU engine: all cores, and none of them left running."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import cached_property
from threading import Lock
from typing import Any, Self

import numpy as np
from threadpoolctl import threadpool_limits

from workbench.device import cores


class Team:
    """Threads that stop at once when the block they were made for is left by an error or Ctrl-C.

    By default there is one for every core this process may use.
    """

    def __init__(self, size: int | None = None) -> None:
        self.size = cores() if size is None else size
        self.stop = np.zeros(1, np.bool_)  # what a kernel looks at between two rows
        self.lock = Lock()
        self._leave = ExitStack()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        # Matrix products run in these threads; BLAS would add as many again.
        self._leave.enter_context(threadpool_limits(1, "blas"))
        pool = ThreadPoolExecutor(self.size)
        self._leave.callback(pool.shutdown, wait=True, cancel_futures=True)
        return pool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop[0] = True
        self._leave.close()

    def each(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        done: Callable[[Any], Any] = lambda result: None,
    ) -> None:
        """Call the function with every item; `done` hears of each result, in this thread."""
        items = list(items)
        if len(items) == 1:  # threads would take longer to start
            done(function(items[0]))
            return
        waiting = [self._pool.submit(function, item) for item in items]
        for future in as_completed(waiting):
            done(future.result())
