"""What the transcripts of Python clients share: plain pyVmomi that relocates, watches, cancels and reads logs.

Nothing of our own package talks to the vCenter here; `vsphere_motion.testing` starts it and plants what goes wrong.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import VmomiSupport, vim, vmodl

from vsphere_motion.testing.simulator import SimulatedVCenter

STANDS_STILL_HALF_WAY = {"match": {"vm": "db01"}, "when": {"percent": 50}, "hang": {}}

MOVED_AND_CANCELLED = """\
relocate   db01 to esx3: VirtualMachine.relocate, operation transcript-1
watch      progress rises by fives to 100 %: success, not cancelled; takes 14.5 s; db01 on esx3
read logs  esx1: begun, stopped pre-copy, sent; esx3: begun; one migration
relocate   db01 to esx1: VirtualMachine.relocate, operation transcript-2
watch      progress rises by fives to 50 %
cancel     error vmodl.fault.RequestCanceled, cancelled; db01 on esx3
read logs  esx3: begun, failed 0xbad00e0; esx1: begun, failed 0xbad003f; one migration"""
"""What `Mover` writes down of the scenario `small`: db01 moves to esx3, and half-way back it is cancelled."""

_PAGE_LINES = 500
_TOLD = (
    (re.compile(r"Migrate: .* ts = ?(\d+), "), "begun"),
    (re.compile(r"VMotion: \d+: (\d+) S: Stopping pre-copy"), "stopped pre-copy"),
    (re.compile(r"VMotionSend: \d+: (\d+) S: Sent all modified pages"), "sent"),
    (re.compile(r"(\d+) [SD]: Failed: .*\((0xbad[0-9a-f]+)\)"), "failed"),
)


class Transcript:
    """The steps of one client, as a person would note them down."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def say(self, step: str, words: str) -> None:
        """Note one step and what came of it."""
        self._lines.append(f"{step:<10} {words}")

    def text(self) -> str:
        """All steps, a line each."""
        return "\n".join(self._lines)


@contextmanager
def soap(simulator: SimulatedVCenter, *, session_id: str | None = None) -> Iterator[Any]:
    """A connection of plain pyVmomi, logged in with the password or with a session there is already."""
    who = {"user": simulator.user, "pwd": simulator.password} if session_id is None else {"sessionId": session_id}
    trust = ssl.create_default_context(cafile=str(simulator.ca_file))
    instance = SmartConnect(host=simulator.host, port=simulator.port, sslContext=trust, **who)
    try:
        yield instance
    finally:
        if session_id is None:
            Disconnect(instance)
        instance._stub.DropConnections()


def placement(instance: Any) -> dict[str, str]:
    """The host of every virtual machine, by names, read in one call."""
    content, query = instance.content, vmodl.query.PropertyCollector
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine, vim.HostSystem], True)
    walk = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    spec = query.FilterSpec(
        propSet=[
            query.PropertySpec(type=vim.VirtualMachine, pathSet=["name", "runtime.host"]),
            query.PropertySpec(type=vim.HostSystem, pathSet=["name"]),
        ],
        objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
    )
    try:
        objects = content.propertyCollector.RetrievePropertiesEx([spec], query.RetrieveOptions()).objects
    finally:
        view.DestroyView()
    read = {found.obj: {item.name: item.val for item in found.propSet} for found in objects}
    return {
        values["name"]: read[values["runtime.host"]]["name"] for values in read.values() if "runtime.host" in values
    }


