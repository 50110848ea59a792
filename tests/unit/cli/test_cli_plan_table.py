"""The table of a plan, byte by byte."""

from __future__ import annotations

from dataclasses import replace

from tests.build import finding
from tests.unit.cli.calls import plan, planned
from vsphere_motion.cli.migrate import blocked_error
from vsphere_motion.cli.plan_table import plan_lines, summary_line
from vsphere_motion.model.finding import Severity
from vsphere_motion.model.forecast import Forecast, MoveLoad, Span
from vsphere_motion.model.plan import Plan, PlannedMove


def lines(shown: Plan) -> list[str]:
    return list(plan_lines(shown, lambda text, colour: text))


def named(item: PlannedMove, name: str) -> PlannedMove:
    return replace(item, move=replace(item.move, vm=replace(item.move.vm, name=name)))


def test_a_blocked_vm_shows_the_reason_the_remedy_and_the_way_around() -> None:
    warning = finding(
        id="vm.snapshots", severity=Severity.WARNING, message="vm1 has 2 snapshots", remedy="delete them."
    )
    blocker = finding(message="vm1 needs 64 GiB")
    shown = plan(planned(), named(planned(warning, blocker), "a-longer-name"))

    assert lines(shown) == [
        "VM             FROM   TO     RESULT   FINDINGS",
        "vm1            host1  host2  ok       -",
        "a-longer-name  host1  host2  BLOCKED  blocker: vm1 needs 64 GiB [memory.admission]",
        "                                        hint: choose another host, or --skip-check memory.admission",
        "                                      warning: vm1 has 2 snapshots [vm.snapshots]",
        "                                        hint: delete them",
    ]
    assert summary_line(shown) == "1 ok, 1 blocked, 1 warning. Nothing was changed."


def test_an_overridden_blocker_says_so_and_offers_nothing() -> None:
    shown = plan(planned(finding(message="vm1 is big"), skipped=("memory.admission",)))

    assert lines(shown) == [
        "VM   FROM   TO     RESULT  FINDINGS",
        "vm1  host1  host2  ok      blocker, skipped: vm1 is big [memory.admission]",
    ]
    assert summary_line(shown) == "1 ok, 0 blocked, 0 warnings. Nothing was changed."


def test_unknown_and_unchanged_are_counted_only_where_there_are_any() -> None:
    unknown = planned(finding(severity=Severity.UNKNOWN))
    shown = plan(unknown, planned(to=1))

    assert [line.split()[3] for line in lines(shown) if line.startswith("vm1")] == ["unknown", "unchanged"]
    assert summary_line(shown) == "0 ok, 0 blocked, 0 warnings, 1 unknown, 1 unchanged. Nothing was changed."


def test_with_strict_a_warning_offers_the_way_around() -> None:
    shown = plan(planned(finding(severity=Severity.WARNING), strict=True))

    assert "BLOCKED" in lines(shown)[1]
    assert lines(shown)[2].strip() == "hint: choose another host, or --skip-check memory.admission"


def test_a_hostile_name_is_written_out() -> None:
    shown = lines(plan(named(planned(finding(message="\x1b]8;;x\x07 link")), "web\x1b[31m\n01")))

    assert not any("\x1b" in line or "\n" in line or "\x07" in line for line in shown)
    assert "web\\x1b[31m\\n01" in shown[1]


def test_only_the_result_is_coloured_and_the_columns_stay() -> None:
    painted = list(plan_lines(plan(planned(finding())), lambda text, colour: f"<{colour}>{text}</>"))

    assert painted[0] == "VM   FROM   TO     RESULT   FINDINGS"
    assert painted[1].startswith("vm1  host1  host2  <red>BLOCKED</>  blocker: ")


def test_the_error_of_a_blocked_run_names_every_id_once_and_partial() -> None:
    both = planned(finding(), finding(id="devices.cdrom", message="CD-ROM", remedy=""))

    error = blocked_error(plan(both, named(planned(finding()), "vm2"), named(planned(), "vm3")))

    assert error.exit_code == 3
    assert error.message == "2 of 3 VMs blocked by pre-flight. Nothing was changed."
    assert error.hint is not None
    assert error.hint.count("--skip-check memory.admission") == 1
    assert "--skip-check devices.cdrom" in error.hint
    assert "--partial" in error.hint
    assert error.details[1] == "vm1: CD-ROM [devices.cdrom]"
    assert "--partial" not in str(blocked_error(plan(both)).hint)


def test_what_a_move_is_expected_to_take_is_a_column_with_its_range() -> None:
    load = MoveLoad(vm=planned().move.vm.ref, memory_bytes=2**30)
    told = replace(planned(), forecast=Forecast(load=load, duration_s=Span(low=55, likely=57.3, high=150)))

    assert lines(plan(told, named(planned(), "untold"))) == [
        "VM      FROM   TO     RESULT  EXPECTED             FINDINGS",
        "vm1     host1  host2  ok      ~57s (55s to 2m30s)  -",
        "untold  host1  host2  ok      -                    -",
    ]
