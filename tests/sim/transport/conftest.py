"""A server that can misbehave, what a client of it trusts, and a session with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.transport.calls import CREDENTIALS, TIMEOUT_S
from tests.sim.transport.canned import canned
from tests.sim.transport.certificates import Identity, make_authority, make_server
from tests.sim.transport.servers import Server
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session import Session, open_session


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def authority(certificates: Path) -> Identity:
    return make_authority(certificates)


@pytest.fixture(scope="module")
def trusted(certificates: Path, authority: Identity) -> Identity:
    return make_server(certificates, "trusted", authority)


@pytest.fixture(scope="module")
def other_trusted(certificates: Path, authority: Identity) -> Identity:
    return make_server(certificates, "other-trusted", authority)


@pytest.fixture(scope="module")
def self_signed(certificates: Path) -> Identity:
    return make_server(certificates, "self-signed", None)


@pytest.fixture
def server(trusted: Identity) -> Iterator[Server]:
    with Server(canned(), trusted) as running:
        yield running


@pytest.fixture
def endpoint(server: Server, authority: Identity) -> Endpoint:
    return Endpoint(
        host="127.0.0.1",
        port=server.port,
        ca_file=authority.certificate_file,
        call_timeout_s=TIMEOUT_S,
        connect_timeout_s=TIMEOUT_S,
    )


@pytest.fixture
def session(endpoint: Endpoint) -> Iterator[Session]:
    with open_session(endpoint, CREDENTIALS) as opened:
        yield opened
