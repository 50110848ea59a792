"""Where a session is kept between commands, and when it is not believed."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.vcenter.session_file import SessionFile, may_keep

ENDPOINT = Endpoint(host="vc01.example.com")
USER = "bob@vsphere.local"
COOKIE = '"9f0c1d"'


@pytest.fixture
def kept(tmp_path: Path) -> SessionFile:
    return SessionFile(tmp_path, ENDPOINT, USER)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_read_until_it_is_deleted(kept: SessionFile) -> None:
    assert kept.read() is None
    kept.write(COOKIE)
    assert kept.read() == COOKIE
    kept.write('"another"')
    assert kept.read() == '"another"'
    kept.delete()
    kept.delete()
    assert kept.read() is None
    assert list(kept.path.parent.iterdir()) == []


def test_file_and_directory_are_their_owners_alone_whatever_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kept = SessionFile(tmp_path / "state", ENDPOINT, USER)
        kept.write(COOKIE)
    finally:
        os.umask(before)
    assert mode_of(kept.path) == 0o600
    assert mode_of(kept.path.parent) == mode_of(kept.path.parent.parent) == 0o700


def test_a_directory_that_others_may_read_is_closed(kept: SessionFile) -> None:
    kept.path.parent.mkdir(mode=0o755)
    kept.write(COOKIE)
    assert mode_of(kept.path.parent) == 0o700


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((ENDPOINT._replace(host="vc02"), USER), id="another server"),
        pytest.param((ENDPOINT._replace(port=8443), USER), id="another port"),
        pytest.param((ENDPOINT._replace(thumbprint="AB" * 32), USER), id="another pin"),
        pytest.param((ENDPOINT, "eve@vsphere.local"), id="another account"),
    ],
)
def test_a_session_is_of_one_server_account_and_pin(
    kept: SessionFile, tmp_path: Path, other: tuple[Endpoint, str]
) -> None:
    kept.write(COOKIE)
    assert SessionFile(tmp_path, *other).read() is None


def test_the_name_of_the_file_says_nothing(kept: SessionFile) -> None:
    assert "bob" not in kept.path.name
    assert "vc01" not in kept.path.name
    assert SessionFile(Path(), ENDPOINT, "../../etc/passwd").path.parent == Path("sessions")


def open_to_others(kept: SessionFile) -> None:
    kept.path.chmod(0o640)


def link(kept: SessionFile) -> None:
    target = kept.path.with_suffix(".there")
    kept.path.rename(target)
    kept.path.symlink_to(target)


def changed(**values: object) -> Callable[[SessionFile], None]:
    def change(kept: SessionFile) -> None:
        kept.path.write_text(json.dumps({**json.loads(kept.path.read_text()), **values}))

    return change


def text(words: str) -> Callable[[SessionFile], None]:
    def replace(kept: SessionFile) -> None:
        kept.path.write_text(words)

    return replace


@pytest.mark.parametrize(
    "harm",
    [
        open_to_others,
        link,
        pytest.param(changed(schema="vsphere-motion/session/v9"), id="another schema"),
        pytest.param(changed(user="eve"), id="another account's"),
        pytest.param(changed(server="vc02:443"), id="another server's"),
        pytest.param(changed(cookie=7), id="no text"),
        pytest.param(changed(cookie=""), id="nothing"),
        pytest.param(changed(cookie="a\r\nX-Evil: 1"), id="a header of its own"),
        pytest.param(text("[]"), id="no object"),
        pytest.param(text("{"), id="no JSON"),
        pytest.param(lambda kept: kept.path.write_bytes(b"\xff\xfe"), id="no text at all"),
    ],
)
def test_a_file_that_is_not_as_we_wrote_it_is_not_used(kept: SessionFile, harm: Callable[[SessionFile], None]) -> None:
    kept.write(COOKIE)
    harm(kept)
    assert kept.read() is None


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        pytest.param(ENDPOINT, True, id="verified"),
        pytest.param(ENDPOINT._replace(insecure=True), False, id="verified by nobody"),
        pytest.param(ENDPOINT._replace(insecure=True, thumbprint="AB" * 32), True, id="pinned"),
    ],
)
def test_a_session_is_kept_only_for_a_server_that_is_known_again(endpoint: Endpoint, *, expected: bool) -> None:
    assert may_keep(endpoint) is expected
