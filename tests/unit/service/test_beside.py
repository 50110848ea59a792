"""Work beside the loop, of which only so much is done at once."""

from __future__ import annotations

import threading

import pytest

from vsphere_motion.service.beside import Few

LIMIT_S = 30.0


def test_no_more_than_so_many_are_done_at_once_and_all_are_done() -> None:
    few, lock, busy, most = Few(3), threading.Lock(), 0, 0
    together = threading.Barrier(3, timeout=LIMIT_S)

    def work(number: int) -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        together.wait()
        with lock:
            busy -= 1
        return number

    futures = [few.begin(lambda number=number: work(number)) for number in range(12)]

    assert [future.result(timeout=LIMIT_S) for future in futures] == list(range(12))
    assert most == 3


def test_an_error_is_kept_and_the_next_work_is_done() -> None:
    few = Few(1)

    def fail() -> int:
        raise ValueError("no")

    first, second = few.begin(fail), few.begin(lambda: 2)

    with pytest.raises(ValueError, match="no"):
        first.result(timeout=LIMIT_S)
    assert second.result(timeout=LIMIT_S) == 2


def test_its_threads_end_with_the_work() -> None:
    few, alive = Few(2), threading.Event()
    threads = few.begin(lambda: (alive.set(), threading.current_thread())[1])
    thread = threads.result(timeout=LIMIT_S)

    thread.join(timeout=LIMIT_S)

    assert not thread.is_alive()
    assert few.begin(lambda: 1).result(timeout=LIMIT_S) == 1
