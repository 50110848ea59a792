"""Answers that are made to exhaust or confuse who reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.promises import record, tries
from vsphere_motion import errors
from vsphere_motion.testing.faultproxy import FaultProxy
from vsphere_motion.testing.faultproxy_bodies import hostile_rules
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

DEADLINE_S = float(tries(reduced=1, whole=15))
ROOT = Path(__file__).parents[2]
GROWTH_KIB = 300 * 1024
OWN_ERRORS = {"ProtocolError", "Unreachable", "CallTimeout"}


def test_row_40_no_answer_exhausts_us(shared_vcenter: SimulatedVCenter, fault_proxy: Callable[..., FaultProxy]) -> None:
    proxy = fault_proxy(shared_vcenter)
    rules = hostile_rules("CurrentTime")
    for number, rule in enumerate(rules.values()):
        proxy.plant(replace(rule, containing=b"hostile-%d<" % number))
    words = [str(proxy.port), str(proxy.ca_file), shared_vcenter.user, str(DEADLINE_S)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fault.hostile_client", *words, *(f"hostile-{n}" for n in range(len(rules)))],
        input=shared_vcenter.password + "\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = dict(zip(rules, map(json.loads, done.stdout.splitlines()), strict=True))
    grown_kib = sum(answer["grown_kib"] for answer in answers.values())
    slowest_s = max(answer["seconds"] for answer in answers.values())
    record(
        40, f"{len(answers)}/13 own errors; slowest {slowest_s:.1f} s of {DEADLINE_S:g}; RSS +{grown_kib // 1024} MB"
    )
    assert len(answers) == 13
    assert {name: answer["error"] for name, answer in answers.items() if answer["error"] not in OWN_ERRORS} == {}
    assert {name: answer["seconds"] for name, answer in answers.items() if answer["seconds"] > 3 * DEADLINE_S} == {}
    assert grown_kib <= GROWTH_KIB, answers
    assert all(issubclass(getattr(errors, name), errors.VCenterUnavailable) for name in OWN_ERRORS)
