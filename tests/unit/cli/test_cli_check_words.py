"""`check` and `doctor` where they need no vCenter: lists, explanations, roles, and words that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.calls import call
from vsphere_motion.model.finding import Severity
from vsphere_motion.planning.privileges import PURPOSES
from vsphere_motion.preflight.registry import CHECKS, known_ids


def test_the_list_of_checks_is_id_severity_and_title_of_each_and_needs_no_server(tmp_path: Path) -> None:
    done = call(tmp_path, "check", "--list-checks", "-o", "json")
    assert (done.code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "checks": [{"id": row.id, "severity": row.severity.value, "title": row.title} for row in CHECKS]
    }


def test_the_list_is_a_table_as_well(tmp_path: Path) -> None:
    lines = call(tmp_path, "check", "--list-checks").stdout.splitlines()
    assert lines[0].split() == ["ID", "SEVERITY", "LOOKS", "FOR"]
    assert [line.split()[0] for line in lines[1:]] == list(known_ids())
    assert {line.split()[1] for line in lines[1:]} <= {severity.value for severity in Severity}


@pytest.mark.parametrize("check_id", ["memory.reservation", "vcenter.fault"])
def test_a_check_is_explained_with_its_remedy_and_source(check_id: str, tmp_path: Path) -> None:
    done = call(tmp_path, "check", "--explain", check_id)
    (check,) = [row for row in CHECKS if row.id == check_id]
    text = " ".join(done.stdout.split())
    assert done.code == 0
    for part in (check.id, check.title, check.remedy, check.source, f"--skip-check {check.id}"):
        assert part in text
    assert max(len(line) for line in done.stdout.splitlines()) <= 100


def test_every_check_can_be_explained_as_a_document(tmp_path: Path) -> None:
    document = json.loads(call(tmp_path, "check", "--explain", "host.connection", "-o", "json").stdout)
    assert document["id"] == "host.connection"
    assert "HostNotConnected" in document["vcenter_faults"]
    assert document["reads"]
    assert document["why"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["--explain", "memory.reservatio"], "did you mean memory.reservation?", id="misspelt"),
        pytest.param(["--explain", "xyzzy"], "vsphere-motion check --list-checks", id="no check"),
        pytest.param(["--list-checks", "-o", "junit"], "no test result", id="a list is no test result"),
        pytest.param(["--to-host", "esx"], "Missing argument 'VM...'", id="no VM"),
        pytest.param(["web01"], "'--to-host', '--to-cluster' or '--all-hosts'", id="no destination"),
        pytest.param(["web01", "--to-host", "a", "--all-hosts"], "--to-host and --all-hosts exclude", id="two"),
        pytest.param(
            ["web01", "--to-host", "a", "--to-cluster", "b", "--all-hosts"], "--to-host and --to-cluster", id="three"
        ),
        pytest.param(["web01", "--to-host", "a", "--checks", "mine"], "'client', 'vcenter', 'both'", id="whose"),
        pytest.param(["web01", "--all-hosts", "--skip-check", "cpu.thread"], "did you mean cpu.threads", id="to skip"),
    ],
)
def test_words_that_cannot_be_used_are_refused_before_anything_is_connected(
    words: list[str], message: str, tmp_path: Path
) -> None:
    done = call(tmp_path, "check", *words)
    assert done.code == 2
    assert done.stdout == ""
    assert message in done.stderr


@pytest.mark.parametrize("purpose", sorted(PURPOSES))
def test_a_role_has_what_its_purpose_needs_and_nothing_else(purpose: str, tmp_path: Path) -> None:
    document = json.loads(call(tmp_path, "doctor", "--role", "--for", purpose, "-o", "json").stdout)
    assert document["schema"] == "vsphere-motion/role/v1"
    assert document["purposes"] == [purpose]
    assert document["privileges"] == list(dict.fromkeys(need.privilege for need in PURPOSES[purpose]))


def test_a_role_is_a_command_as_well(tmp_path: Path) -> None:
    done = call(tmp_path, "doctor", "--role", "--for", "migrate", "--for", "logs")
    assert done.code == 0
    assert done.stdout.splitlines()[-1] == (
        "Make it with: govc role.create vsphere-motion Resource.ColdMigrate Resource.HotMigrate"
        " Resource.AssignVMToPool Global.Diagnostics Datastore.Browse"
    )


def test_a_purpose_alone_is_no_question(tmp_path: Path) -> None:
    done = call(tmp_path, "doctor", "--for", "logs")
    assert done.code == 2
    assert "--privileges or --role" in done.stderr
