"""Values to JSON data and back: nothing is lost, and nothing strange is let in."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests import build
from vsphere_motion.errors import BadInput
from vsphere_motion.model.event import MoveEnded, MoveProgressed
from vsphere_motion.model.finding import Finding
from vsphere_motion.model.inventory import Inventory, PowerState, RuleKind, Vm
from vsphere_motion.model.jsonform import format_time, from_json, to_json
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan, PlannedMove
from vsphere_motion.model.record import LogFailure, LogLine, MotionRecord
from vsphere_motion.model.task import Fault

RICH = build.site(
    vm=build.vm(
        name="été\u202e<b>%2f",
        power_state=PowerState.SUSPENDED,
        question="Did you move it or copy it?",
        running_tasks=(build.task(1), build.task(2, None)),
        disabled_methods=("RelocateVM_Task",),
        devices=(build.disk(), build.nic(network=None), build.cdrom(connected=None)),
        unread=("snapshot.rootSnapshotList",),
        snapshot_count=None,
    ),
    source=build.host(1, vmotion_nics=None, datastores=None),
    destination=build.host(2, vmotion_nics=()),
    others=(Vm(ref=build.vm_ref(2), name="unread"),),
    clusters=(
        build.cluster(1, rules=(build.rule(RuleKind.VM_HOST_MUST, hosts=(build.host_ref(2),)),)),
        build.cluster(2, rules=None),
    ),
    datastores=(build.datastore(1, mounts=(build.mount(1), build.mount(2, accessible=None))),),
    networks=(build.network(1, hosts=None), build.network(2, portgroup_key="dvportgroup-2", switch_uuid="50 1f")),
    unreadable=("vm-9: NoPermission",),
)
RECORD = MotionRecord(
    migration_id="5123456789012345678",
    source_host="host1",
    destination_host="host2",
    started_at=build.TAKEN_AT,
    precopy_s=31.25,
    failures=(LogFailure(host="host1", at=None, text="timed out", code="0xbad00e0"),),
    lines=(LogLine(host="host1", log="vmkernel", number=1, at=build.TAKEN_AT, text="VMotion: ..."),),
)
OUTCOME = Outcome(
    move=build.move(),
    state=OutcomeState.FAILED,
    task="task-1",
    started_at=build.TAKEN_AT,
    fault=Fault(kind="Timedout", message="", details=("a", "b")),
    motion=RECORD,
)
EVIDENCE: Any = (("text", "x"), ("int", 3), ("float", 2.5), ("bool", True), ("list", ("a", "b")), ("none", None))
PLAN = Plan(
    moves=(PlannedMove(move=build.move(), findings=(build.finding(evidence=EVIDENCE),), skipped=("vm.host",)),),
    skip_checks=("vm.host",),
)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(build.inventory(), id="a plain inventory"),
        pytest.param(RICH, id="an inventory with everything"),
        pytest.param(OUTCOME, id="an outcome with a motion"),
        pytest.param(PLAN, id="a plan with findings"),
        pytest.param(MoveEnded(at=build.TAKEN_AT, outcome=OUTCOME), id="an event"),
    ],
)
def test_what_goes_through_json_comes_back_equal(value: Any) -> None:
    assert from_json(type(value), json.loads(json.dumps(to_json(value)))) == value


def test_values_of_evidence_keep_their_types() -> None:
    back = from_json(Finding, json.loads(json.dumps(to_json(build.finding(evidence=EVIDENCE)))))
    assert [type(value) for _, value in back.evidence] == [type(value) for _, value in EVIDENCE]


def test_unknown_stays_null_and_zero_stays_zero() -> None:
    data = to_json(build.vm(snapshot_count=None, memory_reservation_bytes=0, disabled_methods=()))
    assert (data["snapshot_count"], data["memory_reservation_bytes"], data["disabled_methods"]) == (None, 0, [])


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        pytest.param(build.TAKEN_AT, "2026-11-22T19:56:12Z", id="whole seconds"),
        pytest.param(build.TAKEN_AT + timedelta(milliseconds=250), "2026-11-22T19:56:12.250000Z", id="decimals"),
        pytest.param(
            datetime(2026, 11, 22, 21, 56, 12, tzinfo=timezone(timedelta(hours=2))), "2026-11-22T19:56:12Z", id="zone"
        ),
    ],
)
def test_times_are_utc(time: datetime, expected: str) -> None:
    assert format_time(time) == expected


def test_a_time_of_another_zone_is_read_as_utc() -> None:
    data = to_json(build.inventory()) | {"taken_at": "2026-11-22T21:56:12+02:00"}
    assert from_json(Inventory, data).taken_at == datetime(2026, 11, 22, 19, 56, 12, tzinfo=UTC)


def _changed(*path: str | int, to: Any) -> Any:
    """The JSON data of a rich inventory with one place changed."""
    data = to_json(RICH)
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(_changed("vms", 0, "colour", to="red"), "unknown key $.vms[0].colour", id="unknown key"),
        pytest.param(_changed("vms", to={}), "$.vms is {}, expected an array", id="no array"),
        pytest.param(_changed("vms", 0, to=[]), "$.vms[0] is [], expected an object", id="no object"),
        pytest.param(
            _changed("vms", 0, "power_state", to="on"),
            "$.vms[0].power_state is 'on', expected one of poweredOn, poweredOff, suspended",
            id="no word of the set",
        ),
        pytest.param(
            _changed("vms", 0, "cpu_count", to="4"), "$.vms[0].cpu_count is '4', expected int", id="no number"
        ),
        pytest.param(_changed("vms", 0, "cpu_count", to=True), "$.vms[0].cpu_count is True, expected int", id="a bool"),
        pytest.param(_changed("vms", 0, "cpu_count", to=4.0), "$.vms[0].cpu_count is 4.0, expected int", id="a float"),
        pytest.param(_changed("vms", 0, "is_template", to=0), "$.vms[0].is_template is 0, expected bool", id="no bool"),
        pytest.param(_changed("vms", 0, "name", to=None), "$.vms[0].name is None, expected str", id="a null name"),
        pytest.param(_changed("taken_at", to="yesterday"), "$.taken_at is 'yesterday', expected a time", id="no time"),
        pytest.param(_changed("taken_at", to=5), "$.taken_at is 5, expected a time", id="a number for a time"),
        pytest.param(
            _changed("taken_at", to="2026-11-22T19:56:12"),
            "$.taken_at is '2026-11-22T19:56:12', expected a time with a zone",
            id="no zone",
        ),
        pytest.param([], "$ is [], expected an object", id="no inventory at all"),
        pytest.param(_changed("vms", to="x" * 100), f"$.vms is '{'x' * 59}..., expected an array", id="a long value"),
    ],
)
def test_what_is_strange_is_refused_with_its_place(data: Any, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_json(Inventory, data)
    assert caught.value.message.startswith(words)


def test_a_missing_key_is_refused_with_its_place() -> None:
    data = to_json(build.inventory())
    del data["vms"][0]["ref"]
    with pytest.raises(BadInput) as caught:
        from_json(Inventory, data)
    assert caught.value.message == "missing key $.vms[0].ref"


def test_a_missing_key_with_a_default_is_not() -> None:
    data = to_json(build.inventory())
    del data["unreadable"], data["vms"][0]["question"]
    assert from_json(Inventory, data) == build.inventory()


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        pytest.param([["only a name"]], "$.evidence[0] is ['only a name'], expected an array of 2", id="a pair"),
        pytest.param([["name", {}]], "$.evidence[0][1] is {}", id="a value of no type"),
    ],
)
def test_a_pair_has_two_parts(evidence: Any, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        from_json(Finding, to_json(build.finding()) | {"evidence": evidence})
    assert caught.value.message.startswith(words)


@dataclass(frozen=True)
class Sample:
    """A value with a number that may be whole in JSON."""

    rate: float


def test_a_whole_number_is_a_float_where_a_float_is_wanted() -> None:
    assert repr(from_json(Sample, {"rate": 3})) == "Sample(rate=3.0)"


def test_a_bool_is_no_float() -> None:
    with pytest.raises(BadInput):
        from_json(Sample, {"rate": True})


def test_lists_are_arrays_too() -> None:
    assert to_json([PowerState.ON, build.TAKEN_AT]) == ["poweredOn", "2026-11-22T19:56:12Z"]


def test_an_inventory_that_came_back_answers_as_before() -> None:
    back = from_json(Inventory, json.loads(json.dumps(to_json(RICH))))
    assert back.find_vm(build.vm_ref(1)) == RICH.find_vm(build.vm_ref(1))
    assert replace(back, vms=()).find_vm(build.vm_ref(1)) is None


def test_progress_round_trips() -> None:
    event = MoveProgressed(at=build.TAKEN_AT, move=build.move(), task="task-1", progress_percent=40)
    assert from_json(MoveProgressed, to_json(event)) == event
