"""Work beside the loop: a few threads at once, whatever comes, and none that stays."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait

import pytest

from vsphere_motion.service.beside import Crew, beside

LIMIT_S = 30.0


class Gauge:
    """How many pieces of work went on at once; each waits until all threads of the crew are at work."""

    def __init__(self, size: int) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self._together = threading.Barrier(size)

    def work(self) -> str:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._together.wait(LIMIT_S)
        with self._lock:
            self._now -= 1
        return threading.current_thread().name


def test_no_more_threads_work_than_there_are_and_all_work_is_done() -> None:
    gauge, crew = Gauge(3), Crew[str](3)
    futures = [crew.begin(gauge.work) for _ in range(30)]
    wait(futures, LIMIT_S)
    assert [future.exception() for future in futures] == [None] * 30
    assert gauge.most == 3


def test_work_that_comes_later_finds_a_thread_again() -> None:
    crew = Crew[int](2)
    assert [crew.begin(lambda: 1).result(LIMIT_S) for _ in range(50)] == [1] * 50


def refuse() -> int:
    raise ValueError("no")


@pytest.mark.parametrize("begin", [Crew[int](1).begin, beside], ids=["crew", "alone"])
def test_what_fails_is_met_by_whoever_takes_it(begin: object) -> None:
    future: Future[int] = begin(refuse)  # type: ignore[operator]  # one of two functions of one shape
    with pytest.raises(ValueError, match="no"):
        future.result(LIMIT_S)
    assert begin(lambda: 2).result(LIMIT_S) == 2  # type: ignore[operator]
