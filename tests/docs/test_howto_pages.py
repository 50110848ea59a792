"""The how-to pages about many VMs at once run as they are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.console import play, steps

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


@pytest.mark.vcsim
@pytest.mark.parametrize(
    "page",
    ["choose-virtual-machines", "empty-a-host", "patch-a-cluster-host-by-host", "use-plans-and-change-windows"],
)
def test_the_page_runs_as_printed(page: str, tmp_path: Path, vcenter_environment: dict[str, str]) -> None:
    tour = steps((HOW_TO / f"{page}.md").read_text(encoding="utf-8"))
    assert len(tour) >= 5

    play(tour, tmp_path, vcenter_environment)
