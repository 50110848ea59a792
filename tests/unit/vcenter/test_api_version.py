"""The API version that is spoken with a server."""

from __future__ import annotations

import pytest

from vsphere_motion.vcenter.session import newest_known_version


@pytest.mark.parametrize(
    ("server", "spoken"),
    [
        pytest.param("8.0.3.0", "vim.version.v8_0_3_0", id="known to pyVmomi"),
        pytest.param("6.7.3", "vim.version.version15", id="three numbers"),
        pytest.param("8.0.3.99", "vim.version.v8_0_3_1", id="an update between two known ones"),
        pytest.param("99.0.0.0", "vim.version.v9_1_1_0", id="newer than pyVmomi"),
        pytest.param("6.5", "vim.version.version11", id="the first that is spoken"),
        pytest.param("5.5", "vim.version.version9", id="older"),
        pytest.param("1.0", "vim.version.version11", id="older than anything"),
        pytest.param("", "vim.version.version11", id="none"),
    ],
)
def test_newest_version_both_know(server: str, spoken: str) -> None:
    assert newest_known_version(server) == spoken
