"""The example of the how-to page runs as it is printed, in a pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import get_args

import pytest

from tests.conftest import REAL_ENVIRONMENT
from vsphere_motion.testing.faultproxy_rules import Kind

pytestmark = pytest.mark.vcsim

PAGE = Path(__file__).parents[2] / "docs/how-to/test-with-broken-networks.md"


def test_the_example_of_the_page(tmp_path: Path) -> None:
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    example = next(block for block in blocks if "def test_" in block)
    (tmp_path / "test_example.py").write_text(textwrap.dedent(example), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"],
        cwd=tmp_path,
        env=REAL_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_every_kind_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in get_args(Kind) if f"`{kind}`" not in text] == []
