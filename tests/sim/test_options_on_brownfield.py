"""Every option of `migrate` on a site that has grown: driven by the command line, seen by plain pyVmomi alone.

Of each move everything is looked at: what was asked for has changed, and nothing else has. Then the same is asked for
again, and no relocation is started.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.observer import Observer
from tests.program import Program
from tests.sim.brownfield import VAPP, brownfield
from tests.sim.storage_site import Seen, migrate, policies, relocations, seen, writes
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

SILVER = "san-silver (slow)"
BRANCH = "Außenstelle Süd"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVCenter]:
    """One site for all tests of a worker: each has a virtual machine of its own."""
    with brownfield(tmp_path_factory.mktemp("brownfield")) as vcenter:
        yield vcenter


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of one virtual machine, and what has changed of it afterwards.

    Args:
        moved_to: the path by which it is found afterwards, where its folder changes.
        disks: datastore, format and path of the disks that change, by label.
        nics: network of the adapters that change, by label; each is connected.
        after: what else of `Seen` changes.
        facts: properties by their paths, and what they are then.
        policy: the storage policy of its home and of every disk.
        priority: how vCenter was to rank the move.
    """

    vm: str
    words: tuple[str, ...]
    moved_to: str | None = None
    disks: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    nics: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    policy: str | None = None
    priority: str | None = None

    def expected(self, before: Seen) -> Seen:
        """The machine as it is to be."""
        nics = {label: (network, True) for label, network in self.nics.items()}
        wanted = replace(before, disks={**before.disks, **self.disks}, nics={**before.nics, **nics}, **self.after)
        return replace(wanted, datastores=set(wanted.stores))


def one_disk(store: str, form: str, name: str) -> dict[str, tuple[str, str, str]]:
    return {"Hard disk 1": (store, form, f"[{store}] {name}/{name}.vmdk")}


