"""Take what the tests of the promises measured into `reliability-figures.json`: `python docs/figures.py DIRECTORY`.

Each test leaves one file in the directory that VSPHERE_MOTION_FIGURES names. What was measured in a whole run and what
in a reduced one are kept side by side; a row that was not run keeps what it had.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).resolve().parent / "reference" / "reliability-figures.json"
Figures = dict[str, dict[str, str]]
"""By row, `whole` and `reduced`."""


def read_figures(path: Path = FIGURES) -> Figures:
    """What was measured so far."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def merged(known: Mapping[str, Mapping[str, str]], measured: Iterable[Mapping[str, Any]]) -> Figures:
    """The known figures with those of one run; several tests of a row are joined."""
    fresh: dict[tuple[str, str], list[str]] = {}
    for item in measured:
        size = "whole" if item["whole"] else "reduced"
        fresh.setdefault((f"{item['row']:02}", size), []).append(item["figure"])
    figures = {row: dict(sizes) for row, sizes in known.items()}
    for (row, size), texts in fresh.items():
        figures.setdefault(row, {})[size] = "; ".join(dict.fromkeys(texts))
    return dict(sorted(figures.items()))


def main(directory: str) -> int:
    """Merge the files of a directory."""
    files = sorted(Path(directory).glob("row-*.json"))
    if not files:
        sys.stderr.write(f"{directory} has no figures\n")
        return 1
    figures = merged(read_figures(), [json.loads(file.read_text(encoding="utf-8")) for file in files])
    FIGURES.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
