"""The sliding window and the schedule it makes: no limit is exceeded, and the networks are kept busy."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.schedule import Job, Schedule
from vsphere_motion.planning.schedule import make_schedule
from vsphere_motion.planning.window import Window, costs_of
from vsphere_motion.vmotion.costs import Operation, Resource, limit_of

GIB, TEN_GBIT, ONE_GBIT = 2**30, 10_000_000_000, 1_000_000_000
HOSTS = [MoRef(kind="HostSystem", moid=f"host-{number}") for number in range(6)]
STORES = [MoRef(kind="Datastore", moid=f"datastore-{number}") for number in range(3)]
LINKS = [TEN_GBIT, TEN_GBIT, TEN_GBIT, TEN_GBIT, ONE_GBIT, ONE_GBIT]


def job(source: int, destination: int, *, gib: int = 4, relies_on: tuple[int, ...] = (), **changes: object) -> Job:
    operation = changes.get("operation", Operation.VMOTION)
    store = changes.get("store")
    assert isinstance(operation, Operation)
    return Job(
        source=source,
        destination=destination,
        sends_bytes=gib * GIB,
        costs=costs_of(
            operation,
            hosts=[(HOSTS[source], LINKS[source]), (HOSTS[destination], LINKS[destination])],
            datastores=[STORES[store]] if isinstance(store, int) else [],
        ),
        relies_on=relies_on,
        priority=int(str(changes.get("priority", 0))),
    )


def random_jobs(seed: int, count: int = 60) -> list[Job]:
    rng = Random(seed)
    jobs = []
    for number in range(count):
        source, destination = rng.sample(range(len(HOSTS)), 2)
        earlier = tuple(rng.sample(range(number), min(number, rng.choice([0, 0, 1, 2]))))
        operation = rng.choice([Operation.VMOTION, Operation.VMOTION, Operation.VMOTION_WITHOUT_SHARED_STORAGE])
        jobs.append(
            job(
                source,
                destination,
                gib=rng.choice([1, 4, 16]),
                relies_on=earlier,
                operation=operation,
                store=rng.randrange(3),
            )
        )
    return jobs


def most_taken(jobs: list[Job], schedule: Schedule) -> dict[tuple[object, MoRef], int]:
    """The most units that each object bore at any moment, counted from the times alone."""
    moments = sorted({one.start_s for one in schedule.jobs})
    most: Counter[tuple[object, MoRef]] = Counter()
    for moment in moments:
        taken: Counter[tuple[object, MoRef]] = Counter()
        for one in schedule.jobs:
            if one.start_s <= moment < one.end_s:
                for slot, units in jobs[one.job].costs:
                    taken[slot] += units
        for slot, units in taken.items():
            most[slot] = max(most[slot], units)
    return most


same_each_time = settings(derandomize=True, deadline=None, max_examples=40)


@same_each_time
@given(st.integers(min_value=0, max_value=10**6))
def test_no_limit_is_exceeded_and_every_job_waits_for_what_it_relies_on(seed: int) -> None:
    jobs = random_jobs(seed)
    schedule = make_schedule(jobs, LINKS, Window())
    ends = {one.job: one.end_s for one in schedule.jobs}
    assert sorted(ends) == list(range(len(jobs)))
    for (resource, _), units in most_taken(jobs, schedule).items():
        assert isinstance(resource, Resource)
        assert units <= limit_of(resource)
    for one in schedule.jobs:
        assert all(ends[other] <= one.start_s for other in jobs[one.job].relies_on)


def test_moves_of_others_are_counted() -> None:
    jobs = [job(0, 1) for _ in range(10)]
    others = {(Resource.HOST, HOSTS[0]): 6}
    schedule = make_schedule(jobs, LINKS, Window(others=others))
    assert most_taken(jobs, schedule)[Resource.HOST, HOSTS[0]] == 2


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_limit_of_the_persons_own_holds(limit: int) -> None:
    jobs = [job(number % 4, (number + 1) % 4) for number in range(20)]
    overall = make_schedule(jobs, LINKS, Window(max_concurrent=limit))
    starts = [(one.start_s, one.end_s) for one in overall.jobs]
    assert max(sum(start <= at < end for start, end in starts) for at, _ in starts) == limit


def test_one_move_a_host_is_the_way_of_least_stun() -> None:
    jobs = [job(0, number % 3 + 1) for number in range(9)]
    schedule = make_schedule(jobs, LINKS, Window(max_per_host=1))
    assert most_taken(jobs, schedule)[Resource.HOST, HOSTS[0]] == 1


def test_the_schedule_is_not_much_longer_than_the_networks_need() -> None:
    rng = Random(7)
    jobs = []
    for _ in range(400):
        source, destination = rng.sample(range(4), 2)
        jobs.append(job(source, destination, gib=rng.choice([2, 4, 8, 16])))
    schedule = make_schedule(jobs, LINKS, Window())
    assert schedule.bound_s * 0.999 <= schedule.makespan_s <= schedule.bound_s * 1.05


def test_one_move_takes_its_bytes_over_the_slower_link() -> None:
    schedule = make_schedule([job(0, 4, gib=1)], LINKS, Window())
    assert schedule.makespan_s == pytest.approx(GIB * 8 / ONE_GBIT)
    assert schedule.bound_s == pytest.approx(schedule.makespan_s)


def test_what_is_urgent_starts_first() -> None:
    jobs = [job(0, 1, gib=16), job(0, 1, gib=1, priority=-1)]
    schedule = make_schedule(jobs, LINKS, Window(max_concurrent=1))
    assert [one.job for one in schedule.jobs] == [1, 0]


def test_no_jobs_take_no_time() -> None:
    assert make_schedule([], LINKS, Window()) == Schedule(jobs=(), makespan_s=0.0, bound_s=0.0)


@pytest.mark.parametrize("is_store", [False, True], ids=["all moves together", "a datastore of all"])
def test_what_waits_for_the_move_of_other_hosts_is_started_after_it(*, is_store: bool) -> None:
    """Hosts that no move is left on free what the others wait for."""
    operation = Operation.VMOTION_WITHOUT_SHARED_STORAGE
    jobs = [job(source, destination, store=0, operation=operation) for source, destination in ((0, 1), (2, 3), (2, 3))]
    slot = (Resource.DATASTORE, STORES[0])
    taken = limit_of(Resource.DATASTORE) - dict(jobs[0].costs)[slot]
    window = Window(others={slot: taken}) if is_store else Window(max_concurrent=1)

    schedule = make_schedule(jobs, LINKS, window)

    assert len(schedule.jobs) == len(jobs)
    assert most_at_once(schedule) == 1


def most_at_once(schedule: Schedule) -> int:
    return max(sum(1 for other in schedule.jobs if other.start_s <= one.start_s < other.end_s) for one in schedule.jobs)


def test_a_move_within_one_host_counts_once_for_its_network() -> None:
    (within, between) = (make_schedule([job(0, end, gib=10)], LINKS, Window()).bound_s for end in (0, 1))

    assert within == between
