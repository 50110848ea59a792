"""Over generated moves: nothing gets better by a lack or a demand, and what was not read is never taken for good."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests import build
from tests.unit.preflight.ladders import DEVICES, LADDERS, World
from vsphere_motion.model.finding import Finding, Severity, Verdict
from vsphere_motion.model.inventory import PowerState
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.preflight.registry import CHECKS

ORDER = (Verdict.OK, Verdict.UNKNOWN, Verdict.BLOCKED)
STEPS = [(name, step) for name, rung in LADDERS.items() for step in range(len(rung.steps))]
SAME = settings(max_examples=8, deadline=None, derandomize=True, database=None, phases=(Phase.generate,))
"""The same worlds in every run; every ladder is stepped down in each, so a failing one is not made smaller."""

GREEDY = {
    "devices": DEVICES,
    "features": LADDERS["needed features"].steps[-1]["features"],
    "nested_hv": True,
    "cpu_counters": True,
    "is_encrypted": True,
    "swap_placement": "hostLocal",
    "snapshot_count": 1,
    "cores_per_socket": 2,
    "ft_state": "running",
    "ft_instance_uuids": ("uuid-a",),
    "cpu_reservation_mhz": 3_000,
    "memory_reservation_bytes": 8 * build.GIB,
}
"""A VM to which as much as can be matters."""

POOR = {
    "there": {
        "nested_hv_supported": False,
        "cpu_counters_supported": False,
        "encrypted_vmotion_supported": False,
        "unshared_swap_supported": False,
        "build": "1",
    },
    "home": {"free_bytes": 50 * build.GIB},
    "target": {"free_bytes": 50 * build.GIB},
    "beside": {"ft_state": "running", "cpu_count": 6},
}
"""A destination for which as much as can matters of what a VM asks for."""

BESIDE = ({"cpu_count": 6}, {"cpu_count": 1, "ft_state": "running"})
"""Who may run on the destination already."""

SPEAK_FOR = {
    "vmknic.missing": (
        "vmknic.",
        "host.feature",
        "memory.large",
        "memory.dirty-rate",
        "devices.vgpu-stun",
        "concurrency.network",
    ),
    "ft.state": ("ft.",),
    "vmknic.family": ("vmknic.subnet",),
    "vmknic.link": ("memory.dirty-rate", "devices.vgpu-stun"),
}
"""Checks that say for others that nothing can be compared: no vmknic, no live link, no state, no common IP version."""

TOLD_TWICE = {
    ("datastores", "datastores"): "the datastore's own list of hosts",
    ("networks", "networks"): "the network's own list of hosts",
    ("network", "hosts"): "the host's own list of networks",
}
"""Fields by ladder that need not be read, and what says the same."""


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to six ladders stepped down, on a running VM mostly, to either destination, files and networks or not."""
    return World(
        steps=dict(draw(st.lists(st.sampled_from(STEPS), max_size=6))),
        power=draw(st.sampled_from([PowerState.ON, PowerState.ON, PowerState.OFF, PowerState.SUSPENDED])),
        to=draw(st.sampled_from([2, 3])),
        moves_files=draw(st.booleans()),
        moves_nics=draw(st.booleans()),
    )


def verdict(findings: tuple[Finding, ...]) -> int:
    """How bad the findings are together."""
    return ORDER.index(PlannedMove(move=build.move(), findings=findings).verdict)


def stops(findings: tuple[Finding, ...]) -> set[str]:
    """The ids of what would stop the move where warnings and unknown findings stop it too."""
    return {finding.id for finding in findings if finding.severity is not Severity.INFO}


def test_of_a_world_in_which_nothing_is_stepped_down_no_check_says_anything() -> None:
    for to in (2, 3):
        for moves in (False, True):
            assert stops(World(to=to, moves_files=moves, moves_nics=moves).findings()) == set()


@SAME
@given(world=worlds())
def test_no_step_down_any_ladder_makes_a_move_better(world: World) -> None:
    for name, rung in LADDERS.items():
        seen = [world.down(name, step).findings() for step in range(len(rung.steps))]
        for before, after in pairwise(seen):
            assert verdict(after) >= verdict(before), name
            assert silenced(stops(before), stops(after)) == set(), name


@SAME
@given(world=worlds())
def test_what_was_not_read_is_said_by_every_check_to_which_it_would_have_mattered(world: World) -> None:
    for name, rung in LADDERS.items():
        for one in rung.steps[0]:
            if (name, one) not in TOLD_TWICE:
                known = [stops(world.changed(rung.part, {one: step[one]}).findings()) for step in rung.steps]
                mattered = set.union(*known) - set.intersection(*known)
                assert silenced(mattered, stops(world.unread(name, one).findings())) == set(), (name, one)


def silenced(before: set[str], after: set[str]) -> set[str]:
    """The checks that no longer say anything, and for which no other one speaks."""
    spoken_for = tuple(one for check_id, others in SPEAK_FOR.items() if check_id in after for one in others)
    return {one for one in before - after if not one.startswith(spoken_for)}


def test_what_two_lists_say_must_be_in_one_of_them() -> None:
    lists = World().changed("network", {"hosts": None}), World().changed("home", {"mounts": None})
    for world, one in zip(lists, ("networks", "datastores"), strict=True):
        assert verdict(world.changed("there", {one: None}).findings()) == ORDER.index(Verdict.UNKNOWN)


OF_USE = [
    World(power=power, to=to, moves_files=moves_files, moves_nics=moves_nics, changes=changes)
    for power, to, moves_files, moves_nics in (
        (PowerState.ON, 2, False, False),
        (PowerState.ON, 3, True, False),
        (PowerState.ON, 2, False, True),
        (PowerState.SUSPENDED, 2, False, False),
    )
    for changes in ({}, POOR, {"vm": {"devices": DEVICES}}, *({"vm": GREEDY, "beside": one} for one in BESIDE))
]
"""Worlds in which much can matter."""

NO_LADDER = {
    "vm.host": "a VM is on a host or it is not",
    "vmknic.drift": "compares a host with most others, and means neither more nor less",
    "cluster.ha-protection": "where vSphere HA is off, it keeps no room and no host free either",
    "place.name": "a name is taken in the destination's folder or it is not",
    "place.identity": "an instance UUID is in the other vCenter or it is not",
    "keepsakes.tags": "the other vCenter has a tag or it has not",
    "keepsakes.attributes": "the other vCenter has an attribute or it has not",
}
"""Checks with something to say that no step down a ladder brings about, and why."""


def test_every_ladder_has_a_step_that_matters_and_every_check_a_ladder() -> None:
    """A ladder whose steps no check can tell apart would prove nothing, and so would a check on no ladder."""
    told = {name: set.union(*(_told(name, world) for world in OF_USE)) for name in LADDERS}
    grave = {check.id for check in CHECKS if check.function and check.severity is not Severity.INFO}
    assert [name for name, ids in told.items() if not ids] == []
    assert grave - set.union(*told.values()) == NO_LADDER.keys()


def _told(name: str, world: World) -> set[str]:
    """The checks that tell a step of a ladder from another."""
    seen = [stops(world.down(name, step).findings()) for step in range(len(LADDERS[name].steps))]
    return set.union(*seen) - set.intersection(*seen)
