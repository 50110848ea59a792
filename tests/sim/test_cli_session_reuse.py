"""Keeping a session between commands: off unless asked for, one login for all, ended by `logout`."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.observer import Observer, observing
from tests.program import Done, Program
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

CHECK = ("check", "vm-001", "--to-host", "esx-002")
REUSE = {"VSPHERE_MOTION_SESSION_REUSE": "true"}
WRONG = "canary-4f9d58c88437adb7"


@pytest.fixture
def run(vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]) -> Program:
    return program(vcenter)


def files(run: Program) -> list[Path]:
    return [path for path in (run.home / "state" / "sessions").glob("*") if path.is_file()]


def logins(vcenter: SimulatedVCenter) -> int:
    return Counter(call["method"] for call in vcenter.control.trace())["Login"]


def end_sessions_of_others(observer: Observer) -> None:
    manager = observer.content.sessionManager
    own = manager.currentSession.key
    manager.TerminateSession([one.key for one in manager.sessionList if one.key != own])


def ok(done: Done) -> Done:
    assert done.exit_code == 0, done.text
    return done


def test_nothing_is_kept_unless_it_is_asked_for(run: Program) -> None:
    ok(run(*CHECK))
    assert files(run) == []


def test_commands_share_one_session_and_need_no_password_again(vcenter: SimulatedVCenter, run: Program) -> None:
    with observing(vcenter) as observer:
        vcenter.control.clear_trace()
        ok(run(*CHECK, **REUSE))
        for _ in range(2):
            ok(run(*CHECK, VMWARE_PASSWORD="", **REUSE))
        assert logins(vcenter) == 1
        assert observer.sessions() == 2
    (kept,) = files(run)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert vcenter.password not in kept.read_text()


def test_a_kept_session_that_has_ended_is_replaced(vcenter: SimulatedVCenter, run: Program) -> None:
    ok(run(*CHECK, **REUSE))
    (kept,) = files(run)
    before = kept.read_text()
    with observing(vcenter) as observer:
        end_sessions_of_others(observer)
        ok(run(*CHECK, **REUSE))
        assert observer.sessions() == 2
    assert kept.read_text() != before


def test_a_kept_session_that_has_ended_asks_for_the_password_once(vcenter: SimulatedVCenter, run: Program) -> None:
    ok(run(*CHECK, **REUSE))
    with observing(vcenter) as observer:
        end_sessions_of_others(observer)
        vcenter.control.clear_trace()
        refused = run(*CHECK, VMWARE_PASSWORD=WRONG, **REUSE)
        missing = run(*CHECK, VMWARE_PASSWORD="", **REUSE)
        assert observer.sessions() == 1
    assert (refused.exit_code, missing.exit_code) == (4, 4)
    assert logins(vcenter) == 1
    assert WRONG not in refused.text


def test_a_file_that_others_could_read_is_not_used(vcenter: SimulatedVCenter, run: Program) -> None:
    ok(run(*CHECK, **REUSE))
    (kept,) = files(run)
    kept.chmod(0o644)
    vcenter.control.clear_trace()
    ok(run(*CHECK, **REUSE))
    assert logins(vcenter) == 1
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_logout_ends_the_kept_session(vcenter: SimulatedVCenter, run: Program) -> None:
    ok(run(*CHECK, **REUSE))
    with observing(vcenter) as observer:
        assert observer.sessions() == 2
        done = ok(run("logout"))
        assert observer.sessions() == 1
    assert "that was kept has ended" in done.stderr
    assert files(run) == []


def test_nothing_is_kept_for_a_server_that_nobody_verifies(vcenter: SimulatedVCenter, run: Program) -> None:
    with observing(vcenter) as observer:
        ok(run(*CHECK, "--insecure", VSPHERE_MOTION_CA_FILE="", **REUSE))
        assert observer.sessions() == 1
    assert files(run) == []


def test_without_relogin_an_ended_session_ends_the_command(vcenter: SimulatedVCenter, run: Program) -> None:
    ended = {"match": {"method": "RetrievePropertiesEx", "count": 1}, "end_session": {}}
    vcenter.control.plant_faults(ended)
    done = run(*CHECK, VSPHERE_MOTION_RELOGIN="false")
    assert done.exit_code == 5
    assert "session" in done.stderr
