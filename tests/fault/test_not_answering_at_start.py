"""Something else than a vCenter answers when a command starts: a gateway's error, a portal's page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.program import Program
from tests.promises import record
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><br>Welcome & hello</body></html>"
WAIT_S = 2.0
START_S = 10.0
"""What starting the program costs on a busy machine, and no more."""

HTML = (("Content-Type", "text/html"),)
ANSWERS = {
    "503": Rule(kind="answer", status=503, body=PAGE, headers=HTML, times=None),
    "502": Rule(kind="answer", status=502, body=PAGE, headers=HTML, times=None),
    "429": Rule(kind="answer", status=429, headers=(("Retry-After", "3600"),), times=None),
    "200 with a page": Rule(kind="answer", status=200, body=PAGE, headers=HTML, times=None),
    "500 with a page": Rule(kind="answer", status=500, body=PAGE, headers=HTML, times=None),
}


@pytest.mark.parametrize("method", ["RetrieveServiceContent", "Login", "RetrievePropertiesEx"])
def test_row_16_no_vcenter_at_start_is_one_line_and_code_5(
    method: str,
    shared_vcenter: SimulatedVCenter,
    fault_proxy: Callable[..., FaultProxy],
    program: Callable[[SimulatedVCenter], Program],
) -> None:
    proxy = fault_proxy(shared_vcenter)
    run = program(proxy.vcenter)
    for name, rule in ANSWERS.items():
        planted = proxy.plant(replace(rule, method=method))
        started = time.monotonic()
        done = run("check", "vm-001", "--to-host", "esx-002", "--call-timeout", f"{WAIT_S:g}s")
        took_s = time.monotonic() - started
        proxy.remove()
        assert (done.exit_code, done.stdout) == (5, ""), f"{name}: {done.text}"
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, f"{name}: {done.stderr}"
        assert method in lines[0], name
        assert "HTTP" in lines[0], name
        assert "Traceback" not in done.text, name
        assert "<" not in done.stderr.replace("<br>", ""), f"{name}: no page on the terminal: {done.stderr}"
        assert planted.hits >= 1, name
        assert took_s < START_S + 3 * WAIT_S, name
    assert proxy.sent("Logout") <= len(ANSWERS)
    record(16, f"{len(ANSWERS)} answers x content, Login, first read: one line, code 5")
