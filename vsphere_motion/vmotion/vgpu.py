"""How long a vGPU keeps its VM still: its data is sent while nothing runs, and vCenter gives up after 100 s.

Rules of this file: a bound at wire speed, and a measured line above it. VMware's table for one card (V100, vSphere 7.0,
10 GbE, typical) says 2 s for 1 GB, 12 s for 8 GB, 39 s for 32 GB of framebuffer; a worst case comes to 99 s.
"""

from __future__ import annotations

STUN_LIMIT_S = 100.0
"""`vmotion.maxSwitchoverSeconds`: the longest switch-over, 100 s unless set for the VM."""

WORST_SLOWDOWN = 3.4
"""How much longer than wire speed the worst case of VMware's table takes: 91 s for 32 GB, 26.8 s at 10 Gbit/s."""


def best_stun_s(data_bytes: int, bandwidth_bps: float) -> float | None:
    """No switch-over with so much vGPU data is shorter. None without a bandwidth."""
    return data_bytes * 8 / bandwidth_bps if bandwidth_bps > 0 else None


def worst_stun_s(data_bytes: int, bandwidth_bps: float) -> float | None:
    """What the worst case of the table comes to at this bandwidth. None without a bandwidth."""
    best = best_stun_s(data_bytes, bandwidth_bps)
    return None if best is None else best * WORST_SLOWDOWN
