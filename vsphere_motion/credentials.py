"""Where the password comes from, and a wrapper that never shows it.

Order: `--password-stdin`, environment, `password_command` of the context file, keyring, a prompt on a terminal.

Rules of this file: keyring is imported only when a keyring is asked; a backend that keeps passwords in plain text is
not used unless `PYTHON_KEYRING_BACKEND` names it, which is the person's own choice; what reads a terminal, standard
input or a command comes in as a callable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vsphere_motion.errors import CredentialMissing
from vsphere_motion.model.account import Credentials, Password
from vsphere_motion.model.address import parse_address, password_in_url

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

PASSWORD_VARIABLES = ("VSPHERE_MOTION_PASSWORD", "VMWARE_PASSWORD", "GOVC_PASSWORD", "GOVC_URL", "VSPHERE_PASSWORD")


OTHER_PASSWORD_VARIABLE = "VSPHERE_MOTION_TO_PASSWORD"  # noqa: S105 - the name of a variable
"""The password for the vCenter of `--to-vcenter`, which is looked for under no other name."""


def without_passwords(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program that is started: it needs none of the passwords."""
    passwords = {*PASSWORD_VARIABLES, OTHER_PASSWORD_VARIABLE}
    return {name: value for name, value in environment.items() if name not in passwords}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose password is looked for: the login on one server."""

    host: str
    port: int
    user: str

    @property
    def service(self) -> str:
        """The service name in the keyring: `vsphere-motion:<host>`, with the port where it is not 443."""
        return f"vsphere-motion:{self.host}" if self.port == 443 else f"vsphere-motion:{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.user} on {self.service.removeprefix('vsphere-motion:')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringState:
    """Which keyring backend this machine has.

    Args:
        name: the backend's module and class.
        problem: why it is not used; None if it is.
        is_plaintext: it is used, and keeps passwords where whoever reads its file reads them.
    """

    name: str
    problem: str | None = None
    is_plaintext: bool = False


Ask = Callable[[], str]


def find_credentials(
    account: Account,
    environment: Mapping[str, str],
    *,
    read_stdin: Ask | None = None,
    run_command: Ask | None = None,
    prompt: Ask | None = None,
) -> Credentials:
    """The account with the first password found.

    Args:
        read_stdin: reads the password from standard input; None without `--password-stdin`.
        run_command: runs the context's `password_command`; None if there is none.
        prompt: asks on the terminal; None where there is none to ask on.

    Raises:
        CredentialMissing: no place has one; the hint names three ways to give one.
    """
    reason = None
    found = _given(account, environment, read_stdin, run_command)
    if found is None:
        try:
            found = _stored(account, environment)
        except CredentialMissing as problem:
            reason = problem.message
    if found is None and prompt is not None:
        found = prompt(), "prompt"
    if found is None or not found[0]:
        raise _missing(account, found, reason)
    return Credentials(user=account.user, password=Password(found[0]), source=found[1])


def find_new_password(
    account: Account,
    environment: Mapping[str, str],
    *,
    read_stdin: Ask | None = None,
    run_command: Ask | None = None,
    prompt: Ask | None = None,
) -> Credentials:
    """The same, for storing it: what the keyring already has is not looked at.

    Raises:
        CredentialMissing: no place has one.
    """
    found = _given(account, environment, read_stdin, run_command)
    if found is None and prompt is not None:
        found = prompt(), "prompt"
    if found is None or not found[0]:
        raise _missing(account, found, "login does not ask it")
    return Credentials(user=account.user, password=Password(found[0]), source=found[1])


def find_in_environment(account: Account, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """The password of the strongest variable, and its name. A URL's password counts for its own host only."""
    for variable in PASSWORD_VARIABLES:
        text = environment.get(variable, "")
        secret = _password_for_host(account, text) if variable == "GOVC_URL" else text
        if secret:
            return secret, variable
    return None


def keyring_state(environment: Mapping[str, str]) -> KeyringState:
    """Which backend is used, or why none is."""
    name, is_plaintext = "none", False
    try:
        with _keyring_problems():
            name = _name(_raw_backend())
            is_plaintext = any(_is_plaintext(member) for member in _members(_backend(environment)))
    except CredentialMissing as problem:
        return KeyringState(name=name, problem=problem.message)
    return KeyringState(name=name, is_plaintext=is_plaintext)


def require_keyring(environment: Mapping[str, str]) -> None:
    """Make sure that a password could be stored.

    Raises:
        CredentialMissing: there is no usable backend; the hint names three ways without one.
    """
    with _keyring_problems():
        _backend(environment)


