"""The few threads that ask for relocations, so that one call's way to the server does not hold up the next one's.

Rules of this file: a thread is a daemon, because whoever is to leave leaves; what was asked for with a call that is
still under way then is in the journal.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

T = TypeVar("T")
_Job = Callable[[], None]


class Submitters:
    """So many threads, begun when they are first needed; with one, the caller does the work itself."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def do(self, works: Sequence[Callable[[], T]]) -> list[Future[T]]:
        """What each of these works came to, once all are done; an error is kept in its future."""
        futures: list[Future[T]] = [Future() for _ in works]
        jobs = [partial(_carry_out, work, future) for work, future in zip(works, futures, strict=True)]
        if len(jobs) == 1 or self.count == 1:
            for job in jobs:
                job()
            return futures
        self._begin()
        for job in jobs:
            self._jobs.put(job)
        for future in futures:
            future.exception()  # waits
        return futures

    def close(self) -> None:
        """Let the threads end after what they do now."""
        for _ in self._threads:
            self._jobs.put(None)
        self._threads.clear()

    def _begin(self) -> None:
        while len(self._threads) < self.count:
            thread = threading.Thread(target=_work, args=(self._jobs,), daemon=True, name="vsphere-motion-submitter")
            self._threads.append(thread)
            thread.start()


def _work(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        job()


def _carry_out(work: Callable[[], T], future: Future[T]) -> None:
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 - whoever takes the result meets it
        future.set_exception(error)
    else:
        future.set_result(result)
