"""Moves to another vCenter: the service locator with its credential, and the readings that look at both sides.

Rules of this file: the password is in no object but the one call that it is made for, and in nothing that is logged,
journaled or shown. A reference of the other vCenter is marked (`model/elsewhere.py`) outside of this file, and plain in
every call. A virtual machine is known on the other side by its instance UUID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pyVmomi import vim

from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.account import Credentials
from vsphere_motion.model.compat import CompatAnswers, CompatVerdict
from vsphere_motion.model.current import CurrentState, CurrentVm
from vsphere_motion.model.elsewhere import elsewhere, here, is_elsewhere
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.move import Move, NicPlacement
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.model.task import TaskStatus
from vsphere_motion.run.failpoints import passing
from vsphere_motion.run.ports import SeenPlacement
from vsphere_motion.vcenter.checkers import RELOCATE, Ask, ask_all
from vsphere_motion.vcenter.collector import managed_object, read_all, read_objects, ref_of
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.placement import VCenterPlacementReader, VCenterStateReader, VmPlacement
from vsphere_motion.vcenter.relocate import VCenterRelocator
from vsphere_motion.vcenter.relocate_spec import locator_of, move_priority, new_backing, profile_of
from vsphere_motion.vcenter.tasks import VCenterTaskFinder
from vsphere_motion.vcenter.tcp import bare_host, open_tcp
from vsphere_motion.vcenter.tls import trust_rules, wrap

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_DEVICES = "config.hardware.device"
_UUID = "config.instanceUuid"

FEW = 16
"""VMs that are looked for one by one; more are found in one reading of all that are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEnd:
    """The vCenter that VMs go to.

    Args:
        session: logged in there; what is known of the VMs there is read with it.
        credentials: what the source logs in with there.
        sha1: thumbprint of its certificate, in the form of service locators; of the very one that `session` trusts.
    """

    session: Session
    credentials: Credentials
    sha1: str

    @property
    def uuid(self) -> str:
        """Its instance UUID."""
        return self.session.identity.instance_uuid

    def is_of(self, move: Move) -> bool:
        """Whether a move goes there."""
        there = move.destination.vcenter
        return there is not None and there.instance_uuid == self.uuid


def read_certificate(endpoint: Endpoint) -> tuple[str, str]:
    """SHA-256 and SHA-1 of a server's certificate, which has to be one that the endpoint's rules trust.

    Raises:
        PinMismatch: it is not the pinned one.
        OSError: nobody answers there, or no authority vouches for the certificate.
    """
    deadline = Deadline(endpoint.connect_timeout_s)
    raw = open_tcp(endpoint.host, endpoint.port, deadline)
    host = bare_host(endpoint.host)
    with wrap(raw, trust_rules(endpoint), host=host, server=endpoint.address, deadline=deadline) as tls:
        der = tls.getpeercert(binary_form=True)
    assert der is not None, "a TLS server always presents a certificate"
    return _colons(hashlib.sha256(der).hexdigest()), _colons(hashlib.sha1(der, usedforsecurity=False).hexdigest())


def _colons(digits: str) -> str:
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2)).upper()


class AcrossRelocator(VCenterRelocator):
    """A `run.ports.Relocator` whose moves may go to another vCenter.

    Calls: those of `VCenterRelocator`; RetrievePropertiesEx for the VM's network adapters.
    Needs: as there; at the destination Resource.AssignVMToPool, VirtualMachine.Inventory.Register,
        Datastore.AllocateSpace, Network.Assign.
    """

    def __init__(self, session: Session, other: OtherEnd) -> None:
        super().__init__(session)
        self._other = other

    def start_relocation(self, move: Move, *, op_id: str) -> MoRef:
        """Ask the source for one relocation, exactly once, and return its task; see `run.ports.Relocator`."""
        if not self._other.is_of(move):
            return super().start_relocation(move, op_id=op_id)
        vm = managed_object(self._session, move.vm.ref)
        spec = across_spec(self._session, self._other, move)
        what = f"start the relocation of {move.vm} to {move.destination.host} of {self._other.session.endpoint.address}"
        spec.service = _locator(self._other)
        try:
            with self._session.operation(op_id), translated(what, changing=True):
                task = ref_of(vm.RelocateVM_Task(spec, move_priority(move)))
        finally:
            spec.service = None
        passing("after_answer")
        return task


def across_spec(session: Session, other: OtherEnd, move: Move) -> Any:
    """The RelocateSpec of a move to another vCenter, without the service locator.

    Everything is named: host, pool, folder, the home's datastore and each disk's, and each adapter's network.

    Calls: RetrievePropertiesEx.
    """
    destination = move.destination
    spec = vim.vm.RelocateSpec()
    spec.host, spec.pool = _there(other, destination.host), _there(other, destination.pool)
    spec.folder, spec.datastore = _there(other, destination.folder), _there(other, destination.config)
    devices = _devices(session, move)
    spec.profile = profile_of(destination.config_policy)
    plain = replace(move, destination=_plain(destination))
    spec.disk = [locator_of(other.session, plain, disk, devices) for disk in plain.destination.disks]
    spec.deviceChange = [_nic_change(other, nic, devices) for nic in destination.nics if _goes_there(nic)]
    return spec


