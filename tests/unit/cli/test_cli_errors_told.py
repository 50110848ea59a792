"""Every failure is a message, a hint and an exit code, in every format and without a traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

import vsphere_motion.errors as tree
from tests.unit.cli.calls import call
from vsphere_motion.cli.exit import MEANINGS, ExitCode
from vsphere_motion.cli.failure import tell, tell_stopped, wants_json
from vsphere_motion.cli.main import main
from vsphere_motion.cli.signals import Terminated
from vsphere_motion.errors import Ambiguous, LoginRefused, MotionError

SECRET = "a-canary-of-a-password"
HERE = {"VSPHERE_MOTION_SERVER": "vc01.invalid"}


def test_message_details_and_hint_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    code = tell(Ambiguous("web01 matches 2 VMs", hint="use moid:", details=("vm-1", "vm-2")), [])

    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err == "error: web01 matches 2 VMs\n  vm-1\n  vm-2\n  hint: use moid:\n"


def test_with_json_the_same_is_one_object_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    tell(LoginRefused("no", hint="try again"), ["check", "-o", "json"])

    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "error": {"code": "login_refused", "message": "no", "hint": "try again", "details": []}
    }
    assert captured.err.startswith("error: no\n")


def test_a_hostile_message_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell(MotionError("name \x1b[31mred\u009b0m", details=("a\rb",)), [])

    captured = capsys.readouterr()
    assert "\x1b" not in captured.err
    assert "\u009b" not in captured.err
    assert "\r" not in captured.err


def test_a_defect_is_one_line_that_names_debug(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(KeyError("boom"), []) == 1

    captured = capsys.readouterr()
    assert captured.err.startswith("error: unexpected KeyError: 'boom'\n")
    assert "--debug" in captured.err
    assert "Traceback" not in captured.err


def test_debug_shows_the_traceback_of_a_defect(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        {}["boom"]
    except KeyError as problem:
        tell(problem, ["check", "--debug"])

    captured = capsys.readouterr()
    assert "Traceback (most recent call last):\n" in captured.err
    assert "in test_debug_shows_the_traceback_of_a_defect\n" in captured.err


def test_what_ends_the_program_has_the_documented_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(click.Abort(), []) == 130
    assert tell_stopped(Terminated()) == 143
    assert tell_stopped(KeyboardInterrupt()) == 130
    assert tell_stopped(SystemExit(9)) is None
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        pytest.param(["check", "-o", "json"], True, id="-o json"),
        pytest.param(["--output", "json", "check"], True, id="before the command"),
        pytest.param(["--output=json"], True, id="--output=json"),
        pytest.param(["-ojson"], True, id="-ojson"),
        pytest.param(["doctor", "--json"], True, id="--json"),
        pytest.param(["check", "-o", "jsonl"], False, id="jsonl"),
        pytest.param(["check", "json", "-o"], False, id="a VM called json"),
    ],
)
def test_json_is_recognised_although_the_rest_cannot_be_parsed(words: list[str], wanted: bool) -> None:
    assert wants_json(words) is wanted


USAGE = [
    pytest.param(("chekc",), "check", id="a misspelt command"),
    pytest.param(("check", "web01"), "--to-host", id="a missing option"),
    pytest.param(("check", "--to-host", "esx05"), "VM", id="no VM"),
    pytest.param(("migrate", "web01", "--to-hots", "esx05"), "--to-host", id="a misspelt option"),
    pytest.param(("migrate", "web01", "--to-host", "esx05", "--timeout", "soon"), "90s", id="a bad duration"),
    pytest.param(("check", "web01", "--to-host", "esx05", "-o", "yaml"), "json", id="an unknown format"),
    pytest.param(("-o", "jsonl", "check", "web01", "--to-host", "esx05"), "json", id="another command's format"),
    pytest.param(("check", "web01", "--to-host", "e", "--skip-check", "memory.admision"), "memory.admission", id="id"),
    pytest.param(("migrate", "w", "--to-host", "e", "--report", "r.pdf"), ".html", id="a report without a format"),
    pytest.param(("migrate", "w", "--to-host", "e", "--report", "no/such/r.html"), "no/such", id="no directory"),
    pytest.param(("check", "web01", "--to-host", "esx05"), "--server", id="no server"),
    pytest.param(("--server", "vc01.invalid", "check", "web01", "--to-host", "esx05"), "--user", id="no account"),
    pytest.param(("logs",), "--migration-id", id="logs of nothing"),
    pytest.param(("logs", "--migration-id", "7", "--host", "a", "--host", "b"), "digits", id="no migration ID"),
    pytest.param(("sim", "start", "--scenario", "demo", "--hosts", "2"), "--scenario", id="scenario and size"),
    pytest.param(("sim", "url"), "sim start", id="no simulator"),
    pytest.param(("report",), "migrate", id="an empty journal"),
    pytest.param(("--context", "lab", "status"), "lab", id="no such context"),
    pytest.param(("status", "--log-file", "no/such/log"), "no/such/log", id="a log file that cannot be"),
]


@pytest.mark.parametrize(("words", "named"), USAGE)
def test_a_wrong_call_exits_2_with_a_message_a_hint_and_nothing_on_stdout(
    words: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(words)

    captured = capsys.readouterr()
    assert code == 2, captured.err
    assert captured.out == ""
    assert captured.err.startswith("error: "), captured.err
    assert captured.err.count("error: ") == 1
    assert "  hint: " in captured.err
    assert named in captured.err
    assert "Traceback" not in captured.err


def test_no_password_exits_4_with_three_ways(tmp_path: Path) -> None:
    done = call(tmp_path, "check", "web01", "--to-host", "esx05", "--user", "eve", **HERE)

    assert done.code == 4
    for way in ("VSPHERE_MOTION_PASSWORD", "--password-stdin", "vsphere-motion login", "keyring"):
        assert way in done.stderr


def test_an_unknown_server_exits_5_and_keeps_the_password(tmp_path: Path) -> None:
    words = ("check", "web01", "--to-host", "esx05", "--user", "eve", "--password-stdin", "--debug", "-o", "json")
    done = call(tmp_path, *words, "--log-file", "log", stdin=SECRET + "\n", **HERE)

    assert done.code == 5, done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "unreachable"
    assert SECRET not in done.stdout + done.stderr + (tmp_path / "log").read_text()


def test_insecure_warns_every_time(tmp_path: Path) -> None:
    words = ("check", "web01", "--to-host", "esx05", "--user", "eve", "--insecure")
    done = call(tmp_path, *words, VMWARE_PASSWORD=SECRET, **HERE)

    assert "warning: the certificate of vc01.invalid is not verified (--insecure)" in done.stderr


def test_a_server_flag_that_holds_a_password_is_refused_without_repeating_it(tmp_path: Path) -> None:
    done = call(tmp_path, "status", "--server", f"eve:{SECRET}@vc01.invalid")

    assert done.code == 2
    assert SECRET not in done.stdout + done.stderr


def test_nothing_is_coloured_off_a_terminal(tmp_path: Path) -> None:
    done = call(tmp_path, "doctor", **HERE, VMWARE_USER="eve")

    assert "\x1b" not in done.stdout + done.stderr
    assert re.search(r"^fail +password +no password for eve on vc01\.invalid$", done.stdout, re.MULTILINE)
    assert done.code == 4


def test_every_error_class_has_a_documented_exit_code() -> None:
    classes = [item for item in vars(tree).values() if isinstance(item, type) and issubclass(item, MotionError)]

    assert len(classes) > 10
    assert {item.exit_code for item in classes} <= {int(code) for code in MEANINGS}
    assert set(MEANINGS) == set(ExitCode)
