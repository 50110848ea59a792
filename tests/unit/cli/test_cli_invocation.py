"""Shared options before and behind the command, what login remembers, and the surroundings of the demo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.unit.cli.calls import call
from vsphere_motion.cli import demo
from vsphere_motion.cli.connection import run_password_command
from vsphere_motion.cli.console import Console
from vsphere_motion.cli.invocation import Invocation, merge_shared
from vsphere_motion.cli.main import cli
from vsphere_motion.cli.servers import read_servers, remember_pin, remember_user
from vsphere_motion.credentials import PASSWORD_VARIABLES
from vsphere_motion.errors import BadInput, CredentialMissing
from vsphere_motion.settings import RememberedServer

PIN = ":".join(["AB"] * 32)


def words_left(context: click.Context) -> list[str]:
    """What a group leaves to its command; click keeps it in two places until its version 9."""
    return [*getattr(context, "_protected_args", []), *context.args]


def merged(*words: str) -> dict[str, object]:
    """The shared options of a call, as its command sees them."""
    with cli.make_context("vsphere-motion", list(words)) as outer:
        name, command, rest = cli.resolve_command(outer, words_left(outer))
        assert command is not None
        with command.make_context(name, rest, parent=outer) as inner:
            return merge_shared(inner)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--server", "vc01", "-q", "status"), id="before"),
        pytest.param(("status", "--server", "vc01", "-q"), id="behind"),
        pytest.param(("--server", "vc02", "-q", "status", "--server", "vc01"), id="the nearer one wins"),
    ],
)
def test_connection_options_stand_on_either_side_of_the_command(words: tuple[str, ...]) -> None:
    values = merged(*words)

    assert (values["server"], values["quiet"], values["insecure"]) == ("vc01", True, None)


def test_the_format_may_stand_before_the_command(tmp_path: Path) -> None:
    before = call(tmp_path, "-o", "json", "doctor")
    behind = call(tmp_path, "doctor", "-o", "json")

    assert json.loads(before.stdout) == json.loads(behind.stdout)
    assert before.code == behind.code == 2


def test_doctor_goes_on_without_a_server_and_says_what_is_missing(tmp_path: Path) -> None:
    document = json.loads(call(tmp_path, "doctor", "--json").stdout)

    assert document["schema"] == "vsphere-motion/doctor/v1"
    lines = {(line["topic"], line["state"]) for line in document["lines"]}
    assert {
        ("program", "ok"),
        ("XML parser", "ok"),
        ("package", "ok"),
        ("keyring", "warn"),
        ("setting", "fail"),
    } == lines
    assert all(line["remedy"] for line in document["lines"] if line["state"] != "ok")


def test_what_login_remembers_is_private_and_kept_apart(tmp_path: Path) -> None:
    environment = {"VSPHERE_MOTION_STATE_DIR": str(tmp_path / "state")}
    assert read_servers(environment) == {}

    remember_user(environment, "vc01:443", "eve")
    remember_pin(environment, "vc01:443", PIN)
    remember_pin(environment, "vc02:443", PIN)

    assert read_servers(environment) == {
        "vc01:443": RememberedServer(user="eve", thumbprint=PIN),
        "vc02:443": RememberedServer(thumbprint=PIN),
    }
    file = tmp_path / "state" / "servers.json"
    assert file.stat().st_mode & 0o777 == 0o600
    remember_user(environment, "vc01:443", None)
    assert read_servers(environment)["vc01:443"] == RememberedServer(thumbprint=PIN)


@pytest.mark.parametrize("text", ["", "[]", '{"servers": {"vc01:443": {"pin": 1}}}', '{"servers": 3}'])
def test_a_broken_file_of_servers_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "servers.json").write_text(text)

    with pytest.raises(BadInput, match=r"servers\.json"):
        read_servers({"VSPHERE_MOTION_STATE_DIR": str(tmp_path)})


def test_logout_without_anything_stored_says_so_and_exits_0(tmp_path: Path) -> None:
    for words in (("logout", "vc01"), ("logout", "vc01", "--user", "eve")):
        done = call(tmp_path, *words, VSPHERE_MOTION_STATE_DIR=str(tmp_path))
        assert (done.code, done.stdout) == (0, "")
        assert "Nothing is stored for" in done.stderr


def test_trusting_a_certificate_off_a_terminal_needs_a_yes(tmp_path: Path) -> None:
    done = call(tmp_path, "login", "vc01.invalid", "--user", "eve", "--trust")

    assert done.code == 2
    assert "--yes" in done.stderr
    assert "--thumbprint" in done.stderr


def test_the_password_command_gives_its_first_line() -> None:
    assert run_password_command((sys.executable, "-c", "print('first'); print('second')"), {}) == "first"


def test_the_password_command_sees_no_password_of_the_environment() -> None:
    show = "import os; print(sorted(name for name in os.environ if 'PASSWORD' in name or name in ('KEPT', 'GOVC_URL')))"
    environment = {**dict.fromkeys(PASSWORD_VARIABLES, "a-long-password"), "KEPT": "1"}

    assert run_password_command((sys.executable, "-c", show), environment) == "['KEPT']"


@pytest.mark.parametrize(
    "command",
    [(sys.executable, "-c", "print('x'); raise SystemExit(3)"), ("/no/such/program",)],
    ids=["it fails", "it is missing"],
)
def test_a_password_command_that_fails_gives_no_password(command: tuple[str, ...]) -> None:
    with pytest.raises(CredentialMissing, match="password_command"):
        run_password_command(command, {})


def test_the_demo_sees_no_setting_of_the_person() -> None:
    environment = {
        "HOME": "h",
        "VMWARE_HOST": "prod",
        "GOVC_URL": "prod",
        "VSPHERE_SERVER": "prod",
        "VSPHERE_MOTION_SERVER": "prod",
        "VSPHERE_MOTION_SIM_URL": "elsewhere",
        "VSPHERE_MOTION_STATE_DIR": "s",
    }

    plain = demo.demo_environment(Invocation(environment=environment, console=Console({}, no_color=True), flags={}))
    coloured = demo.demo_environment(Invocation(environment=environment, console=Console({}), flags={}))

    assert coloured == {"HOME": "h", "VSPHERE_MOTION_STATE_DIR": "s"}
    assert plain == {**coloured, "NO_COLOR": "1"}


def test_the_demo_shows_calls_that_the_command_line_takes() -> None:
    for step in demo.steps(Path("page.html")):
        with cli.make_context("vsphere-motion", list(step.words)) as outer:
            name, command, rest = cli.resolve_command(outer, words_left(outer))
            assert isinstance(command, click.Command)
            assert command.make_context(name, rest, parent=outer).params


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    for words in (("doctor",), ("--help",)):
        child = subprocess.Popen(
            [sys.executable, "-m", "vsphere_motion.cli", *words],
            env={"HOME": str(tmp_path), "PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        said = child.stderr.read()
        child.stderr.close()
        child.wait(timeout=60)
        assert b"Broken" not in said
        assert b"Traceback" not in said
