"""Who answers: certificates, pins and CA files; nothing is sent to a server that is not the right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.transport.calls import CREDENTIALS
from tests.sim.transport.canned import canned
from tests.sim.transport.certificates import Identity, make_server
from tests.sim.transport.servers import Server
from vsphere_motion.errors import (
    BadInput,
    CallTimeout,
    CertificateUntrusted,
    PinMismatch,
    Unreachable,
)
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session import Session, open_session
from vsphere_motion.vcenter.tls import fetch_certificate

pytestmark = pytest.mark.vcsim


def test_opening_takes_one_connection_and_two_calls(session: Session, server: Server) -> None:
    assert server.methods == ["RetrieveServiceContent", "Login"]
    assert server.connections == 1
    assert session.tls == "verified"
    assert session.identity.api_version == "8.0.3.0"


def test_the_version_of_the_server_is_spoken_from_the_login_on(session: Session, server: Server) -> None:
    assert [request.headers["SOAPAction"] for request in server.requests] == ['"urn:vim25/6.5"', '"urn:vim25/8.0.3.0"']


def test_no_authority_for_the_certificate(endpoint: Endpoint, server: Server, trusted: Identity) -> None:
    with pytest.raises(CertificateUntrusted) as caught:
        open_session(endpoint._replace(ca_file=None), CREDENTIALS)
    shown = "\n".join(caught.value.details)
    assert trusted.thumbprint in shown.replace(":", "").lower()
    assert "--ca-file" in shown
    assert "--thumbprint" in shown
    assert f"vsphere-motion login 127.0.0.1:{server.port} --trust" in shown
    assert server.requests == []


def test_the_authorities_of_the_system_count(
    endpoint: Endpoint, authority: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate_file))
    with open_session(endpoint._replace(ca_file=None), CREDENTIALS) as session:
        assert session.tls == "verified"


def test_certificate_for_another_address(certificates: Path, authority: Identity, endpoint: Endpoint) -> None:
    elsewhere = make_server(certificates, "elsewhere", authority, address="127.9.9.9")
    with Server(canned(), elsewhere) as server, pytest.raises(CertificateUntrusted, match=r"127\.0\.0\.1"):
        open_session(endpoint._replace(port=server.port), CREDENTIALS)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="although the authority vouches"),
        pytest.param({"ca_file": None}, id="pin alone"),
        pytest.param({"insecure": True}, id="insecure"),
    ],
)
def test_a_wrong_pin_sends_nothing(endpoint: Endpoint, server: Server, trusted: Identity, change: object) -> None:
    wrong = endpoint._replace(thumbprint="ab" * 32, **change)  # type: ignore[arg-type]
    with pytest.raises(PinMismatch) as caught:
        open_session(wrong, CREDENTIALS)
    assert server.requests == []
    assert "AB:AB" in caught.value.details[0]
    assert trusted.thumbprint in caught.value.details[1].replace(":", "").lower()


def test_a_pin_alone_is_trust_enough(endpoint: Endpoint, self_signed: Identity) -> None:
    with Server(canned(), self_signed) as server:
        pinned = endpoint._replace(port=server.port, ca_file=None, thumbprint=self_signed.thumbprint.upper())
        with open_session(pinned, CREDENTIALS) as session:
            assert session.tls == "pinned"


def test_a_pin_does_not_replace_a_given_authority(endpoint: Endpoint, self_signed: Identity) -> None:
    with Server(canned(), self_signed) as server:
        both = endpoint._replace(port=server.port, thumbprint=self_signed.thumbprint)
        with pytest.raises(CertificateUntrusted):
            open_session(both, CREDENTIALS)
        assert server.requests == []


def test_insecure_takes_any_certificate(endpoint: Endpoint, self_signed: Identity) -> None:
    with (
        Server(canned(), self_signed) as server,
        open_session(endpoint._replace(port=server.port, ca_file=None, insecure=True), CREDENTIALS) as session,
    ):
        assert session.tls == "insecure"


@pytest.mark.parametrize("keeps_authority", [True, False], ids=["pin and authority", "pin alone"])
def test_every_connection_is_checked(
    endpoint: Endpoint, server: Server, trusted: Identity, other_trusted: Identity, *, keeps_authority: bool
) -> None:
    pinned = endpoint._replace(thumbprint=trusted.thumbprint, ca_file=endpoint.ca_file if keeps_authority else None)
    session = open_session(pinned, CREDENTIALS)
    server.identity = other_trusted
    server.cut_connections()
    before = len(server.requests)
    with pytest.raises(PinMismatch):
        session.now()
    session.close()
    assert len(server.requests) == before


def test_the_certificate_can_be_fetched_without_sending_anything(
    endpoint: Endpoint, server: Server, trusted: Identity
) -> None:
    presented = fetch_certificate(endpoint._replace(ca_file=None))
    assert presented.thumbprint.replace(":", "").lower() == trusted.thumbprint
    assert presented.pem == trusted.certificate_file.read_text()
    assert server.requests == []


def test_no_certificate_can_be_fetched_where_nothing_answers(endpoint: Endpoint, server: Server) -> None:
    server.is_mute = True
    with pytest.raises(CallTimeout, match="certificate of 127"):
        fetch_certificate(endpoint)
    server.stop_listening()
    with pytest.raises(Unreachable, match="refused"):
        fetch_certificate(endpoint)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"not a certificate", "PEM", id="text"),
        pytest.param(b"\xff\xfe\x00", "PEM", id="bytes"),
        pytest.param(b"", "PEM", id="empty"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "PEM", id="no certificate in its armour"
        ),
    ],
)
def test_a_ca_file_that_cannot_be_used(tmp_path: Path, endpoint: Endpoint, content: bytes | None, words: str) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        open_session(endpoint._replace(ca_file=ca_file), CREDENTIALS)
    assert str(ca_file) in caught.value.message
