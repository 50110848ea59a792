"""The page of a real run, with hostile names and failed moves, in a real browser: it asks for nothing, and everybody
can read it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bigsite import write_big_site
from tests.browser import DARK, needs_axe, needs_browser, outlet, rendered, violations
from tests.conftest import REAL_ENVIRONMENT
from tests.hostile import elements_of
from tests.program import Program
from tests.promises import tries
from vsphere_motion.testing.plugin import make_factory

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(900)]

MOVES = tries(reduced=16, whole=500)
MANY_HOSTS, FEW_HOSTS = 16, 4
MOST_BYTES = 3_000_000
RUN_LIMIT_S = 600
SERIOUS = {"serious", "critical"}
ASKING = '<!doctype html><html><head><title>x</title></head><body><img src="http://evil.invalid/x"></body></html>'
UNREADABLE = (
    '<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content=""></head>'
    '<body><img src="data:,"><p style="color: #ddd; background: #fff">pale</p></body></html>'
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The report that the program makes of its run."""
    home = tmp_path_factory.mktemp("run")
    site = write_big_site(home, MOVES, hosts=FEW_HOSTS if MOVES < 100 else MANY_HOSTS)
    environment = {**REAL_ENVIRONMENT, "VSPHERE_MOTION_STATE_DIR": str(tmp_path_factory.mktemp("simulators"))}
    with contextlib.ExitStack() as stack:
        vcenter = make_factory(stack, environment)(scenario=site.scenario, speed=200.0)
        words = (
            "migrate",
            "-f",
            str(site.moves),
            "--yes",
            "--partial",
            "--max-concurrent",
            "64",
            "--report",
            "run.html",
        )
        with Program(home=home, environment=vcenter.environment()).start(*words, "--quiet") as running:
            _, said = running.communicate(timeout=RUN_LIMIT_S)
        assert running.returncode == 6, said
        yield home / "run.html"


def test_the_page_is_small_enough_to_send(page: Path) -> None:
    source = page.read_bytes()
    assert source.count(b"<details") >= MOVES
    assert len(source) < MOST_BYTES


@needs_browser
def test_the_page_asks_for_nothing(page: Path, tmp_path: Path) -> None:
    asking = tmp_path / "asking.html"
    asking.write_text(ASKING, encoding="utf-8")
    with outlet() as way_out:
        flags = (f"--proxy-server=http://127.0.0.1:{way_out.port}", "--proxy-bypass-list=<-loopback>")
        rendered(page, tmp_path / "profile", *flags)
        assert way_out.for_pages == []
        rendered(asking, tmp_path / "profile", *flags)
        assert [line for line in way_out.for_pages if "evil.invalid" in line], "a page that asks was not noticed"


@needs_browser
def test_no_name_does_anything_in_a_browser(page: Path, tmp_path: Path) -> None:
    seen = Counter(tag for tag, _ in elements_of(rendered(page, tmp_path / "profile")))
    assert not {"script", "img", "iframe", "object", "embed", "form", "base", "a", "link", "template"} & set(seen)
    assert seen["details"] >= MOVES


@needs_browser
@needs_axe
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param((), id="light"),
        pytest.param(DARK, id="dark"),
        pytest.param(("--window-size=500,900",), id="narrow", marks=pytest.mark.nightly),
    ],
)
def test_an_accessibility_checker_finds_nothing_serious(page: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    source = page.read_text(encoding="utf-8")
    if MOVES < 100:
        source = source.replace("<details>", "<details open>")
    found = violations(source, tmp_path, *flags)
    assert [one for one in found if one["impact"] in SERIOUS] == []


@needs_browser
@needs_axe
def test_the_checker_finds_what_nobody_can_read(tmp_path: Path) -> None:
    found = {one["id"] for one in violations(UNREADABLE, tmp_path)}
    assert {"image-alt", "color-contrast", "document-title"} <= found