def _locator(other: OtherEnd) -> Any:
    """The service locator, with the password; it is made for one call and taken off after it."""
    endpoint = other.session.endpoint
    credential = vim.ServiceLocator.NamePassword(
        username=other.credentials.user, password=other.credentials.password.reveal()
    )
    port = "" if endpoint.port == 443 else f":{endpoint.port}"
    return vim.ServiceLocator(
        instanceUuid=other.uuid,
        url=f"https://{endpoint.host}{port}/sdk",
        sslThumbprint=other.sha1,
        credential=credential,
    )


def _there(other: OtherEnd, named: NamedRef | None) -> Any:
    return None if named is None else managed_object(other.session, here(named.ref))


def _plain(placement: Any) -> Any:
    """The placement with the references that its own vCenter knows."""

    def unmarked(named: NamedRef | None) -> NamedRef | None:
        return None if named is None else replace(named, ref=here(named.ref))

    disks = tuple(replace(disk, datastore=unmarked(disk.datastore)) for disk in placement.disks)
    return replace(placement, config=unmarked(placement.config), disks=disks)


def _devices(session: Session, move: Move) -> dict[int, Any]:
    found = read_objects(session, [move.vm.ref], (_DEVICES,))
    devices = found[move.vm.ref].get(_DEVICES) if move.vm.ref in found else None
    if devices is None:
        words = f"the devices of {move.vm} could not be read, so the move cannot be asked for"
        raise VCenterFault(words, fault_kind="Unreadable")
    return {device.key: device for device in devices}


def _goes_there(nic: NicPlacement) -> bool:
    """Whether the adapter has a network of the other vCenter; one that has none is left to vCenter to refuse."""
    return nic.network is not None and is_elsewhere(nic.network.ref)


def _nic_change(other: OtherEnd, nic: NicPlacement, devices: dict[int, Any]) -> Any:
    card = devices.get(nic.key)
    if card is None:
        raise VCenterFault(f"{nic.label} is no longer an adapter of the VM", fault_kind="DeviceGone")
    assert nic.network is not None, "it goes to a network"
    plain = replace(nic, network=replace(nic.network, ref=here(nic.network.ref)))
    card.backing = new_backing(other.session, plain)
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)


def ask_across(session: Session, other: OtherEnd, moves: Sequence[Move]) -> CompatAnswers:
    """vCenter's opinion of each move: the source asks the destination, as it will for the move itself.

    Calls: CheckRelocate_Task, those of `VCenterTaskWatcher`, RetrievePropertiesEx.
    Needs: System.View; the other vCenter's credential.

    Raises:
        SessionEnded, Unreachable: the source is away.
    """
    pairs = {move.vm.ref: (move.vm.ref, move.destination.host.ref) for move in moves if move.destination.host}
    asks = [
        Ask(
            method=RELOCATE,
            pairs=(pairs[move.vm.ref],),
            start=partial(_start_check, session, other, move),
            is_refusal=True,
        )
        for move in moves
        if move.vm.ref in pairs
    ]
    answers = ask_all(session, asks)
    return CompatAnswers(
        verdicts={
            pair: CompatVerdict(
                vm=pair[0],
                host=pair[1],
                errors=tuple(dict.fromkeys(answers.errors.get(pair, ()))),
                warnings=tuple(dict.fromkeys(answers.warnings.get(pair, ()))),
                unknown_reason=answers.why_silent(pair),
            )
            for pair in pairs.values()
        },
        notes=tuple(dict.fromkeys(answers.notes)),
    )


def _start_check(session: Session, other: OtherEnd, move: Move) -> MoRef:
    content: Any = session.content
    if content.vmProvisioningChecker is None:
        raise VCenterFault("this server has no check of relocations", fault_kind="NotSupported")
    spec = across_spec(session, other, move)
    vm = managed_object(session, move.vm.ref)
    spec.service = _locator(other)
    try:
        with translated(f"ask vCenter whether {move.vm} can move to {move.destination.host}"):
            return ref_of(content.vmProvisioningChecker.CheckRelocate_Task(vm=vm, spec=spec))
    finally:
        spec.service = None


