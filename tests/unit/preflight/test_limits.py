"""What a destination lets a VM have."""

from __future__ import annotations

from typing import Any

import pytest

from tests import build
from tests.build import MIB
from tests.unit.preflight.cases import VIDEO, Look
from vsphere_motion.model.inventory import PowerState
from vsphere_motion.preflight.surroundings import Surroundings, VmLimits

SCANT = VmLimits(host=build.host_ref(2), max_video_bytes=MIB, max_cores_per_socket=2)
SILENT = VmLimits(host=build.host_ref(2), max_video_bytes=0, max_cores_per_socket=0)
OTHER = VmLimits(host=build.host_ref(1), max_video_bytes=None, max_cores_per_socket=None)


def _look(limits: VmLimits, **vm: Any) -> Look:
    site = build.site(vm=build.vm(**{"devices": (VIDEO,), "cores_per_socket": 4} | vm))
    return Look(site=site, around=Surroundings(vm_limits=(limits,)))


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        pytest.param(_look(SCANT), {"limits.video-memory", "limits.cores-per-socket"}, id="too much of both"),
        pytest.param(_look(SCANT, power_state=PowerState.OFF), {"limits.cores-per-socket"}, id="off"),
        pytest.param(
            _look(SCANT, power_state=PowerState.SUSPENDED),
            {"limits.video-memory", "limits.cores-per-socket"},
            id="suspended",
        ),
        pytest.param(_look(SILENT), set(), id="no limit told"),
        pytest.param(_look(OTHER), set(), id="another host was asked"),
    ],
)
def test_limits(look: Look, expected: set[str]) -> None:
    found = [
        finding
        for check_id in ("limits.video-memory", "limits.cores-per-socket")
        for finding in look.findings(check_id)
    ]
    assert {finding.id for finding in found} == expected


def test_the_message_has_both_numbers() -> None:
    (video,) = _look(SCANT).findings("limits.video-memory")
    (cores,) = _look(SCANT).findings("limits.cores-per-socket")
    assert video.message == "Video card of vm1 has 4096 KiB of memory, host2 allows 1024 KiB"
    assert cores.message == "vm1 has 4 cores a socket, host2 supports up to 2"
