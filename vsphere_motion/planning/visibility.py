"""What this account cannot see, and who may not go on without it. PURE.

Rules of this file: an object that vCenter names and does not let us read is never left out in silence. A word that
means every VM of a kind (a glob, a host to empty) is refused while there are VMs that it may mean and nobody can read.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.errors import PermissionMissing
from vsphere_motion.model.inventory import Host, Inventory, Vm

NAME = "name"
HOST = "runtime.host"

_HINT = (
    "Give the account the role Read-only on them, or name the virtual machines one by one. "
    "What it may not see is listed by: vsphere-motion doctor"
)


def invisible_vms(inventory: Inventory) -> tuple[Vm, ...]:
    """The VMs that vCenter names and of which not even the name may be read."""
    return tuple(vm for vm in inventory.vms if NAME in vm.unread)


def invisible_vms_on(inventory: Inventory, host: Host) -> tuple[Vm, ...]:
    """The VMs that a host has, or may have, and that cannot be moved because they cannot be read."""
    members = frozenset(host.vms or ())
    return tuple(
        vm
        for vm in inventory.vms
        if (NAME in vm.unread or HOST in vm.unread) and (vm.ref in members or host.vms is None)
    )


def require_visible(vms: tuple[Vm, ...], *, wanted: str) -> None:
    """Go on only if there is nothing that cannot be seen.

    Args:
        vms: as one of the functions above gives them.
        wanted: what was asked for, as words that go on from "so nobody knows whether".

    Raises:
        PermissionMissing: there are such VMs; the details name every one.
    """
    if vms:
        raise PermissionMissing(
            f"{_count(len(vms), 'virtual machine')} not visible to this account, so nobody knows whether {wanted}",
            hint=_HINT,
            details=tuple(f"{vm.ref.moid} on {_host_name(vm)}" for vm in vms),
        )


def visibility_notes(inventory: Inventory) -> tuple[str, ...]:
    """What is to be said of the snapshot as a whole; nothing where everything was read."""
    return tuple(_notes(inventory))


def _notes(inventory: Inventory) -> Iterator[str]:
    hidden = [vm.ref.moid for vm in invisible_vms(inventory)]
    if hidden:
        yield f"{_count(len(hidden), 'virtual machine')} not visible to this account: {', '.join(hidden)}"
    partly = len(inventory.unreadable) - len(hidden)
    if partly > 0:
        yield f"{_count(partly, 'object')} not readable in full; vsphere-motion doctor lists what is missing"


def _host_name(vm: Vm) -> str:
    return "a host that cannot be read" if vm.host is None else vm.host.moid


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{' is' if number == 1 else 's are'}"
