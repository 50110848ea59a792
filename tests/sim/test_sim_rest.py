"""The simulator's vSphere Automation API, and its sessions and history of tasks.

Through the unmodified SDK, through plain HTTP, and through pyVmomi.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests
from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import VmomiSupport, vim, vmodl

from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own, on its import
    sdk = import_module("vmware.vapi.vsphere.client")
    errors = import_module("com.vmware.vapi.std.errors_client")
    DynamicID = import_module("com.vmware.vapi.std_client").DynamicID

pytestmark = [
    pytest.mark.vcsim,
    pytest.mark.filterwarnings("ignore:com.vmware:DeprecationWarning"),  # the SDK's own, on its import
]


def http_session(simulator: SimulatedVCenter) -> requests.Session:
    """Verifies against the simulator's own authority, whatever the environment says."""
    session = requests.Session()
    session.verify = str(simulator.ca_file)
    session.trust_env = False
    return session


def automation(simulator: SimulatedVCenter, password: str | None = None) -> Any:
    return sdk.create_vsphere_client(
        server=f"{simulator.host}:{simulator.port}",
        username=simulator.user,
        password=simulator.password if password is None else password,
        session=http_session(simulator),
    )


@contextmanager
def soap(simulator: SimulatedVCenter) -> Iterator[Any]:
    """A pyVmomi session that leaves no connection behind."""
    connected = SmartConnect(
        host=simulator.host,
        port=simulator.port,
        user=simulator.user,
        pwd=simulator.password,
        sslContext=ssl.create_default_context(cafile=str(simulator.ca_file)),
    )
    try:
        yield connected
    finally:
        Disconnect(connected)
        connected._stub.DropConnections()


@pytest.fixture
def client(vcenter: SimulatedVCenter) -> Iterator[Any]:
    with automation(vcenter) as opened:
        yield opened


@pytest.fixture
def instance(vcenter: SimulatedVCenter) -> Iterator[Any]:
    with soap(vcenter) as connected:
        yield connected


def names(summaries: list[Any]) -> list[str]:
    return [summary.name for summary in summaries]


def machine(instance: Any, name: str) -> Any:
    found = instance.content.searchIndex.FindByInventoryPath(f"DC0/vm/{name}")
    assert isinstance(found, vim.VirtualMachine)
    return found


def test_the_sdk_is_refused_with_a_wrong_password(vcenter: SimulatedVCenter) -> None:
    with pytest.raises(errors.Unauthenticated):
        automation(vcenter, password="wrong")


def test_the_sdk_lists_and_filters_machines(client: Any, instance: Any) -> None:
    vm = client.vcenter.VM
    everything = vm.list()
    assert len(everything) == len(names(everything)) >= 4
    first = everything[0]
    assert (first.power_state, first.cpu_count, first.memory_size_mib) == ("POWERED_ON", 2, 1024)
    chosen = vm.FilterSpec(names={"vm-002", "vm-004", "nobody"})
    assert names(vm.list(chosen)) == ["vm-002", "vm-004"]
    host = machine(instance, "vm-003").runtime.host
    assert "vm-003" in names(vm.list(vm.FilterSpec(hosts={host._moId})))
    assert "vm-002" not in names(vm.list(vm.FilterSpec(hosts={host._moId})))
    assert names(vm.list(vm.FilterSpec(names={"vm-001"}, power_states={"POWERED_OFF"}))) == []


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("Host", "esx-001"),
        ("Cluster", "cluster-01"),
        ("Datastore", "datastore1"),
        ("Datacenter", "DC0"),
        ("Folder", "vm"),
        ("Network", "VM Network"),
        ("ResourcePool", "Resources"),
    ],
)
def test_the_sdk_lists_everything_else(client: Any, service: str, name: str) -> None:
    listed = getattr(client.vcenter, service)
    assert name in names(listed.list())
    assert names(listed.list(listed.FilterSpec(names={name}))) == [name]
    assert listed.list(listed.FilterSpec(names={"nobody"})) == []


@dataclass(frozen=True)
class Tagged:
    """A category with one tag, and two machines."""

    category: str
    tag: str
    first: Any
    second: Any


