"""Storage policies: which there are, and which the files of virtual machines have, by vCenter's policy service.

The service is another one at the same address, with the session of the first; it knows a disk as `vm-42:2000`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pyVmomi import pbm
from pyVmomi.VmomiSupport import versionMap

from vsphere_motion.model.move import StoragePolicy
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.faults import translated
from vsphere_motion.vcenter.stub import Stub
from vsphere_motion.vcenter.tls import trust_rules

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_STORAGE = "STORAGE"
_REQUIREMENT = "REQUIREMENT"
_AT_ONCE = 500

PolicyKey = tuple[MoRef, int | None]
"""A disk of a VM by its device key; None stands for its configuration files."""


class PolicyService:
    """The policy service of one vCenter; close it.

    Calls: PbmRetrieveServiceContent, PbmQueryProfile, PbmRetrieveContent, PbmQueryAssociatedProfiles.
    Needs: StorageProfile.View.
    """

    def __init__(self, session: Session) -> None:
        self._address = session.stub.endpoint.address
        self._stub = _stub(session)

    def __enter__(self) -> PolicyService:
        return self

    def __exit__(self, *_: object) -> None:
        self._stub.close()

    def read_all(self) -> tuple[StoragePolicy, ...]:
        """Every policy that can be asked for, by name."""
        with translated(f"read the storage policies of {self._address}"):
            manager = self._manager()
            kind = pbm.profile.ResourceType(resourceType=_STORAGE)
            ids = manager.PbmQueryProfile(resourceType=kind, profileCategory=_REQUIREMENT)
            found = manager.PbmRetrieveContent(profileIds=ids) if ids else []
        policies = (StoragePolicy(id=one.profileId.uniqueId, name=one.name) for one in found)
        return tuple(sorted(policies, key=lambda policy: (policy.name, policy.id)))

    def read_of(self, keys: Sequence[PolicyKey], known: Iterable[StoragePolicy]) -> dict[PolicyKey, StoragePolicy]:
        """The policy of each of these disks and configurations that has one."""
        by_id = {policy.id: policy for policy in known}
        wanted = {_object(key).key: key for key in keys}
        found: dict[PolicyKey, StoragePolicy] = {}
        for start in range(0, len(keys), _AT_ONCE):
            objects = [_object(key) for key in keys[start : start + _AT_ONCE]]
            with translated(f"read the storage policies of {len(objects)} files"):
                answers = self._manager().PbmQueryAssociatedProfiles(entities=objects)
            for answer in answers or ():
                ids = [one.uniqueId for one in answer.profileId or ()]
                if ids and answer.object.key in wanted:
                    found[wanted[answer.object.key]] = by_id.get(ids[0], StoragePolicy(id=ids[0], name=ids[0]))
        return found

    def _manager(self) -> Any:
        return pbm.ServiceInstance("ServiceInstance", self._stub).PbmRetrieveServiceContent().profileManager


class _PolicyStub(Stub):
    """Calls of the policy service."""

    path = "/pbm"


def _stub(session: Session) -> Stub:
    stub = _PolicyStub(session.stub.endpoint, trust_rules(session.stub.endpoint), version=versionMap["pbm/2.0"])
    stub.cookie = session.stub.cookie
    stub.requestContext = {"vcSessionCookie": session.stub.cookie}
    return stub


def _object(key: PolicyKey) -> Any:
    vm, disk = key
    if disk is None:
        return pbm.ServerObjectRef(objectType="virtualMachine", key=vm.moid)
    return pbm.ServerObjectRef(objectType="virtualDiskId", key=f"{vm.moid}:{disk}")
