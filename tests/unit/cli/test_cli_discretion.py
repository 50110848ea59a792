"""What ends badly keeps what it knows to itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vsphere_motion.cli.failure import tell
from vsphere_motion.cli.logfile import REDACTION
from vsphere_motion.errors import VCenterFault

SECRET = "discreet-canary-of-a-password"


@pytest.fixture(autouse=True)
def known_secret() -> None:
    """As after the password was read."""
    REDACTION.add(SECRET)


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(KeyError(SECRET), id="a defect"),
        pytest.param(
            VCenterFault(f"no: {SECRET}", hint=SECRET, details=(SECRET,), fault_kind="X"), id="an error of ours"
        ),
    ],
)
@pytest.mark.parametrize("words", [["check"], ["--debug", "check", "-o", "json"]], ids=["plain", "all of it"])
def test_a_failure_is_told_without_the_password(
    problem: Exception, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(problem, words) == (1 if isinstance(problem, KeyError) else problem.exit_code)  # type: ignore[attr-defined]

    said = capsys.readouterr()
    assert "error: " in said.err
    assert "***" in said.err
    assert SECRET not in said.err + said.out


def test_a_crash_of_a_command_writes_no_core(tmp_path: Path) -> None:
    """The password command of a context is a child of the program, and inherits its limit."""
    context = tmp_path / "config" / "vsphere-motion" / "config.toml"
    context.parent.mkdir(parents=True)
    look = "import resource; open('limit', 'w').write(str(resource.getrlimit(resource.RLIMIT_CORE)[0]))"
    context.write_text(f"""[contexts.c]
server = "127.0.0.1:1"
user = "eve"
password_command = ["{sys.executable}", "-c", "{look}"]
""")
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "PATH": "/usr/bin:/bin"}

    subprocess.run(
        [sys.executable, "-m", "vsphere_motion.cli", "--context", "c", "check", "vm", "--to-host", "host"],
        env=environment,
        cwd=tmp_path,
        check=False,
        capture_output=True,
        timeout=60,
    )

    assert (tmp_path / "limit").read_text() == "0"
