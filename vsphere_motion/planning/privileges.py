"""Which privileges something needs, and on which objects: of certain moves, or of a purpose on the whole site.

Rules of this file: privileges are named as the vSphere API names them; each row has its source. `System.View` and
`System.Read` are part of every role, so what matters is that the role is granted where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from vsphere_motion.model.inventory import Inventory, PowerState
from vsphere_motion.model.keepsakes import NO_KEEPSAKES
from vsphere_motion.model.move import Move, Placement, nic_differs
from vsphere_motion.model.refs import MoRef, NamedRef

HOT_MIGRATE = "Resource.HotMigrate"
COLD_MIGRATE = "Resource.ColdMigrate"
ASSIGN_TO_POOL = "Resource.AssignVMToPool"
ALLOCATE_SPACE = "Datastore.AllocateSpace"
ASSIGN_NETWORK = "Network.Assign"
REGISTER = "VirtualMachine.Inventory.Register"
ATTACH_TAG = "InventoryService.Tagging.AttachTag"
SET_ATTRIBUTE = "Global.SetCustomField"

ROOT_NAME = "the vCenter's root"


class On(Enum):
    """The objects a privilege is needed on."""

    ROOT = "the vCenter's root folder"
    VMS = "the virtual machines"
    POOLS = "the destination resource pools"
    DATASTORES = "the destination datastores"
    OWN_DATASTORES = "the datastores of the virtual machines"
    NETWORKS = "the destination networks"
    FOLDERS = "the folders of virtual machines"
    TEMPLATES = "the templates"
    HOSTS = "the hosts"
    CLUSTERS = "the clusters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One privilege of a purpose.

    Args:
        reason: what it is needed for, as words that go on from "needed to".
        source: where the rule comes from.
    """

    privilege: str
    on: On
    reason: str
    source: str


_DOCS = "vSphere API reference, RelocateVM_Task"
_SECURITY = "vSphere Security, required privileges for common tasks"
_XAPI = "VMware's table of privileges for cross vCenter vMotion"
_LOOK = (
    Need(privilege="System.View", on=On.ROOT, reason="see the inventory", source="vSphere API reference"),
    Need(privilege="System.Read", on=On.ROOT, reason="read it and check a move", source="vSphere API reference"),
)
_MOVE = (
    Need(privilege=COLD_MIGRATE, on=On.VMS, reason="relocate any virtual machine", source=_DOCS),
    Need(privilege=HOT_MIGRATE, on=On.VMS, reason="relocate a running one", source=_DOCS),
    Need(privilege=ASSIGN_TO_POOL, on=On.POOLS, reason="move into another pool or cluster", source=_DOCS),
)
_LOGS = (
    Need(privilege="Global.Diagnostics", on=On.ROOT, reason="read the hosts' logs", source="vSphere API reference"),
    Need(
        privilege="Datastore.Browse",
        on=On.OWN_DATASTORES,
        reason="read a virtual machine's own log, vmware.log",
        source=_SECURITY,
    ),
)

PURPOSES: Mapping[str, tuple[Need, ...]] = MappingProxyType(
    {
        "check": _LOOK,
        "migrate": (*_LOOK, *_MOVE),
        "migrate-storage": (
            *_LOOK,
            *_MOVE,
            Need(privilege=ALLOCATE_SPACE, on=On.DATASTORES, reason="place disks there", source=_SECURITY),
            Need(
                privilege="StorageProfile.View",
                on=On.ROOT,
                reason="ask for a storage policy by name",
                source="vSphere Security, Profile-driven Storage Privileges",
            ),
        ),
        "migrate-networks": (
            *_LOOK,
            *_MOVE,
            Need(privilege=ASSIGN_NETWORK, on=On.NETWORKS, reason="attach adapters there", source="UNVERIFIED"),
        ),
        "migrate-templates": (
            *_LOOK,
            *_MOVE,
            Need(
                privilege="VirtualMachine.Provisioning.MarkAsVM",
                on=On.TEMPLATES,
                reason="make a template a virtual machine for its move",
                source="vSphere API reference, MarkAsVirtualMachine",
            ),
            Need(
                privilege="VirtualMachine.Provisioning.MarkAsTemplate",
                on=On.TEMPLATES,
                reason="make it a template again",
                source="vSphere API reference, MarkAsTemplate",
            ),
        ),
        "migrate-encryption": (
            *_LOOK,
            *_MOVE,
            Need(
                privilege="VirtualMachine.Config.Settings",
                on=On.VMS,
                reason="set encrypted vMotion",
                source="UNVERIFIED",
            ),
        ),
        "create-folder": (
            *_LOOK,
            Need(
                privilege="Folder.Create",
                on=On.FOLDERS,
                reason="make the folder of --create-folder",
                source="vSphere API reference, CreateFolder",
            ),
        ),
        "receive": (
            *_LOOK,
            Need(privilege=ASSIGN_TO_POOL, on=On.POOLS, reason="take a VM of another vCenter in", source=_XAPI),
            Need(privilege=REGISTER, on=On.FOLDERS, reason="take a VM of another vCenter in", source=_XAPI),
            Need(privilege=ALLOCATE_SPACE, on=On.DATASTORES, reason="place its disks", source=_XAPI),
            Need(privilege=ASSIGN_NETWORK, on=On.NETWORKS, reason="attach its adapters", source=_XAPI),
        ),
        "receive-tags": (
            *_LOOK,
            Need(
                privilege=ATTACH_TAG,
                on=On.FOLDERS,
                reason="give VMs of another vCenter their tags again",
                source="vSphere Security, vSphere Tagging Privileges",
            ),
        ),
        "receive-attributes": (
            *_LOOK,
            Need(
                privilege=SET_ATTRIBUTE,
                on=On.FOLDERS,
                reason="give VMs of another vCenter their custom attributes again",
                source="vSphere API reference, SetField",
            ),
        ),
        "evacuate": (
            *_LOOK,
            *_MOVE,
            Need(
                privilege="Host.Config.Maintenance",
                on=On.HOSTS,
                reason="enter and exit maintenance mode",
                source="vSphere API reference, EnterMaintenanceMode_Task",
            ),
        ),
        "drs-override": (
            *_LOOK,
            *_MOVE,
            Need(
                privilege="Host.Inventory.EditCluster",
                on=On.CLUSTERS,
                reason="set DRS overrides of single VMs, and put them back",
                source="vSphere API reference, ReconfigureComputeResource_Task",
            ),
        ),
        "logs": (*_LOOK, *_LOGS),
        "cancel": (
            *_LOOK,
            Need(
                privilege="Global.CancelTask", on=On.ROOT, reason="cancel a task of somebody else", source="UNVERIFIED"
            ),
        ),
    }
)
"""What can be asked for with `doctor --for`, and what each needs."""


