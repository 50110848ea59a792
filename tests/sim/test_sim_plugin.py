"""The pytest plugin, used as another project uses it: its own pytest run, by the entry point alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from vsphere_motion.sim.process import process_mark

HEAVY = ("pyVmomi", "vmware", "keyring", "rich", "jinja2", "click", "vsphere_motion.sim.start", "ssl")


@pytest.mark.vcsim
def test_a_test_of_another_project_gets_a_vcenter_that_is_gone_afterwards(
    tmp_path: Path, vcenter_environment: dict[str, str]
) -> None:
    note = tmp_path / "note.json"
    (tmp_path / "test_it.py").write_text(f"""
import json
def test_it(vcenter, vcenter_factory):
    other = vcenter_factory(hosts=2, vms=1)
    pids = [vcenter.state.run.pid, other.state.run.pid]
    open({str(note)!r}, "w").write(json.dumps([pids, vcenter.environment(), len(vcenter.control.site())]))
    assert vcenter.control.motions() == []
""")
    run_pytest(tmp_path, vcenter_environment, "passed=1")
    pids, variables, site_size = json.loads(note.read_text())
    assert [process_mark(pid) for pid in pids] == [None, None]
    assert set(variables) == {
        "VMWARE_HOST",
        "VMWARE_PORT",
        "VMWARE_USER",
        "VMWARE_PASSWORD",
        "VSPHERE_MOTION_CA_FILE",
    }
    assert site_size > 12


@pytest.mark.vcsim
def test_workers_side_by_side_do_not_meet(tmp_path: Path, vcenter_environment: dict[str, str]) -> None:
    (tmp_path / "test_it.py").write_text("""
import pytest
@pytest.mark.parametrize("n", range(4))
def test_it(vcenter, n):
    assert vcenter.control.trace() == []
""")
    run_pytest(tmp_path, vcenter_environment, "passed=4", "-n", "2")


@pytest.mark.parametrize(
    ("ci", "expected"),
    [pytest.param("", "skipped=1", id="skips"), pytest.param("true", "errors=1", id="fails where CI is set")],
)
def test_no_simulator_at_all(tmp_path: Path, ci: str, expected: str) -> None:
    (tmp_path / "test_it.py").write_text("""
import contextlib
import pytest
from vsphere_motion.sim.options import Flavour
from vsphere_motion.testing.plugin import make_factory
@pytest.fixture
def vcenter_factory(vcenter_environment):
    with contextlib.ExitStack() as stack:
        yield make_factory(stack, {**vcenter_environment, "PATH": "/nowhere"}, Flavour.CONTAINER)
def test_it(vcenter):
    pass
""")
    output = run_pytest(tmp_path, {"PATH": "/usr/bin:/bin", "CI": ci}, expected)
    assert "podman is not on PATH" in output
    assert "pip install ./vcsim" in output


@pytest.mark.vcsim
def test_a_simulator_that_does_not_start_is_an_error_and_never_a_skip(
    tmp_path: Path, vcenter_environment: dict[str, str]
) -> None:
    (tmp_path / "test_it.py").write_text("""
def test_it(vcenter_factory):
    vcenter_factory(hosts=-1)
""")
    output = run_pytest(tmp_path, vcenter_environment, "failures=1")
    assert "did not start" in output


def test_the_plugin_imports_nothing_heavy() -> None:
    code = f"""
import sys, pytest
before = set(sys.modules)
import vsphere_motion.testing.plugin
new = set(sys.modules) - before
print(sorted(name for name in {HEAVY!r} if name in new))
print(sorted(name for name in new if name.partition('.')[0] not in sys.stdlib_module_names | {{"vsphere_motion"}}))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n[]\n"


def run_pytest(directory: Path, environment: dict[str, str], expected: str, *words: str) -> str:
    """Run pytest on a directory; `expected` is the one count of its result that is not nought, such as `passed=1`."""
    result = directory / "result.xml"
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", f"--junitxml={result}", *words, str(directory)],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert counts(result) == expected, answer.stdout + answer.stderr
    return answer.stdout


def counts(result: Path) -> str:
    suite = next(ET.parse(result).iter("testsuite"))
    found = {name: int(suite.get(name, "0")) for name in ("failures", "errors", "skipped")}
    found["passed"] = int(suite.get("tests", "0")) - sum(found.values())
    return ",".join(f"{name}={count}" for name, count in found.items() if count)
