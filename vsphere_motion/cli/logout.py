"""`logout`: remove a password from the keyring."""

from __future__ import annotations

from dataclasses import replace

import click

from vsphere_motion.cli.connection import account_of, read_settings, session_file
from vsphere_motion.cli.console import safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.servers import remember_user
from vsphere_motion.credentials import forget_password, keyring_state
from vsphere_motion.errors import VCenterUnavailable
from vsphere_motion.settings import Settings


@declare("logout")
@click.argument("address", metavar="[SERVER]", required=False)
def command(invocation: Invocation, /, *, address: str | None) -> int:
    """Remove the password of an account from the keyring, and end a session that was kept. A stored pin stays.

    SERVER is HOST or HOST:PORT; without it, the server the settings name.
    """
    if address is not None:
        invocation = replace(invocation, flags={**invocation.flags, "server": address})
    settings = read_settings(invocation)
    endpoint, environment = settings.endpoint, invocation.environment
    if settings.user is None:
        invocation.console.note(f"Nothing is stored for {safe(endpoint.address)}: no account is known. Name it: --user")
        return ExitCode.OK
    account = account_of(settings)
    _end_kept_session(invocation, settings)
    state = keyring_state(environment)
    removed = state.problem is None and forget_password(account, environment)
    remember_user(environment, f"{endpoint.host}:{endpoint.port}", None)
    if removed:
        invocation.console.note(f"The password of {safe(str(account))} is removed from {state.name}.")
    else:
        reason = f": {safe(state.problem)}" if state.problem else "."
        invocation.console.note(f"Nothing is stored for {safe(str(account))}{reason}")
    return ExitCode.OK


def _end_kept_session(invocation: Invocation, settings: Settings) -> None:
    """Log out on the server and forget the session, whether or not sessions are kept from now on."""
    from vsphere_motion.service.connection import end_kept_session

    kept = session_file(invocation, settings)
    if kept is None:
        return
    try:
        if end_kept_session(settings.endpoint, kept):
            invocation.console.note(f"The session on {safe(settings.endpoint.address)} that was kept has ended.")
    except VCenterUnavailable as error:
        invocation.console.warn(
            f"the session is forgotten here, and may stay open on the server: {safe(error.message)}"
        )
