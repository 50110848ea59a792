"""The console blocks of a page as one session of a shell: what they are said to print is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

Step = tuple[str, list[str], int]
"""A command, lines that it is said to print, and its exit code."""


def steps(text: str) -> list[Step]:
    """Each command of the console blocks, with the lines it is said to print and its exit code."""
    found: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *printed = part.strip("\n").split("\n")
            code = next((int(line[6:-1]) for line in printed if line.startswith("[exit ")), 0)
            found.append((command, [line for line in printed if not line.startswith("[exit ")], code))
    return found


def is_printed(line: str, output: str) -> bool:
    """Whether a line of the output is this one; `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in line.split("..."))
    return re.search(f"^{pattern}$", output, flags=re.MULTILINE) is not None


def play(tour: list[Step], directory: Path, environment: Mapping[str, str], *, limit_s: int = 100) -> None:
    """Run the commands one after the other in one shell, and hold each against what is said of it.

    Args:
        limit_s: for all of them together; a machine that does much else needs a second or more for each.
    """
    lines = []
    for number, (command, _, _) in enumerate(tour):
        lines += [f"{{ {command}\n}} > {number}.out 2>&1", f"echo $? > {number}.code"]
    variables = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
        "VSPHERE_MOTION_STATE_DIR": str(directory / "state"),
    }
    script = "\n".join(["trap 'vsphere-motion sim stop --all' EXIT", *lines])

    subprocess.run(
        ["bash", "-c", script], cwd=directory, env=variables, check=True, timeout=limit_s, capture_output=True
    )

    for number, (command, printed, code) in enumerate(tour):
        output = (directory / f"{number}.out").read_text()
        assert int((directory / f"{number}.code").read_text()) == code, f"{command}\n{output}"
        for line in printed:
            assert is_printed(line, output), f"{command}\nnot printed: {line}\n{output}"