def needs_of(purposes: Iterable[str]) -> tuple[Need, ...]:
    """The needs of several purposes together, each once."""
    return tuple(dict.fromkeys(need for purpose in purposes for need in PURPOSES[purpose]))


def privileges_on_site(inventory: Inventory, purposes: Iterable[str]) -> dict[MoRef, tuple[str, ...]]:
    """What the purposes need on each object of a site."""
    wanted: dict[MoRef, list[str]] = {}
    for need in needs_of(purposes):
        for ref in _objects(inventory, need.on):
            wanted.setdefault(ref, []).append(need.privilege)
    return {ref: tuple(privileges) for ref, privileges in wanted.items()}


def privileges_of_moves(inventory: Inventory, moves: Sequence[Move]) -> dict[MoRef, tuple[str, ...]]:
    """What these moves need on each object that they touch."""
    wanted: dict[MoRef, dict[str, None]] = {}
    for move in moves:
        for ref, privilege in _needs_of_move(inventory, move):
            wanted.setdefault(ref, {})[privilege] = None
    return {ref: tuple(privileges) for ref, privileges in wanted.items()}


def root_of(inventory: Inventory) -> NamedRef | None:
    """The root folder, which every chain of parents ends with; None in an empty inventory."""
    known = {container.ref for container in inventory.containers}
    above = {container.parent for container in inventory.containers if container.parent not in known}
    ref = min((ref for ref in above if ref is not None), default=None)
    return None if ref is None else NamedRef(ref=ref, name=ROOT_NAME)


def _needs_of_move(inventory: Inventory, move: Move) -> Iterable[tuple[MoRef, str]]:
    """An unread power state counts as running, the stricter case."""
    vm = inventory.find_vm(move.vm.ref)
    yield move.vm.ref, COLD_MIGRATE
    if vm is None or vm.power_state not in {PowerState.OFF, PowerState.SUSPENDED}:
        yield move.vm.ref, HOT_MIGRATE
    pool = move.destination.pool
    if pool is not None and pool != move.source.pool:
        yield pool.ref, ASSIGN_TO_POOL
    for datastore in _new_datastores(move.source, move.destination):
        yield datastore.ref, ALLOCATE_SPACE
    for nic in move.destination.nics:
        if nic.network is not None and nic_differs(move, nic):
            yield nic.network.ref, ASSIGN_NETWORK
    folder = move.destination.folder
    if move.destination.vcenter is None or folder is None:
        return
    yield folder.ref, REGISTER
    keepsakes = move.manner.keepsakes or NO_KEEPSAKES
    if keepsakes.tags:
        yield folder.ref, ATTACH_TAG
    if keepsakes.attributes:
        yield folder.ref, SET_ATTRIBUTE


def _new_datastores(source: Placement, destination: Placement) -> Iterable[NamedRef]:
    return (datastore for datastore in destination.datastores if datastore not in source.datastores)


def _objects(inventory: Inventory, on: On) -> tuple[MoRef, ...]:
    root = root_of(inventory)
    groups: dict[On, Iterable[MoRef]] = {
        On.ROOT: () if root is None else (root.ref,),
        On.VMS: (vm.ref for vm in inventory.vms if not vm.is_template),
        On.POOLS: (pool.ref for pool in inventory.pools),
        On.DATASTORES: (datastore.ref for datastore in inventory.datastores),
        On.OWN_DATASTORES: (datastore.ref for datastore in inventory.datastores),
        On.NETWORKS: (network.ref for network in inventory.networks if not network.is_uplink),
        On.TEMPLATES: (vm.ref for vm in inventory.vms if vm.is_template),
        On.FOLDERS: (one.ref for one in inventory.containers if one.holds_vms),
        On.HOSTS: (host.ref for host in inventory.hosts),
        On.CLUSTERS: (cluster.ref for cluster in inventory.clusters if cluster.is_cluster),
    }
    return tuple(groups[on])
