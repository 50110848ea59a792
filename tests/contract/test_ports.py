"""What `run/` relies on, asked of the fake in `tests/fakes.py` and of the adapters on a simulated vCenter alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

import pytest

from tests.fakes import FakeVCenter
from tests.sim.reading import move_away, session_with
from vsphere_motion.model.inventory import ConnectionState, PowerState
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.task import TaskState, TaskStatus
from vsphere_motion.run.ports import PlacementReader, Relocator, ServerClock, StateReader, TaskFinder, TaskWatcher
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.placement import VCenterPlacementReader, VCenterStateReader
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.tasks import VCenterTaskFinder, VCenterTaskWatcher

GHOST = MoRef(kind="Task", moid="task-999999")
GHOST_VM = MoRef(kind="VirtualMachine", moid="vm-999999")
WAITS = 60
SLOW = 1.0
"""A speed at which a relocation takes seconds, so that it still runs when it is cancelled."""


@dataclass(frozen=True, kw_only=True)
class World:
    """One vCenter behind every port, with moves that nothing is wrong with."""

    relocator: Relocator
    watcher: TaskWatcher
    finder: TaskFinder
    placements: PlacementReader
    states: StateReader
    clock: ServerClock
    moves: tuple[Move, ...]

    def watch_to_the_end(self, *tasks: MoRef) -> dict[MoRef, TaskStatus]:
        """The last status of every task."""
        self.watcher.watch(tasks)
        last: dict[MoRef, TaskStatus] = {}
        for _ in range(WAITS):
            last |= {status.task: status for status in self.watcher.wait_for_updates(timeout_s=2.0)}
            if all(task in last and is_over(last[task]) for task in tasks):
                return last
        pytest.fail(f"not every task ended: {last}")


class MakeWorld(Protocol):
    """Makes the world under test."""

    def __call__(self, *, speed: float = ...) -> World: ...


def is_over(status: TaskStatus) -> bool:
    return status.is_gone or (status.state is not None and status.state.is_final)


@pytest.fixture(
    params=[pytest.param("fake", id="fake"), pytest.param("simulator", id="simulator", marks=pytest.mark.vcsim)]
)
def make_world(request: pytest.FixtureRequest) -> Iterator[MakeWorld]:
    with ExitStack() as stack:
        if request.param == "fake":
            yield lambda *, speed=0.0: fake_world()
        else:
            factory: VCenterFactory = request.getfixturevalue("vcenter_factory")
            yield lambda *, speed=50.0: simulated_world(factory, speed, stack)


def fake_world() -> World:
    here, there = (NamedRef(ref=MoRef(kind="HostSystem", moid=f"host-{n}"), name=f"esx0{n}") for n in (1, 2))
    vms = [MoRef(kind="VirtualMachine", moid=f"vm-{number}") for number in range(4)]
    moves = [
        Move(
            vm=VmIdentity(ref=vm, name=vm.moid, instance_uuid=None),
            source=Placement(host=here),
            destination=Placement(host=there),
        )
        for vm in vms
    ]
    fake = FakeVCenter(hosts=dict.fromkeys(vms, here.ref))
    return World(
        relocator=fake, watcher=fake, finder=fake, placements=fake, states=fake, clock=fake, moves=tuple(moves)
    )


def simulated_world(factory: VCenterFactory, speed: float, stack: ExitStack) -> World:
    session = stack.enter_context(session_with(factory(hosts=2, vms=4, speed=speed)))
    inventory = take_snapshot(session)
    watcher = VCenterTaskWatcher(session)
    stack.callback(watcher.close)
    return World(
        relocator=VCenterRelocator(session),
        watcher=watcher,
        finder=VCenterTaskFinder(session),
        placements=VCenterPlacementReader(session),
        states=VCenterStateReader(session),
        clock=session,
        moves=tuple(move_away(inventory, vm) for vm in inventory.vms),
    )


def host_of(world: World, move: Move) -> MoRef | None:
    return world.placements.read_placements([move.vm.ref])[move.vm.ref].host


def test_a_relocation_that_succeeds_has_moved_the_vm(make_world: MakeWorld) -> None:
    world = make_world()
    move = world.moves[0]
    assert move.source.host is not None
    assert move.destination.host is not None
    assert host_of(world, move) == move.source.host.ref

    task = world.relocator.start_relocation(move, op_id="op-1")
    last = world.watch_to_the_end(task)[task]

    assert (last.state, last.fault, last.cancelled, last.is_gone) == (TaskState.SUCCESS, None, False, False)
    assert host_of(world, move) == move.destination.host.ref


def test_an_ended_task_says_when_it_was_queued_began_and_ended(make_world: MakeWorld) -> None:
    world = make_world()
    before = world.clock.now()
    task = world.relocator.start_relocation(world.moves[0], op_id="op-1")
    last = world.watch_to_the_end(task)[task]
    assert last.queued_at is not None
    assert last.started_at is not None
    assert last.completed_at is not None
    assert before <= last.queued_at <= last.started_at <= last.completed_at <= world.clock.now()


def test_several_tasks_are_watched_at_once(make_world: MakeWorld) -> None:
    world = make_world()
    tasks = [world.relocator.start_relocation(move, op_id=f"op-{n}") for n, move in enumerate(world.moves)]
    last = world.watch_to_the_end(*tasks)
    assert {last[task].state for task in tasks} == {TaskState.SUCCESS}


def test_a_forgotten_task_is_not_told_of(make_world: MakeWorld) -> None:
    world = make_world()
    first, second = (world.relocator.start_relocation(move, op_id=move.vm.moid) for move in world.moves[:2])
    world.watcher.watch([first])
    world.watcher.forget([first])
    assert world.watch_to_the_end(second).keys() == {second}


def test_a_cancelled_relocation_ends_in_error_and_the_vm_stays(make_world: MakeWorld) -> None:
    world = make_world(speed=SLOW)
    move = world.moves[0]
    task = world.relocator.start_relocation(move, op_id="op-1")
    world.relocator.cancel_task(task)
    last = world.watch_to_the_end(task)[task]
    assert (last.state, last.cancelled) == (TaskState.ERROR, True)
    assert last.fault is not None
    assert last.fault.kind == "RequestCanceled"
    assert move.source.host is not None
    assert host_of(world, move) == move.source.host.ref


def test_cancelling_what_has_ended_changes_nothing(make_world: MakeWorld) -> None:
    world = make_world()
    task = world.relocator.start_relocation(world.moves[0], op_id="op-1")
    last = world.watch_to_the_end(task)[task]
    world.relocator.cancel_task(task)
    assert world.finder.read_tasks([task])[task].state is last.state is TaskState.SUCCESS


def test_a_relocation_is_found_by_its_operation_id_alone(make_world: MakeWorld) -> None:
    world = make_world()
    since, vm = world.clock.now(), world.moves[0].vm.ref
    task = world.relocator.start_relocation(world.moves[0], op_id="op-1")
    assert world.finder.find_relocation(vm, op_id="op-1", since=since) == task
    assert world.finder.find_relocation(vm, op_id="op-2", since=since) is None


def test_a_task_nobody_knows_is_gone(make_world: MakeWorld) -> None:
    world = make_world()
    task = world.relocator.start_relocation(world.moves[0], op_id="op-1")
    read = world.finder.read_tasks([task, GHOST])
    assert read.keys() == {task, GHOST}
    assert (read[task].is_gone, read[GHOST].is_gone, read[GHOST].state) == (False, True, None)


def test_the_history_has_what_became_of_a_task(make_world: MakeWorld) -> None:
    world = make_world()
    since, vm = world.clock.now(), world.moves[0].vm.ref
    task = world.relocator.start_relocation(world.moves[0], op_id="op-1")
    last = world.watch_to_the_end(task)[task]
    found = world.finder.find_ended(vm, task=task, since=since)
    assert found is not None
    assert (found.task, found.state, found.completed_at) == (task, last.state, last.completed_at)
    assert world.finder.find_ended(vm, task=GHOST, since=since) is None


def test_a_vm_that_no_longer_exists_has_no_placement(make_world: MakeWorld) -> None:
    world = make_world()
    vms = [move.vm.ref for move in world.moves]
    assert world.placements.read_placements([GHOST_VM, *vms]).keys() == set(vms)


def test_a_landing_is_the_whole_task_and_where_its_vm_is(make_world: MakeWorld) -> None:
    world = make_world()
    move = world.moves[0]
    task = world.relocator.start_relocation(move, op_id="op-1")
    last = world.watch_to_the_end(task)[task]

    statuses, placements = world.placements.read_landings([task, GHOST], [move.vm.ref, GHOST_VM])

    assert move.destination.host is not None
    assert (statuses[task].state, statuses[task].completed_at) == (TaskState.SUCCESS, last.completed_at)
    assert statuses[GHOST].is_gone
    assert {vm: seen.host for vm, seen in placements.items()} == {move.vm.ref: move.destination.host.ref}


def test_what_is_read_before_a_start_names_the_relocation_that_runs(make_world: MakeWorld) -> None:
    world = make_world(speed=SLOW)
    moving, still = world.moves[:2]
    assert moving.destination.host is not None
    assert still.source.host is not None
    task = world.relocator.start_relocation(moving, op_id="op-1")

    now = world.states.read_before_start([moving.vm.ref, still.vm.ref, GHOST_VM], [moving.destination.host.ref])

    assert now.vms.keys() == {moving.vm.ref, still.vm.ref}
    running = now.vms[moving.vm.ref].running
    assert running is not None
    assert (running.task, running.operation_id) == (task, "op-1")
    assert now.vms[still.vm.ref].running is None
    assert now.vms[still.vm.ref].host == still.source.host.ref
    assert now.vms[still.vm.ref].power_state is PowerState.ON
    host = now.hosts[moving.destination.host.ref]
    assert (host.connection_state, host.in_maintenance_mode) == (ConnectionState.CONNECTED, False)


def test_a_relocation_that_has_ended_is_not_running(make_world: MakeWorld) -> None:
    world = make_world()
    move = world.moves[0]
    world.watch_to_the_end(world.relocator.start_relocation(move, op_id="op-1"))

    assert move.destination.host is not None
    now = world.states.read_before_start([move.vm.ref], [])

    assert now.vms[move.vm.ref].running is None
    assert now.vms[move.vm.ref].host == move.destination.host.ref
    assert now.hosts == {}