@pytest.fixture
def tagged(client: Any) -> Tagged:
    category_api, tag_api = client.tagging.Category, client.tagging.Tag
    category = category_api.create(
        category_api.CreateSpec(name="env", description="", cardinality="SINGLE", associable_types={"VirtualMachine"})
    )
    tag = tag_api.create(tag_api.CreateSpec(name="prod", description="live", category_id=category))
    one, two = (DynamicID(type="VirtualMachine", id=vm.vm) for vm in client.vcenter.VM.list()[:2])
    return Tagged(category, tag, one, two)


def test_the_sdk_attaches_and_detaches_tags(client: Any, tagged: Tagged, instance: Any) -> None:
    association = client.tagging.TagAssociation
    association.attach(tagged.tag, tagged.first)
    assert [found.id for found in association.list_attached_objects(tagged.tag)] == [tagged.first.id]
    assert association.list_attached_tags(tagged.first) == [tagged.tag]
    on_objects = association.list_attached_tags_on_objects([tagged.first, tagged.second])
    assert [(found.object_id.id, found.tag_ids) for found in on_objects] == [(tagged.first.id, [tagged.tag])]
    on_tags = association.list_attached_objects_on_tags([tagged.tag])
    assert [(found.tag_id, [item.id for item in found.object_ids]) for found in on_tags] == [
        (tagged.tag, [tagged.first.id])
    ]
    assert [tag.key for tag in machine(instance, "vm-001").tag] == [tagged.tag]
    assert association.list_attachable_tags(tagged.second) == [tagged.tag]
    association.detach(tagged.tag, tagged.first)
    assert association.list_attached_objects(tagged.tag) == []


def test_the_sdk_attaches_to_many_and_hears_what_failed(client: Any, tagged: Tagged) -> None:
    association = client.tagging.TagAssociation
    ghost = DynamicID(type="VirtualMachine", id="vm-nobody")
    result = association.attach_tag_to_multiple_objects(tagged.tag, [tagged.first, ghost, tagged.second])
    assert not result.success
    assert "vm-nobody" in result.error_messages[0].default_message
    assert len(association.list_attached_objects(tagged.tag)) == 2
    assert association.detach_tag_from_multiple_objects(tagged.tag, [tagged.first, tagged.second]).success
    assert association.list_attached_objects(tagged.tag) == []
    assert association.attach_multiple_tags_to_object(tagged.first, [tagged.tag]).success
    assert association.detach_multiple_tags_from_object(tagged.first, [tagged.tag]).success
    assert association.list_attached_tags(tagged.first) == []


def test_the_sdk_reads_changes_and_deletes_categories_and_tags(client: Any, tagged: Tagged) -> None:
    category_api, tag_api = client.tagging.Category, client.tagging.Tag
    category_api.update(tagged.category, category_api.UpdateSpec(description="where it runs"))
    tag_api.update(tagged.tag, tag_api.UpdateSpec(name="production"))
    category, tag = category_api.get(tagged.category), tag_api.get(tagged.tag)
    assert (category.name, category.description, category.cardinality) == ("env", "where it runs", "SINGLE")
    assert (tag.name, tag.description, tag.category_id) == ("production", "live", tagged.category)
    assert category_api.list() == [tagged.category]
    assert tag_api.list() == tag_api.list_tags_for_category(tagged.category) == [tagged.tag]
    tag_api.delete(tagged.tag)
    category_api.delete(tagged.category)
    with pytest.raises(errors.NotFound):
        tag_api.get(tagged.tag)
    assert category_api.list() == tag_api.list() == []


def test_the_sdk_hears_why_it_is_refused(client: Any, tagged: Tagged) -> None:
    category_api, tag_api = client.tagging.Category, client.tagging.Tag
    with pytest.raises(errors.AlreadyExists):
        tag_api.create(tag_api.CreateSpec(name="prod", description="", category_id=tagged.category))
    with pytest.raises(errors.InvalidArgument):
        category_api.create(
            category_api.CreateSpec(name="", description="", cardinality="SINGLE", associable_types=set())
        )
    with pytest.raises(errors.InvalidArgument):
        client.tagging.TagAssociation.attach(
            tagged.tag, DynamicID(type="HostSystem", id=client.vcenter.Host.list()[0].host)
        )
    other = tag_api.create(tag_api.CreateSpec(name="test", description="", category_id=tagged.category))
    client.tagging.TagAssociation.attach(tagged.tag, tagged.first)
    with pytest.raises(errors.InvalidArgument):
        client.tagging.TagAssociation.attach(other, tagged.first)


