"""Reading around properties whose answer cannot be understood."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.unit.vcenter.things import vm_ref
from vsphere_motion.errors import CallTimeout, ProtocolError, VCenterFault
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.salvage import READS_A_PATH, read_around

Result = dict[str, str]
PATHS = tuple("abcdefgh")


class OddServer:
    """Fails to answer any read that touches an odd property; `refused` are paths it does not know at all."""

    def __init__(self, odd: set[tuple[MoRef, str]] = frozenset(), refused: Sequence[str] = ()) -> None:  # type: ignore[assignment]
        self.odd = odd
        self.refused = refused
        self.reads = 0

    def read(self, refs: Sequence[MoRef], paths: Sequence[str]) -> dict[MoRef, Result]:
        self.reads += 1
        if any(path in self.refused for path in paths):
            raise VCenterFault("no such property", fault_kind="InvalidProperty")
        if any((ref, path) in self.odd for ref in refs for path in paths):
            raise ProtocolError("an enum value that nobody knows")
        return {ref: {path: f"{ref.moid}.{path}" for path in paths} for ref in refs}

    def read_around(self, refs: Sequence[MoRef]) -> dict[MoRef, Result]:
        return read_around(self.read, lambda _, path, why: {path: why}, lambda one, two: one | two, refs, PATHS)


def everything(refs: Sequence[MoRef]) -> dict[MoRef, Result]:
    return OddServer().read(refs, PATHS)


def test_a_good_answer_costs_one_read() -> None:
    server, refs = OddServer(), [vm_ref(1), vm_ref(2)]
    assert server.read_around(refs) == everything(refs)
    assert server.reads == 1


def test_one_odd_property_costs_nothing_else() -> None:
    refs = [vm_ref(number) for number in range(100)]
    expected = everything(refs)
    expected[vm_ref(37)]["c"] = "protocol_error"
    server = OddServer({(vm_ref(37), "c")})
    assert server.read_around(refs) == expected
    assert server.reads < 30


def test_odd_properties_of_several_objects_are_told_apart() -> None:
    refs = [vm_ref(number) for number in range(1000)]
    odd = {(vm_ref(3), "b"), (vm_ref(500), "b"), (vm_ref(999), "h")}
    expected = everything(refs)
    for ref, path in odd:
        expected[ref][path] = "protocol_error"
    assert OddServer(odd).read_around(refs) == expected


def test_a_path_that_is_odd_everywhere_is_given_up_and_the_rest_is_read() -> None:
    refs = [vm_ref(number) for number in range(1000)]
    server = OddServer({(ref, "d") for ref in refs})
    found = server.read_around(refs)
    assert {result["d"] for result in found.values()} == {"protocol_error"}
    assert {ref: {**result, "d": f"{ref.moid}.d"} for ref, result in found.items()} == everything(refs)
    assert server.reads <= READS_A_PATH + 2 * len(PATHS)


def test_a_path_the_server_does_not_know_is_refused_for_every_object() -> None:
    refs = [vm_ref(number) for number in range(50)]
    server = OddServer(refused=["e"])
    found = server.read_around(refs)
    assert {result["e"] for result in found.values()} == {"InvalidProperty"}
    assert {ref: {**result, "e": f"{ref.moid}.e"} for ref, result in found.items()} == everything(refs)
    assert server.reads < 10


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(CallTimeout("too late"), id="timeout"),
        pytest.param(VCenterFault("overloaded", fault_kind="SystemError"), id="another fault"),
    ],
)
def test_an_error_that_asking_for_less_cannot_help_is_raised_at_once(error: Exception) -> None:
    reads = []

    def read(refs: Sequence[MoRef], paths: Sequence[str]) -> dict[MoRef, Result]:
        reads.append(paths)
        raise error

    with pytest.raises(type(error)):
        read_around(read, lambda _, path, why: {path: why}, lambda one, two: one | two, [vm_ref(1)], PATHS)
    assert len(reads) == 1


def test_an_error_while_telling_objects_apart_is_raised() -> None:
    calls = []

    def read(refs: Sequence[MoRef], paths: Sequence[str]) -> dict[MoRef, Result]:
        calls.append(refs)
        if len(calls) < 3:
            raise ProtocolError("an enum value that nobody knows")
        raise VCenterFault("overloaded", fault_kind="SystemError")

    with pytest.raises(VCenterFault):
        read_around(read, lambda _, path, why: {path: why}, lambda one, two: one | two, [vm_ref(1), vm_ref(2)], ["a"])
