"""A real browser without a window, for tests of pages, and axe-core, which judges how accessible a page is.

Neither is a dependency: tests that need them are skipped, with the reason, where they are not. `make page-tools`
fetches axe-core into build/; VSPHERE_MOTION_AXE names another copy of axe.min.js.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REAL_ENVIRONMENT

TIMEOUT_S = 240
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)
AXE = Path(REAL_ENVIRONMENT.get("VSPHERE_MOTION_AXE") or "build/tools/node_modules/axe-core/axe.min.js")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=30000",
)
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")

needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"no browser is on PATH: none of {', '.join(NAMES)}")
needs_axe = pytest.mark.skipif(not AXE.exists(), reason=f"{AXE} is not there: make page-tools")

_OWN_HOST = re.compile(r"^\S+ (?:https?://)?(?!fonts)[\w.-]+\.(?:google|googleapis|gvt1|gstatic)\.com[:/]")
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_RESULT = re.compile(r"<body>(\[.*?\])</body>", re.DOTALL)
_RUN = """
axe.run(document, {resultTypes: ["violations"]}).then((found) => {
  const told = found.violations.map((one) => ({id: one.id, impact: one.impact, help: one.help,
    count: one.nodes.length, where: one.nodes.slice(0, 3).map((node) => node.target.join(" "))}));
  document.body.textContent = JSON.stringify(told);
});
"""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A proxy that lets nothing through and keeps what it was asked for."""

    port: int
    asked: list[str] = field(default_factory=list)

    @property
    def for_pages(self) -> list[str]:
        """What was asked for that the browser does not ask for by itself: its maker's time, updates and lists."""
        return [line for line in self.asked if not _OWN_HOST.search(line)]


@contextmanager
def outlet() -> Iterator[Outlet]:
    """The only way out for a browser, and it leads nowhere."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Outlet(port=listener.getsockname()[1])
        threading.Thread(target=_refuse, args=(listener, found.asked), daemon=True).start()
        yield found


def _refuse(listener: socket.socket, asked: list[str]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            asked.append(connection.recv(4096).decode("latin-1").partition("\r\n")[0])


def rendered(page: Path, profile: Path, *flags: str) -> str:
    """The page as it is after a browser has opened it from the disk."""
    assert BROWSER is not None
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", *flags, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    return done.stdout


def violations(source: str, directory: Path, *flags: str) -> list[dict[str, Any]]:
    """What axe-core finds wrong with a page; it needs a script, so the page's own policy is taken out for it."""
    bare, count = _POLICY.subn("", source)
    assert count == 1
    script = AXE.read_text(encoding="utf-8").replace("</script", "<\\/script")
    page = directory / "judged.html"
    page.write_text(
        bare.replace("</body>", f"<script>{script}</script><script>{_RUN}</script></body>"), encoding="utf-8"
    )
    result = _RESULT.search(rendered(page, directory / "profile", *flags))
    assert result, "axe-core did not come to an end"
    found: list[dict[str, Any]] = json.loads(result[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return found
