"""Work beside the one loop, in threads that nobody has to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def beside(work: Callable[[], T]) -> Future[T]:
    """Begin this work in a thread of its own; the end of the program does not wait for it."""
    future: Future[T] = Future()
    threading.Thread(target=_carry_out, args=(work, future), daemon=True, name="vsphere-motion-logs").start()
    return future


def _carry_out(work: Callable[[], T], future: Future[T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever takes the result meets it
        future.set_exception(error)
    else:
        future.set_result(result)
