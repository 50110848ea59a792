"""The limits of a host in its configuration options."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from tests.unit.vcenter.things import host_ref
from vsphere_motion.preflight.surroundings import VmLimits
from vsphere_motion.vcenter.config_options import limits_from

card = vim.vm.device.VirtualVideoCardOption


def _option(*devices: Any, cores: Any = None) -> Any:
    hardware = vim.vm.VirtualHardwareOption()
    if devices:
        hardware.virtualDeviceOption = list(devices)
    if cores is not None:
        hardware.numCoresPerSocket = cores
    return vim.vm.ConfigOption(hardwareOptions=hardware)


def _card(most_kib: int) -> Any:
    return card(videoRamSizeInKB=vim.option.LongOption(min=0, max=most_kib, defaultValue=4096))


@pytest.mark.parametrize(
    ("option", "video_bytes", "cores"),
    [
        pytest.param(_option(_card(131072)), 128 * 1024 * 1024, 0, id="video memory"),
        pytest.param(_option(card()), 0, 0, id="a card that tells no limit"),
        pytest.param(_option(vim.vm.device.VirtualTPMOption()), 0, 0, id="another device"),
        pytest.param(_option(cores=vim.option.IntOption(min=1, max=64, defaultValue=1)), 0, 64, id="cores a socket"),
        pytest.param(vim.vm.ConfigOption(), 0, 0, id="no hardware"),
        pytest.param(None, 0, 0, id="no options"),
    ],
)
def test_what_the_options_tell(option: Any, video_bytes: int, cores: int) -> None:
    expected = VmLimits(host=host_ref(1), max_video_bytes=video_bytes, max_cores_per_socket=cores)
    assert limits_from(host_ref(1), option) == expected
