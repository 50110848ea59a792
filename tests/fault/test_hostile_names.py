"""Names that somebody chose to harm whoever reads them: every output shows them, and none obeys them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.conftest import REAL_ENVIRONMENT
from tests.hostile import CARRIED, NAMES, elements_of, obeyed
from tests.outputs import bars, hostile_report, outputs
from tests.program import TIMEOUT_S, Done, Program
from tests.promises import record, tries
from vsphere_motion.report.escape import escape_text, json_text
from vsphere_motion.report.html import report_html
from vsphere_motion.testing.plugin import make_factory
from vsphere_motion.testing.simulator import SimulatedVCenter

HARMLESS = "harmless"
BEHIND = "  | "
"""How the lines of a traceback begin in a log."""
SEQUENCE = re.compile("\x1b\\[[0-9;?]*[ -/]*[@-~]")


def records(text: str) -> list[str]:
    """The lines that are records of their own."""
    return [line for line in text.split("\n") if not line.startswith(BEHIND)]


def test_row_34_no_name_is_obeyed_in_any_output(tmp_path: Path) -> None:
    plain = outputs(HARMLESS, tmp_path)
    for name in NAMES:
        for output, text in outputs(name, tmp_path).items():
            assert obeyed(text) == [], f"{output} of {name!r}"
            text.encode()
            if output != "markdown":  # its fence is as long as it has to be
                assert len(records(text)) == len(records(plain[output])), f"{output} of {name!r}"
    shown, expected = bars(NAMES), bars((HARMLESS,))
    assert set(SEQUENCE.findall(shown)) <= set(SEQUENCE.findall(expected)), "a name drew on the terminal"
    assert obeyed(SEQUENCE.sub("", shown).replace("\r\n", "\n").replace("\r", "")) == []
    record(34, f"{len(NAMES)} names x {len(plain) + 1} outputs: 0 control bytes, 0 bidi, 0 crashes")


def test_row_34_what_a_program_reads_gets_the_name_back_as_it_was(tmp_path: Path) -> None:
    for name in NAMES:
        written = outputs(name, tmp_path)
        assert json.loads(written["json"])["outcomes"][0]["vm"]["name"] == name
        for line in written["jsonl"].splitlines():
            assert name in json.loads(line).values() or json.loads(line)["vm"]["name"] == name
        assert [suite.tag for suite in ET.fromstring(written["junit"])] == ["testsuite"] * 3


def test_row_35_no_name_makes_an_element_of_a_page(tmp_path: Path) -> None:
    expected = elements_of(outputs(HARMLESS, tmp_path)["html"])
    assert len(expected) > 100
    for name in NAMES:
        assert elements_of(outputs(name, tmp_path)["html"]) == expected, repr(name)
    assert not {tag for tag, _ in expected} & {"script", "img", "iframe", "object", "link", "form"}
    assert any(tag == "meta" and "http-equiv" in attributes for tag, attributes in expected)
    record(35, f"HTML, {len(NAMES)} names: 0 new elements among {len(expected)}")


def test_row_35_no_name_ends_the_block_of_a_markdown_report(tmp_path: Path) -> None:
    for name in NAMES:
        tokens = MarkdownIt().parse(outputs(name, tmp_path)["markdown"])
        assert [token.type for token in tokens] == ["fence"], repr(name)


@settings(deadline=None, max_examples=tries(reduced=100, whole=2000), suppress_health_check=list(HealthCheck))
@given(name=st.text(alphabet=st.characters(), max_size=40))
def test_row_34_no_text_at_all_is_obeyed(name: str) -> None:
    assert obeyed(escape_text(name)) == []
    assert "\n" not in escape_text(name)
    assert obeyed(json_text({name: name}, indent=2)) == []
    assert json.loads(json_text([name])) == [name]


@settings(deadline=None, max_examples=tries(reduced=10, whole=300), suppress_health_check=list(HealthCheck))
@given(name=st.text(alphabet=st.characters(), min_size=1, max_size=20))
def test_row_35_no_text_at_all_makes_an_element(name: str) -> None:
    pages = [report_html(hostile_report(text)) for text in (name, HARMLESS)]
    assert elements_of(pages[0]) == elements_of(pages[1])


@pytest.fixture(scope="module")
def hostile_vcenter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedVCenter]:
    """A vCenter whose VMs, hosts and datastores have hostile names, as far as SOAP carries them."""
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("simulators"))}
    with ExitStack() as stack:
        vcenter = make_factory(stack, environment)(hosts=2, vms=len(CARRIED))
        names = {"VirtualMachine": CARRIED, "HostSystem": CARRIED[3:], "Datastore": CARRIED[7:]}
        for kind, chosen in names.items():
            moids = sorted(entry["moid"] for entry in vcenter.control.site() if entry["type"] == kind)
            for moid, name in zip(moids, chosen, strict=False):
                vcenter.control.patch(moid, {"name": name})
        yield vcenter


def hosts_of(vcenter: SimulatedVCenter) -> list[str]:
    """A selector of each host that no name can disturb."""
    return sorted(f"moid:{entry['moid']}" for entry in vcenter.control.site() if entry["type"] == "HostSystem")


def on_a_terminal(program: Program, *words: str) -> str:
    """What a terminal is sent by the program."""
    ours, theirs = pty.openpty()
    environment = {**program.variables(), "TERM": "xterm", "COLUMNS": "2000"}
    with subprocess.Popen(
        program.command(*words), stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=program.home
    ) as child:
        os.close(theirs)
        shown = b"".join(iter(lambda: _part(ours), b""))
        os.close(ours)
        child.wait(timeout=TIMEOUT_S)
    return shown.decode()


def _part(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.vcsim
def test_row_34_a_site_of_hostile_names_is_moved_and_told_of(
    hostile_vcenter: SimulatedVCenter, program: Callable[[SimulatedVCenter], Program]
) -> None:
    run, (first, second) = program(hostile_vcenter), hosts_of(hostile_vcenter)
    log, page = run.home / "run.log", run.home / "run.html"
    moved = run("--debug", "--log-file", str(log), "migrate", "*", "--to-host", second, "--yes", "--report", str(page))
    assert moved.exit_code == 0, moved.stderr[-2000:]
    back = on_a_terminal(run, "migrate", "*", "--to-host", first, "--yes")
    done = [
        run("check", "*", "--to-host", second),
        run("check", "*", "--all-hosts"),
        run("check", "*", "--to-host", second, "-o", "json"),
        run("check", "*", "--to-host", second, "-o", "junit"),
        run("migrate", "*", "--to-host", second, "--yes", "-o", "jsonl"),
        run("history"),
        run("report"),
        run("report", "-o", "json"),
        run("check", "\u202ea\x9b[b]", "--to-host", second),
    ]

    for said in (moved, *done):
        assert_told(said)
    assert obeyed(log.read_text()) == []
    assert obeyed(SEQUENCE.sub("", back).replace("\r", "")) == []
    assert not [sequence for sequence in SEQUENCE.findall(back) if sequence.endswith(("J", "H"))]
    assert {tag for tag, _ in elements_of(page.read_text())} & {"script", "img"} == set()
    assert {path.name for path in run.home.iterdir()} <= {"run.log", "run.html", "state", "config"}


def assert_told(done: Done) -> None:
    """It ended with a code of its own, and said nothing that a terminal would obey."""
    assert done.exit_code in {0, 2, 3, 4}, done.stderr[-2000:]
    assert obeyed(done.text) == []
    assert "Traceback" not in done.text
