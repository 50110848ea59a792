"""The story of a diagnosis: installation, settings, keyring and vCenter, line by line, each with its remedy."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from importlib import metadata

from vsphere_motion import __version__
from vsphere_motion.credentials import keyring_state
from vsphere_motion.errors import MotionError
from vsphere_motion.model.account import Credentials
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.inventory import ConnectionState, Inventory
from vsphere_motion.service.connection import VCenter, open_vcenter
from vsphere_motion.settings import Settings

PACKAGES = ("pyvmomi", "vmware-vcenter", "keyring", "click", "rich", "jinja2", "platformdirs")
WORRYING_SKEW = timedelta(seconds=60)
"""Half of what finding a migration in the hosts' logs tolerates (`service/explain.py`)."""


class DoctorState(Enum):
    """How bad a line is. `FAIL`: no migration is possible like this."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorLine:
    """One thing looked at.

    Args:
        exit_code: the exit code a command would end with for this reason; 0 unless the line fails.
    """

    topic: str
    state: DoctorState
    text: str
    remedy: str = ""
    exit_code: int = 0


def diagnose_installation(environment: Mapping[str, str]) -> Iterator[DoctorLine]:
    """Python, this package, what it stands on, and the keyring."""
    yield _ok("program", f"vsphere-motion {__version__}, Python {platform.python_version()} on {platform.system()}")
    yield _ok("XML parser", _expat_version())
    for name in PACKAGES:
        try:
            yield _ok("package", f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield _fail("package", f"{name} is not installed", "install vsphere-motion again, with its dependencies", 1)
    keyring = keyring_state(environment)
    if keyring.problem is None:
        yield _ok("keyring", keyring.name)
    else:
        remedy = "without a keyring use VSPHERE_MOTION_PASSWORD, --password-stdin, or a prompt"
        yield _warn("keyring", keyring.problem, remedy)


def diagnose_settings(settings: Settings) -> Iterator[DoctorLine]:
    """Each setting with the place it came from."""
    for item in settings.provenance:
        yield _ok("setting", f"{item.name} = {item.value} ({item.source})")
    endpoint = settings.endpoint
    if endpoint.insecure and endpoint.thumbprint is None:
        yield _warn(
            "TLS",
            f"the certificate is not verified ({settings.source_of('insecure')})",
            f"give --ca-file, or pin the certificate: vsphere-motion login {endpoint.address} --trust",
        )


def diagnose_vcenter(endpoint: Endpoint, credentials: Credentials, now: Callable[[], datetime]) -> Iterator[DoctorLine]:
    """Connect, log in, and look at what a migration needs: versions, clocks, inventory, a host's log."""
    yield _ok("password", f"from {credentials.source}")
    try:
        with open_vcenter(endpoint, credentials) as vcenter:
            yield from _look_at(vcenter, now)
    except MotionError as error:
        yield failure("vCenter", error)


def failure(topic: str, error: MotionError) -> DoctorLine:
    """An error as a line."""
    return _fail(topic, error.message, error.hint or "", error.exit_code)


def _look_at(vcenter: VCenter, now: Callable[[], datetime]) -> Iterator[DoctorLine]:
    identity = vcenter.identity
    yield _ok("vCenter", f"{identity.product}, API {identity.api_version}, logged in as {vcenter.user}")
    yield _ok(
        "TLS",
        {"verified": "the certificate is verified", "pinned": "the certificate is the pinned one"}.get(
            vcenter.tls, "the certificate is not verified"
        ),
    )
    yield _clock_line(vcenter, now)
    inventory = vcenter.snapshot()
    yield _inventory_line(inventory)
    yield _log_line(vcenter, inventory)


def _clock_line(vcenter: VCenter, now: Callable[[], datetime]) -> DoctorLine:
    before = now()
    theirs = vcenter.session.now()
    after = now()
    skew = theirs - (before + (after - before) / 2)
    words = (
        f"vCenter's clock is {abs(skew.total_seconds()):.1f} s {'ahead of' if skew > timedelta(0) else 'behind'} ours"
    )
    if abs(skew) > WORRYING_SKEW:
        return _warn("clock", words, "synchronise the clocks: a wrong one hides a migration's lines in the hosts' logs")
    return _ok("clock", words)


def _inventory_line(inventory: Inventory) -> DoctorLine:
    words = f"{len(inventory.hosts)} hosts, {len(inventory.vms)} VMs, {len(inventory.clusters)} compute resources"
    if inventory.unreadable:
        words += f"; {len(inventory.unreadable)} objects could not be read, such as: {inventory.unreadable[0]}"
        return _warn("inventory", words, "give the account the role Read-only on what it shall move")
    return _ok("inventory", words)


def _log_line(vcenter: VCenter, inventory: Inventory) -> DoctorLine:
    """Whether the log of one connected host can be read; without it a report lacks downtime and phases."""
    from vsphere_motion.vcenter.hostlogs import read_log_tail

    host = next((item for item in inventory.hosts if item.connection_state is ConnectionState.CONNECTED), None)
    if host is None:
        return _warn("host log", "no host is connected", "connect a host")
    tail = read_log_tail(vcenter.session, host.named, since=None, max_lines=1)
    if tail.notes and not tail.lines:
        remedy = "give the account the privilege Global.Diagnostics; migrations work without it, reports say less"
        return _warn("host log", f"{host.name}: {'; '.join(tail.notes)}", remedy)
    return _ok("host log", f"the vmkernel log of {host.name} can be read")


def _expat_version() -> str:
    from xml.parsers import expat

    return expat.EXPAT_VERSION.replace("_", " ")


def _ok(topic: str, text: str) -> DoctorLine:
    return DoctorLine(topic=topic, state=DoctorState.OK, text=text)


def _warn(topic: str, text: str, remedy: str) -> DoctorLine:
    return DoctorLine(topic=topic, state=DoctorState.WARN, text=text, remedy=remedy)


def _fail(topic: str, text: str, remedy: str, exit_code: int) -> DoctorLine:
    return DoctorLine(topic=topic, state=DoctorState.FAIL, text=text, remedy=remedy, exit_code=exit_code)
