"""A password in a real keyring backend: stored by login, used by migrate, removed by logout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.program import Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim


@pytest.fixture
def keyring(tmp_path: Path) -> Mapping[str, str]:
    """A file backend chosen by the person, as on a server without a desktop; and no password in the environment."""
    return {
        "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "VMWARE_PASSWORD": "",
    }


def test_login_stores_migrate_uses_logout_removes(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program], keyring: Mapping[str, str]
) -> None:
    run = program(vcenter)
    check = ("check", "vm-001", "--to-host", "esx-002")
    assert run(*check, **keyring).exit_code == 4

    login = run("login", "--password-stdin", stdin=vcenter.password + "\n", **keyring)
    assert login.exit_code == 0, login.text
    moved = run("migrate", "vm-001", "--to-host", "esx-002", "--yes", **keyring)
    assert moved.exit_code == 0, moved.text
    logout = run("logout", **keyring)
    assert logout.exit_code == 0, logout.text

    assert run(*check, **keyring).exit_code == 4
    assert vcenter.password not in login.text + moved.text + logout.text


def test_a_wrong_password_is_not_stored(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program], keyring: Mapping[str, str]
) -> None:
    run = program(vcenter)

    login = run("login", "--password-stdin", stdin="surely-not-the-password\n", **keyring)

    assert login.exit_code == 4, login.text
    done = run("check", "vm-001", "--to-host", "esx-002", **keyring)
    assert done.exit_code == 4
    assert "--password-stdin" in done.stderr


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("keyring.backends.fail.Keyring", id="no backend"),
        pytest.param("keyring.backends.null.Keyring", id="a backend that forgets"),
        pytest.param("no.such.Backend", id="a backend that is not installed"),
    ],
)
def test_without_a_usable_backend_three_alternatives_are_named(
    backend: str, vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    done = program(vcenter)(
        "login", "--password-stdin", stdin=vcenter.password + "\n", PYTHON_KEYRING_BACKEND=backend, VMWARE_PASSWORD=""
    )

    assert done.exit_code == 4, done.text
    assert "Traceback" not in done.text
    for word in ("VSPHERE_MOTION_PASSWORD", "--password-stdin"):
        assert word in done.stderr
