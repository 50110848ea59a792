"""The readers that `inventory.py` compares, each of them in a process of its own.

    python benchmarks/inventory_readers.py ours <paths.json

Standard input names the paths by kind of object. Every reader uses one ContainerView, the property collector and pages
of 1,000 objects, and decodes every value; `bytes` alone decodes none. Connecting and logging in are not measured.
"""

from __future__ import annotations

import json
import os
import re
import resource
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import VmomiSupport, vim, vmodl

from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.collector import PAGE_SIZE, filter_spec, property_spec, read_all, view_spec
from vsphere_motion.vcenter.connection import BodyReader
from vsphere_motion.vcenter.inventory import take_snapshot
from vsphere_motion.vcenter.session import Session, open_session
from vsphere_motion.vcenter.soap import Answer

Paths: TypeAlias = Mapping[str, Sequence[str]]
Count: TypeAlias = tuple[int, int]
"""Objects, and the properties that they have."""

_QUERY = vmodl.query.PropertyCollector
_TOKEN = re.compile(rb"<token>([^<]*)</token>")
CALL_TIMEOUT_S = 600.0


def main() -> None:
    """Read by the reader that the argument names, and print what it took."""
    paths: Paths = json.load(sys.stdin)
    name = sys.argv[1]
    if name == "pyvmomi":
        result = with_pyvmomi(paths)
    else:
        with session() as opened:
            result = measured(lambda: READERS[name](opened, paths))
    print(json.dumps(result))


def measured(read: Callable[[], Count]) -> dict[str, float]:
    """What reading took."""
    began, cpu = time.perf_counter(), time.process_time()
    objects, properties = read()
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"objects": objects, "properties": properties, "wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb}


def session() -> Session:
    """A session of ours with the simulator that the environment names."""
    have = os.environ
    endpoint = Endpoint(
        host=have["VMWARE_HOST"],
        port=int(have["VMWARE_PORT"]),
        ca_file=Path(have["VSPHERE_MOTION_CA_FILE"]),
        call_timeout_s=CALL_TIMEOUT_S,
    )
    password = Password(have["VMWARE_PASSWORD"])
    return open_session(endpoint, Credentials(user=have["VMWARE_USER"], password=password, source="the environment"))


def with_ours(opened: Session, paths: Paths) -> Count:
    """The package's one bulk read."""
    readings = read_all(opened, paths)
    return len(readings), sum(len(one.values) for one in readings.values())


def with_snapshot(opened: Session, paths: Paths) -> Count:
    """The package's snapshot: its reads, and the inventory that is made of them."""
    inventory = take_snapshot(opened)
    return len(inventory.vms), 0


def with_bytes(opened: Session, paths: Paths) -> Count:
    """The floor: the same answers over the same connection, and nothing made of them."""
    content: Any = opened.content
    collector = content.propertyCollector
    view = content.viewManager.CreateContainerView(content.rootFolder, [type_of(kind) for kind in paths], True)
    spec = filter_spec([view_spec(view)], [property_spec(kind, listed) for kind, listed in paths.items()])
    arguments: tuple[Any, ...] = ([spec], _QUERY.RetrieveOptions(maxObjects=PAGE_SIZE))
    method = "RetrievePropertiesEx"
    while True:
        token = opened.stub.ask(collector, collector._GetMethodInfo(method), arguments, read=token_alone)
        if not token:
            view.Destroy()
            return 0, 0
        method, arguments = "ContinueRetrievePropertiesEx", (token,)


def token_alone(_stub: Any, _method: Any, body: BodyReader) -> Answer:
    """Reads an answer to its end, and finds the token of the next page at its beginning."""
    found = _TOKEN.search(body.read(64 * 1024))
    body.drain()
    return Answer(value=found[1].decode() if found else "", is_fault=False)


def with_pyvmomi(paths: Paths) -> dict[str, float]:
    """Plain pyvmomi with its own connection."""
    have = os.environ
    context = ssl.create_default_context(cafile=have["VSPHERE_MOTION_CA_FILE"])
    service = SmartConnect(
        host=have["VMWARE_HOST"],
        port=int(have["VMWARE_PORT"]),
        user=have["VMWARE_USER"],
        pwd=have["VMWARE_PASSWORD"],
        sslContext=context,
    )
    try:
        return measured(lambda: plainly_read(service.RetrieveContent(), paths))
    finally:
        Disconnect(service)


def plainly_read(content: Any, paths: Paths) -> Count:
    """Every object and its properties, as pyvmomi's own objects."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [type_of(kind) for kind in paths], True)
    walk = _QUERY.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    spec = _QUERY.FilterSpec(
        propSet=[_QUERY.PropertySpec(type=type_of(kind), pathSet=list(listed)) for kind, listed in paths.items()],
        objectSet=[_QUERY.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
    )
    found = {
        one.obj._moId: {each.name: each.val for each in one.propSet if each.val is not None}
        for one in pages(content.propertyCollector, spec)
    }
    view.Destroy()
    return len(found), sum(map(len, found.values()))


def pages(collector: Any, spec: Any) -> Iterator[Any]:
    """The objects of page after page."""
    page = collector.RetrievePropertiesEx([spec], _QUERY.RetrieveOptions(maxObjects=PAGE_SIZE))
    while page is not None:
        yield from page.objects
        page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None


def type_of(kind: str) -> Any:
    """pyVmomi's class of a kind of object."""
    return VmomiSupport.GetWsdlType("urn:vim25", kind)


READERS: Mapping[str, Callable[[Session, Paths], Count]] = {
    "ours": with_ours,
    "snapshot": with_snapshot,
    "bytes": with_bytes,
}

if __name__ == "__main__":
    main()
