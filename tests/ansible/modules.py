"""The collection's modules as Ansible runs them, one process each, without the seconds of a playbook around them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.program import READS
from vsphere_motion.testing.simulator import SimulatedVCenter

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / "playbooks" / "collections"
COLLECTION = COLLECTIONS / "ansible_collections" / "vsphere" / "motion"
TIMEOUT_S = 100


@dataclass(frozen=True)
class Answer:
    """How one module ended.

    Args:
        writes: the methods it called that are no reads, each as often as it was called; of a stock simulator, none is
            known.
    """

    exit_code: int
    data: dict[str, Any]
    text: str
    writes: list[str] = field(default_factory=list)

    @property
    def message(self) -> str:
        """What a person sees of a failure."""
        return str(self.data.get("msg", ""))

    @property
    def warnings(self) -> list[str]:
        """What a person sees besides."""
        return [_words(one) for one in self.data.get("warnings", [])]


def _words(warning: Any) -> str:
    return warning if isinstance(warning, str) else str(warning["event"]["msg"])


@dataclass(frozen=True)
class Modules:
    """Runs modules against one simulated vCenter, with a home and a journal of their own."""

    vcenter: SimulatedVCenter
    home: Path

    def __call__(self, module: str, *, check: bool = False, environment: Any = None, **arguments: Any) -> Answer:
        """Run a module with these parameters, and see what it called."""
        has_trace = not self.vcenter.state.stock
        if has_trace:
            self.vcenter.control.clear_trace()
        done = subprocess.run(
            [sys.executable, "-m", f"ansible_collections.vsphere.motion.plugins.modules.{module}"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, **self._internal(check=check)}}),
            env={**self.environment(), **(environment or {})},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        calls = [call["method"] for call in self.vcenter.control.trace()] if has_trace else []
        writes = [method for method in calls if method not in READS]
        return Answer(done.returncode, _parsed(done), done.stdout + done.stderr, writes)

    def environment(self) -> dict[str, str]:
        """What a module finds around it."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(COLLECTIONS),
            "VSPHERE_MOTION_STATE_DIR": str(self.home / "state"),
            **self.vcenter.environment(),
        }

    def _internal(self, *, check: bool) -> dict[str, Any]:
        return {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": str(self.home)}


def _parsed(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        raise AssertionError(f"no JSON: {done.stdout}{done.stderr}") from None
