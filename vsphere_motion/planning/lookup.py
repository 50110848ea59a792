"""Finds virtual machines by what names one of them, however many words there are."""

from __future__ import annotations

from collections import defaultdict

from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.planning.names import composed, plain

MOID = "moid:"
UUID = "uuid:"
INSTANCE_UUID = "instance-uuid:"
BIOS_UUID = "bios-uuid:"
NAME = "name:"
"""What follows is a name or a path as it is, also where it looks like a glob or like another of these words."""

EXACT = (MOID, UUID, INSTANCE_UUID, BIOS_UUID, NAME)
"""What words begin with that name one VM, and never a group."""


class VmIndex:
    """The VMs of a snapshot by name, path, moid and UUID."""

    def __init__(self, inventory: Inventory) -> None:
        self._by_name: dict[str, list[Vm]] = defaultdict(list)
        self._by_path: dict[str, list[Vm]] = defaultdict(list)
        self._by_moid: dict[str, list[Vm]] = defaultdict(list)
        self._by_uuid: dict[str, list[Vm]] = defaultdict(list)
        self._by_kind_of_uuid: dict[tuple[str, str], list[Vm]] = defaultdict(list)
        for vm in inventory.vms:
            self._add(vm)

    def find(self, word: str) -> tuple[Vm, ...]:
        """The VMs of which this is the name, the path, or one of `EXACT`; several only where they share it."""
        if word.startswith(MOID):
            return tuple(self._by_moid.get(word.removeprefix(MOID), ()))
        for kind in (UUID, INSTANCE_UUID, BIOS_UUID):
            if word.startswith(kind):
                return self._with_uuid(kind, _digits(word.removeprefix(kind)))
        return self._named(composed(word.removeprefix(NAME)))

    def _with_uuid(self, kind: str, digits: str) -> tuple[Vm, ...]:
        found = self._by_uuid.get(digits, ()) if kind == UUID else self._by_kind_of_uuid.get((kind, digits), ())
        return tuple(found) if digits else ()

    def _named(self, wanted: str) -> tuple[Vm, ...]:
        found = [*self._by_name.get(wanted, ()), *self._by_name.get(plain(wanted), ()), *self._by_path.get(wanted, ())]
        return tuple({vm.ref: vm for vm in found}.values())

    def _add(self, vm: Vm) -> None:
        self._by_name[composed(vm.name)].append(vm)
        self._by_moid[vm.ref.moid].append(vm)
        if vm.path is not None:
            path = composed(vm.path)
            for spelling in {path, plain(path)}:
                self._by_path[spelling].append(vm)
        for digits in {_digits(vm.instance_uuid), _digits(vm.bios_uuid)} - {""}:
            self._by_uuid[digits].append(vm)
        self._by_kind_of_uuid[INSTANCE_UUID, _digits(vm.instance_uuid)].append(vm)
        self._by_kind_of_uuid[BIOS_UUID, _digits(vm.bios_uuid)].append(vm)


def _digits(uuid: str | None) -> str:
    return (uuid or "").replace("-", "").lower()
