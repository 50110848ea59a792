"""The threads that ask for relocations."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from vsphere_motion.run.submitters import Submitters


@pytest.fixture
def four() -> Iterator[Submitters]:
    with closing(Submitters(4)) as submitters:
        yield submitters


def test_works_are_done_at_the_same_time(four: Submitters) -> None:
    together = threading.Barrier(4, timeout=30)
    results = four.do([lambda number=number: (together.wait(), number)[1] for number in range(4)])
    assert [future.result() for future in results] == [0, 1, 2, 3]


def test_an_error_is_kept_and_the_others_are_done(four: Submitters) -> None:
    def fail() -> int:
        raise ValueError("no")

    first, second = four.do([fail, lambda: 2])
    assert isinstance(first.exception(), ValueError)
    assert second.result() == 2


def test_more_works_than_threads_are_all_done(four: Submitters) -> None:
    assert [future.result() for future in four.do([lambda number=number: number for number in range(50)])] == [
        *range(50)
    ]


@pytest.mark.parametrize("count", [1, 4])
def test_one_work_is_done_by_the_caller(count: int) -> None:
    with closing(Submitters(count)) as submitters:
        (future,) = submitters.do([threading.get_ident])
    assert future.result() == threading.get_ident()


def test_one_submitter_works_in_order() -> None:
    order: list[int] = []
    with closing(Submitters(1)) as submitters:
        submitters.do([lambda number=number: order.append(number) for number in range(5)])
    assert order == [0, 1, 2, 3, 4]