OPTIONS = {
    "a datastore by name": Asked(
        vm="web-01",
        words=("--to-datastore", SILVER),
        disks=one_disk(SILVER, "thin", "web-01"),
        after={"config": SILVER},
    ),
    "a cluster of datastores": Asked(
        vm="new-cache",
        words=("--to-datastore", "Tier 2 (pod)"),
        disks=one_disk("tier2-b", "thin", "new-cache"),
        after={"config": "tier2-b"},
    ),
    "the best fit of a cluster of datastores": Asked(
        vm="app-01",
        words=("--to-datastore", "Tier 3 (pod)"),
        disks=one_disk("tier3-b", "thin", "app-01"),
        after={"config": "tier3-b"},
    ),
    "ours instead of Storage DRS": Asked(
        vm="batch-1",
        words=("--to-datastore", "Tier 2 (pod)", "--datastore-placement", "ours"),
        disks=one_disk("tier2-b", "thin", "batch-1"),
        after={"config": "tier2-b"},
    ),
    "single disks and the configuration apart": Asked(
        vm="dwh-01",
        words=(
            *("--disk", "1=tier2-a:thick", "--disk", "Hard disk 2=tier2-b:thin", "--disk", "3=:eager"),
            *("--config-to", SILVER),
        ),
        disks={
            "Hard disk 1": ("tier2-a", "thick", "[tier2-a] dwh-01/dwh-01.vmdk"),
            "Hard disk 2": ("tier2-b", "thin", "[tier2-b] dwh-01/dwh-01_1.vmdk"),
        },
        after={"config": SILVER},
    ),
    "a format for every disk, in place": Asked(
        vm="batch-2", words=("--format", "eager"), disks=one_disk("san-gold", "eager", "batch-2")
    ),
    "a storage policy with its datastore": Asked(
        vm="batch-3",
        words=("--to-datastore", SILVER, "--format", "thick", "--storage-policy", "Archive & Co"),
        disks=one_disk(SILVER, "thick", "batch-3"),
        after={"config": SILVER},
        policy="Archive & Co",
    ),
    "a datastore, a pool and a folder by their paths": Asked(
        vm="/DC0/vm/Web (old)/web-02",
        words=(
            *("--to-datastore", f"/DC0/datastore/{SILVER}", "--to-pool", "/DC0/host/Production (old)/Resources/Gold"),
            *("--to-folder", "/DC0/vm/Test & Dev/Team A"),
        ),
        moved_to="/DC0/vm/Test & Dev/Team A/web-02",
        disks=one_disk(SILVER, "thin", "web-02_1"),
        after={"config": SILVER, "pool": "Gold", "folder": "Team A"},
    ),
    "a vApp": Asked(vm="snap-chain", words=("--to-vapp", VAPP), after={"pool": VAPP}),
    "a folder that is made": Asked(
        vm="/DC0/vm/BI & Reporting/batch-4",
        words=("--to-folder", "BI & Reporting/2027 (neu)/Q1", "--create-folder"),
        moved_to="/DC0/vm/BI & Reporting/2027 (neu)/Q1/batch-4",
        after={"folder": "Q1"},
    ),
    "another cluster": Asked(
        vm="dev-01",
        words=("--to-cluster", "Production (old)", "--network", "dv-test=dv-prod-120"),
        nics={"Network adapter 1": "dv-prod-120"},
        after={"host": "prod-old-03", "pool": "Resources"},
    ),
    "another datacenter": Asked(
        vm="proxy-ext",
        words=(
            *("--to-datacenter", BRANCH, "--to-host", "branch-01", "--to-datastore", "branch-ds"),
            *("--network", "dmz-ext=VM Network"),
        ),
        disks=one_disk("branch-ds", "thin", "proxy-ext"),
        nics={"Network adapter 1": "VM Network"},
        after={"host": "branch-01", "config": "branch-ds", "folder": "vm"},
    ),
    "networks of three kinds": Asked(
        vm="edge-01",
        words=(
            *("--network", "VM Network=/DC0/network/nsx-seg-web", "--network", "Network adapter 3=VM Network"),
            *("--network", "dv-prod-120=dv-db (do not use!)"),
        ),
        nics={
            "Network adapter 1": "dv-db (do not use!)",
            "Network adapter 2": "nsx-seg-web",
            "Network adapter 3": "VM Network",
        },
    ),
    "priority, encryption and a storage policy": Asked(
        vm="new-api-01",
        words=(
            *("--to-host", "prod-new-02", "--priority", "high", "--encryption", "required"),
            *("--storage-policy", "Gold (2014)"),
        ),
        after={"host": "prod-new-02"},
        facts={"config.migrateEncryption": "required"},
        policy="Gold (2014)",
        priority="highPriority",
    ),
    "off": Asked(
        vm="old-and-off",
        words=("--to-host", "prod-old-01", "--to-datastore", "san-gold", "--to-pool", "ERP & friends"),
        disks=one_disk("san-gold", "thin", "old-and-off"),
        after={"host": "prod-old-01", "config": "san-gold", "pool": "ERP & friends"},
    ),
    "suspended": Asked(
        vm="dev-suspended",
        words=("--to-host", "test-01", "--to-datastore", SILVER),
        disks=one_disk(SILVER, "thin", "dev-suspended"),
        after={"host": "test-01", "config": SILVER},
    ),
    "a template": Asked(
        vm="template-rhel7",
        words=("--to-host", "prod-old-02", "--to-datastore", "san-gold"),
        disks=one_disk("san-gold", "thin", "template-rhel7"),
        after={"host": "prod-old-02", "config": "san-gold", "pool": ""},  # a template that was made one has none
        facts={"config.template": True},
    ),
}
"""By what is special; no two of them are about one virtual machine."""


@pytest.mark.parametrize("asked", OPTIONS.values(), ids=OPTIONS.keys())
def test_what_was_asked_for_has_changed_and_nothing_else_and_only_once(
    asked: Asked, run: Program, site: SimulatedVCenter, observer: Observer
) -> None:
    before = seen(observer, asked.vm)
    vm = asked.moved_to or asked.vm

    assert migrate(run, asked.vm, *asked.words) == "moved"

    assert seen(observer, vm) == asked.expected(before)
    properties = observer.properties(vm, *asked.facts)
    assert {path: properties[path] for path in asked.facts} == asked.facts
    if asked.priority is not None:
        assert site.control.motions()[-1]["priority"] == asked.priority
    if asked.policy is not None:
        assert set(policies(site, observer, vm)) == {asked.policy}
    site.control.clear_trace()
    assert migrate(run, vm, *asked.words) == "unchanged"
    assert (relocations(site), writes(site)) == (0, set())
