"""Files and directories for their owner alone, whatever the umask says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsphere_motion.private import make_private_directory, open_private_file


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_directory_that_is_made_on_the_way_is_private(tmp_path: Path) -> None:
    make_private_directory(tmp_path / "a" / "b" / "c")
    assert {mode(tmp_path / name) for name in ("a", "a/b", "a/b/c")} == {0o700}


def test_a_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    make_private_directory(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o755


def test_a_file_is_made_private_and_an_open_one_becomes_it(tmp_path: Path) -> None:
    (tmp_path / "old").touch(mode=0o666)
    for name in ("new", "old"):
        os.close(open_private_file(tmp_path / name))
        assert mode(tmp_path / name) == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        open_private_file(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()
