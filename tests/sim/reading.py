"""Sessions with a simulated vCenter, and a server in front of it that rewrites what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sim.transport.certificates import make_authority, make_server
from tests.sim.transport.servers import Reply, Request, Server, forward_to
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.inventory import Host, Inventory, Vm
from vsphere_motion.model.move import Move, Placement
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.session import Session, open_session

Rewrite = Callable[[str, bytes], bytes]
"""From a method's name and the body of its answer to the body that is sent."""


def session_with(
    vcenter: SimulatedVCenter, *, port: int | None = None, ca_file: Path | None = None, relogin: bool = True
) -> Session:
    """A session, with the simulator itself unless another port stands in front of it."""
    endpoint = Endpoint(host=vcenter.host, port=port or vcenter.port, ca_file=ca_file or vcenter.ca_file)
    credentials = Credentials(user=vcenter.user, password=Password(vcenter.password), source="the fixture")
    return open_session(endpoint, credentials, relogin=relogin)


@contextmanager
def rewritten(vcenter: SimulatedVCenter, directory: Path, rewrite: Rewrite) -> Iterator[tuple[Session, Server]]:
    """A session that sees the simulator's answers rewritten, and the server that rewrites them."""
    assert vcenter.ca_file is not None
    forward = forward_to("127.0.0.1", vcenter.port, vcenter.ca_file)

    def backend(request: Request) -> Reply:
        reply = forward(request)
        return Reply(status=reply.status, body=rewrite(request.method, reply.body), headers=reply.headers)

    authority = make_authority(directory)
    with (
        Server(backend, make_server(directory, "front", authority)) as server,
        session_with(vcenter, port=server.port, ca_file=authority.certificate_file) as session,
    ):
        yield session, server


def as_it_is(method: str, body: bytes) -> bytes:
    """Rewrite nothing: the server in front is there for its faults."""
    return body


def withhold(body: bytes, moid: str, path: str) -> bytes:
    """The answer with NoPermission instead of one property of one object."""
    return _replace_property(
        body,
        moid,
        path,
        f"<missingSet><path>{path}</path><fault><fault xsi:type='NoPermission'>"
        f"<object type='Folder'>group-d1</object><privilegeId>System.Read</privilegeId></fault>"
        f"<localizedMessage>Permission to perform this operation was denied.</localizedMessage></fault></missingSet>",
    )


def unset(body: bytes, moid: str, path: str) -> bytes:
    """The answer without one property of one object."""
    return _replace_property(body, moid, path, "")


def _replace_property(body: bytes, moid: str, path: str, text: str) -> bytes:
    pattern = rb"(<obj [^>]*>%s</obj>(?:(?!</objects>|</returnval>).)*?)<propSet><name>%s</name>.*?</propSet>" % (
        re.escape(moid.encode()),
        re.escape(path.encode()),
    )
    return re.sub(pattern, lambda match: match[1] + text.encode(), body, flags=re.DOTALL)


def move_to(inventory: Inventory, vm: Vm, host: Host) -> Move:
    """One VM to another host of its cluster."""
    return Move(
        vm=vm.identity,
        source=Placement(host=inventory.name_of(vm.host), pool=inventory.name_of(vm.pool)),
        destination=Placement(host=host.named),
    )


def move_away(inventory: Inventory, vm: Vm) -> Move:
    """One VM to the first host of the site that it is not on."""
    return move_to(inventory, vm, next(host for host in inventory.hosts if host.ref != vm.host))
