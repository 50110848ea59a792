"""What is asked again when answers are lost by chance, and how much more is sent because of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.promises import record, tries
from tests.sim.reading import move_away, session_with
from vsphere_motion.errors import MotionError, OutcomeUnknown, Unreachable, VCenterFault
from vsphere_motion.testing.control import Control
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.collector import read_objects
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.relocate import VCenterRelocator

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(1800)]

CHANCE = 0.3
LIMIT = 1.5


def sent_by(control: Control, method: str, calls: Callable[[], object], *, times: int) -> tuple[int, list[MotionError]]:
    """How many calls of a method arrived while `calls` was made so often, and the errors it ended with."""
    control.clear_trace()
    errors = []
    for _ in range(times):
        try:
            calls()
        except MotionError as error:
            errors.append(error)
    return Counter(call["method"] for call in control.trace())[method], errors


def by_chance(control: Control, method: str, **what: object) -> None:
    control.remove_faults()
    control.plant_faults({"name": "chance", "match": {"method": method, "probability": CHANCE}, **what})


def test_row_32_no_retry_storm(vcenter: SimulatedVCenter) -> None:
    asked = tries(reduced=120, whole=1200)
    with session_with(vcenter) as session:
        inventory = take_snapshot(session)
        vms, control = [vm.ref for vm in inventory.vms], vcenter.control

        by_chance(control, "RetrievePropertiesEx", cut="after")
        sent, lost = sent_by(control, "RetrievePropertiesEx", lambda: read_objects(session, vms, ["name"]), times=asked)
        assert {type(error) for error in lost} <= {Unreachable}
        assert len(lost) <= asked / 20  # 0.3 to the fourth, and chance

        by_chance(control, "CurrentTime", fail={"fault": "InvalidState", "message": "not today"})
        answered, refused = sent_by(control, "CurrentTime", session.now, times=asked)
        assert answered == asked, "a refusal is an answer: it is not asked again"
        assert {type(error) for error in refused} == {VCenterFault}
    ratio = sent / asked
    record(
        32,
        f"{ratio:.2f} calls for each needed at p = {CHANCE}; {answered - asked} of {len(refused)} refusals asked again",
    )
    assert ratio <= LIMIT


def test_a_relocation_is_sent_once_whatever_becomes_of_its_answers(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(hosts=3, vms=24)
    with session_with(vcenter) as session:
        inventory, relocator = take_snapshot(session), VCenterRelocator(session)
        moves = iter([move_away(inventory, vm) for vm in inventory.vms])
        by_chance(vcenter.control, "RelocateVM_Task", cut="after")
        sent, errors = sent_by(
            vcenter.control,
            "RelocateVM_Task",
            lambda: relocator.start_relocation(next(moves), op_id="op"),
            times=len(inventory.vms),
        )
    assert sent == len(inventory.vms) == len(vcenter.control.motions())
    assert {type(error) for error in errors} == {OutcomeUnknown}
