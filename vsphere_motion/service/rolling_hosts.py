"""The part of a rolling that works on the hosts: maintenance mode, the command, and whether the host is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from vsphere_motion.errors import BadInput, OutcomeUnknown, VCenterFault, VCenterUnavailable
from vsphere_motion.model.event import Event
from vsphere_motion.model.rolling import RollingStep, StepState
from vsphere_motion.run.before import task_in_progress
from vsphere_motion.run.host_command import HostCommand, words_for
from vsphere_motion.service.maintenance_exit import leave_maintenance
from vsphere_motion.service.rolling_steps import RollingWork, Stopped, note_of
from vsphere_motion.service.run_ports import clock_through_sleep_s

ENTER_LIMIT_S = 900.0
"""Entering takes seconds once a host is empty."""


class HostWork(RollingWork):
    """Works on hosts that are empty."""

    def _each(
        self, batch: list[int], state: StepState, do: Callable[[RollingStep], Iterator[Event]]
    ) -> Iterator[Event]:
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
                raise Stopped
            if not read_health(session, step.host).in_maintenance_mode:
                yield self._fail(step, f"not in maintenance mode after {ENTER_LIMIT_S:.0f} s; see task {task.moid}")
                return
        self._write(step, StepState.COMMAND)
        yield note_of(f"{step.host_name}: in maintenance mode")

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
            yield note_of(f"{step.host_name}: runs {words[0]}, which writes to {output}")
        for step, command in running:
            yield self._end_command(step, command, request.command_limit_s)

    def _end_command(self, step: RollingStep, command: HostCommand, limit_s: float) -> Event:
        ended = command.wait(
            limit_s=limit_s, monotonic_s=clock_through_sleep_s, is_leaving=lambda: self._control.is_detaching
        )
        if ended.exit_code is None:
            raise Stopped
        step = replace(step, exit_code=ended.exit_code)
        if ended.is_late:
            return self._fail(step, f"the command took longer than {limit_s:.0f} s and was ended; see {step.output}")
        if ended.exit_code != 0:
            words = f"the command ended with {ended.exit_code}; the host is left in maintenance mode; see {step.output}"
            return self._fail(step, words)
        self._write(step, StepState.CHECKING)
        return note_of(f"{step.host_name}: the command ended with 0")

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
        yield note_of(f"{step.host_name}: out of maintenance mode, and well")

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
            raise Stopped
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
