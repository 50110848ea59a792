"""What goes wrong before anything starts: one clear message, the next step, the documented exit code, no traceback."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest

from tests.observer import observing
from tests.program import Done, Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

MOVE = ("migrate", "vm-001", "--to-host", "esx-002", "--yes")


@pytest.fixture
def run(shared_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> Program:
    return program(shared_vcenter)


def assert_clear(done: Done, exit_code: int, *words: str) -> None:
    assert done.exit_code == exit_code, done.text
    assert "Traceback" not in done.text
    assert done.stderr.count("error: ") == 1, done.stderr
    assert "hint: " in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_a_wrong_password(run: Program) -> None:
    done = run(*MOVE, VMWARE_PASSWORD="not-the-password-at-all")

    assert_clear(done, 4, "administrator")
    assert "not-the-password-at-all" not in done.text


def test_an_unknown_host_name(run: Program) -> None:
    assert_clear(run(*MOVE, "--server", "no-such-vcenter.invalid"), 5, "no-such-vcenter.invalid")


def test_a_refused_connection(run: Program) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert_clear(run(*MOVE, "--server", f"127.0.0.1:{port}"), 5, str(port))


def test_an_untrusted_certificate(run: Program) -> None:
    done = run(*MOVE, VSPHERE_MOTION_CA_FILE="")

    assert_clear(done, 5, "SHA-256", "--ca-file")


def test_a_wrong_thumbprint_although_the_ca_is_right(run: Program) -> None:
    assert_clear(run(*MOVE, "--thumbprint", "AB:" * 31 + "AB"), 5, "AB:AB")


def test_an_ambiguous_name_lists_its_candidates(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    with observing(vcenter) as observer:
        first, second = (observer.vm(name)._moId for name in ("vm-001", "vm-002"))
    for moid in (first, second):
        vcenter.control.patch(moid, {"name": "twin", "config.name": "twin", "summary.config.name": "twin"})

    done = program(vcenter)("migrate", "twin", "--to-host", "esx-003", "--yes")

    assert_clear(done, 2, first, second)


def test_a_vm_on_no_host(vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> None:
    with observing(vcenter) as observer:
        moid = observer.vm("vm-001")._moId
    vcenter.control.patch(moid, {"runtime.host": None})

    assert_clear(program(vcenter)(*MOVE), 2, "vm-001")


def test_two_words_swapped(run: Program) -> None:
    done = run("migrate", "esx-002", "--to-host", "vm-001", "--yes")

    assert_clear(done, 2, "esx-002", "vm-001")
    assert "host" in done.stderr


def test_an_unknown_vm_names_close_ones(run: Program) -> None:
    assert_clear(run("check", "vm-0001", "--to-host", "esx-002"), 2, "vm-001")


def test_a_misspelt_check_id_is_not_ignored(run: Program) -> None:
    assert_clear(run(*MOVE, "--skip-check", "memory.admision"), 2, "memory.admission")


def test_no_password_anywhere_names_three_ways(run: Program) -> None:
    done = run(*MOVE, VMWARE_PASSWORD="")

    assert_clear(done, 4, "VSPHERE_MOTION_PASSWORD", "--password-stdin", "login")


def test_no_server_at_all(run: Program) -> None:
    assert_clear(run(*MOVE, VMWARE_HOST=""), 2, "--server")


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        pytest.param({"VMWARE_PASSWORD": "not-the-password-at-all"}, "login_refused", id="password"),
        pytest.param({"VSPHERE_MOTION_CA_FILE": ""}, "certificate_untrusted", id="certificate"),
    ],
)
def test_with_json_the_error_is_one_object_on_stdout(run: Program, variables: dict[str, str], code: str) -> None:
    done = run(*MOVE, "-o", "json", **variables)

    assert json.loads(done.stdout)["error"]["code"] == code


def test_a_usage_error_in_json_too(run: Program) -> None:
    done = run("migrate", "vm-001", "--to-hots", "esx-002", "-o", "json")

    assert done.exit_code == 2
    assert "--to-host" in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "usage"
