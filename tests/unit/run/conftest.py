"""Runs on the fake vCenter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig import MakeRig, Rig, rigs


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    """A run of so many moves; its journal is closed at the end."""
    with rigs(tmp_path) as make:
        yield make


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """A run of one move."""
    return make_rig(1)
