"""What goes back: what the run has moved, nobody else has touched, and fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.restore import way_back, with_exits
from vsphere_motion.planning.restore_lines import Back, Taken, compare_places, taken_of

AWAY = build.site(others=(build.vm(2, host=build.host_ref(2)),))


def ended(number: int, source: int, to: int, state: OutcomeState = OutcomeState.MOVED) -> Outcome:
    """The end of a move between two hosts."""
    site = build.site(others=(build.vm(number, host=build.host_ref(source)),)) if number > 1 else build.site()
    move = build.move(site, number=number, to=to)
    source_host = AWAY.name_of(build.host_ref(source))
    return Outcome(move=replace(move, source=replace(move.source, host=source_host)), state=state)


def taken(number: int = 2, **changes: Any) -> Taken:
    """VM 2 was on host 1 and was put on host 2."""
    (one,) = taken_of([ended(number, 1, 2)])
    return replace(one, **changes)


def test_a_vm_that_moved_twice_goes_from_its_last_place_to_its_first() -> None:
    (one,) = taken_of([ended(2, 1, 3), ended(2, 3, 2)])
    assert (one.origin.name, one.put.name) == ("host1", "host2")


@pytest.mark.parametrize("state", [state for state in OutcomeState if state is not OutcomeState.MOVED])
def test_what_was_not_seen_to_move_is_not_taken_back(state: OutcomeState) -> None:
    assert taken_of([ended(2, 1, 2, state)]) == ()


@pytest.mark.parametrize(
    ("site", "back", "why"),
    [
        pytest.param(AWAY, Back.GOES, "", id="where we put it"),
        pytest.param(build.site(others=(build.vm(2),)), Back.THERE, "it is back already", id="back already"),
        pytest.param(
            build.site(others=(build.vm(2, host=build.host_ref(3)),)),
            Back.LEFT,
            "it was put on host2 and somebody else has moved it since",
            id="a foreign move",
        ),
        pytest.param(
            build.site(others=(build.vm(2, host=None),)),
            Back.LEFT,
            "it was put on host2 and somebody else has moved it since",
            id="on no host",
        ),
        pytest.param(build.site(), Back.LEFT, "it no longer exists", id="gone"),
        pytest.param(
            build.site(others=(build.vm(2, host=build.host_ref(2), instance_uuid="other"),)),
            Back.LEFT,
            "vm-2 is another VM now: vm2",
            id="another VM with its reference",
        ),
        pytest.param(
            replace(AWAY, hosts=tuple(host for host in AWAY.hosts if host.ref != build.host_ref(1))),
            Back.CANNOT,
            "host1 no longer exists",
            id="the host is gone",
        ),
    ],
)
def test_where_a_vm_is_decides_what_becomes_of_it(site: Inventory, back: Back, why: str) -> None:
    (line,) = compare_places(site, [taken()])
    assert (line.back, line.why) == (back, why)


def test_only_what_was_on_the_named_host_is_looked_at() -> None:
    assert compare_places(AWAY, [taken()], build.host_ref(3)) == ()
    assert len(compare_places(AWAY, [taken()], build.host_ref(1))) == 1


def judged(site: Inventory, findings: dict[MoRef, tuple[Finding, ...]] | None = None) -> tuple[Back, str, int]:
    back = way_back(site, compare_places(site, [taken()]), findings or {})
    return back.lines[0].back, back.lines[0].why, len(back.steps)


def test_what_fits_goes_back_in_one_step() -> None:
    assert judged(AWAY) == (Back.GOES, "", 1)


def test_a_blocker_keeps_a_vm_where_it_is() -> None:
    blocker = build.finding(id="storage.reach", severity=Severity.BLOCKER, message="not there")
    assert judged(AWAY, {build.vm_ref(2): (blocker,)}) == (Back.CANNOT, "not there [storage.reach]", 0)


def test_a_host_in_maintenance_mode_takes_nothing_until_it_leaves_it() -> None:
    shut = _with_host(in_maintenance_mode=True)
    assert judged(shut) == (Back.CANNOT, "host1: it is in maintenance mode", 0)
    assert judged(with_exits(shut, [build.host_ref(1)])) == (Back.GOES, "", 1)


def test_what_does_not_fit_is_told_with_the_host() -> None:
    assert judged(_with_host(memory_bytes=1024)) == (Back.CANNOT, "host1: not enough memory", 0)


def test_two_vms_that_changed_places_go_back_through_a_third_host() -> None:
    """Both hosts have room for one VM of this size and nothing more."""
    size = 3 * 1024**3
    site = build.site(
        others=(
            build.vm(2, host=build.host_ref(2), memory_bytes=size, memory_used_bytes=size),
            build.vm(3, host=build.host_ref(1), memory_bytes=size, memory_used_bytes=size),
        )
    )
    swapped = [taken(2), taken_of([ended(3, 2, 1)])[0]]
    back = way_back(site, compare_places(site, swapped), {})
    assert [line.back for line in back.lines] == [Back.GOES, Back.GOES]
    assert len(back.steps) >= 2


def _with_host(**changes: Any) -> Inventory:
    hosts = tuple(replace(host, **changes) if host.ref == build.host_ref(1) else host for host in AWAY.hosts)
    return replace(AWAY, hosts=hosts)
