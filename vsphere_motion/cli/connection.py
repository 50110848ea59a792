"""From flags, environment and files to a connected vCenter: settings, credentials, login."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from vsphere_motion.cli.console import safe
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.logfile import REDACTION
from vsphere_motion.cli.servers import read_servers
from vsphere_motion.credentials import Account, Ask, find_credentials, find_new_password, without_passwords
from vsphere_motion.errors import BadInput, CredentialMissing, UsageProblem
from vsphere_motion.model.account import Credentials, DeferredPassword
from vsphere_motion.model.address import parse_known_hosts
from vsphere_motion.settings import Settings, Sources, config_path, read_config, resolve, state_directory

if TYPE_CHECKING:
    from vsphere_motion.run.journal import Journal
    from vsphere_motion.service.connection import VCenter
    from vsphere_motion.vcenter.session_file import SessionFile

_COMMAND_TIMEOUT_S = 60.0


def open_vcenter(invocation: Invocation) -> VCenter:
    """Connect and log in as the settings say; a context manager that logs out.

    Raises:
        UsageProblem, AccessRefused, VCenterUnavailable: as their names say.
    """
    from vsphere_motion.service.connection import open_vcenter as connect

    settings = read_settings(invocation)
    kept = session_file(invocation, settings) if settings.session_reuse else None
    if kept is None or kept.read() is None:
        credentials = read_credentials(invocation, settings)
    else:
        credentials = _deferred_credentials(invocation, settings)
    warn_if_insecure(invocation, settings)
    return connect(settings.endpoint, credentials, relogin=settings.relogin, kept=kept)


def session_file(invocation: Invocation, settings: Settings) -> SessionFile | None:
    """Where the session with this server is kept between commands; None where none may be.

    Raises:
        UsageProblem: no account is named.
    """
    from vsphere_motion.vcenter.session_file import SessionFile, may_keep

    user = account_of(settings).user
    if not may_keep(settings.endpoint):
        return None
    return SessionFile(state_directory(invocation.environment), settings.endpoint, user)


def _deferred_credentials(invocation: Invocation, settings: Settings) -> Credentials:
    """The account, whose password is looked for only if the session that was kept has ended."""
    password = DeferredPassword(lambda: read_credentials(invocation, settings).password.reveal())
    return Credentials(user=account_of(settings).user, password=password, source="looked for when it is needed")


def read_settings(invocation: Invocation) -> Settings:
    """The settings that win, from every place.

    Raises:
        UsageProblem, BadInput: no server is named, or a value cannot be used.
    """
    return resolve(read_sources(invocation))


def read_sources(invocation: Invocation) -> Sources:
    """Everything settings may come from, read.

    Raises:
        BadInput: a file cannot be read.
    """
    return Sources(
        flags=invocation.flags,
        environment=invocation.environment,
        config=read_config(config_path()),
        known_hosts=_known_hosts(invocation.environment),
        remembered=read_servers(invocation.environment),
    )


def read_credentials(invocation: Invocation, settings: Settings) -> Credentials:
    """The account and its password.

    Raises:
        UsageProblem: no account is named.
        CredentialMissing: no place has a password.
    """
    account = account_of(settings)
    credentials = find_credentials(account, invocation.environment, **_ways_to_ask(invocation, settings, account))
    REDACTION.add(credentials.password.reveal())
    return credentials


def read_login_credentials(invocation: Invocation, settings: Settings) -> Credentials:
    """The account and the password to store, which never comes from the keyring.

    Raises:
        UsageProblem: no account is named.
        CredentialMissing: no place has a password.
    """
    account = account_of(settings)
    credentials = find_new_password(account, invocation.environment, **_ways_to_ask(invocation, settings, account))
    REDACTION.add(credentials.password.reveal())
    return credentials


class _Ways(TypedDict):
    read_stdin: Ask | None
    run_command: Ask | None
    prompt: Ask | None


def _ways_to_ask(invocation: Invocation, settings: Settings, account: Account) -> _Ways:
    command, console = settings.password_command, invocation.console
    question = f"Password of {safe(str(account))}: "
    return _Ways(
        read_stdin=invocation.read_password if invocation.password_stdin else None,
        run_command=partial(run_password_command, command, invocation.environment) if command else None,
        prompt=partial(console.ask_password, question) if console.is_interactive else None,
    )


def account_of(settings: Settings) -> Account:
    """Whose password is needed.

    Raises:
        UsageProblem: no place names an account.
    """
    if settings.user is None:
        raise UsageProblem(
            f"no account is named for {settings.endpoint.address}",
            hint="give --user, or set VSPHERE_MOTION_USER, VMWARE_USER, GOVC_USERNAME or VSPHERE_USER",
        )
    return Account(host=settings.endpoint.host, port=settings.endpoint.port, user=settings.user)


def warn_if_insecure(invocation: Invocation, settings: Settings) -> None:
    """Say every time that nobody checks who is at the other end."""
    endpoint = settings.endpoint
    if endpoint.insecure and endpoint.thumbprint is None:
        source = settings.source_of("insecure")
        invocation.console.warn(
            f"the certificate of {endpoint.address} is not verified ({source}): anyone on the way can read the password"
        )


@contextmanager
def open_state_journal(invocation: Invocation) -> Iterator[Journal]:
    """The journal of the state directory, closed at the end of the block.

    Raises:
        BadInput: VSPHERE_MOTION_JOURNAL_MODE has no mode.
        JournalError: it cannot be opened.
    """
    from vsphere_motion.service.state import open_state_journal as of_environment

    with of_environment(invocation.environment) as journal:
        yield journal


def run_password_command(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The first line that the context's `password_command` prints; its standard error goes through.

    Args:
        environment: what the command sees, but for passwords.

    Raises:
        CredentialMissing: it cannot be run, fails, or does not end.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the person's own command, from the person's own file
            command,
            env=without_passwords(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            timeout=_COMMAND_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else f"it failed ({type(problem).__name__})"
        raise CredentialMissing(
            f"password_command {command[0]} gave no password: {reason}", hint="run it by hand to see why"
        ) from problem
    return done.stdout.decode(errors="replace").split("\n", 1)[0].rstrip("\r")


def _known_hosts(environment: Mapping[str, str]) -> dict[str, str]:
    pins: dict[str, str] = {}
    for name in filter(None, environment.get("GOVC_TLS_KNOWN_HOSTS", "").split(os.pathsep)):
        try:
            pins.update(parse_known_hosts(Path(name).expanduser().read_text(encoding="utf-8")))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInput(
                f"GOVC_TLS_KNOWN_HOSTS names {name}, which cannot be read: {problem}", hint="correct it, or unset it"
            ) from problem
    return pins
