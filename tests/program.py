"""The command line as a person runs it: a real subprocess with an environment of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_S = 100

READS = frozenset(
    {
        # a session and what it says of itself
        "RetrieveServiceContent",
        "Login",
        "Logout",
        "CurrentTime",
        "SessionIsActive",
        # views, filters and collectors are the session's own
        "CreateContainerView",
        "CreateListView",
        "ModifyListView",
        "ResetListView",
        "DestroyView",
        "CreatePropertyCollector",
        "DestroyPropertyCollector",
        "CreateFilter",
        "DestroyPropertyFilter",
        "CreateCollectorForTasks",
        "DestroyCollector",
        # reads
        "RetrieveProperties",
        "RetrievePropertiesEx",
        "ContinueRetrievePropertiesEx",
        "CancelRetrievePropertiesEx",
        "WaitForUpdatesEx",
        "CancelWaitForUpdates",
        "Fetch",
        "ReadNextTasks",
        "ReadPreviousTasks",
        "QueryDescriptions",
        "BrowseDiagnosticLog",
        "QueryEvents",
        "QueryConfigOptionEx",
        "QueryDateTime",
        "HasPrivilegeOnEntities",
        # what DRS recommends
        "RecommendHostsForVm",
        "PlaceVm",
        # checks
        "CheckRelocate_Task",
        "CheckMigrate_Task",
        "QueryVMotionCompatibilityEx_Task",
    }
)
"""Methods that change nothing; a method outside this list is a write."""


def _heed_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Done:
    """How one call of the program ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON value."""
        return json.loads(self.stdout)

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Program:
    """`vsphere-motion` with a home directory and an environment of its own."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, stdin: str = "", **variables: str) -> Done:
        """Run it to its end."""
        done = subprocess.run(
            self.command(*words),
            input=stdin,
            env=self.variables(**variables),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        """Start it and let it run; the caller waits for it."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.variables(**variables),
            cwd=self.home,
            text=True,
            # a test run in the background of a shell has Ctrl-C ignored, and its children inherit that
            preexec_fn=_heed_ctrl_c,
        )

    def command(self, *words: str) -> list[str]:
        """The words of the call."""
        return [sys.executable, "-m", "vsphere_motion.cli", *words]

    def variables(self, **more: str) -> dict[str, str]:
        """The whole environment of the call: nothing of the person who runs the tests leaks in."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "VSPHERE_MOTION_STATE_DIR": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **self.environment,
            **more,
        }
