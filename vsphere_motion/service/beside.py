"""Work beside the one loop, in threads that nobody has to wait for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def beside(work: Callable[[], T]) -> Future[T]:
    """Begin this work in a thread of its own; the end of the program does not wait for it."""
    future: Future[T] = Future()
    threading.Thread(target=_carry_out, args=(work, future), daemon=True, name="vsphere-motion-logs").start()
    return future


class Few:
    """Works beside the loop of which no more than so many are done at once; the rest waits its turn."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._jobs: deque[Callable[[], None]] = deque()
        self._busy = 0

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Have this work done; a thread ends when nothing is left to do."""
        future: Future[T] = Future()
        with self._lock:
            self._jobs.append(lambda: _carry_out(work, future))
            is_new = self._busy < self._count
            self._busy += is_new
        if is_new:
            threading.Thread(target=self._work, daemon=True, name="vsphere-motion-logs").start()
        return future

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            self._busy -= 1
            return None


def _carry_out(work: Callable[[], T], future: Future[T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever takes the result meets it
        future.set_exception(error)
    else:
        future.set_result(result)