def store_password(account: Account, password: Password, environment: Mapping[str, str]) -> str:
    """Keep a password in the keyring, read it back, and return the backend's name.

    Raises:
        CredentialMissing: there is no usable backend, or it did not keep the password.
    """
    with _keyring_problems():
        backend = _backend(environment)
        backend.set_password(account.service, account.user, password.reveal())
        kept = backend.get_password(account.service, account.user)
    if kept != password.reveal():
        raise CredentialMissing(f"the keyring backend {_name(backend)} did not keep the password", hint=_ALTERNATIVES)
    return _name(backend)


def forget_password(account: Account, environment: Mapping[str, str]) -> bool:
    """Delete a password from the keyring; False if none was there.

    Raises:
        CredentialMissing: there is no usable backend.
    """
    with _keyring_problems():
        backend = _backend(environment)
        if backend.get_password(account.service, account.user) is None:
            return False
        backend.delete_password(account.service, account.user)
    return True


_ALTERNATIVES = (
    "give the password in one of these ways: the variable VSPHERE_MOTION_PASSWORD; --password-stdin, "
    "as in: pass show vc01 | vsphere-motion ... --password-stdin; a prompt, by running it on a terminal. "
    "To store passwords, install a keyring backend (gnome-keyring or KWallet with D-Bus)"
)


def _given(
    account: Account, environment: Mapping[str, str], read_stdin: Ask | None, run_command: Ask | None
) -> tuple[str, str] | None:
    if read_stdin is not None:
        return read_stdin(), "--password-stdin"
    found = find_in_environment(account, environment)
    if found is None and run_command is not None:
        return run_command(), "password_command"
    return found


def _password_for_host(account: Account, url: str) -> str | None:
    try:
        address = parse_address(url) if url else None
    except ValueError:
        return None
    if address is None or address.host != account.host or (address.port or 443) != account.port:
        return None
    return password_in_url(url)


def _stored(account: Account, environment: Mapping[str, str]) -> tuple[str, str] | None:
    with _keyring_problems():
        backend = _backend(environment)
        secret = backend.get_password(account.service, account.user)
    return (secret, f"keyring ({_name(backend)})") if secret else None


def _missing(account: Account, found: tuple[str, str] | None, reason: str | None) -> CredentialMissing:
    if found is not None:
        return CredentialMissing(f"the password from {found[1]} is empty", hint=_ALTERNATIVES)
    details = (f"keyring: {reason or 'it has none for this account'}",)
    hint = f"store it once with: vsphere-motion login; or {_ALTERNATIVES}"
    return CredentialMissing(f"no password for {account}", hint=hint, details=details)


def _backend(environment: Mapping[str, str]) -> KeyringBackend:
    """The backend to use.

    Raises:
        CredentialMissing: there is none, or only one that keeps passwords in plain text.
    """
    backend = _raw_backend()
    if type(backend).__module__ == "keyring.backends.fail":
        raise CredentialMissing("this machine has no keyring backend", hint=_ALTERNATIVES)
    if environment.get("PYTHON_KEYRING_BACKEND"):
        return backend
    usable = [item for item in _members(backend) if not _is_plaintext(item)]
    if not usable:
        raise CredentialMissing(
            f"the keyring backend {_name(backend)} keeps passwords in plain text and is not used",
            hint=f"if you want it all the same, set PYTHON_KEYRING_BACKEND={_name(backend)}; else " + _ALTERNATIVES,
        )
    return usable[0]


def _raw_backend() -> KeyringBackend:
    import keyring

    return keyring.get_keyring()


def _members(backend: KeyringBackend) -> list[KeyringBackend]:
    """The backends that a chain asks one after the other; a single backend is its own only member."""
    from keyring.backends.chainer import ChainerBackend

    return list(backend.backends) if isinstance(backend, ChainerBackend) else [backend]


def _is_plaintext(backend: KeyringBackend) -> bool:
    """Whether it is one of the keyrings.alt backends that store without encryption."""
    kind = type(backend)
    return kind.__module__.startswith("keyrings.alt.") and "Encrypted" not in kind.__name__


def _name(backend: KeyringBackend) -> str:
    return f"{type(backend).__module__}.{type(backend).__name__}"


@contextmanager
def _keyring_problems() -> Iterator[None]:
    """Whatever a backend fails with becomes one error: a wrong name, a locked or a missing keyring."""
    try:
        import keyring.errors

        yield
    except keyring.errors.KeyringError as problem:
        raise CredentialMissing(f"the keyring cannot be used: {_first_line(problem)}", hint=_ALTERNATIVES) from problem
    except (ImportError, AttributeError, TypeError, ValueError, RuntimeError, OSError) as problem:
        reason = f"the keyring backend cannot be loaded: {_first_line(problem)}"
        raise CredentialMissing(reason, hint=_ALTERNATIVES) from problem


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
