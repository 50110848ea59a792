"""The part of a rolling that moves VMs: off the hosts, and back.

Rule of this file: the journal has the id of a run before the run is begun, so that none is lost by a kill.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vsphere_motion.model.event import Event
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.outcome import OutcomeState, made_good
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.plan_file import PlanFile
from vsphere_motion.model.plan_request import request_of
from vsphere_motion.model.rolling import Rolling, RollingStep, StepState
from vsphere_motion.planning.restore_lines import Back
from vsphere_motion.run.workbook import Purpose, PurposeKind
from vsphere_motion.service.apply import runnable_plan
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.migrate import describe_run, run
from vsphere_motion.service.next_best import NextBest
from vsphere_motion.service.options import Given
from vsphere_motion.service.placing import make_plan_file
from vsphere_motion.service.restore import Wanted, prepare_restore, restore
from vsphere_motion.service.resume import resume
from vsphere_motion.service.rolling_plan import emptying
from vsphere_motion.service.rolling_steps import RollingWork, Stopped, note_of
from vsphere_motion.service.surroundings import Places
from vsphere_motion.service.windows import in_windows

_WELL = {OutcomeState.MOVED, OutcomeState.UNCHANGED}


def plan_step(
    vcenter: VCenter, inventory: Inventory, rolling: Rolling, steps: Sequence[RollingStep], places: Places
) -> PlanFile:
    """The plan that empties these hosts together."""
    wanted = emptying(rolling.request, [step.host.moid for step in steps])
    return make_plan_file(inventory, wanted, vcenter=vcenter, places=places)


class MoveWork(RollingWork):
    """Empties hosts and fills them again."""

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
            raise Stopped

    def _watched(self, events: Iterator[Event], run_id: str) -> Iterator[Event]:
        """Events of a run; where it is left before its end, nothing more is begun."""
        yield from events
        self._require_finished(run_id)

    def _in_window(self, plan: Plan) -> Plan:
        return in_windows(plan, self._load().request.window, None)

    def _is_well(self, run_id: str) -> bool:
        outcomes = [item.outcome for item in self._journal.load_run(run_id).moves]
        good = made_good([one for one in outcomes if one is not None])
        return all(one and (one.state in _WELL or number in good) for number, one in enumerate(outcomes))

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
            raise Stopped
        yield from self._move_off(inventory, file, steps)

    def _move_off(self, inventory: Inventory, file: PlanFile, steps: list[RollingStep]) -> Iterator[Event]:
        plan = self._in_window(runnable_plan(self._vcenter, inventory, file, places=self._world.places))
        if plan.blocked():
            names = ", ".join(f"{one.move.vm.name} ({one.blockers[0].message})" for one in plan.blocked())
            yield self._fail(steps[0], f"it cannot be emptied: {names}")
            raise Stopped
        if plan.moves:
            info = describe_run(self._vcenter)
            steps = [self._write(replace(one, runs=(*one.runs, info.run)), StepState.EVACUATING) for one in steps]
            purpose = Purpose(kind=PurposeKind.EVACUATE, hosts=tuple(one.host for one in steps))
            replan = NextBest(self._vcenter, request_of(file.kind, file.choices), self._world.places)
            options, given = self._world.options, Given(info=info, purpose=purpose, replan=replan)
            events = run(
                self._vcenter, plan, journal=self._journal, control=self._control, options=options, given=given
            )
            yield from self._watched(events, info.run)
            if not self._is_well(info.run):
                yield self._fail(steps[0], f"not every VM has left; see: vsphere-motion report {info.run}")
                raise Stopped
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
        found = replace(found, plan=self._in_window(found.plan))
        for line in found.lines:
            if line.back in {Back.CANNOT, Back.LEFT}:
                yield note_of(f"{line.taken.vm.name} does not go back to {line.taken.origin.name}: {line.why}")
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
                raise Stopped
        for step in steps:
            self._write(step, StepState.DONE)
            yield note_of(f"{step.host_name}: done")


def stuck_words(file: PlanFile) -> str:
    """Who cannot leave, and why, in one line."""
    found = []
    for one in file.stuck:
        why = one.note or "; ".join(f"{reason.host.name}: {reason.reason}" for reason in one.reasons)
        found.append(f"{one.vm.name} ({why or 'no host takes it'})")
    return ", ".join(found)