def test_the_sdk_finds_no_operation_that_is_not_there(client: Any) -> None:
    with pytest.raises(errors.OperationNotFound):
        client.vcenter.VM.get("vm-1")


def test_a_deleted_session_is_worth_nothing(client: Any, vcenter: SimulatedVCenter) -> None:
    assert client.session_svc.get().user == vcenter.user
    client.session_svc.delete()
    with pytest.raises(errors.Unauthenticated):
        client.vcenter.VM.list()


def test_the_sdk_uses_a_session_opened_over_soap(vcenter: SimulatedVCenter, instance: Any) -> None:
    key = instance.content.sessionManager.currentSession.key
    server = f"{vcenter.host}:{vcenter.port}"
    with sdk.create_vsphere_client(server=server, session_id=key, session=http_session(vcenter)) as client:
        assert "vm-001" in names(client.vcenter.VM.list())


class Plain:
    """A client without any SDK; used as a context manager, it closes its connections."""

    def __init__(self, simulator: SimulatedVCenter) -> None:
        self.session = http_session(simulator)
        self.base = f"https://{simulator.host}:{simulator.port}"

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *problem: object) -> None:
        self.session.close()

    def login(self, simulator: SimulatedVCenter, password: str | None = None) -> requests.Response:
        answer = self.call("POST", "/api/session", auth=(simulator.user, password or simulator.password))
        if answer.ok:
            self.session.headers["vmware-api-session-id"] = answer.json()
        return answer

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self.session.request(method, self.base + path, timeout=30, **arguments)


@pytest.fixture
def plain(vcenter: SimulatedVCenter) -> Iterator[Plain]:
    with Plain(vcenter) as opened:
        yield opened


def test_plain_http_logs_in_lists_tags_and_logs_out(vcenter: SimulatedVCenter, plain: Plain) -> None:
    refused = plain.login(vcenter, password="wrong")
    assert (refused.status_code, refused.json()) == (401, {"error_type": "UNAUTHENTICATED", "messages": []})
    assert plain.call("GET", "/api/vcenter/vm").status_code == 401
    assert plain.login(vcenter).status_code == 201
    listed = plain.call("GET", "/api/vcenter/vm", params={"names": ["vm-001", "vm-002"]}).json()
    assert [(vm["name"], vm["power_state"]) for vm in listed] == [("vm-001", "POWERED_ON"), ("vm-002", "POWERED_ON")]
    spec = {"name": "env", "description": "", "cardinality": "MULTIPLE", "associable_types": []}
    category = plain.call("POST", "/api/cis/tagging/category", json=spec).json()
    created = plain.call(
        "POST", "/api/cis/tagging/tag", json={"name": "prod", "description": "", "category_id": category}
    )
    assert created.status_code == 201
    target = {"object_id": {"type": "VirtualMachine", "id": listed[0]["vm"]}}
    path = f"/api/cis/tagging/tag-association/{created.json()}"
    assert plain.call("POST", f"{path}?action=attach", json=target).status_code == 204
    assert plain.call("POST", f"{path}?action=list-attached-objects").json() == [target["object_id"]]
    old = plain.call(
        "POST", f"/rest/com/vmware/cis/tagging/tag-association/id:{created.json()}?~action=list-attached-objects"
    )
    assert old.json() == {"value": [target["object_id"]]}
    assert plain.call("DELETE", "/api/session").status_code == 204
    assert plain.call("GET", "/api/vcenter/vm").status_code == 401


def test_one_session_serves_soap_and_rest(vcenter: SimulatedVCenter, instance: Any, plain: Plain) -> None:
    plain.session.headers["vmware-api-session-id"] = instance.content.sessionManager.currentSession.key
    assert plain.call("GET", "/api/session").json()["user"] == vcenter.user
    assert plain.call("DELETE", "/api/session").status_code == 204
    with pytest.raises(vim.fault.NotAuthenticated):
        instance.CurrentTime()


