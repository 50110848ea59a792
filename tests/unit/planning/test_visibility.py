"""What cannot be seen, and who is refused because of it."""

from __future__ import annotations

import pytest

from tests import build
from vsphere_motion.errors import NotFound, PermissionMissing
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.planning.selectors import find_vms
from vsphere_motion.planning.visibility import invisible_vms, invisible_vms_on, require_visible, visibility_notes

HIDDEN = build.vm(2, name="vm-2", host=None, unread=("name", "runtime.host", "config.template"), is_template=None)
MUTE = build.vm(3, unread=("disabledMethod",))


def site(*vms: object, **changes: object) -> Inventory:
    return build.inventory(vms=(build.vm(1), *vms), **changes)


def test_only_a_vm_without_a_name_is_invisible() -> None:
    assert invisible_vms(site(HIDDEN, MUTE)) == (HIDDEN,)
    assert invisible_vms(site(MUTE)) == ()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param((build.vm_ref(1), build.vm_ref(2)), (HIDDEN,), id="the host names it"),
        pytest.param((build.vm_ref(1),), (), id="another host's"),
        pytest.param(None, (HIDDEN,), id="nobody knows what the host has"),
    ],
)
def test_what_a_host_may_have_beside_what_is_seen(members: object, expected: object) -> None:
    assert invisible_vms_on(site(HIDDEN, MUTE), build.host(1, vms=members)) == expected


def test_a_vm_whose_host_is_hidden_counts_for_a_host_and_not_for_a_name() -> None:
    placeless = build.vm(4, host=None, unread=("runtime.host",))
    assert invisible_vms(site(placeless)) == ()
    assert invisible_vms_on(site(placeless), build.host(1, vms=(build.vm_ref(4),))) == (placeless,)


def test_whoever_needs_all_is_refused_and_told_of_each() -> None:
    require_visible((), wanted="anything")
    with pytest.raises(PermissionMissing, match="1 virtual machine is not visible") as caught:
        require_visible((HIDDEN,), wanted="web* means them too")
    assert caught.value.details == ("vm-2 on a host that cannot be read",)


def test_a_glob_is_refused_and_a_name_is_not() -> None:
    seen = site(HIDDEN)
    assert find_vms(seen, "vm1") == (build.vm(1),)
    with pytest.raises(PermissionMissing, match=r"whether vm\* means them too"):
        find_vms(seen, "vm*")
    with pytest.raises(NotFound):
        find_vms(seen, "other")


def test_the_notes_count_what_is_hidden_and_what_is_half_read() -> None:
    lines = (
        "VirtualMachine vm-2 (vm-2): name (NoPermission)",
        "VirtualMachine vm3 (vm-3): disabledMethod (NoPermission)",
    )
    assert visibility_notes(site()) == ()
    assert visibility_notes(site(HIDDEN, MUTE, unreadable=lines)) == (
        "1 virtual machine is not visible to this account: vm-2",
        "1 object is not readable in full; vsphere-motion doctor lists what is missing",
    )
