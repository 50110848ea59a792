"""Where passwords are stored: never in plain text unless the person chose that, and `doctor` says where."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import TIMEOUT_S, Done, Program
from tests.promises import record
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

CHOICE = "PYTHON_KEYRING_BACKEND"
PLAINTEXT = "keyrings.alt.file.PlaintextKeyring"
SECRETIVE = ("--no-input", "--password-stdin")


def call(program: Program, *words: str, backend: str | None, stdin: str = "") -> Done:
    """Run it on a machine whose only keyring backend is the plain-text one, chosen by nobody or by name."""
    environment = program.variables(XDG_DATA_HOME=str(program.home / "data"), VMWARE_PASSWORD="")
    del environment[CHOICE]
    if backend is not None:
        environment[CHOICE] = backend
    done = subprocess.run(
        program.command(*words),
        env=environment,
        cwd=program.home,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def files_with(secret: str, home: Path) -> list[Path]:
    """The files that have the password, as it is or in base64."""
    forms = (secret.encode(), base64.b64encode(secret.encode()))
    files = (Path(place, name) for place, _, names in os.walk(home) for name in names)
    return [path for path in files if any(form in path.read_bytes() for form in forms)]


def test_row_43_a_plain_text_backend_that_nobody_chose_gets_no_password(
    shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run, secret = program(shared_vcenter), shared_vcenter.password

    login = call(run, "login", *SECRETIVE, backend=None, stdin=f"{secret}\n")
    doctor = call(run, "doctor", *SECRETIVE, backend=None, stdin=f"{secret}\n")

    assert login.exit_code == 4, login.text
    assert "keeps passwords in plain text and is not used" in login.stderr
    assert f"{CHOICE}={PLAINTEXT}" in login.stderr
    assert files_with(secret, run.home) == []
    assert (
        f"warn  keyring     the keyring backend {PLAINTEXT} keeps passwords in plain text and is not used"
        in doctor.stdout
    )
    record(43, "refused unless PYTHON_KEYRING_BACKEND names it; doctor shows the backend")


def test_row_43_one_that_was_chosen_is_used_and_doctor_warns_of_it(
    shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run, secret = program(shared_vcenter), shared_vcenter.password

    login = call(run, "login", *SECRETIVE, backend=PLAINTEXT, stdin=f"{secret}\n")
    doctor = call(run, "doctor", backend=PLAINTEXT)
    logout = call(run, "logout", backend=PLAINTEXT)

    assert (login.exit_code, logout.exit_code) == (0, 0), login.text + logout.text
    assert f"warn  keyring     {PLAINTEXT} keeps passwords in plain text" in doctor.stdout
    assert f"from keyring ({PLAINTEXT})" in doctor.stdout
    assert files_with(secret, run.home) == []


def test_row_43_a_backend_that_is_none_is_said_to_be_none(
    shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run, secret = program(shared_vcenter), shared_vcenter.password

    doctor = call(run, "doctor", *SECRETIVE, backend="keyring.backends.fail.Keyring", stdin=f"{secret}\n")

    assert "warn  keyring     this machine has no keyring backend" in doctor.stdout
