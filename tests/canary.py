"""A password that shows itself wherever it goes: its spellings, and a search through all that a run leaves behind."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus

from tests.program import TIMEOUT_S, Done, Program

CANARY = "canary-\u00fc&<\"'/%2f+ 7f3a9c-of-a-password"
"""It has what URLs, XML, JSON, shells and base64 spell differently."""
USER = "canary@vsphere.local"
_STEP_S = 0.02


def spellings(secret: str = CANARY, user: str = USER) -> tuple[bytes, ...]:
    """The secret as it would look in a URL, in XML, in JSON, in Python, in base64, and as `user:secret` of HTTP."""
    texts = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        html.escape(secret),
        html.escape(secret, quote=False),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"{user}:{secret}".encode()).decode(),
        "7f3a9c-of-a-password",
    }
    return tuple(text.encode() for text in sorted(texts))


def found_in(data: bytes) -> list[bytes]:
    """The spellings that the data has."""
    return [spelling for spelling in spellings() if spelling in data]


def files_with_it(*places: Path) -> list[str]:
    """Every file below the places that has it in its name or its content."""
    files = [Path(place, name) for top in places for place, _, names in os.walk(top) for name in names]
    return [str(path) for path in files if found_in(os.fsencode(path)) or found_in(path.read_bytes())]


def watched(program: Program, *words: str, stdin: str = "", **variables: str) -> tuple[Done, set[bytes]]:
    """Run it to its end, and meanwhile read the command lines and titles of it and of what it starts."""
    with subprocess.Popen(
        program.command(*words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=program.variables(**variables),
        cwd=program.home,
    ) as child:
        said, seen = _read(child, stdin.encode())
    return Done(child.returncode, said[0].decode(), said[1].decode()), seen


def _read(child: subprocess.Popen[bytes], stdin: bytes) -> tuple[Sequence[bytes], set[bytes]]:
    seen: set[bytes] = set()
    given: bytes | None = stdin
    for _ in range(int(TIMEOUT_S / _STEP_S)):
        seen.update(_titles(child.pid))
        try:
            said = child.communicate(given, timeout=_STEP_S)
        except subprocess.TimeoutExpired:
            given = None
        else:
            return said, seen
    child.kill()
    raise TimeoutError(f"it did not end: {child.args!r}")


def _titles(pid: int) -> Iterator[bytes]:
    """What any user of this machine can read of a process and its children."""
    place = Path("/proc", str(pid))
    with contextlib.suppress(OSError):
        yield from (Path(place, name).read_bytes() for name in ("cmdline", "comm"))
        for child in Path(place, "task", str(pid), "children").read_text().split():
            yield from _titles(int(child))
