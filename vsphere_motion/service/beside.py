"""Work beside the one loop, in threads that nobody has to wait for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Crew(Generic[T]):
    """A few threads that take work in turn; they come when there is some, and leave when there is none.

    Args:
        size: how many threads there are at most.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Callable[[], T], Future[T]]] = deque()
        self._busy = 0

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Have this work done as soon as a thread is free; the end of the program does not wait for it."""
        future: Future[T] = Future()
        with self._lock:
            self._waiting.append((work, future))
            is_short = self._busy < self._size
            self._busy += is_short
        if is_short:
            _start(self._go_on)
        return future

    def _go_on(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy -= 1
                    return
                work, future = self._waiting.popleft()
            _carry_out(work, future)


def beside(work: Callable[[], T]) -> Future[T]:
    """Begin this work in a thread of its own; the end of the program does not wait for it."""
    future: Future[T] = Future()
    _start(lambda: _carry_out(work, future))
    return future


def _start(work: Callable[[], object]) -> None:
    threading.Thread(target=work, daemon=True, name="vsphere-motion-logs").start()


def _carry_out(work: Callable[[], T], future: Future[T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever takes the result meets it
        future.set_exception(error)
    else:
        future.set_result(result)