class Mover:
    """Moves db01 with plain pyVmomi and notes down what it sees."""

    def __init__(self, instance: Any, transcript: Transcript) -> None:
        self._content = instance.content
        self._instance = instance
        self._transcript = transcript
        self._vm = self._find("DC0/vm/db01")

    def _find(self, path: str) -> Any:
        found = self._content.searchIndex.FindByInventoryPath(path)
        assert found is not None, path
        return found

    def move_to_the_end(self) -> None:
        """From esx1 to esx3."""
        task = self._relocate("esx3", "transcript-1")
        seen = watched(self._content, task, until=101)
        info = task.info
        took_s = (info.completeTime - info.startTime).total_seconds()
        self._transcript.say("watch", f"{rise([*seen, 100])}: {_ending(info)}; takes {took_s:.1f} s; {self._placed()}")
        self._read_logs("transcript-1", "esx1", "esx3")

    def cancel_half_way(self) -> None:
        """From esx3 back to esx1, of which nothing comes."""
        task = self._relocate("esx1", "transcript-2")
        self._transcript.say("watch", rise(watched(self._content, task, until=50)))
        task.CancelTask()
        watched(self._content, task, until=101)
        self._transcript.say("cancel", f"{_ending(task.info)}; {self._placed()}")
        self._read_logs("transcript-2", "esx3", "esx1")

    def _relocate(self, to: str, operation: str) -> Any:
        spec = vim.vm.RelocateSpec(host=self._find(f"DC0/host/cluster/{to}"))
        VmomiSupport.GetRequestContext()["operationID"] = operation
        try:
            task = self._vm.RelocateVM_Task(spec, vim.VirtualMachine.MovePriority.defaultPriority)
        finally:
            VmomiSupport.GetRequestContext().clear()
        info = task.info
        self._transcript.say(
            "relocate", f"{info.entityName} to {to}: {info.descriptionId}, operation {info.activationId}"
        )
        return task

    def _placed(self) -> str:
        return f"db01 on {placement(self._instance)['db01']}"

    def _read_logs(self, operation: str, source: str, destination: str) -> None:
        of_source, of_destination = host_log(self._instance, source), host_log(self._instance, destination)
        migration = migration_of(operation, of_source)
        assert migration is not None, of_source
        one = "one migration" if migration_of(operation, of_destination) == migration else "two migrations"
        words = f"{source}: {told(migration, of_source)}; {destination}: {told(migration, of_destination)}"
        self._transcript.say("read logs", f"{words}; {one}")


def host_log(instance: Any, name: str) -> list[str]:
    """All lines of a host's vmkernel log, page by page."""
    content = instance.content
    host = content.searchIndex.FindByInventoryPath(f"DC0/host/cluster/{name}")
    lines: list[str] = []
    while True:
        page = content.diagnosticManager.BrowseDiagnosticLog(host, "vmkernel", len(lines) + 1, _PAGE_LINES)
        lines += page.lineText
        if not page.lineText or len(lines) >= page.lineEnd:
            return lines


def watched(content: Any, task: Any, *, until: int) -> list[int]:
    """Wait in the property collector until the task is final, or its progress is `until`; returns the progress seen."""
    query, collector = vmodl.query.PropertyCollector, content.propertyCollector
    spec = query.FilterSpec(
        propSet=[query.PropertySpec(type=vim.Task, pathSet=["info.state", "info.progress"])],
        objectSet=[query.ObjectSpec(obj=task)],
    )
    watch, version = collector.CreateFilter(spec, partialUpdates=True), ""
    seen: list[int] = []
    try:
        while True:
            update = collector.WaitForUpdatesEx(version, query.WaitOptions(maxWaitSeconds=30))
            assert update is not None, f"nothing happens to {task}; progress so far: {seen}"
            version = update.version
            values = {change.name: change.val for found in update.filterSet[0].objectSet for change in found.changeSet}
            if values.get("info.progress") is not None:
                seen.append(values["info.progress"])
            if values.get("info.state") in ("success", "error") or (seen and seen[-1] >= until):
                return seen
    finally:
        watch.DestroyPropertyFilter()


def rise(seen: list[int]) -> str:
    """The progress in words; what was seen in between depends on how fast the machine is."""
    assert seen == sorted(seen), seen
    assert all(percent % 5 == 0 for percent in seen), seen
    return f"progress rises by fives to {seen[-1]} %"


def _ending(info: Any) -> str:
    fault = "" if info.error is None else f" {type(info.error).__name__}"
    return f"{info.state}{fault}, {'' if info.cancelled else 'not '}cancelled"


def migration_of(operation: str, lines: list[str]) -> str | None:
    """From vCenter's operation ID to the host's, and from there to the migration ID."""
    mapped = re.compile(rf"VC opID {re.escape(operation)}\S* maps to vmkernel opID ([0-9a-f]+)")
    local = {found[1] for line in lines if (found := mapped.search(line))}
    for line in lines:
        begun = re.search(r"opID=([0-9a-f]+)\)Migrate: .* ts = ?(\d+), ", line)
        if begun and begun[1] in local:
            return begun[2]
    return None


def latest_migration(lines: list[str]) -> str:
    """The migration ID of the migration that began last."""
    begun = [found[1] for line in lines if (found := re.search(r"Migrate: .* ts = ?(\d+), ", line))]
    return begun[-1]


def told(migration: str, lines: list[str]) -> str:
    """What lines of a log say of a migration."""
    words = []
    for line in lines:
        for pattern, event in _TOLD:
            found = pattern.search(line)
            if found and found[1] == migration:
                words.append(" ".join([event, *found.groups()[1:]]))
    return ", ".join(words)
