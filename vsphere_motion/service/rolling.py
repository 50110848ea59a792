"""The story of a rolling: host by host emptied, worked on by a command, seen to be well, and filled again.

Rules of this file: how far a host is, is in the journal before the next thing is begun, so that a killed rolling goes
on where it stood; each thing can be begun twice. The first failure ends it, and the host is left as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from vsphere_motion.errors import BadInput, OutcomeUnknown, VCenterFault, VCenterUnavailable
from vsphere_motion.model.event import Event, RunNoted
from vsphere_motion.model.inventory import ConnectionState, Host, Inventory
from vsphere_motion.model.outcome import OutcomeState
from vsphere_motion.model.plan_file import PlanFile, PlanKind
from vsphere_motion.model.plan_request import PlanRequest
from vsphere_motion.model.rolling import Rolling, RollingRequest, RollingStep, StepState
from vsphere_motion.planning.restore import Back
from vsphere_motion.planning.selectors import find_cluster
from vsphere_motion.run.before import task_in_progress
from vsphere_motion.run.host_command import HostCommand, require_name, words_for
from vsphere_motion.run.journal import Journal
from vsphere_motion.run.locks import watching
from vsphere_motion.run.ports import Control
from vsphere_motion.run.workbook import Purpose, PurposeKind, Workbook
from vsphere_motion.service.apply import runnable_plan
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.maintenance_exit import leave_maintenance
from vsphere_motion.service.migrate import (
    DEFAULT_OPTIONS,
    NEVER_STOP,
    Given,
    RunOptions,
    clock_through_sleep_s,
    describe_run,
    run,
)
from vsphere_motion.service.placing import make_plan_file
from vsphere_motion.service.restore import Wanted, prepare_restore, restore
from vsphere_motion.service.resume import resume
from vsphere_motion.service.surroundings import NOWHERE, Places

ENTER_LIMIT_S = 900.0
DIRECTORY = "rolling"
_WELL = {OutcomeState.MOVED, OutcomeState.UNCHANGED}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the commands are given, and where a rolling keeps what they write.

    Args:
        environment: of the commands.
        options: how the moves are run.
    """

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: RunOptions = DEFAULT_OPTIONS
    places: Places = NOWHERE


class _Stopped(Exception):
    """Nothing more is begun: the person wants it so, or a note of a step says why."""


def plan_rolling(vcenter: VCenter, request: RollingRequest) -> tuple[Rolling, tuple[str, ...]]:
    """The hosts of a cluster in the order of their names, and which are left out, and why.

    Raises:
        NotFound, Ambiguous: the cluster is not there, or not the only one.
        BadInput: a host's name is unsafe in a command, or there is no host to work on.
    """
    inventory = vcenter.snapshot()
    cluster = find_cluster(inventory, request.cluster)
    hosts = sorted(
        (host for host in inventory.hosts if host.compute_resource == cluster.ref), key=lambda one: (one.name, one.ref)
    )
    left = tuple(f"{host.name} is left out: {why}" for host in hosts if (why := _why_left_out(host)))
    chosen = [host for host in hosts if _why_left_out(host) is None]
    for host in chosen:
        require_name(host.name)
    if not chosen:
        raise BadInput(f"{cluster.name} has no host to work on", details=left)
    return (
        Rolling(
            id=f"roll-{secrets.token_hex(3)}",
            vcenter_uuid=vcenter.identity.instance_uuid,
            request=request,
            started_at=vcenter.session.now(),
            steps=tuple(
                RollingStep(position=number, host=host.ref, host_name=host.name) for number, host in enumerate(chosen)
            ),
        ),
        left,
    )


def _why_left_out(host: Host) -> str | None:
    if host.connection_state is not ConnectionState.CONNECTED:
        return "it is not connected"
    return "it is in maintenance mode already" if host.in_maintenance_mode else None


def plan_step(
    vcenter: VCenter, inventory: Inventory, rolling: Rolling, steps: Sequence[RollingStep], places: Places
) -> PlanFile:
    """The plan that empties these hosts together."""
    request = rolling.request
    wanted = PlanRequest(
        kind=PlanKind.EVACUATE,
        words=tuple(f"moid:{step.host.moid}" for step in steps),
        moves_powered_off=request.moves_powered_off,
        skip_checks=request.skip_checks,
        keeps_ha_reserve=request.keeps_ha_reserve,
    )
    return make_plan_file(inventory, wanted, vcenter=vcenter, places=places)


