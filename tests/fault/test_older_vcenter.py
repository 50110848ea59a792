"""A vCenter before 8.0 Update 3, whose Automation API takes no login of the other API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.observer import observing
from vsphere_motion.errors import LoginRefused, SessionEnded
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.session import Session, open_session
from vsphere_motion.vcenter.tags import read_tagged_objects

pytestmark = [
    pytest.mark.vcsim,
    pytest.mark.filterwarnings("ignore:com.vmware:DeprecationWarning"),  # the SDK's own, on its import
    pytest.mark.filterwarnings("ignore::DeprecationWarning:com.vmware"),
]

SITE = """
version: 1
clusters: [{name: A, hosts: [{name: h1}]}]
datastores: [{name: ds}]
networks: [{name: lan}]
tags: {categories: [{name: env}], tags: [{name: prod, category: env}]}
vms: [{name: v, tags: [env/prod]}]
"""
REFUSED = {
    "jsonrpc": "2.0",
    "id": "0",
    "result": {"error": {"ERROR": {"com.vmware.vapi.std.errors.unauthenticated": {"messages": []}}}},
}


@pytest.fixture
def vcenter(vcenter_factory: VCenterFactory, tmp_path: Any) -> SimulatedVCenter:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    return vcenter_factory(scenario=site)


@contextmanager
def through(proxy: FaultProxy, vcenter: SimulatedVCenter, *, relogin: bool = True) -> Iterator[Session]:
    """A session with a vCenter that says it is older, and refuses the login of the other API."""
    proxy.plant(Rule(kind="edit", edit=lambda body: body.replace(b"8.0.3.0", b"8.0.2.0"), times=None, path="/sdk"))
    endpoint = Endpoint(proxy.host, proxy.port, proxy.ca_file)
    credentials = Credentials(user=vcenter.user, password=Password(vcenter.password), source="a test")
    session = open_session(endpoint, credentials, relogin=relogin)
    try:
        cookie = session.stub.cookie.strip('"').encode()
        answer = json.dumps(REFUSED).encode()
        proxy.plant(Rule(kind="answer", path="/api", containing=cookie, status=200, body=answer, times=None))
        yield session
    finally:
        session.close()


def operations(proxy: FaultProxy) -> list[str]:
    return [json.loads(call.body)["params"]["operationId"] for call in proxy.calls() if call.path == "/api"]


def test_tags_are_read_in_a_session_of_their_own_that_is_ended(vcenter: SimulatedVCenter) -> None:
    with observing(vcenter) as observer, FaultProxy(vcenter) as proxy:
        with through(proxy, vcenter) as session:
            assert session.identity.api_version == "8.0.2.0"
            found = read_tagged_objects(session, ["env/prod"])
            assert {ref.moid for ref in found["env/prod"]} == {observer.vm("v")._moId}
        assert observer.sessions() == 1
        asked = operations(proxy)
    assert (asked[0], asked[-1]) == ("create", "delete")


def test_without_a_password_it_is_said_why_tags_cannot_be_read(vcenter: SimulatedVCenter) -> None:
    with FaultProxy(vcenter) as proxy, through(proxy, vcenter, relogin=False) as session:
        with pytest.raises(SessionEnded) as caught:
            read_tagged_objects(session, ["env/prod"])
        assert "create" not in operations(proxy)
    assert "8.0 Update 3" in str(caught.value.hint)


def test_a_login_that_is_refused_is_asked_for_once(vcenter: SimulatedVCenter) -> None:
    with FaultProxy(vcenter) as proxy, through(proxy, vcenter) as session:
        answer = json.dumps(REFUSED).encode()
        proxy.plant(Rule(kind="answer", path="/api", containing=b"user_pass", status=200, body=answer, times=None))
        for _ in range(3):
            with pytest.raises(LoginRefused) as caught:
                read_tagged_objects(session, ["env/prod"])
            assert vcenter.password not in repr(caught.value) + str(caught.value.details)
        assert operations(proxy) == ["create"]


def test_a_newer_one_is_asked_with_the_session_that_is_there(vcenter: SimulatedVCenter) -> None:
    with FaultProxy(vcenter) as proxy:
        endpoint = Endpoint(proxy.host, proxy.port, proxy.ca_file)
        credentials = Credentials(user=vcenter.user, password=Password(vcenter.password), source="a test")
        with open_session(endpoint, credentials) as session:
            assert read_tagged_objects(session, ["env/prod"])["env/prod"]
        assert "create" not in operations(proxy)
