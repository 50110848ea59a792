"""How long a set of moves takes when a sliding window starts each as soon as it may.

Rules of this file: moves that run on one host share its vMotion network evenly. The rooms with most left to send go
first, and of their moves the biggest: so the last ones to run are small. Durations are the model's; while a plan runs
the window decides, and this only says what to expect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from heapq import heappop, heappush

from vsphere_motion.model.schedule import Job, Schedule, Scheduled, Slot
from vsphere_motion.planning.window import EVERYWHERE, Window
from vsphere_motion.vmotion.costs import Operation, Resource, concurrent

LOOK_AHEAD = 48
"""Jobs of a room that are looked at when a slot is free; those behind them are smaller."""


MOST_ON_A_HOST = concurrent(Operation.VMOTION, Resource.HOST) or 1
"""No operation costs a host less than a vMotion; where so many run, the window need not be asked."""


def make_schedule(jobs: Sequence[Job], links_bps: Sequence[int], window: Window) -> Schedule:
    """Simulate the run of jobs.

    Args:
        links_bps: bandwidth of each room's vMotion network.
        window: limits and what others take; it is used up by the simulation.
    """
    return _Simulation(jobs, links_bps, window).run()


def bound_s(jobs: Sequence[Job], links_bps: Sequence[float]) -> float:
    """No schedule is shorter: every room's bytes over its network, the fixed times over its slots, the longest job."""
    sent = [0] * len(links_bps)
    fixed = [0.0] * len(links_bps)
    alone = 0.0
    for job in jobs:
        for room in {job.source, job.destination}:
            sent[room] += job.sends_bytes
            fixed[room] += job.fixed_s / MOST_ON_A_HOST
        alone = max(alone, job.sends_bytes * 8 / min(links_bps[job.source], links_bps[job.destination]) + job.fixed_s)
    networks = max((8 * sent[room] / link for room, link in enumerate(links_bps)), default=0.0)
    return max(networks, max(fixed, default=0.0), alone)


class _Running:
    """A job on its way: what is left to send, and how fast that goes since when.

    What is fixed comes first: it takes a slot and none of the network.
    """

    __slots__ = ("is_sending", "job", "left_bytes", "rate", "since_s", "start_s", "version")

    def __init__(self, job: int, now_s: float, left_bytes: float) -> None:
        self.job = job
        self.start_s = self.since_s = now_s
        self.left_bytes = left_bytes
        self.rate = 0.0
        self.version = 0
        self.is_sending = False


