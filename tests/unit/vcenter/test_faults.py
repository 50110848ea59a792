"""Every failure of a call becomes one of our errors, and a fault becomes data."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from xml.parsers.expat import ExpatError

import pytest
from pyVmomi import VmomiSupport, vim, vmodl

from vsphere_motion.errors import (
    CallTimeout,
    CertificateUntrusted,
    LoginRefused,
    MotionError,
    OutcomeUnknown,
    PermissionMissing,
    ProtocolError,
    SessionEnded,
    Unreachable,
    VCenterFault,
)
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.task import Fault
from vsphere_motion.vcenter.faults import fault_from, faults_from, raise_for_missing, translate, translated

WHAT = "move web01 (vm-12)"

BROKEN = [
    pytest.param(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), Unreachable, id="reset"),
    pytest.param(http.client.RemoteDisconnected("Remote end closed"), Unreachable, id="disconnected"),
    pytest.param(BrokenPipeError(errno.EPIPE, "Broken pipe"), Unreachable, id="broken pipe"),
    pytest.param(TimeoutError("no answer within 60 s"), CallTimeout, id="deadline"),
    pytest.param(TimeoutError(errno.ETIMEDOUT, "Connection timed out"), Unreachable, id="peer gone"),
    pytest.param(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), Unreachable, id="refused"),
    pytest.param(socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Unreachable, id="no such name"),
    pytest.param(OSError(errno.EHOSTUNREACH, "No route to host"), Unreachable, id="no route"),
    pytest.param(ssl.SSLCertVerificationError("self-signed"), CertificateUntrusted, id="untrusted"),
    pytest.param(ssl.SSLEOFError(8, "EOF occurred"), Unreachable, id="TLS cut off"),
    pytest.param(ssl.SSLError(1, "wrong version number"), ProtocolError, id="no TLS"),
    pytest.param(http.client.HTTPException("503 X"), ProtocolError, id="HTTP error"),
    pytest.param(http.client.BadStatusLine("x"), ProtocolError, id="bad status line"),
    pytest.param(http.client.LineTooLong("header line"), ProtocolError, id="line too long"),
    pytest.param(http.client.IncompleteRead(b""), ProtocolError, id="incomplete"),
    pytest.param(ExpatError("syntax error"), ProtocolError, id="no XML"),
    pytest.param(Exception("Raising a non-exception object"), ProtocolError, id="fault that is none"),
    pytest.param(KeyError("BrandNewFault"), ProtocolError, id="unknown type"),
    pytest.param(TypeError("Invalid type for tag"), ProtocolError, id="wrong type"),
    pytest.param(AttributeError("unknownEnum"), ProtocolError, id="unknown enum value"),
]


def all_faults() -> Iterator[Any]:
    for name in VmomiSupport._dataDefMap:
        if name.startswith(("vim.fault.", "vmodl.fault.")):
            kind = VmomiSupport.GetVmodlType(name)
            if issubclass(kind, vmodl.MethodFault):
                yield kind


@pytest.mark.parametrize(("failure", "error"), BROKEN)
def test_a_broken_transport_or_answer(failure: Exception, error: type[MotionError]) -> None:
    translation = translate(failure, what=WHAT)
    assert type(translation) is error
    assert translation.message.startswith("Could not move web01 (vm-12): ")
    assert translation.hint


@pytest.mark.parametrize(("failure", "error"), BROKEN)
def test_a_changing_call_without_an_answer(failure: Exception, error: type[MotionError]) -> None:
    assert type(translate(failure, what=WHAT, changing=True)) is OutcomeUnknown


def test_no_fault_is_unmapped() -> None:
    kinds = list(all_faults())
    assert len(kinds) > 500
    for kind in kinds:
        error = translate(kind(msg="words"), what=WHAT, changing=True)
        assert isinstance(error, (VCenterFault, SessionEnded, LoginRefused, PermissionMissing)), kind
        assert "words" in error.message


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param(vim.fault.NotAuthenticated(msg="words"), SessionEnded, id="session ended, not a permission"),
        pytest.param(vim.fault.InvalidLogin(msg="words"), LoginRefused, id="login"),
        pytest.param(vim.fault.NoPermission(msg="words"), PermissionMissing, id="permission"),
        pytest.param(vmodl.fault.ManagedObjectNotFound(msg="words"), VCenterFault, id="gone"),
        pytest.param(vim.fault.HostConnectFault(msg="words"), VCenterFault, id="host"),
        pytest.param(vmodl.RuntimeFault(msg="words"), VCenterFault, id="bare runtime fault"),
    ],
)
def test_a_fault_has_its_error(fault: Exception, error: type[MotionError]) -> None:
    translation = translate(fault, what=WHAT)
    assert type(translation) is error
    assert translation.message == "Could not move web01 (vm-12): words"


def test_the_kind_of_a_fault_is_the_api_name() -> None:
    error = translate(vim.fault.InsufficientMemoryResourcesFault(msg="words"), what=WHAT)
    assert isinstance(error, VCenterFault)
    assert error.fault_kind == "InsufficientMemoryResourcesFault"


def test_a_fault_without_words_is_called_by_its_kind() -> None:
    assert translate(vim.fault.Timedout(), what=WHAT).message == "Could not move web01 (vm-12): Timedout"


def test_missing_privileges_are_named() -> None:
    host = vim.HostSystem("host-21", None)
    missing = vim.fault.NoPermission.EntityPrivileges(entity=host, privilegeIds=["Resource.HotMigrate", "Host.Config"])
    fault = vim.fault.NoPermission(
        msg="Permission to perform this operation was denied.",
        object=host,
        privilegeId="Resource.HotMigrate",
        missingPrivileges=[missing],
    )
    assert translate(fault, what=WHAT).details == (
        "object: host-21",
        "privilegeId: Resource.HotMigrate",
        "missingPrivileges: Resource.HotMigrate, Host.Config on host-21",
    )


def test_our_own_error_passes_as_it_is() -> None:
    error = CallTimeout("x")
    assert translate(error, what=WHAT, changing=True) is error


@pytest.mark.parametrize(
    ("failure", "error"), [(vim.fault.InvalidLogin(), LoginRefused), (OSError(5, "x"), Unreachable)]
)
def test_a_translated_block_raises_from_the_failure(failure: Exception, error: type[MotionError]) -> None:
    with pytest.raises(error) as caught, translated(WHAT):
        raise failure
    assert caught.value.__cause__ is failure


@pytest.mark.parametrize("defect", [KeyError("x"), TypeError("x"), AttributeError("x"), KeyboardInterrupt()])
def test_a_translated_block_hides_no_defect(defect: BaseException) -> None:
    with pytest.raises(type(defect)) as caught, translated(WHAT):
        raise defect
    assert caught.value is defect


def test_a_translated_block_that_ends_well() -> None:
    with translated(WHAT):
        result = 1
    assert result == 1


def test_nested_faults_are_lines() -> None:
    cause = vim.fault.CannotAccessNetwork(
        msg="No access to 'VM Network'.", device="nic0", backing="net", connected=True
    )
    fault = vim.fault.NoCompatibleHost(
        msg="No host is compatible.",
        host=[vim.HostSystem("host-9", None)],
        error=[cause],
        faultMessage=[vmodl.LocalizableMessage(key="a.b.c", message="Try another host.")],
        faultCause=vim.fault.Timedout(msg="too slow"),
    )
    assert fault_from(fault) == Fault(
        kind="NoCompatibleHost",
        message="No host is compatible.",
        details=(
            "Try another host.",
            "host: host-9",
            "error: CannotAccessNetwork: No access to 'VM Network'.",
            "device: nic0",
            "backing: net",
            "connected: True",
            "caused by: Timedout: too slow",
        ),
    )


def test_a_localized_wrapper_is_taken_off() -> None:
    wrapped = vmodl.LocalizedMethodFault(fault=vim.fault.Timedout(), localizedMessage="Operation timed out.")
    assert fault_from(wrapped) == Fault(kind="Timedout", message="Operation timed out.")


def test_a_message_without_text_is_shown_by_its_key() -> None:
    fault = vim.fault.Timedout(faultMessage=[vmodl.LocalizableMessage(key="msg.vmotion.timeout")])
    assert fault_from(fault).details == ("msg.vmotion.timeout",)


def test_faults_that_go_round_in_circles_end() -> None:
    fault = vim.fault.Timedout(msg="again")
    fault.faultCause = fault
    assert 1 < len(fault_from(fault).details) < 10


def missing(path: str, fault: Any) -> Any:
    return vmodl.query.PropertyCollector.MissingProperty(path=path, fault=fault)


def test_an_ended_session_is_seen_in_the_missing_set() -> None:
    entries = [missing("name", vim.fault.NoPermission()), missing("runtime.host", vim.fault.NotAuthenticated())]
    with pytest.raises(SessionEnded, match="read the inventory"):
        raise_for_missing(entries, what="read the inventory")


def test_what_else_is_missing_is_named() -> None:
    gone = vmodl.query.PropertyCollector.MissingObject(
        obj=vim.VirtualMachine("vm-9", None), fault=vmodl.fault.ManagedObjectNotFound(msg="gone")
    )
    assert raise_for_missing([missing("config.uuid", vim.fault.NoPermission(msg="no")), gone], what="read") == (
        ("config.uuid", Fault(kind="NoPermission", message="no")),
        ("vm-9", Fault(kind="ManagedObjectNotFound", message="gone")),
    )


def test_nothing_missing() -> None:
    assert raise_for_missing([], what="read") == ()


def localized(fault: Any, words: str) -> Any:
    return vmodl.LocalizedMethodFault(fault=fault, localizedMessage=words)


def test_a_list_of_faults_is_each_of_them_with_its_host() -> None:
    hosts = [vim.HostSystem("host-1"), vim.HostSystem("host-2")]
    members = [localized(vmodl.fault.HostNotConnected(), "gone"), localized(vim.fault.QuestionPending(text="?"), "ask")]
    found = faults_from(localized(vim.fault.NoCompatibleHost(host=hosts, error=members), "no host"))
    assert [(host, fault.kind, fault.message) for host, fault in found] == [
        (MoRef(kind="HostSystem", moid="host-1"), "HostNotConnected", "gone"),
        (MoRef(kind="HostSystem", moid="host-2"), "QuestionPending", "ask"),
    ]


def test_lists_within_lists_are_unrolled_and_one_without_hosts_is_about_none() -> None:
    inner = vim.fault.EVCConfigFault(faults=[localized(vmodl.fault.HostNotConnected(), "gone")])
    assert faults_from(vim.fault.EVCConfigFault(faults=[localized(inner, ""), localized(inner, "")])) == (
        (None, Fault(kind="HostNotConnected", message="gone")),
        (None, Fault(kind="HostNotConnected", message="gone")),
    )


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(vim.fault.NoCompatibleHost(), id="an empty list"),
        pytest.param(vim.fault.QuestionPending(text="?"), id="no list"),
        pytest.param(
            vim.fault.DisallowedMigrationDeviceAttached(fault=localized(vim.fault.RemoteDeviceNotSupported(), "cd")),
            id="a wrapper of one, which says more than what it wraps",
        ),
    ],
)
def test_any_other_fault_stays_one(fault: Any) -> None:
    assert faults_from(fault) == ((None, fault_from(fault)),)


def test_a_rule_that_a_fault_names_is_a_detail() -> None:
    rule = vim.cluster.AntiAffinityRuleSpec(name="apart", enabled=True)
    assert fault_from(vim.fault.RuleViolation(rule=rule)).details == ("rule: apart",)
