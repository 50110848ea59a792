"""A plan as it is kept in a file: `vsphere-motion/plan/v1`, noun by noun.

Rules of this file: the field names are the keys of the document, so keys are only ever added, with a default. Objects
are named by name and managed object identifier: what is done again later is done by the identifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from vsphere_motion.model.finding import Severity
from vsphere_motion.model.inventory import ConnectionState, PowerState, RuleKind
from vsphere_motion.model.list_file import ListLine
from vsphere_motion.model.move import OtherVCenter
from vsphere_motion.model.plan_place import PlanObject, PlanPlace
from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.request import NO_WISHES, Wishes
from vsphere_motion.model.rolling import RollingRequest

SCHEMA = "vsphere-motion/plan/v1"


class PlanKind(Enum):
    """What a plan is for."""

    MIGRATE = "migrate"
    EVACUATE = "evacuate"
    REBALANCE = "rebalance"
    SPREAD = "spread"
    ROLLING = "rolling"


class Placement(Enum):
    """Who chooses the hosts: our placement alone, or DRS, as far as our placement lets it."""

    OWN = "own"
    DRS = "drs"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVm:
    """A virtual machine of a plan."""

    name: str
    moid: str
    instance_uuid: str | None = None

    @property
    def ref(self) -> MoRef:
        """Its reference."""
        return MoRef(kind="VirtualMachine", moid=self.moid)

    @property
    def identity(self) -> VmIdentity:
        """The same as pre-flight and runs name it."""
        return VmIdentity(ref=self.ref, name=self.name, instance_uuid=self.instance_uuid)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHost:
    """A host of a plan."""

    name: str
    moid: str

    @property
    def ref(self) -> MoRef:
        """Its reference."""
        return MoRef(kind="HostSystem", moid=self.moid)

    @property
    def named(self) -> NamedRef:
        """The same as pre-flight and runs name it."""
        return NamedRef(ref=self.ref, name=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFinding:
    """What the checks said of a planned move that is more than information."""

    id: str
    severity: Severity
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """Units of vCenter's cost model that a move takes while it runs.

    Args:
        resource: `host`, `network_1g`, `network_10g` or `datastore`.
        moid: whose: the host's or the datastore's.
    """

    resource: str
    moid: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEstimate:
    """When a move is expected to start and how long it takes, in seconds from the start of all; a model's answer."""

    start_s: float
    duration_s: float
    sends_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMove:
    """One move of a plan.

    Args:
        wave: moves of one wave may all run at the same time.
        relies_on: moves, by their place in the plan, that must have ended well before this one starts.
        parking: the VM goes on from there in a later move.
        window: when it may start, such as `22:00-05:00 Europe/Berlin`; empty: at any time.
        priority: smaller ones start first, as far as what they rely on lets them.
        stage: of a rolling, the place in `hosts` of the host whose turn it is; its VMs are back before the next stage.
        place: where the VM goes besides the host, which may be its own; None: the host alone is decided.
    """

    vm: PlanVm
    source: PlanHost
    destination: PlanHost
    wave: int
    reason: str
    findings: tuple[PlanFinding, ...]
    costs: tuple[PlanCost, ...]
    estimate: PlanEstimate
    relies_on: tuple[int, ...]
    parking: bool = False
    window: str = ""
    priority: int = 0
    stage: int = 0
    place: PlanPlace | None = None

    @property
    def changes_host(self) -> bool:
        """Whether the VM goes to another host than it is on when the plan is made."""
        return self.source.moid != self.destination.moid


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReason:
    """Why a VM cannot go to a host."""

    host: PlanHost
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStuck:
    """A VM that should move and cannot, with the reason for each host."""

    vm: PlanVm
    host: PlanHost
    reasons: tuple[HostReason, ...] = ()
    note: str = ""

    @property
    def why(self) -> str:
        """Each reason with the hosts it holds for; what else is to be said where there is none."""
        hosts: dict[str, list[str]] = {}
        for one in self.reasons:
            hosts.setdefault(one.reason, []).append(one.host.name)
        return "; ".join(f"{reason} ({', '.join(names)})" for reason, names in hosts.items()) or self.note


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLeft:
    """A VM that stays where it is on purpose, and why."""

    vm: PlanVm
    host: PlanHost
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTimes:
    """What the whole is expected to take: a model's answer, and a bound that no run is below."""

    makespan_s: float
    bound_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evenness:
    """Standard deviation of how full the hosts are, in percentage points, before and after."""

    goal: str
    before_percent: float
    after_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VmFact:
    """What a plan relies on of a VM.

    Args:
        place: where it was besides its host, as far as the plan decides that.
    """

    vm: PlanVm
    host: str | None
    power_state: PowerState | None
    memory_bytes: int | None
    place: PlanPlace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFact:
    """What a plan relies on of a destination."""

    host: PlanHost
    connection_state: ConnectionState | None
    in_maintenance_mode: bool | None
    in_quarantine_mode: bool | None
    memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFact:
    """What a plan relies on of a datastore that files go to; that it has room enough is looked at besides."""

    datastore: PlanObject
    accessible: bool | None
    maintenance_mode: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFact:
    """An enabled rule about a VM of the plan; the members are managed object identifiers."""

    cluster: str
    name: str
    kind: RuleKind
    mandatory: bool
    vms: tuple[str, ...]
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What was true when the plan was made and has to be true when it is run."""

    vms: tuple[VmFact, ...] = ()
    hosts: tuple[HostFact, ...] = ()
    rules: tuple[RuleFact, ...] = ()
    datastores: tuple[StoreFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChoices:
    """What the person asked for besides the VMs and hosts, so that the plan can be made again in the same way.

    Args:
        words: the hosts, cluster or VMs as the person named them.
        cordoned: hosts that nothing is placed on, as the person named them.
        exclude: VMs that stay where they are, as the person named them.
        keeps_ha_reserve: whether what vSphere HA keeps free for failed hosts stays free.
        listed: the lines of a list file, instead of words.
        listed_in: what people call that file.
        window, zone: when moves may start whose line does not say, and whose clock is meant, as the person said it.
        placement: who chooses the hosts.
        strict: whether warnings and unknown findings block as well.
        rolling: what is done with each host; None for other kinds.
        wishes: what else shall change of the VMs, besides the host.
        mapped: what people call the file that says what things are called in the other vCenter; empty without one.
    """

    words: tuple[str, ...] = ()
    to_host: str | None = None
    to_cluster: str | None = None
    goal: str | None = None
    max_moves: int | None = None
    min_gain: float | None = None
    moves_powered_off: bool = True
    skip_checks: tuple[str, ...] = ()
    cordoned: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    keeps_ha_reserve: bool = True
    listed: tuple[ListLine, ...] = ()
    listed_in: str = ""
    window: str = ""
    zone: str = ""
    placement: Placement = Placement.OWN
    strict: bool = False
    rolling: RollingRequest | None = None
    wishes: Wishes = NO_WISHES
    mapped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A plan with everything that is needed to show it, to compare it and to run it later.

    Args:
        server: instance UUID of the vCenter, which tells servers apart whatever they are called.
        fingerprint: of the facts; equal facts have equal fingerprints.
        created_at: vCenter's clock when the inventory was read.
        hosts: the hosts that are to be empty afterwards, or that a rolling works on in turn; none for other kinds.
        to_vcenter: the other vCenter that the VMs go to, never with a password; None: they stay in theirs.
    """

    kind: PlanKind
    server: str
    fingerprint: str
    moves: tuple[PlanMove, ...]
    created_at: datetime | None = None
    stuck: tuple[PlanStuck, ...] = ()
    left: tuple[PlanLeft, ...] = ()
    hosts: tuple[PlanHost, ...] = ()
    estimate: PlanTimes | None = None
    evenness: Evenness | None = None
    facts: PlanFacts = PlanFacts()
    choices: PlanChoices = PlanChoices()
    note: str = ""
    to_vcenter: OtherVCenter | None = None
