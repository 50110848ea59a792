"""What is different of a virtual machine besides its host: pool, folder, files, networks, each in a line of its own.

Rule of this file: what is as it was, or as it is to be, is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.move import DiskFormat, DiskPlacement
from vsphere_motion.model.plan_place import PlanDisk, PlanObject, PlanPlace
from vsphere_motion.model.refs import NamedRef
from vsphere_motion.planning.file_places import files_now
from vsphere_motion.planning.nic_places import NicPlaces

UNKNOWN = "not known"


class PlaceFacts:
    """Compares one VM after the other with what a plan relies on and brings about."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._nics = NicPlaces(inventory, ())

    def lines(self, vm: Vm, before: PlanPlace, after: PlanPlace, folder: PlanObject | None) -> Iterator[str]:
        """One line for each thing of a VM that is neither as the plan found it nor as it brings it.

        Args:
            folder: the folder that the plan brings it to; None where that is still to be made, or it stays.
        """
        was, planned = before.pool or before.vapp, after.pool or after.vapp
        if was or planned:
            yield from _line(vm.name, "in the pool", self._inventory.name_of(vm.pool), was, planned)
        if after.folder is not None:
            yield from _line(vm.name, "in the folder", self._inventory.name_of(vm.folder), before.folder, folder)
        if vm.devices is None and (after.disks or after.config or after.adapters):
            yield f"the devices of {vm.name} could not be read"
            return
        if after.disks or after.config:
            yield from self._files(vm, before, after)
        if after.adapters:
            yield from self._adapters(vm, before, after)

    def _files(self, vm: Vm, before: PlanPlace, after: PlanPlace) -> Iterator[str]:
        now = files_now(self._inventory, vm)
        if after.config is not None:
            yield from _line(
                f"the configuration of {vm.name}", "on the datastore", now.config, before.config, after.config
            )
        was, wanted = {one.key: one for one in before.disks}, {one.key: one for one in after.disks}
        found = {one.key: one for one in now.disks}
        for key, disk in was.items():
            if key not in found:
                yield f"{disk.label} of {vm.name} no longer exists"
            else:
                yield from _disk(vm, found[key], disk, wanted.get(key) or disk)
        yield from (f"{vm.name} has {one.label}, which it had not" for key, one in found.items() if key not in was)

    def _adapters(self, vm: Vm, before: PlanPlace, after: PlanPlace) -> Iterator[str]:
        found = {one.key: one for one in self._nics.now(vm)}
        was, wanted = {one.key: one for one in before.adapters}, {one.key: one for one in after.adapters}
        for key, one in was.items():
            if key not in found:
                yield f"{one.label} of {vm.name} no longer exists"
                continue
            planned = wanted[key].network if key in wanted else None
            what = f"{one.label} of {vm.name}"
            yield from _line(what, "on the network", found[key].network, one.network, planned)
        yield from (f"{vm.name} has {one.label}, which it had not" for key, one in found.items() if key not in was)


def _disk(vm: Vm, now: DiskPlacement, was: PlanDisk, wanted: PlanDisk) -> Iterator[str]:
    label = f"{was.label} of {vm.name}"
    yield from _line(label, "on the datastore", now.datastore, was.datastore, wanted.datastore)
    if now.format not in {was.format, wanted.format or was.format}:
        yield f"{label} is {_form(now.format)} and was {_form(was.format)}"


def _line(
    what: str, where: str, now: NamedRef | None, was: PlanObject | None, planned: PlanObject | None
) -> Iterator[str]:
    """`web01 is in the pool Gold and was in Silver`, unless it is where it was or shall be."""
    places = {was.moid if was else None, *([planned.moid] if planned else [])}
    if (now.moid if now else None) not in places:
        at, before = now.name if now else UNKNOWN, was.name if was else UNKNOWN
        yield f"{what} is {where} {at} and was {where.partition(' ')[0]} {before}"


def _form(form: DiskFormat | None) -> str:
    return form.value if form else UNKNOWN