class BothSides:
    """A `run.ports.PlacementReader` and `run.ports.StateReader` for VMs that go to another vCenter.

    A VM that is on both sides, as it is for a moment while it is handed over, is told of as one that could not be read.

    Calls: RetrievePropertiesEx on both sides; FindByUuid at the destination.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session, other: OtherEnd, uuids: Mapping[MoRef, str]) -> None:
        self._here, self._there = VCenterPlacementReader(session), VCenterPlacementReader(other.session)
        self._now, self._now_there = VCenterStateReader(session), VCenterStateReader(other.session)
        self._other = other
        self._uuids = uuids

    def read_placements(self, vms: Sequence[MoRef]) -> dict[MoRef, SeenPlacement]:
        """One reading for each VM that is on either side."""
        return self._with_arrived(vms, self._here.read_placements(vms))

    def read_landings(
        self, tasks: Sequence[MoRef], vms: Sequence[MoRef]
    ) -> tuple[dict[MoRef, TaskStatus], dict[MoRef, SeenPlacement]]:
        """Tasks that have ended, and afterwards where their VMs are; see `run.ports.PlacementReader`."""
        statuses, at_source = self._here.read_landings(tasks, vms)
        return statuses, self._with_arrived(vms, at_source)

    def _with_arrived(self, vms: Sequence[MoRef], at_source: dict[MoRef, SeenPlacement]) -> dict[MoRef, SeenPlacement]:
        """What was read at the source with what is at the destination."""
        arrived = self._arrived(vms)
        there = self._there.read_placements(list(arrived.values()))
        found: dict[MoRef, SeenPlacement] = dict(at_source)
        for vm, ref in arrived.items():
            if ref in there:
                seen = there[ref]
                assert isinstance(seen, VmPlacement), "it is this program's own reading"
                found[vm] = replace(seen, host=None) if vm in at_source else elsewhere(seen, self._other.uuid)
        return found

    def read_before_start(
        self,
        vms: Sequence[MoRef],
        hosts: Sequence[MoRef],
        *,
        with_devices: Collection[MoRef] = (),
        own: Collection[MoRef] | None = None,
    ) -> CurrentState:
        """How VMs and hosts are, each on the side where it is; see `run.ports.StateReader`.

        What others do is looked at on both sides: hosts and datastores of both take part.
        """
        far = [host for host in hosts if is_elsewhere(host)]
        near = [host for host in hosts if not is_elsewhere(host)]
        state = self._now.read_before_start(vms, near, with_devices=with_devices, own=own)
        arrived = self._arrived([vm for vm in vms if vm not in state.vms])
        refs = list(arrived.values())
        there = self._now_there.read_before_start(
            refs, [here(host) for host in far], with_devices=refs, own=None if own is None else ()
        )
        seen = {vm: self._marked(there.vms[ref]) for vm, ref in arrived.items() if ref in there.vms}
        read = {host: there.hosts[here(host)] for host in far if here(host) in there.hosts}
        others = None if state.others is None else (*state.others, *elsewhere(there.others or (), self._other.uuid))
        return replace(state, vms={**state.vms, **seen}, hosts={**state.hosts, **read}, others=others)

    def _marked(self, vm: CurrentVm) -> CurrentVm:
        return elsewhere(replace(vm, running=None), self._other.uuid)

    def _arrived(self, vms: Sequence[MoRef]) -> dict[MoRef, MoRef]:
        """The reference at the destination of each VM that is there."""
        return {vm: ref for vm in vms if vm in self._uuids and (ref := find_by_uuid(self._other, self._uuids[vm]))}


def find_by_uuid(other: OtherEnd, uuid: str) -> MoRef | None:
    """The VM with this instance UUID at the other vCenter; None if there is none.

    Calls: FindByUuid.
    Needs: System.View.
    """
    index: Any = other.session.content.searchIndex
    with translated(f"look for the virtual machine {uuid} at {other.session.endpoint.address}"):
        found = index.FindByUuid(datacenter=None, uuid=uuid, vmSearch=True, instanceUuid=True)
    return None if found is None else ref_of(found)


def find_arrived(other: OtherEnd, uuids: Iterable[str]) -> dict[str, MoRef]:
    """The references at the other vCenter of those VMs that are there, by instance UUID.

    Calls: FindByUuid once for each; where they are many, those of `read_all` instead.
    Needs: System.View, System.Read.
    """
    wanted = tuple(dict.fromkeys(uuids))
    if len(wanted) <= FEW:
        found = {uuid: find_by_uuid(other, uuid) for uuid in wanted}
        return {uuid: ref for uuid, ref in found.items() if ref is not None}
    readings = read_all(other.session, {"VirtualMachine": (_UUID,)})
    return {uuid: ref for ref, one in readings.items() if (uuid := one.get(_UUID)) in wanted}


class AcrossFinder(VCenterTaskFinder):
    """A `run.ports.TaskFinder` for VMs that may have left: the history is not asked about a VM that is gone."""

    def find_relocation(self, vm: MoRef, *, op_id: str, since: datetime) -> MoRef | None:
        """The task that carries this operationID; None also where the VM has left: then it is known where it is."""
        return super().find_relocation(vm, op_id=op_id, since=since) if self._is_here(vm) else None

    def find_ended(self, vm: MoRef, *, task: MoRef, since: datetime) -> TaskStatus | None:
        """What the history has of a task; None also where its VM has left."""
        return super().find_ended(vm, task=task, since=since) if self._is_here(vm) else None

    def _is_here(self, vm: MoRef) -> bool:
        return vm in read_objects(self._session, [vm], ("name",))
