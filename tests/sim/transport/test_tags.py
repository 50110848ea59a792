"""Tags over the wire: our own rules of trust and time hold for the SDK's requests, and the session outlives them."""

from __future__ import annotations

import gc
import json

import pytest

from tests.sim.transport.canned import canned
from tests.sim.transport.certificates import Identity
from tests.sim.transport.servers import Reply, Request, Server, hang
from vsphere_motion.errors import (
    CallTimeout,
    MotionError,
    PermissionMissing,
    PinMismatch,
    ProtocolError,
    SessionEnded,
    VCenterFault,
)
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session import Session
from vsphere_motion.vcenter.tags import read_tagged_objects
from vsphere_motion.vcenter.tls import fetch_certificate

pytestmark = [
    pytest.mark.vcsim,
    pytest.mark.filterwarnings("ignore:com.vmware:DeprecationWarning"),  # the SDK's own, on its import
    pytest.mark.filterwarnings("ignore::DeprecationWarning:com.vmware"),
]

TAGS = ""
"""What the server calls a request that is no SOAP."""


def rpc(output: object) -> Reply:
    return Reply(body=json.dumps({"jsonrpc": "2.0", "id": "0", "result": output}).encode())


def refusal(kind: str, words: str) -> Reply:
    """An error of the Automation API as its JSON-RPC writes it."""
    message = {"id": "x", "default_message": words, "args": []}
    structure = {f"com.vmware.vapi.std.errors.{kind}": {"messages": [_struct("localizable_message", message)]}}
    return rpc({"error": {"ERROR": structure}})


def _struct(name: str, values: dict[str, object]) -> dict[str, object]:
    return {"STRUCTURE": {f"com.vmware.vapi.std.{name}": values}}


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        pytest.param(
            Reply(status=302, headers=(("Location", "https://127.0.0.1:1/api"),)), ProtocolError, "302", id="302"
        ),
        pytest.param(Reply(status=404), ProtocolError, "HTTP 404", id="not there"),
        pytest.param(Reply(status=503), ProtocolError, "HTTP 503", id="away"),
        pytest.param(Reply(body=b"<html>hello</html>"), ProtocolError, "not understood", id="a portal"),
        pytest.param(rpc(None), MotionError, "read the tags", id="no result"),
        pytest.param(refusal("unauthenticated", "who?"), SessionEnded, "who?", id="no session"),
        pytest.param(refusal("unauthorized", "not you"), PermissionMissing, "not you", id="no privilege"),
        pytest.param(refusal("service_unavailable", "later"), VCenterFault, "later", id="unavailable"),
    ],
)
def test_an_answer_that_is_none_becomes_one_of_our_errors(
    reply: Reply, error: type[MotionError], words: str, server: Server, session: Session
) -> None:
    server.backend = canned(**{TAGS: reply})

    with pytest.raises(error) as caught:
        read_tagged_objects(session, ["env/prod"])

    assert words in caught.value.message
    assert "secret-cookie" not in repr(caught.value.details) + caught.value.message + str(caught.value.hint)


def test_silence_ends_at_the_deadline(server: Server, session: Session) -> None:
    server.faults[TAGS] = [hang]

    with pytest.raises(CallTimeout):
        read_tagged_objects(session, ["env/prod"])


def test_another_certificate_than_the_pinned_one_gets_no_request(
    server: Server, session: Session, other_trusted: Identity, trusted: Identity
) -> None:
    at = session.endpoint
    session.endpoint = Endpoint(host=at.host, port=at.port, thumbprint=fetch_certificate(at).thumbprint)
    server.identity = other_trusted
    before = len(server.requests)

    with pytest.raises(PinMismatch):
        read_tagged_objects(session, ["env/prod"])

    assert len(server.requests) == before
    server.identity = trusted


def test_the_session_is_not_ended_with_the_sdks_objects(server: Server, session: Session) -> None:
    seen: list[Request] = []

    def backend(request: Request) -> Reply:
        if request.method == TAGS:
            seen.append(request)
            return rpc({"output": []})
        return canned()(request)

    server.backend = backend
    with pytest.raises(MotionError) as caught:
        read_tagged_objects(session, ["env/prod"])
    gc.collect()

    assert "no tag category is called env" in caught.value.message
    assert all(b"cis.session" not in request.body for request in seen)
    assert b"secret-cookie" in b"".join(request.body for request in seen)
    assert server.methods.count("Logout") == 0
