"""How-to pages run as they are printed, on the site that they show where they show one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.console import play, steps

LIMIT_S = 540
HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


@pytest.mark.vcsim
@pytest.mark.timeout(LIMIT_S + 60)
@pytest.mark.parametrize(
    "page",
    [
        "bring-back",
        "change-networks",
        "choose-virtual-machines",
        "empty-a-host",
        "move-files",
        "patch-a-cluster-host-by-host",
        "use-plans-and-change-windows",
    ],
)
def test_the_page_runs_as_printed(page: str, tmp_path: Path, vcenter_environment: dict[str, str]) -> None:
    text = (HOW_TO / f"{page}.md").read_text(encoding="utf-8")
    for site in re.findall(r"```yaml\n(version: .*?)```", text, flags=re.DOTALL):
        (tmp_path / "site.yaml").write_text(site, encoding="utf-8")
    tour = steps(text)
    assert len(tour) >= 5

    play(tour, tmp_path, vcenter_environment, limit_s=LIMIT_S)
