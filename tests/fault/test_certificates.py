"""A certificate that was replaced, and verification that somebody switched off by mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fault.doors import credentials_of, endpoint_of, session_through
from tests.program import Program
from tests.promises import record
from vsphere_motion.errors import CertificateUntrusted, MotionError, PinMismatch, VCenterUnavailable
from vsphere_motion.testing.certificates import make_authority, make_server
from vsphere_motion.testing.faultproxy import FaultProxy
from vsphere_motion.testing.simulator import SimulatedVCenter
from vsphere_motion.vcenter.session import open_session

pytestmark = pytest.mark.vcsim

RECONNECTS = 100
MOVE = ("check", "vm-001", "--to-host", "esx-002")
WRONG_PIN = ":".join(["AB"] * 32)


@pytest.fixture
def proxy(shared_vcenter: SimulatedVCenter) -> Iterator[FaultProxy]:
    with FaultProxy(shared_vcenter) as running:
        yield running


@pytest.mark.parametrize("has_authority", [True, False], ids=["pin and authority", "pin alone"])
def test_row_18_nothing_is_sent_to_a_server_with_another_certificate(proxy: FaultProxy, has_authority: bool) -> None:
    """The new certificate is one that the authority vouches for: only the pin tells them apart."""
    first = proxy.thumbprint
    session = session_through(proxy, thumbprint=first, **({} if has_authority else {"ca_file": None}))
    second = proxy.change_certificate()
    proxy.cut_idle()
    for _ in range(RECONNECTS):
        with pytest.raises(PinMismatch) as caught:
            session.now()
    session.close()
    seen = [call.method for call in proxy.calls() if call.thumbprint == second]
    record(18, f"{len(seen)} requests reached the second server in {RECONNECTS} reconnects")
    assert seen == []
    assert proxy.connections >= RECONNECTS
    details = "\n".join(caught.value.details)
    assert first in details
    assert second in details
    assert str(caught.value.hint).count("vsphere-motion login") == 1


def test_row_18_the_command_line_names_both_and_the_one_command(
    proxy: FaultProxy, program: Callable[[SimulatedVCenter], Program]
) -> None:
    first = proxy.thumbprint
    second = proxy.change_certificate()
    done = program(proxy.vcenter)(*MOVE, "--thumbprint", first)
    assert done.exit_code == 5, done.text
    assert first in done.stderr
    assert second in done.stderr
    assert f"vsphere-motion login {proxy.host}:{proxy.port} --trust" in done.stderr
    assert proxy.calls() == []


class _Case:
    """One line of the matrix: how the server is met, and what has to come of it.

    Args:
        certificate: `trusted` by the proxy's authority, `self-signed`, `ended` or for `elsewhere`.
        pin: `right`, `wrong` or none.
    """

    def __init__(
        self,
        words: str,
        expected: str | type[MotionError],
        *,
        certificate: str = "trusted",
        pin: str | None = None,
        **endpoint: Any,
    ) -> None:
        self.words, self.expected, self.certificate, self.pin, self.endpoint = (
            words,
            expected,
            certificate,
            pin,
            endpoint,
        )


MATRIX = (
    _Case("an authority that is trusted", "verified"),
    _Case("no authority", CertificateUntrusted, ca_file=None),
    _Case("no authority, by the name localhost", CertificateUntrusted, ca_file=None, host="localhost"),
    _Case("self-signed", CertificateUntrusted, certificate="self-signed"),
    _Case("self-signed, the right pin", "pinned", certificate="self-signed", pin="right", ca_file=None),
    _Case("a wrong pin, verification off", PinMismatch, pin="wrong", insecure=True),
    _Case("a wrong pin on localhost", PinMismatch, pin="wrong", host="localhost", ca_file=None),
    _Case("a wrong pin, although the authority vouches", PinMismatch, pin="wrong"),
    _Case("for another name", CertificateUntrusted, certificate="elsewhere"),
    _Case("no longer valid", CertificateUntrusted, certificate="ended"),
)


@pytest.mark.parametrize("case", MATRIX, ids=lambda case: case.words)
def test_row_19_who_is_trusted(proxy: FaultProxy, tmp_path: Path, case: _Case) -> None:
    _present(proxy, tmp_path, case.certificate)
    pins = {"right": proxy.thumbprint, "wrong": WRONG_PIN, None: None}
    endpoint = endpoint_of(proxy, **{"thumbprint": pins[case.pin], **case.endpoint})
    credentials = credentials_of(proxy.vcenter)
    if isinstance(case.expected, str):
        with open_session(endpoint, credentials) as session:
            assert session.tls == case.expected
        return
    with pytest.raises(case.expected):
        open_session(endpoint, credentials)
    assert proxy.calls() == []


def _present(proxy: FaultProxy, directory: Path, certificate: str) -> None:
    """Let the proxy present a certificate of this kind; `elsewhere` and `ended` have an authority that is trusted."""
    if certificate == "self-signed":
        proxy.change_certificate(trusted=False)
    elif certificate != "trusted":
        names = ["vc.elsewhere.example"] if certificate == "elsewhere" else [proxy.host]
        authority = make_authority(directory)
        proxy.change_certificate(
            make_server(directory, certificate, signer=authority, names=names, ended=certificate == "ended")
        )
        proxy.ca_file = authority.certificate_file


def test_row_19_a_second_connection_is_checked_as_the_first_was(proxy: FaultProxy) -> None:
    """With pyVmomi's own stub the second pooled connection goes to any server."""
    first = proxy.thumbprint
    with session_through(proxy, thumbprint=first, ca_file=None) as session:
        proxy.change_certificate(trusted=False)
        proxy.cut_idle(late=True)
        with pytest.raises(VCenterUnavailable):
            session.now()
    assert {call.thumbprint for call in proxy.calls()} == {first}


def test_row_19_verification_goes_off_for_one_run_alone_and_the_report_says_so(
    vcenter: SimulatedVCenter, fault_proxy: Callable[..., FaultProxy], program: Callable[[SimulatedVCenter], Program]
) -> None:
    """Variables with which other tools switch it off do nothing; `--insecure` is told on stderr and kept."""
    proxy = fault_proxy(vcenter)
    proxy.change_certificate(trusted=False)
    run = program(proxy.vcenter)
    habits = {
        "VMWARE_VALIDATE_CERTS": "false",
        "GOVC_INSECURE": "1",
        "VSPHERE_ALLOW_UNVERIFIED_SSL": "true",
        "PYTHONHTTPSVERIFY": "0",
        "REQUESTS_CA_BUNDLE": "",
    }
    assert run(*MOVE, **habits).exit_code == 5
    assert proxy.calls() == []
    off = run("migrate", *MOVE[1:], "--yes", "--insecure", "-o", "json")
    assert off.exit_code == 0, off.text
    assert "not verified" in off.stderr
    assert off.json["tls"] == "insecure"
    assert run("report", off.json["run"]).text.count("insecure") >= 1
    assert run(*MOVE).exit_code == 5
    record(19, f"{len(MATRIX) + 2}/12")
    assert len(MATRIX) + 2 == 12
