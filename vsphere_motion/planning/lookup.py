"""Finds virtual machines by what names one of them, however many words there are."""

from __future__ import annotations

from collections import defaultdict

from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.planning.names import composed, plain

MOID = "moid:"
UUID = "uuid:"


class VmIndex:
    """The VMs of a snapshot by name, path, moid and UUID."""

    def __init__(self, inventory: Inventory) -> None:
        self._by_name: dict[str, list[Vm]] = defaultdict(list)
        self._by_path: dict[str, list[Vm]] = defaultdict(list)
        self._by_moid: dict[str, list[Vm]] = defaultdict(list)
        self._by_uuid: dict[str, list[Vm]] = defaultdict(list)
        for vm in inventory.vms:
            self._add(vm)

    def find(self, word: str) -> tuple[Vm, ...]:
        """The VMs of which this is the name, the path, `moid:` or `uuid:`; several only where they share it."""
        if word.startswith(MOID):
            return tuple(self._by_moid.get(word.removeprefix(MOID), ()))
        if word.startswith(UUID):
            digits = _digits(word.removeprefix(UUID))
            return tuple(self._by_uuid.get(digits, ())) if digits else ()
        wanted = composed(word)
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


def _digits(uuid: str | None) -> str:
    return (uuid or "").replace("-", "").lower()
