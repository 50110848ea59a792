"""`login`: check a password by really logging in, then keep it in the keyring; `--trust` also keeps the pin."""

from __future__ import annotations

from dataclasses import replace

import click

from vsphere_motion.cli.connection import account_of, read_login_credentials, read_settings, warn_if_insecure
from vsphere_motion.cli.console import require_interactive, safe
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.cli.invocation import Invocation
from vsphere_motion.cli.options import command as declare
from vsphere_motion.cli.servers import remember_pin, remember_user
from vsphere_motion.credentials import keyring_state, require_keyring, store_password
from vsphere_motion.model.account import Credentials
from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.settings import Settings


@declare("login", formats=())
@click.argument("address", metavar="[SERVER]", required=False)
@click.option("--trust", is_flag=True, help="Show the certificate's SHA-256, ask, and accept only it from now on.")
@click.option("-y", "--yes", is_flag=True, help="With --trust: do not ask.")
def command(invocation: Invocation, /, *, address: str | None, trust: bool, yes: bool) -> int:
    """Check a password by logging in, then keep it in the keyring.

    SERVER is HOST or HOST:PORT; without it, the server the settings name. The password comes from --password-stdin,
    the environment or a prompt.
    """
    if address is not None:
        invocation = replace(invocation, flags={**invocation.flags, "server": address})
    settings = read_settings(invocation)
    endpoint = settings.endpoint
    account_of(settings)
    if trust:
        endpoint = endpoint._replace(thumbprint=_trusted_thumbprint(invocation, endpoint, yes=yes))
    else:
        require_keyring(invocation.environment)
        warn_if_insecure(invocation, settings)
    credentials = read_login_credentials(invocation, settings)
    _log_in(invocation, endpoint, credentials)
    key = f"{endpoint.host}:{endpoint.port}"
    if trust and endpoint.thumbprint is not None:
        remember_pin(invocation.environment, key, endpoint.thumbprint)
        invocation.console.note(f"From now on {safe(endpoint.address)} must present this certificate.")
    remember_user(invocation.environment, key, credentials.user)
    _keep(invocation, settings, credentials)
    return ExitCode.OK


def _trusted_thumbprint(invocation: Invocation, endpoint: Endpoint, *, yes: bool) -> str:
    """The SHA-256 the server presents, after the person said yes to it.

    Raises:
        UsageProblem: it has to be asked and there is no terminal.
        Unreachable: nothing answers there with TLS.
    """
    from vsphere_motion.vcenter.tls import fetch_certificate

    console = invocation.console
    if not yes:
        require_interactive(console, "trusting a certificate", "add --yes after comparing it, or give --thumbprint")
    presented = fetch_certificate(endpoint).thumbprint
    console.note(f"{safe(endpoint.address)} presents a certificate with the SHA-256\n  {presented}")
    console.note("Compare it with what the server's owner says, such as: govc about.cert -k -thumbprint")
    if not yes and not console.confirm("Trust it?"):
        raise click.Abort
    return presented


def _log_in(invocation: Invocation, endpoint: Endpoint, credentials: Credentials) -> None:
    from vsphere_motion.service.connection import open_vcenter

    with open_vcenter(endpoint, credentials) as vcenter:
        identity = vcenter.identity
        invocation.console.note(
            f"Logged in to {safe(identity.host)} ({safe(identity.product)}) as {safe(vcenter.user)}; TLS {vcenter.tls}."
        )


def _keep(invocation: Invocation, settings: Settings, credentials: Credentials) -> None:
    """Store the password; without a usable keyring `--trust` has done its part and says what is missing."""
    state = keyring_state(invocation.environment)
    if state.problem is not None:
        invocation.console.warn(f"the password was not stored: {safe(str(state.problem))}")
        return
    backend = store_password(account_of(settings), credentials.password, invocation.environment)
    invocation.console.note(f"The password is stored in {backend}.")
