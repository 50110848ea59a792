"""The tags and custom attributes of a virtual machine, seen by clients that are none of ours."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim

from tests.observer import Observer
from vsphere_motion.testing.simulator import SimulatedVCenter


@dataclass(frozen=True)
class Labels:
    """What a VM carries: tags as CATEGORY/TAG, and the values of its custom attributes."""

    tags: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)


class Rest:
    """The REST API of a simulated vCenter, by the standard library alone."""

    def __init__(self, vcenter: SimulatedVCenter) -> None:
        self._url = f"https://{vcenter.host}:{vcenter.port}/api"
        self._tls = ssl.create_default_context(cafile=str(vcenter.ca_file))
        pair = base64.b64encode(f"{vcenter.user}:{vcenter.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}"}
        self._headers = {"vmware-api-session-id": self.ask("POST", "/session")}

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer to one request."""
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self._url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def tags_of(self, moid: str) -> frozenset[str]:
        """The tags of a VM."""
        body = {"object_id": {"type": "VirtualMachine", "id": moid}}
        ids = self.ask("POST", "/cis/tagging/tag-association?action=list-attached-tags", body)
        return frozenset(map(self._name, ids))

    def make_tag(self, category: str, tag: str) -> str:
        """A new tag, in a category that is made where it is not there."""
        made = {self.ask("GET", f"/cis/tagging/category/{one}")["name"]: one for one in self._categories()}
        spec = {"name": category, "description": "", "cardinality": "MULTIPLE", "associable_types": []}
        identifier = made.get(category) or self.ask("POST", "/cis/tagging/category", spec)
        spec = {"name": tag, "description": "", "category_id": identifier}
        return str(self.ask("POST", "/cis/tagging/tag", spec))

    def attach(self, identifier: str, moid: str) -> None:
        """Attach a tag to a VM."""
        body = {"object_id": {"type": "VirtualMachine", "id": moid}}
        self.ask("POST", f"/cis/tagging/tag-association/{identifier}?action=attach", body)

    def close(self) -> None:
        """Log out."""
        self.ask("DELETE", "/session")

    def _categories(self) -> Iterator[str]:
        yield from self.ask("GET", "/cis/tagging/category")

    def _name(self, identifier: str) -> str:
        tag = self.ask("GET", f"/cis/tagging/tag/{identifier}")
        return f"{self.ask('GET', '/cis/tagging/category/' + tag['category_id'])['name']}/{tag['name']}"


@contextmanager
def resting(vcenter: SimulatedVCenter) -> Iterator[Rest]:
    """A client of the REST API with its own session."""
    rest = Rest(vcenter)
    try:
        yield rest
    finally:
        rest.close()


def labels(vcenter: SimulatedVCenter, observer: Observer, *names: str) -> dict[str, Labels]:
    """What these VMs carry."""
    fields = {one.key: one.name for one in observer.content.customFieldsManager.field}
    vms = observer.read(vim.VirtualMachine, "customValue")
    with resting(vcenter) as rest:
        return {
            name: Labels(
                tags=rest.tags_of(vms[name]["ref"]._moId),
                attributes={fields[one.key]: one.value for one in vms[name].get("customValue", ())},
            )
            for name in names
        }