class _Simulation:
    def __init__(self, jobs: Sequence[Job], links_bps: Sequence[int], window: Window) -> None:
        self._jobs = jobs
        self._links = [link / 8 for link in links_bps]
        self._window = window
        self._now_s = 0.0
        self._running: dict[int, _Running] = {}
        self._on = [0] * len(links_bps)
        self._sending: list[dict[int, _Running]] = [{} for _ in links_bps]
        self._left = [0] * len(links_bps)
        self._ready: list[list[int]] = [[] for _ in links_bps]
        self._missing = [len(set(job.relies_on)) for job in jobs]
        self._enables: list[list[int]] = [[] for _ in jobs]
        self._events: list[tuple[float, int, int]] = []
        self._done: list[Scheduled] = []
        self._waiting: dict[Slot, set[int]] = defaultdict(set)
        for number, job in enumerate(jobs):
            for room in {job.source, job.destination}:
                self._left[room] += job.sends_bytes
            for other in set(job.relies_on):
                self._enables[other].append(number)
        ranked = sorted(range(len(jobs)), key=self._rank)
        for number in ranked:
            if not self._missing[number]:
                self._make_ready(number)

    def run(self) -> Schedule:
        self._fill(range(len(self._links)))
        while self._events:
            self._now_s, number, version = heappop(self._events)
            running = self._running.get(number)
            if running is not None and running.version == version:
                if running.is_sending:
                    self._end(running)
                else:
                    self._send(running)
        assert len(self._done) == len(self._jobs), "jobs that rely on each other in a circle never start"
        ordered = tuple(sorted(self._done, key=lambda one: (one.start_s, one.job)))
        makespan_s = max((one.end_s for one in ordered), default=0.0)
        return Schedule(jobs=ordered, makespan_s=makespan_s, bound_s=bound_s(self._jobs, [x * 8 for x in self._links]))

    def _rank(self, number: int) -> tuple[int, int, int]:
        job = self._jobs[number]
        return job.priority, -job.sends_bytes, number

    def _make_ready(self, number: int) -> None:
        job = self._jobs[number]
        for room in {job.source, job.destination}:
            self._ready[room].append(number)

    def _fill(self, rooms: Sequence[int] | range) -> None:
        """Start what may start, in the rooms with most left to send first."""
        for room in sorted(rooms, key=lambda one: -self._left[one]):
            while self._on[room] < MOST_ON_A_HOST and (number := self._choose(room)) is not None:
                self._start(number)

    def _choose(self, room: int) -> int | None:
        """Of the jobs of a room, the one whose other room has most left to send."""
        best: tuple[int, int, int] | None = None
        obstacles: set[Slot] = set()
        for number in self._ready[room][:LOOK_AHEAD]:
            job = self._jobs[number]
            other = job.destination if job.source == room else job.source
            if self._on[other] >= MOST_ON_A_HOST:
                continue
            key = (-job.priority, self._left[other], -number)
            if best is not None and key <= best:
                continue
            obstacle = self._window.obstacle(job.costs)
            if obstacle is None:
                best = key
            else:
                obstacles.add(obstacle)
        for obstacle in obstacles if best is None else ():
            self._waiting[obstacle].add(room)
        return None if best is None else -best[2]

    def _wake(self, slot: Slot, units: int) -> None:
        """Something has so many units more: a room whose jobs waited for them starts one, the fullest first."""
        rooms = self._waiting.get(slot, set())
        for room in sorted(rooms, key=lambda one: (-self._left[one], one)):
            if not self._window.has_room(slot, units):
                return
            rooms.discard(room)
            before = self._window.running
            self._fill([room])
            if self._window.running > before:
                return

    def _start(self, number: int) -> None:
        job = self._jobs[number]
        self._window.take(job.costs)
        running = _Running(number, self._now_s, job.sends_bytes)
        self._running[number] = running
        for room in {job.source, job.destination}:
            self._ready[room].remove(number)
            self._on[room] += 1
        if job.fixed_s:
            heappush(self._events, (self._now_s + job.fixed_s, number, running.version))
        else:
            self._send(running)

    def _send(self, running: _Running) -> None:
        job = self._jobs[running.job]
        running.is_sending = True
        running.since_s = self._now_s
        for room in {job.source, job.destination}:
            self._sending[room][running.job] = running
        self._share(job)

    def _end(self, running: _Running) -> None:
        job = self._jobs[running.job]
        del self._running[running.job]
        self._window.give_back(job.costs)
        self._done.append(Scheduled(job=running.job, start_s=running.start_s, end_s=self._now_s))
        touched = {job.source, job.destination}
        for room in touched:
            del self._sending[room][running.job]
            self._on[room] -= 1
            self._left[room] -= job.sends_bytes
        for number in self._enables[running.job]:
            self._missing[number] -= 1
            if not self._missing[number]:
                self._insert(number)
                touched |= {self._jobs[number].source, self._jobs[number].destination}
        self._share(job)
        self._fill(sorted(touched))
        for slot, units in ((EVERYWHERE, 1), *job.costs):
            self._wake(slot, units)

    def _insert(self, number: int) -> None:
        self._make_ready(number)
        for room in {self._jobs[number].source, self._jobs[number].destination}:
            self._ready[room].sort(key=self._rank)

    def _share(self, job: Job) -> None:
        """Two rooms have one job more or less: everything on them goes at another pace."""
        touched = {**self._sending[job.source], **self._sending[job.destination]}
        for running in touched.values():
            one = self._jobs[running.job]
            rate = min(
                self._links[one.source] / len(self._sending[one.source]),
                self._links[one.destination] / len(self._sending[one.destination]),
            )
            if rate == running.rate:
                continue
            running.left_bytes -= (self._now_s - running.since_s) * running.rate
            running.since_s = self._now_s
            running.rate = rate
            running.version += 1
            ends_s = self._now_s + max(0.0, running.left_bytes) / rate
            heappush(self._events, (ends_s, running.job, running.version))