def test_an_ended_session_reads_as_missing_properties(instance: Any, vcenter: SimulatedVCenter) -> None:
    vm, key = machine(instance, "vm-001"), instance.content.sessionManager.currentSession.key
    with soap(vcenter) as other:
        assert key in [session.key for session in other.content.sessionManager.sessionList]
        other.content.sessionManager.TerminateSession([key])
    query: Any = vmodl.query.PropertyCollector
    spec = query.FilterSpec(
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])], objectSet=[query.ObjectSpec(obj=vm)]
    )
    answer = instance.content.propertyCollector.RetrievePropertiesEx([spec], query.RetrieveOptions())
    assert answer.objects[0].propSet == []
    assert [type(missing.fault) for missing in answer.objects[0].missingSet] == [vim.fault.NotAuthenticated]


SHORT = """
version: 1
session_timeout_minutes: 0.005
clusters: [{name: c, hosts: [{name: h1}]}]
datastores: [{name: d}]
networks: [{name: n}]
vms: [{name: a}]
"""


def test_an_idle_session_ends(vcenter_factory: VCenterFactory, tmp_path: Path) -> None:
    site = tmp_path / "short.yaml"
    site.write_text(SHORT)
    simulator = vcenter_factory(scenario=site)
    with Plain(simulator) as plain, soap(simulator) as watcher:
        assert plain.login(simulator).ok
        key = plain.session.headers["vmware-api-session-id"]
        while key in [session.key for session in watcher.content.sessionManager.sessionList]:
            watcher.CurrentTime()
        assert plain.call("GET", "/api/session").status_code == 401


def test_task_history_collectors(instance: Any) -> None:
    manager = instance.content.taskManager
    spec: Any = vim.TaskFilterSpec
    one, two = machine(instance, "vm-001"), machine(instance, "vm-002")
    started = instance.CurrentTime()
    VmomiSupport.GetRequestContext()["operationID"] = "history-1"
    WaitForTask(one.PowerOffVM_Task())
    WaitForTask(one.PowerOnVM_Task())
    with pytest.raises(vim.fault.InvalidPowerState):
        WaitForTask(two.PowerOnVM_Task())
    VmomiSupport.GetRequestContext().clear()
    of_one = spec(
        entity=spec.ByEntity(entity=one, recursion=spec.RecursionOption.self),
        time=spec.ByTime(timeType=spec.TimeOption.queuedTime, beginTime=started),
    )
    collector = manager.CreateCollectorForTasks(of_one)
    assert [info.descriptionId for info in collector.ReadNextTasks(10)] == [
        "VirtualMachine.powerOff",
        "VirtualMachine.powerOn",
    ]
    assert collector.ReadNextTasks(10) == []
    collector.ResetCollector()
    assert [info.descriptionId for info in collector.ReadPreviousTasks(10)] == [
        "VirtualMachine.powerOn",
        "VirtualMachine.powerOff",
    ]
    assert [info.descriptionId for info in collector.latestPage] == [
        "VirtualMachine.powerOn",
        "VirtualMachine.powerOff",
    ]
    collector.DestroyCollector()
    failed = manager.CreateCollectorForTasks(spec(state=[vim.TaskInfo.State.error]))
    (info,) = failed.ReadNextTasks(10)
    assert (info.entity, info.entityName, info.activationId) == (two, "vm-002", "history-1")
    assert (info.name.info.wsdlName, info.reason.userName) == ("PowerOnVM_Task", "administrator@vsphere.local")


def test_a_session_has_32_collectors(instance: Any) -> None:
    manager = instance.content.taskManager
    for _ in range(manager.maxCollector):
        manager.CreateCollectorForTasks(vim.TaskFilterSpec())
    with pytest.raises(vim.fault.InvalidState):
        manager.CreateCollectorForTasks(vim.TaskFilterSpec())


def test_a_task_that_cannot_be_cancelled_says_so(instance: Any) -> None:
    task = machine(instance, "vm-001").PowerOffVM_Task()
    with pytest.raises((vmodl.fault.NotSupported, vim.fault.InvalidState)):
        task.CancelTask()
    WaitForTask(task)