def run_rolling(
    vcenter: VCenter, journal: Journal, rolling: Rolling, *, control: Control = NEVER_STOP, world: World | None = None
) -> Iterator[Event]:
    """Work on the hosts that are not done, in the order of their places.

    Raises:
        RunLocked: another process works on it, or a command still runs.
        BadInput: it belongs to another vCenter.
    """
    if rolling.vcenter_uuid != vcenter.identity.instance_uuid:
        raise BadInput(f"{rolling.id} belongs to another vCenter", hint="connect to it with --server or --context")
    book = Workbook(journal)
    with watching(journal, rolling.id, now=vcenter.session.now()):
        work = _Work(vcenter, journal, book, rolling.id, control, world or World())
        try:
            while batch := work.next_batch():
                yield from work.do(batch)
        except _Stopped:
            return
        book.end_rolling(rolling.id, vcenter.session.now())


class _Work:
    """One process's work on a rolling."""

    def __init__(
        self, vcenter: VCenter, journal: Journal, book: Workbook, rolling: str, control: Control, world: World
    ) -> None:
        self._vcenter = vcenter
        self._journal = journal
        self._book = book
        self._id = rolling
        self._control = control
        self._world = world
        self._output = journal.path.parent / DIRECTORY / rolling
        self._forget_failures()

    def _forget_failures(self) -> None:
        """What went wrong before is tried again."""
        for step in self._steps():
            if step.note is not None:
                self._book.write_step(self._id, replace(step, note=None))

    def _load(self) -> Rolling:
        return self._book.load_rolling(self._id)

    def _steps(self, *states: StepState) -> list[RollingStep]:
        return [step for step in self._load().steps if not states or step.state in states]

    def next_batch(self) -> list[int]:
        """The places of the hosts that are under way; where none is, of those that come next."""
        rolling = self._load()
        under_way = [s.position for s in rolling.steps if s.state not in {StepState.PLANNED, StepState.DONE}]
        if under_way:
            return under_way
        if self._control.is_halting or self._control.is_detaching:
            raise _Stopped
        return [s.position for s in rolling.steps if s.state is StepState.PLANNED][: rolling.request.parallel]

    def do(self, batch: list[int]) -> Iterator[Event]:
        """All that is to be done with these hosts, from where each of them is."""
        yield from self._finish_runs(batch)
        yield from self._evacuate(batch)
        yield from self._each(batch, StepState.ENTERING, self._enter)
        yield from self._command(batch)
        yield from self._each(batch, StepState.CHECKING, self._check)
        yield from self._each(batch, StepState.EXITING, self._exit)
        yield from self._restore(batch)
        if any(self._at(batch, *(set(StepState) - {StepState.DONE, StepState.PLANNED}))):
            raise _Stopped

    def _at(self, batch: list[int], *states: StepState) -> list[RollingStep]:
        """The hosts of the batch in these states that nothing is wrong with."""
        return [one for one in self._steps(*states) if one.position in batch]

    def _well(self, batch: list[int], *states: StepState) -> list[RollingStep]:
        return [one for one in self._at(batch, *states) if one.note is None]

    def _write(self, step: RollingStep, state: StepState) -> RollingStep:
        written = replace(step, state=state, note=None)
        self._book.write_step(self._id, written)
        return written

    def _fail(self, step: RollingStep, why: str) -> RunNoted:
        """Leave the host as it is, and say what to do."""
        way_on = f"vsphere-motion rolling --resume {self._id}"
        note = f"{step.host_name} ({step.state.value}): {why}. Nothing more is begun; when it is well: {way_on}"
        if step.runs:
            note += f", or fill it again: vsphere-motion restore {step.host_name} --exit-maintenance"
        self._book.write_step(self._id, replace(step, note=note))
        return _note(note, is_warning=True)

    # -- the runs -------------------------------------------------------------------------------------------------

    def _finish_runs(self, batch: list[int]) -> Iterator[Event]:
        """See the moves to their end that an earlier process left; a run that was not begun is none."""
        known = {summary.info.run: summary for summary in self._journal.history()}
        for run_id in dict.fromkeys(name for step in self._at(batch) for name in step.runs):
            if run_id in known and not known[run_id].is_finished:
                yield from resume(
                    self._vcenter, self._journal, run_id, control=self._control, options=self._world.options
                )
                self._require_finished(run_id)

    def _require_finished(self, run_id: str) -> None:
        if not self._journal.load_run(run_id).is_finished:
            raise _Stopped

    def _watched(self, events: Iterator[Event], run_id: str) -> Iterator[Event]:
        """Events of a run; where it is left before its end, nothing more is begun."""
        yield from events
        self._require_finished(run_id)

    def _is_well(self, run_id: str) -> bool:
        return all(item.outcome and item.outcome.state in _WELL for item in self._journal.load_run(run_id).moves)

    def _known_runs(self, steps: Sequence[RollingStep]) -> tuple[str, ...]:
        known = {summary.info.run for summary in self._journal.history()}
        return tuple(dict.fromkeys(name for step in steps for name in step.runs if name in known))

    def _evacuate(self, batch: list[int]) -> Iterator[Event]:
        """Empty the hosts; as many of them together as can be empty at the same time."""
        steps = self._well(batch, StepState.PLANNED, StepState.EVACUATING)
        if not steps:
            return
        inventory = self._vcenter.snapshot()
        file = plan_step(self._vcenter, inventory, self._load(), steps, self._world.places)
        while file.stuck and len(steps) > 1 and steps[-1].state is StepState.PLANNED:
            batch.remove(steps.pop().position)
            file = plan_step(self._vcenter, inventory, self._load(), steps, self._world.places)
        if file.stuck:
            yield self._fail(steps[0], f"it cannot be emptied: {stuck_words(file)}")
            raise _Stopped
        yield from self._move_off(inventory, file, steps)

    def _move_off(self, inventory: Inventory, file: PlanFile, steps: list[RollingStep]) -> Iterator[Event]:
        plan = runnable_plan(self._vcenter, inventory, file, places=self._world.places)
        if plan.blocked():
            names = ", ".join(f"{one.move.vm.name} ({one.blockers[0].message})" for one in plan.blocked())
            yield self._fail(steps[0], f"it cannot be emptied: {names}")
            raise _Stopped
        if plan.moves:
            info = describe_run(self._vcenter)
            steps = [self._write(replace(one, runs=(*one.runs, info.run)), StepState.EVACUATING) for one in steps]
            purpose = Purpose(kind=PurposeKind.EVACUATE, hosts=tuple(one.host for one in steps))
            options, given = self._world.options, Given(info=info, purpose=purpose)
            events = run(
                self._vcenter, plan, journal=self._journal, control=self._control, options=options, given=given
            )
            yield from self._watched(events, info.run)
            if not self._is_well(info.run):
                yield self._fail(steps[0], f"not every VM has left; see: vsphere-motion report {info.run}")
                raise _Stopped
        for step in steps:
            self._write(step, StepState.ENTERING)

    def _restore(self, batch: list[int]) -> Iterator[Event]:
        """Fill the hosts again that are well; what was on one that is not stays where it is."""
        steps = self._well(batch, StepState.RESTORING)
        if not steps:
            return
        others = tuple(one.host for one in self._at(batch) if one.state is not StepState.RESTORING)
        wanted = Wanted(
            runs=self._known_runs(steps),
            not_to=others,
            skip_checks=self._load().request.skip_checks,
            keeps_ha_reserve=self._load().request.keeps_ha_reserve,
        )
        found = prepare_restore(self._vcenter, self._journal, wanted, self._world.places)
        for line in found.lines:
            if line.back in {Back.CANNOT, Back.LEFT}:
                yield _note(f"{line.taken.vm.name} does not go back to {line.taken.origin.name}: {line.why}")
        if found.plan.moves:
            info = describe_run(self._vcenter)
            steps = [self._write(replace(one, runs=(*one.runs, info.run)), StepState.RESTORING) for one in steps]
            options = self._world.options
            events = restore(self._vcenter, self._journal, found, control=self._control, options=options, info=info)
            yield from self._watched(events, info.run)
            failed = [
                item.move.vm.name
                for item in self._journal.load_run(info.run).moves
                if item.outcome and item.outcome.state in {OutcomeState.FAILED, OutcomeState.CANCELLED}
            ]
            if failed:
                yield self._fail(steps[0], f"did not come back: {', '.join(failed)}")
                raise _Stopped
        for step in steps:
            self._write(step, StepState.DONE)
            yield _note(f"{step.host_name}: done")

    # -- the hosts ------------------------------------------------------------------------------------------------

    def _each(self, batch: list[int], state: StepState, do: object) -> Iterator[Event]:
        assert callable(do)
        for step in self._well(batch, state):
            try:
                yield from do(step)
            except (VCenterFault, OutcomeUnknown) as error:
                yield self._fail(step, error.message)
            except VCenterUnavailable as error:
                error.hint = f"go on with: vsphere-motion rolling --resume {self._id}"
                raise

    def _enter(self, step: RollingStep) -> Iterator[Event]:
        from vsphere_motion.vcenter.host_health import read_health
        from vsphere_motion.vcenter.maintenance import enter_maintenance, wait_for_task

        session, ends_s = self._vcenter.session, clock_through_sleep_s() + ENTER_LIMIT_S
        if not read_health(session, step.host).in_maintenance_mode:
            try:
                task = enter_maintenance(session, step.named, evacuate_powered_off=False)
            except VCenterFault as error:
                other = task_in_progress(error.fault_kind, error.details)
                if other is None:
                    raise
                task = other
            what = f"put {step.host_name} into maintenance mode"
            wait_for_task(session, task, what, is_over=lambda: self._is_over(ends_s))
            if self._control.is_detaching:
                raise _Stopped
            if not read_health(session, step.host).in_maintenance_mode:
                yield self._fail(step, f"not in maintenance mode after {ENTER_LIMIT_S:.0f} s; see task {task.moid}")
                return
        self._write(step, StepState.COMMAND)
        yield _note(f"{step.host_name}: in maintenance mode")

    def _command(self, batch: list[int]) -> Iterator[Event]:
        """Run the command for all of these hosts at once."""
        request = self._load().request
        running = []
        for step in self._well(batch, StepState.COMMAND):
            output = self._output / f"{step.position:03d}.log"
            words = words_for(request.command, step.host_name)
            step = replace(step, output=str(output), exit_code=None)
            try:
                running.append((step, HostCommand(words, output, self._world.environment)))
            except BadInput as error:
                yield self._fail(step, error.message)
                continue
            self._book.write_step(self._id, step)
            yield _note(f"{step.host_name}: runs {words[0]}, which writes to {output}")
        for step, command in running:
            yield self._end_command(step, command, request.command_limit_s)

    def _end_command(self, step: RollingStep, command: HostCommand, limit_s: float) -> Event:
        ended = command.wait(
            limit_s=limit_s, monotonic_s=clock_through_sleep_s, is_leaving=lambda: self._control.is_detaching
        )
        if ended.exit_code is None:
            raise _Stopped
        step = replace(step, exit_code=ended.exit_code)
        if ended.is_late:
            return self._fail(step, f"the command took longer than {limit_s:.0f} s and was ended; see {step.output}")
        if ended.exit_code != 0:
            words = f"the command ended with {ended.exit_code}; the host is left in maintenance mode; see {step.output}"
            return self._fail(step, words)
        self._write(step, StepState.CHECKING)
        return _note(f"{step.host_name}: the command ended with 0")

    def _check(self, step: RollingStep) -> Iterator[Event]:
        """Wait until the host is connected: a patch may have restarted it."""
        why = self._why_unwell(step, in_maintenance_mode=True)
        if why is not None:
            yield self._fail(step, why)
            return
        self._write(step, StepState.EXITING)

    def _exit(self, step: RollingStep) -> Iterator[Event]:
        from vsphere_motion.vcenter.host_health import read_health

        if read_health(self._vcenter.session, step.host).in_maintenance_mode:
            leave_maintenance(self._vcenter, step.named)
        why = self._why_unwell(step, in_maintenance_mode=False)
        if why is not None:
            yield self._fail(step, why)
            return
        self._write(step, StepState.RESTORING)
        yield _note(f"{step.host_name}: out of maintenance mode, and well")

    def _why_unwell(self, step: RollingStep, *, in_maintenance_mode: bool) -> str | None:
        """What is wrong with a host that had its time to become well; None if nothing is."""
        from vsphere_motion.vcenter.host_health import wait_for_health

        limit_s = self._load().request.health_limit_s
        ends_s = clock_through_sleep_s() + limit_s
        health = wait_for_health(
            self._vcenter.session,
            step.host,
            lambda seen: seen.is_connected and (in_maintenance_mode or seen.in_maintenance_mode is False),
            is_over=lambda: self._is_over(ends_s),
        )
        if self._control.is_detaching:
            raise _Stopped
        if not health.is_connected:
            return f"it is {health.connection or 'in a state that was not read'} {limit_s:.0f} s later"
        if not in_maintenance_mode and health.in_maintenance_mode is not False:
            return "it is still in maintenance mode"
        if health.status == "red":
            return "its overall status is red; look at its alarms in vCenter"
        host = self._vcenter.snapshot().find_host(step.host)
        return None if host and host.vmotion_nics else "no vmknic of it is enabled for vMotion"

    def _is_over(self, ends_s: float) -> bool:
        return self._control.is_detaching or clock_through_sleep_s() >= ends_s


def stuck_words(file: PlanFile) -> str:
    """Who cannot leave, and why, in one line."""
    found = []
    for one in file.stuck:
        why = one.note or "; ".join(f"{reason.host.name}: {reason.reason}" for reason in one.reasons)
        found.append(f"{one.vm.name} ({why or 'no host takes it'})")
    return ", ".join(found)


def _note(text: str, *, is_warning: bool = False) -> RunNoted:
    return RunNoted(at=datetime.now(UTC), text=text, is_warning=is_warning)
