"""The unmodified vSphere Automation SDK for Python drives the simulator: a transcript.

The SDK watches a task by reading it again and again. It has nothing to read a host's logs with; that step is pyVmomi's,
in the SDK's own session.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import pytest
import requests
from pyVmomi import vim

from tests.sim.transcripts.steps import (
    STANDS_STILL_HALF_WAY,
    Transcript,
    host_log,
    latest_migration,
    placement,
    rise,
    soap,
    told,
)
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own, on its import
    sdk = import_module("vmware.vapi.vsphere.client")
    errors = import_module("com.vmware.vapi.std.errors_client")
    DynamicID = import_module("com.vmware.vapi.std_client").DynamicID

EXPECTED = """\
log in     administrator@vsphere.local; a wrong password: Unauthenticated
list       db01 files01 off01 snap01 web01 web02; on esx1: db01 web01
tag        with env/prod: db01; db01 has: prod
relocate   db01 to esx3: relocate$task of com.vmware.vcenter.VM
watch      progress rises by fives to 100 %: SUCCEEDED; takes 14.5 s; on esx3: db01 off01 snap01
read logs  esx1: begun, stopped pre-copy, sent; esx3: begun
relocate   db01 to esx1: relocate$task of com.vmware.vcenter.VM
watch      progress rises by fives to 50 %
cancel     FAILED Canceled; on esx3: db01 off01 snap01
read logs  esx3: begun, failed 0xbad00e0; esx1: begun, failed 0xbad003f
relocate   db01 to esx1, to the end in one call; on esx1: db01 web01; with env/prod: db01
relocate   a machine that is not there: NotFound; to a host with a rule against it: Error
log out    SDK: Unauthenticated; pyVmomi: vim.fault.NotAuthenticated"""


@pytest.mark.vcsim
@pytest.mark.filterwarnings("ignore:com.vmware:DeprecationWarning")  # the SDK's own, on its import
def test_the_transcript_of_the_automation_sdk(vcenter_factory: VCenterFactory) -> None:
    vcenter = vcenter_factory(scenario="small", speed=20)
    transcript = Transcript()
    client = automation(vcenter, vcenter.password)
    with client, soap(vcenter, session_id=client.get_session_id()) as instance:
        transcript.say("log in", f"{client.session_svc.get().user}; a wrong password: {refusal(vcenter)}")
        transcript.say("list", f"{machines(client)}; on esx1: {machines(client, host='esx1')}")
        tag = create_tag(client)
        transcript.say("tag", f"with env/prod: {tagged(client, tag)}; db01 has: {tags_of(client)}")
        mover = SdkMover(client, instance, transcript)
        mover.move_to_the_end()
        vcenter.control.plant_faults(STANDS_STILL_HALF_WAY)
        mover.cancel_half_way()
        vcenter.control.remove_faults()
        mover.move_in_one_call(tag)
        transcript.say(
            "relocate",
            f"a machine that is not there: {refused(client, 'vm-0', 'esx3')}; "
            f"to a host with a rule against it: {refused(client, db01(client).id, 'esx2')}",
        )
        client.session_svc.delete()
        transcript.say("log out", ended(client, instance))
    assert transcript.text() == EXPECTED


def automation(vcenter: SimulatedVCenter, password: str) -> Any:
    """The SDK's client; it verifies against the simulator's own authority, whatever the environment says."""
    session = requests.Session()
    session.verify = str(vcenter.ca_file)
    session.trust_env = False
    server = f"{vcenter.host}:{vcenter.port}"
    return sdk.create_vsphere_client(server=server, username=vcenter.user, password=password, session=session)


def refusal(vcenter: SimulatedVCenter) -> str:
    with pytest.raises(errors.Error) as refused:
        automation(vcenter, "a wrong password")
    return type(refused.value).__name__


def machines(client: Any, *, host: str | None = None) -> str:
    """The names of the virtual machines, of all or of one host."""
    listed, hosts = client.vcenter.VM, client.vcenter.Host
    chosen = None
    if host is not None:
        (only,) = hosts.list(hosts.FilterSpec(names={host}))
        chosen = listed.FilterSpec(hosts={only.host})
    return " ".join(sorted(vm.name for vm in listed.list(chosen)))


def db01(client: Any) -> Any:
    (found,) = client.vcenter.VM.list(client.vcenter.VM.FilterSpec(names={"db01"}))
    return DynamicID(type="VirtualMachine", id=found.vm)


def create_tag(client: Any) -> str:
    """Make env/prod, attach it to db01, and return its identifier."""
    category_api, tag_api = client.tagging.Category, client.tagging.Tag
    category = category_api.create(
        category_api.CreateSpec(name="env", description="", cardinality="SINGLE", associable_types={"VirtualMachine"})
    )
    tag: str = tag_api.create(tag_api.CreateSpec(name="prod", description="", category_id=category))
    client.tagging.TagAssociation.attach(tag, db01(client))
    return tag


def tagged(client: Any, tag: str) -> str:
    """The names of the machines with a tag."""
    found = {each.id for each in client.tagging.TagAssociation.list_attached_objects(tag)}
    return " ".join(sorted(vm.name for vm in client.vcenter.VM.list(client.vcenter.VM.FilterSpec(vms=found))))


def tags_of(client: Any) -> str:
    attached = client.tagging.TagAssociation.list_attached_tags(db01(client))
    return " ".join(client.tagging.Tag.get(tag).name for tag in attached)


def relocate_spec(client: Any, to: str) -> Any:
    vm, hosts = client.vcenter.VM, client.vcenter.Host
    (target,) = hosts.list(hosts.FilterSpec(names={to}))
    return vm.RelocateSpec(placement=vm.RelocatePlacementSpec(host=target.host))


def refused(client: Any, vm: str, to: str) -> str:
    """How the SDK says that a relocation is not to be."""
    with pytest.raises(errors.Error) as problem:
        client.vcenter.VM.relocate(vm, relocate_spec(client, to))
    return type(problem.value).__name__


class SdkMover:
    """Moves db01 with the SDK and notes down what it sees."""

    def __init__(self, client: Any, instance: Any, transcript: Transcript) -> None:
        self._client, self._instance, self._transcript = client, instance, transcript

    def move_to_the_end(self) -> None:
        """From esx1 to esx3."""
        task = self._relocate("esx3")
        seen, info = watched(task, until=101)
        took_s = (info.end_time - info.start_time).total_seconds()
        ending = f"{info.status}; takes {took_s:.1f} s; {self._on('esx3')}"
        self._transcript.say("watch", f"{rise(seen)}: {ending}")
        self._read_logs("esx1", "esx3")

    def cancel_half_way(self) -> None:
        """From esx3 back to esx1, of which nothing comes."""
        task = self._relocate("esx1")
        seen, _ = watched(task, until=50)
        self._transcript.say("watch", rise(seen))
        task.task_svc_instance.cancel(task.get_task_id())
        _, info = watched(task, until=101)
        self._transcript.say("cancel", f"{info.status} {type(task.get_error()).__name__}; {self._on('esx3')}")
        self._read_logs("esx3", "esx1")

    def move_in_one_call(self, tag: str) -> None:
        """From esx3 back to esx1, at last."""
        self._client.vcenter.VM.relocate(db01(self._client).id, relocate_spec(self._client, "esx1"))
        assert placement(self._instance)["db01"] == "esx1"
        words = f"{self._on('esx1')}; with env/prod: {tagged(self._client, tag)}"
        self._transcript.say("relocate", f"db01 to esx1, to the end in one call; {words}")

    def _relocate(self, to: str) -> Any:
        task = self._client.vcenter.VM.relocate_task(db01(self._client).id, relocate_spec(self._client, to))
        info = task.get_info()
        assert info.target.id == db01(self._client).id
        self._transcript.say("relocate", f"db01 to {to}: {info.operation} of {info.service}")
        return task

    def _on(self, host: str) -> str:
        return f"on {host}: {machines(self._client, host=host)}"

    def _read_logs(self, source: str, destination: str) -> None:
        logs = {name: host_log(self._instance, name) for name in (source, destination)}
        migration = latest_migration(logs[source])
        self._transcript.say(
            "read logs", "; ".join(f"{name}: {told(migration, lines)}" for name, lines in logs.items())
        )


def watched(task: Any, *, until: int) -> tuple[list[int], Any]:
    """Read the task until it is final, or its progress is `until`; returns the progress seen and the last answer."""
    seen: list[int] = []
    while True:
        info = task.get_info()
        if info.progress is not None and info.status in ("RUNNING", "SUCCEEDED"):
            seen.append(info.progress.completed)
        if info.status in ("SUCCEEDED", "FAILED") or (seen and seen[-1] >= until):
            return seen, info


def ended(client: Any, instance: Any) -> str:
    """What both clients hear once their one session is deleted."""
    with pytest.raises(errors.Error) as refused:
        client.vcenter.VM.list()
    with pytest.raises(vim.fault.NotAuthenticated) as gone:
        instance.CurrentTime()
    return f"SDK: {type(refused.value).__name__}; pyVmomi: {type(gone.value).__name__}"
