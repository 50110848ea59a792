"""The story of a diagnosis: installation, settings, keyring and vCenter, line by line, each with its remedy."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from importlib import metadata
from xml.parsers import expat

from vsphere_motion import __version__
from vsphere_motion.credentials import KeyringState, keyring_state
from vsphere_motion.errors import MotionError, PermissionMissing, PreflightBlocked
from vsphere_motion.model.account import Credentials
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.model.inventory import ConnectionState, Host, Inventory
from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.privileges import privileges_on_site
from vsphere_motion.service.connection import VCenter, open_vcenter
from vsphere_motion.service.privileges import by_privilege, read_lacking
from vsphere_motion.service.site import SiteLine, look_at_site
from vsphere_motion.settings import Settings

PACKAGES = ("pyvmomi", "vmware-vcenter", "keyring", "click", "rich", "jinja2", "platformdirs")
WORRYING_SKEW = timedelta(seconds=60)
"""Half of what finding a migration in the hosts' logs tolerates (`service/explain.py`)."""

SAFE_EXPAT = (2, 4, 0)
"""The first expat that stops an answer whose entities grow without limit (its change log, 2.4.0)."""

DEFAULT_PURPOSES = ("migrate",)
"""What the account should be able to do; `doctor --privileges --for` asks for more."""

_NAMES = 5
_LOGS = 16


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
    yield parser_line(expat.EXPAT_VERSION, expat.version_info)
    for name in PACKAGES:
        try:
            yield _ok("package", f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield _fail("package", f"{name} is not installed", "install vsphere-motion again, with its dependencies", 1)
    yield keyring_line(keyring_state(environment))


def keyring_line(state: KeyringState) -> DoctorLine:
    """The keyring backend: none, one that keeps passwords in plain text because somebody chose it, or a good one."""
    if state.problem is not None:
        remedy = "without a keyring use VSPHERE_MOTION_PASSWORD, --password-stdin, or a prompt"
        return _warn("keyring", state.problem, remedy)
    if state.is_plaintext:
        words = f"{state.name} keeps passwords in plain text; PYTHON_KEYRING_BACKEND names it"
        return _warn("keyring", words, "install a keyring backend that encrypts, or use password_command")
    return _ok("keyring", state.name)


def parser_line(name: str, version: tuple[int, int, int]) -> DoctorLine:
    """The parser of vCenter's answers; one without a limit on entities can be made to fill the memory."""
    words = name.replace("_", " ")
    if version < SAFE_EXPAT:
        safe = ".".join(map(str, SAFE_EXPAT))
        remedy = f"use a Python with expat {safe} or newer: an older one lets a small answer grow without limit"
        return _fail("XML parser", words, remedy, MotionError.exit_code)
    return _ok("XML parser", words)


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


def diagnose_privileges(endpoint: Endpoint, credentials: Credentials, purposes: Sequence[str]) -> Iterator[DoctorLine]:
    """Connect, and say which privileges the account lacks for these purposes, and where."""
    try:
        with open_vcenter(endpoint, credentials) as vcenter:
            yield _ok("account", vcenter.user)
            yield from _privilege_lines(vcenter, vcenter.snapshot(), purposes)
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
    yield from _unreadable_lines(inventory)
    yield from (_of_site(line) for line in look_at_site(inventory))
    yield from _privilege_lines(vcenter, inventory, DEFAULT_PURPOSES)
    yield from _log_lines(vcenter, inventory)


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
        words += f"; {len(inventory.unreadable)} objects could not be read, or not in full"
        return _warn("inventory", words, "give the account the role Read-only on what it shall move")
    return _ok("inventory", words)


def _unreadable_lines(inventory: Inventory) -> Iterator[DoctorLine]:
    """Each object that the account cannot see: one that is missing here is missing in every command."""
    for line in inventory.unreadable:
        yield _warn("not seen", line, "the role Read-only, or its privileges System.View and System.Read")


def _of_site(line: SiteLine) -> DoctorLine:
    state = DoctorState(line.state.value)
    exit_code = PreflightBlocked.exit_code if state is DoctorState.FAIL else 0
    return DoctorLine(topic=line.topic, state=state, text=line.text, remedy=line.remedy, exit_code=exit_code)


def _privilege_lines(vcenter: VCenter, inventory: Inventory, purposes: Sequence[str]) -> Iterator[DoctorLine]:
    """One line for each privilege that is missing anywhere, with the objects; one line if none is.

    Without it on some objects the moves of the others still work, so a line fails where none is left.
    """
    wanted = Counter(name for names in privileges_on_site(inventory, purposes).values() for name in names)
    words = ", ".join(purposes)
    found = by_privilege(read_lacking(vcenter, inventory, purposes))
    for privilege, objects in found.items():
        names = sorted(one.object.name for one in objects)
        where = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
        if not privilege:
            text = f"the privileges on {where} could not be asked for"
            yield _warn("privileges", text, "give the account the role Read-only there, and ask again")
            continue
        text = f"{privilege} is missing on {len(names)} of {wanted[privilege]} objects ({words}): {where}"
        remedy = "grant a role with it there; print the smallest with: vsphere-motion doctor --role"
        if len(names) == wanted[privilege]:
            yield _fail("privileges", text, remedy, PermissionMissing.exit_code)
        else:
            yield _warn("privileges", text, remedy)
    if not found:
        yield _ok("privileges", f"nothing is missing on {len(inventory.vms)} VMs and what they use ({words})")


def _log_lines(vcenter: VCenter, inventory: Inventory) -> Iterator[DoctorLine]:
    """Whether the log of one connected host of each cluster can be read; a report without it lacks downtime."""
    hosts: dict[MoRef | None, Host] = {}
    for host in inventory.hosts:
        if host.connection_state is ConnectionState.CONNECTED:
            hosts.setdefault(host.compute_resource, host)
    if not hosts:
        yield _warn("host log", "no host is connected", "connect a host")
    yield from (_log_line(vcenter, host) for host in list(hosts.values())[:_LOGS])


def _log_line(vcenter: VCenter, host: Host) -> DoctorLine:
    from vsphere_motion.vcenter.hostlogs import read_log_tail

    tail = read_log_tail(vcenter.session, host.named, since=None, max_lines=1)
    if tail.notes and not tail.lines:
        remedy = "give the account the privilege Global.Diagnostics; migrations work without it, reports say less"
        return _warn("host log", f"{host.name}: {'; '.join(tail.notes)}", remedy)
    return _ok("host log", f"the vmkernel log of {host.name} can be read")


def _ok(topic: str, text: str) -> DoctorLine:
    return DoctorLine(topic=topic, state=DoctorState.OK, text=text)


def _warn(topic: str, text: str, remedy: str) -> DoctorLine:
    return DoctorLine(topic=topic, state=DoctorState.WARN, text=text, remedy=remedy)


def _fail(topic: str, text: str, remedy: str, exit_code: int) -> DoctorLine:
    return DoctorLine(topic=topic, state=DoctorState.FAIL, text=text, remedy=remedy, exit_code=exit_code)
