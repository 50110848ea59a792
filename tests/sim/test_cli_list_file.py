"""List files and windows by the command line: all errors by line, nothing moved; and every line to its own host."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.observer import observing
from tests.program import READS, Program
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

FULL = """
version: 1
clusters:
  - name: full
    hosts: [{name: esx-1, memory_gib: 34, memory_used_gib: 33}, {name: esx-2, memory_gib: 34, memory_used_gib: 33}]
datastores: [{name: shared}]
networks: [{name: net}]
vms:
  - {name: left, host: esx-1, memory_gib: 32}
  - {name: right, host: esx-2, memory_gib: 32}
"""


def window(opens_in: timedelta, closes_in: timedelta) -> str:
    now = datetime.now(UTC)
    return f"{now + opens_in:%H:%M}-{now + closes_in:%H:%M}"


def relocations(vcenter: SimulatedVCenter) -> int:
    return sum(1 for call in vcenter.control.trace() if call["method"] == "RelocateVM_Task")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("moves.csv", "VM;Host;Priority\nvm-001;esx-002;2\nvm-002;esx-003;1\nvm-003;;\n", id="csv"),
        pytest.param(
            "moves.yaml",
            "- {vm: vm-001, host: esx-002, priority: 2}\n- {vm: vm-002, host: esx-003, priority: 1}\n- vm: vm-003\n",
            id="yaml",
        ),
    ],
)
def test_each_line_goes_to_its_own_host_in_one_run(
    name: str, text: str, vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    (run.home / name).write_text(text, encoding="utf-8")

    done = run("migrate", "-f", name, "--to-host", "esx-004", "--yes", "-o", "json")

    assert done.exit_code == 0, done.text
    with observing(vcenter) as observer:
        hosts = observer.hosts()
    assert (hosts["vm-001"], hosts["vm-002"], hosts["vm-003"]) == ("esx-002", "esx-003", "esx-004")
    assert len(done.json["outcomes"]) == 3


def test_a_line_may_name_a_datastore_a_pool_and_a_folder(
    vcenter_factory: VCenterFactory, program: Callable[[SimulatedVCenter], Program]
) -> None:
    vcenter = vcenter_factory(scenario="demo", speed=500)
    run = program(vcenter)
    text = (
        "vm,host,datastore,folder\nweb01,esx04.prod.example,san-bulk,\nproxy01,,,Databases\ndns01,,san-fast,Staging\n"
    )
    (run.home / "places.csv").write_text(text, encoding="utf-8")

    done = run("migrate", "-f", "places.csv", "--yes")

    assert done.exit_code == 0, done.text
    with observing(vcenter) as observer:
        hosts = observer.hosts()
        seen = {
            name: ([one.name for one in vm.datastore], vm.parent.name)
            for name in ("web01", "proxy01", "dns01")
            if (vm := observer.vm(name))
        }
    assert (hosts["web01"], hosts["proxy01"]) == ("esx04.prod.example", "esx01.prod.example")
    assert seen == {
        "web01": (["san-bulk"], "Web"),
        "proxy01": (["san-fast"], "Databases"),
        "dns01": (["san-fast"], "Staging"),
    }
    again = run("migrate", "-f", "places.csv", "--yes", "-o", "json")
    assert {one["state"] for one in again.json["outcomes"]} == {"unchanged"}, again.text
    planned = run("plan", "migrate", "-f", "places.csv", "-o", "json")
    assert planned.exit_code == 0, planned.text
    assert planned.json["moves"] == [], "all is there: a plan of it has nothing to do either"


BAD = {
    "wrong-column.csv": (
        "vm,hots\nvm-001,esx-002\n",
        ["wrong-column.csv line 1: no column is called hots; did you mean host?", "line 2: it names no destination"],
    ),
    "unknown-host.csv": (
        "vm,host\nvm-001,esx-099\nvm-002,esx-002\nghost,esx-002\n",
        ["unknown-host.csv line 2: no host is called esx-099", "line 4: no virtual machine is called ghost"],
    ),
    "duplicate.yaml": (
        "- {vm: vm-001, host: esx-002}\n- {vm: 'vm-00[12]', host: esx-003}\n",
        ["duplicate.yaml line 2: vm-001 (vm-", ") is named on line 1 already"],
    ),
    "window.csv": (
        "vm,host,window\nvm-001,esx-002,22:00-22:00\nvm-002,esx-002,later\n",
        ["window.csv line 2: the window 22:00-22:00 never opens", "line 3: later is no window"],
    ),
    "datastore.yaml": (
        "- {vm: vm-001, host: esx-002, datastore: ds}\n- {vm: vm-002, folder: web}\n",
        ["line 1: no datastore is called ds", "line 2: no folder is called web"],
    ),
    "no-list.yaml": ("vm: vm-001\n", ["no-list.yaml cannot be used: it is no list"]),
    "no-header.csv": ("vm-001,esx-002,now\n", ["no-header.csv cannot be used: its first row has no column vm"]),
    "latin.csv": ("vm,host\nGr\xf6\xdfe,esx-002\n", ["latin.csv is not in UTF-8 (line 2)"]),
    "list.txt": ("vm\n", ["list.txt is no list file"]),
}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param(("migrate", "-f", "{}", "--yes"), tuple(BAD), id="migrate"),
        pytest.param(("plan", "migrate", "-f", "{}"), ("unknown-host.csv", "window.csv"), id="plan"),
        pytest.param(("apply", "{}", "--yes"), ("wrong-column.csv", "duplicate.yaml"), id="apply"),
    ],
)
def test_bad_files_tell_all_their_errors_by_line_and_move_nothing(
    words: tuple[str, ...],
    names: tuple[str, ...],
    shared_vcenter: SimulatedVCenter,
    program: Callable[[SimulatedVCenter], Program],
) -> None:
    run = program(shared_vcenter)
    shared_vcenter.control.clear_trace()
    for name in names:
        text, expected = BAD[name]
        (run.home / name).write_text(text, encoding="latin-1" if name == "latin.csv" else "utf-8")

        done = run(*(word.format(name) for word in words))

        assert done.exit_code == 2, (name, done.text)
        for told in expected:
            assert told in done.stderr, (name, done.stderr)
    assert {call["method"] for call in shared_vcenter.control.trace()} <= READS


def test_a_swap_of_two_full_hosts_is_refused_by_line(
    vcenter_factory: VCenterFactory, tmp_path: Path, program: Callable[[SimulatedVCenter], Program]
) -> None:
    (tmp_path / "full.yaml").write_text(FULL, encoding="utf-8")
    vcenter = vcenter_factory(scenario=tmp_path / "full.yaml")
    run = program(vcenter)
    (run.home / "swap.csv").write_text("vm,host\nleft,esx-2\nright,esx-1\n", encoding="utf-8")

    for words in (("migrate", "-f", "swap.csv", "--yes"), ("plan", "migrate", "-f", "swap.csv")):
        done = run(*words)

        assert done.exit_code == 2, done.text
        assert "swap.csv line 2: left fits on esx-2 only after others have left it (line 3)" in done.stderr
        assert "swap.csv line 3: right fits on esx-1 only after others have left it (line 2)" in done.stderr
    assert relocations(vcenter) == 0


def test_fifty_thousand_lines_tell_every_error_in_reasonable_time(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    lines = (f"ghost-{n},esx-00{1 + n % 4}\n" for n in range(50_000))
    (run.home / "long.csv").write_text("vm,host\n" + "".join(lines), encoding="utf-8")
    before_s = datetime.now(UTC)

    done = run("migrate", "-f", "long.csv", "--yes")

    assert done.exit_code == 2, done.text[:2000]
    assert done.stderr.count("no virtual machine is called ghost-") == 50_000
    assert datetime.now(UTC) - before_s < timedelta(seconds=90)
    assert {call["method"] for call in vcenter.control.trace()} <= READS


def test_nothing_starts_outside_of_the_window_and_everything_inside(
    vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run = program(vcenter)
    shut = window(timedelta(hours=2), timedelta(hours=3))
    wide = window(timedelta(hours=-2), timedelta(hours=2))

    waited = run("migrate", "vm-001", "--to-host", "esx-002", "--yes", "--window", shut, "--timeout", "3s")

    assert waited.exit_code == 7, waited.text
    assert "no move starts before" in waited.stderr
    assert relocations(vcenter) == 0

    resumed = run("resume", "--timeout", "3s")
    assert resumed.exit_code == 7, resumed.text
    assert relocations(vcenter) == 0

    moved = run("migrate", "vm-002", "--to-host", "esx-003", "--yes", "--window", wide, "--tz", "UTC")
    assert moved.exit_code == 0, moved.text
    assert relocations(vcenter) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--window", "22-5"), "22-5 is no window"),
        (("--window", "22:00-22:00"), "never opens"),
        (("--window", "22:00-05:00", "--tz", "Mars/Olympus"), "no time zone is called Mars/Olympus"),
        (("--tz", "Europe/Berlin"), "give --window as well"),
        (("--window", "22:00-05:00", "--no-wait"), "--no-wait leaves at once"),
    ],
)
def test_a_window_that_cannot_be_used_is_told_before_anything_is_connected(
    words: tuple[str, ...],
    message: str,
    shared_vcenter: SimulatedVCenter,
    program: Callable[[SimulatedVCenter], Program],
) -> None:
    done = program(shared_vcenter)("migrate", "vm-001", "--to-host", "esx-002", "--yes", *words)

    assert done.exit_code == 2, done.text
    assert message in done.stderr
