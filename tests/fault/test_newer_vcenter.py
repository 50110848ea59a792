"""One object of many is described in words that this program does not know yet."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from pyVmomi import VmomiSupport

from tests.conftest import REAL_ENVIRONMENT
from tests.fault.doors import session_through
from tests.promises import record, tries
from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import make_factory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.inventory import take_snapshot

pytestmark = pytest.mark.vcsim

VMS = tries(reduced=40, whole=500)
"""The promise is about 500; a snapshot of so many takes seconds."""

READS = ("RetrievePropertiesEx", "ContinueRetrievePropertiesEx")
_WORD = re.compile(rb"<(\w+)( [^>]*)?>([a-z]\w*)</\1>")

Change = Callable[[bytes], bytes]
"""From what is said of the one VM to what a newer vCenter says."""

CHANGES: dict[str, Change] = {
    "unknown enum value": lambda text: text.replace(b">poweredOn</val>", b">poweredSideways</val>"),
    "unknown type": lambda text: text.replace(b'"VirtualIDEController"', b'"VirtualFluxCapacitor"'),
    "unknown field": lambda text: text.replace(b"</VirtualDevice>", b"<flux>1.21</flux></VirtualDevice>"),
    "unknown fault": lambda text: re.sub(
        rb"<propSet><name>name</name>.*?</propSet>(.*)",
        rb"\1<missingSet><path>name</path><fault><fault xsi:type='FluxFault'><amps>3</amps></fault>"
        rb"<localizedMessage>No flux.</localizedMessage></fault></missingSet>",
        text,
        flags=re.DOTALL,
    ),
}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVCenter]:
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("simulators"))}
    with contextlib.ExitStack() as stack:
        yield make_factory(stack, environment)(hosts=8, vms=VMS)


@pytest.fixture(scope="module")
def plain(large: SimulatedVCenter) -> Inventory:
    return snapshot_with(large, "none", lambda text: text)[0]


def said_of(moid: str) -> re.Pattern[bytes]:
    """What an answer says of one VM."""
    return re.compile(rb'<obj type="VirtualMachine">%s</obj>.*?</objects>' % moid.encode(), re.DOTALL)


def snapshot_with(vcenter: SimulatedVCenter, moid: str, change: Change) -> tuple[Inventory, int]:
    """The inventory when this VM is described in changed words, and how many answers were changed."""
    changed = []

    def edit(body: bytes) -> bytes:
        new = said_of(moid).sub(lambda found: change(found[0]), body)
        if new != body:
            changed.append(1)
        return new

    with FaultProxy(vcenter) as proxy:
        for method in READS:
            proxy.plant(Rule(kind="edit", method=method, edit=edit, times=None))
        with session_through(proxy) as session:
            return take_snapshot(session), len(changed)


def as_read(vm: Vm) -> tuple[object, ...]:
    """What is compared: everything but the figures that change by themselves."""
    return (vm.ref, vm.name, vm.power_state, vm.connection_state, vm.host, vm.devices, vm.unread, vm.path)


def usable(inventory: Inventory, plain: Inventory) -> int:
    """How many VMs are read as they are without the change."""
    before = {as_read(vm) for vm in plain.vms}
    return sum(1 for vm in inventory.vms if as_read(vm) in before)


@pytest.mark.parametrize("kind", CHANGES)
def test_row_21_an_object_of_a_newer_vcenter_costs_itself_alone(
    large: SimulatedVCenter, plain: Inventory, kind: str
) -> None:
    odd = plain.vms[VMS // 2]
    inventory, changed = snapshot_with(large, odd.ref.moid, CHANGES[kind])
    assert changed, "no answer was changed"
    fine = usable(inventory, plain)
    record(21, f"{fine}/{VMS} usable with an {kind}")
    assert fine == VMS - 1
    [same] = [vm for vm in inventory.vms if vm.ref == odd.ref]
    assert same.unread, same


@pytest.mark.timeout(1800)
def test_row_21_every_enum_that_is_read_may_have_a_new_value(large: SimulatedVCenter, plain: Inventory) -> None:
    odd = plain.vms[VMS // 2]
    words = sorted(_enum_words(large, odd.ref.moid))
    assert len(words) > 5
    chosen = words[:: max(1, len(words) // tries(reduced=4, whole=len(words)))]
    for word in chosen:
        old = b">%s<" % word.encode()
        inventory, changed = snapshot_with(large, odd.ref.moid, lambda text, old=old: text.replace(old, b">brandNew<"))
        assert changed, word
        assert usable(inventory, plain) >= VMS - 1, word
        assert len(inventory.vms) == VMS, word


def _enum_words(vcenter: SimulatedVCenter, moid: str) -> set[str]:
    """The words in what is said of a VM that are values of an enumeration."""
    found: set[str] = set()

    def note(body: bytes) -> bytes:
        for said in said_of(moid).findall(body):
            found.update(word[2].decode() for word in _WORD.findall(said))
        return body

    with FaultProxy(vcenter) as proxy:
        for method in READS:
            proxy.plant(Rule(kind="edit", method=method, edit=note, times=None))
        with session_through(proxy) as session:
            take_snapshot(session)
    return found & _values_of_enums()


@cache
def _values_of_enums() -> frozenset[str]:
    return frozenset(word for *_, values in VmomiSupport._enumDefMap.values() for word in values)
