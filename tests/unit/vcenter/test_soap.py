"""What is an answer and what is not; and whatever comes, it is one of a few known failures."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyVmomi import vim, vmodl
from pyVmomi.VmomiSupport import versionMap

from tests.sim.transport.canned import CONTENT, answer, content_answer, fault
from tests.unit.vcenter.test_body import length, response
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.connection import BodyReader
from vsphere_motion.vcenter.soap import NOT_UNDERSTOOD, Answer, NotAnAnswer, UnknownFault, read_answer
from vsphere_motion.vcenter.stub import Stub
from vsphere_motion.vcenter.tls import TrustRules

STUB = Stub(
    Endpoint(host="vc01"), TrustRules(ca_pem=None, pin=None, insecure=False), version=versionMap["vim25/8.0.3.0"]
)
RETRIEVE = vim.ServiceInstance._GetMethodInfo("RetrieveContent")
RELOCATE = vim.VirtualMachine._GetMethodInfo("Relocate")
LOGOUT = vim.SessionManager._GetMethodInfo("Logout")
WAIT = vmodl.query.PropertyCollector._GetMethodInfo("WaitForUpdatesEx")
TASK = '<returnval type="Task">task-1</returnval>'


def read(method: Any, body: bytes) -> Answer:
    return read_answer(STUB, method, BodyReader(response(body, length(body))))


def test_a_result() -> None:
    content = read(RETRIEVE, content_answer().body)
    assert not content.is_fault
    assert content.value.about.apiVersion == "8.0.3.0"
    assert content.value.sessionManager._stub is STUB


def test_a_task() -> None:
    assert read(RELOCATE, answer("RelocateVM_Task", TASK).body).value._GetMoId() == "task-1"


def test_an_answer_without_a_result() -> None:
    assert read(LOGOUT, answer("Logout").body) == Answer(value=None, is_fault=False)


def test_an_optional_result_that_is_absent() -> None:
    assert read(WAIT, answer("WaitForUpdatesEx").body) == Answer(value=None, is_fault=False)


def test_a_fault() -> None:
    refusal = read(RELOCATE, fault("TaskInProgress", "busy").body)
    assert refusal.is_fault
    assert isinstance(refusal.value, vim.fault.TaskInProgress)
    assert refusal.value.msg == "busy"


def test_a_fault_without_detail() -> None:
    bare = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
    bare += b"<faultcode>c</faultcode><faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>"
    refusal = read(RELOCATE, bare)
    assert isinstance(refusal.value, vmodl.RuntimeFault)
    assert refusal.value.msg == "no"


def test_an_unknown_fault() -> None:
    with pytest.raises(UnknownFault) as caught:
        read(RELOCATE, fault("BrandNewReason", "too new").body)
    assert (caught.value.kind, caught.value.message) == ("BrandNewReason", "too new")


@pytest.mark.parametrize(
    ("method", "body"),
    [
        pytest.param(LOGOUT, b"<html/>", id="XML"),
        pytest.param(LOGOUT, b"<LogoutResponse/>", id="no envelope"),
        pytest.param(LOGOUT, answer("Login").body, id="answer to another call"),
        pytest.param(WAIT, answer("X").body.replace(b"XResponse", b"X"), id="empty envelope"),
        pytest.param(RELOCATE, answer("RelocateVM_Task").body, id="no result"),
        pytest.param(
            RELOCATE, answer("RelocateVM_Task", '<returnval type="Folder">group-1</returnval>').body, id="no task"
        ),
        pytest.param(LOGOUT, b"<!DOCTYPE x>" + answer("Logout").body.partition(b"\n")[2], id="document type"),
    ],
)
def test_well_formed_and_no_answer(method: Any, body: bytes) -> None:
    with pytest.raises(NotAnAnswer):
        read(method, body)


def test_entities_are_refused_before_they_are_expanded() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><x>&l9;</x>'
    with pytest.raises(NotAnAnswer, match="document type"):
        read(LOGOUT, text.encode())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("<existingState>hovering</existingState>", id="unknown enum value"),
        pytest.param("<brandNewField>1</brandNewField>", id="unknown field"),
        pytest.param('<requestedState xsi:type="NewState">on</requestedState>', id="unknown type"),
    ],
)
def test_a_fault_with_something_unknown_in_it_is_a_refusal(content: str) -> None:
    with pytest.raises(UnknownFault) as caught:
        read(RELOCATE, fault("InvalidPowerState", "not now", content).body)
    assert (caught.value.kind, caught.value.message) == ("InvalidPowerState", "not now")


def test_a_result_with_something_unknown_in_it_is_not_understood() -> None:
    body = content_answer().body.replace(b"<about>", b"<about><brandNewField>1</brandNewField>")
    with pytest.raises(NOT_UNDERSTOOD):
        read(RETRIEVE, body)


MUTATIONS: list[Callable[[bytes, int, bytes], bytes]] = [
    lambda body, at, junk: body[:at],
    lambda body, at, junk: body[:at] + junk + body[at:],
    lambda body, at, junk: body[:at] + junk + body[at + len(junk) :],
    lambda body, at, junk: body.replace(body[at : at + 5] or b"x", junk),
]


@settings(max_examples=300, deadline=None)
@given(
    body=st.sampled_from([content_answer().body, fault("TaskInProgress", "busy").body, b""]),
    mutate=st.sampled_from(MUTATIONS),
    at=st.integers(0, 1500),
    junk=st.binary(max_size=12) | st.sampled_from([b"<a>", b"</", b'xsi:type="int"', b"Response", b"Fault", b"detail"]),
)
def test_whatever_comes_is_an_answer_or_a_known_failure(
    body: bytes, mutate: Callable[[bytes, int, bytes], bytes], at: int, junk: bytes
) -> None:
    try:
        result = read(RETRIEVE, mutate(body, at, junk))
    except (*NOT_UNDERSTOOD, UnknownFault, OSError, http.client.HTTPException):
        return
    assert isinstance(result.value, Exception if result.is_fault else vim.ServiceInstanceContent)


def test_the_fuzzed_answer_is_whole() -> None:
    assert CONTENT.partition("{about}")[0].encode() in content_answer().body


RETRIEVE_EX = vmodl.query.PropertyCollector._GetMethodInfo("RetrievePropertiesEx")
MODIFY = vim.view.ListView._GetMethodInfo("Modify")
NOW = vim.ServiceInstance._GetMethodInfo("CurrentTime")


@pytest.mark.parametrize(
    ("method", "name", "content", "words"),
    [
        pytest.param(
            WAIT,
            "WaitForUpdatesEx",
            "<returnval><version>1</version><filterSet></filterSet></returnval>",
            "is missing",
            id="filter",
        ),
        pytest.param(
            RETRIEVE_EX,
            "RetrievePropertiesEx",
            "<returnval><objects><propSet><name>name</name><val xsi:type='xsd:string'>x</val></propSet></objects>"
            "</returnval>",
            "is missing",
            id="object",
        ),
        pytest.param(
            MODIFY, "ModifyListView", '<returnval xsi:type="xsd:string">x</returnval>', "instead of", id="text in list"
        ),
        pytest.param(NOW, "CurrentTime", '<returnval xsi:type="xsd:string">x</returnval>', "instead of", id="text"),
    ],
)
def test_an_answer_that_lacks_what_the_api_requires(method: Any, name: str, content: str, words: str) -> None:
    with pytest.raises((NotAnAnswer, TypeError), match=words):
        read(method, answer(name, content).body)
