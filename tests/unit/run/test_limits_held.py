"""Whole runs in worlds drawn by chance: vCenter's limits hold, with what others do, whatever ends first."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build import datastore_ref, host_ref
from tests.fakes import FakeVCenter
from tests.rig import Rig
from vsphere_motion.model.current import CurrentState, OtherMotion
from vsphere_motion.model.move import Move
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.schedule import Slot
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.planning.window import costs_of
from vsphere_motion.run.gate import PlanGate, Start
from vsphere_motion.run.limits import Limits
from vsphere_motion.run.others import LOOK_S, units_of
from vsphere_motion.vmotion.costs import Operation, limit_of

TEN_GBIT = 10_000_000_000
HOSTS = 5
OPERATIONS = (Operation.VMOTION, Operation.VMOTION, Operation.VMOTION_WITHOUT_SHARED_STORAGE)


@dataclass
class World(FakeVCenter):
    """A vCenter in which any move may take the next step, and others come and go.

    Args:
        broken: each start after which an object bore more than it can, with what was known of others.
        late: each start for which others were last looked at too long ago.
    """

    luck: random.Random = field(default_factory=random.Random)
    costs: dict[str, tuple[tuple[Slot, int], ...]] = field(default_factory=dict)
    known: tuple[OtherMotion, ...] = ()
    looked_at: float = float("-inf")
    broken: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    others_left: int = 0

    def read_before_start(
        self,
        vms: Sequence[MoRef],
        hosts: Sequence[MoRef],
        *,
        with_devices: Collection[MoRef] = (),
        own: Collection[MoRef] | None = None,
    ) -> CurrentState:
        state = super().read_before_start(vms, hosts, with_devices=with_devices, own=own)
        if own is not None:
            self.known, self.looked_at = state.others or (), self.time.timestamp()
        return state

    def _start_relocation(self, move: Move, op_id: str) -> MoRef:
        task = super()._start_relocation(move, op_id)
        units = Counter(units_of(self.known, run="r-1", own=self.tasks))
        for running in self.running_own():
            for slot, count in self.costs[self.moves[running].vm.moid]:
                units[slot] += count
        touched = {slot for slot, _ in self.costs[move.vm.moid]}
        self.broken += [
            f"{move.vm.moid}: {slot} bears {count}"
            for slot, count in units.items()
            if slot in touched and count > limit_of(slot[0])  # type: ignore[arg-type]
        ]
        self.late.append(self.time.timestamp() - self.looked_at)
        return task

    def running_own(self) -> Iterable[MoRef]:
        """Our tasks that are not over."""
        return [task for task, one in self.tasks.items() if one.state is None or not one.state.is_final]

    def wait_for_updates(self, *, timeout_s: float) -> Sequence[TaskStatus]:
        self.shuffle_others()
        return super().wait_for_updates(timeout_s=timeout_s)

    def shuffle_others(self) -> None:
        """Some motions of others end, and some begin while there are any left."""
        self.others = [one for one in self.others if self.luck.random() < 0.7]
        while self.others_left and self.luck.random() < 0.6:
            self.others_left -= 1
            hosts = tuple(host_ref(number) for number in self.luck.sample(range(HOSTS), 2))
            task = MoRef(kind="Task", moid=f"task-other-{self.others_left}")
            self.others.append(OtherMotion(task=task, hosts=hosts, datastores=(datastore_ref(1),)))

    def _step(self, status: TaskStatus) -> TaskStatus:
        waits = status.state is not TaskState.QUEUED and self.luck.random() < 0.5
        return status if waits else super()._step(status)


def run_of(seed: int, directory: Path) -> tuple[World, list[str]]:
    """One run of a world drawn with this seed, and how its moves ended."""
    luck = random.Random(seed)
    count = luck.randint(1, 40)
    rig = Rig(directory, count)
    world = World(luck=luck, hosts=rig.vcenter.hosts, others_left=luck.randint(0, 30))
    rig.vcenter = world
    starts = {}
    for position in range(count):
        ends = [(host_ref(number), TEN_GBIT) for number in luck.sample(range(HOSTS), 2)]
        costs = costs_of(luck.choice(OPERATIONS), hosts=ends, datastores=[datastore_ref(1)])
        world.costs[f"vm-{position}"] = costs
        relies_on = tuple(sorted(luck.sample(range(position), min(position, luck.choice([0, 0, 0, 1, 2])))))
        starts[position] = Start(relies_on=relies_on, costs=costs)
    rig.gate, rig.counts_others = PlanGate(starts=starts), True
    rig.limits = Limits(max_concurrent=luck.choice([1, 4, 64]), max_per_host=luck.choice([None, None, 1, 3]))
    world.shuffle_others()
    rig.run()
    rig.journal.close()
    return world, [f"{vm}: {host}" for vm, host in world.hosts.items()]


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_no_limit_is_exceeded_with_what_others_do_whatever_ends_first(seed: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        world, _ = run_of(seed, Path(directory))

    assert world.broken == []
    assert len(world.tasks) == len(world.hosts), "every move was started"
    assert all(status.state is TaskState.SUCCESS for status in world.tasks.values())
    assert max(world.late) <= LOOK_S + 1, "others were looked at before"


@settings(derandomize=True, deadline=None, max_examples=5)
@given(st.integers(0, 10**6))
def test_the_same_world_gives_the_same_run(seed: int) -> None:
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        one, other = run_of(seed, Path(first)), run_of(seed, Path(second))

    assert one[0].calls == other[0].calls
    assert one[0].readings == other[0].readings
    assert one[1] == other[1]
