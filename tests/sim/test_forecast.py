"""The estimator against the simulator's true durations, with links that give less than their rate and guests in bursts.

The simulator draws from its own seed what the estimator is not told: for each pair of hosts 40 to 100 % of the link,
for each pass of a pre-copy from a fifth to three times a guest's set rate. This is agreement with the simulator.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.sim.reading import session_with
from vsphere_motion.model.forecast import Basis, Forecast
from vsphere_motion.model.request import MoveRequest, Opinions
from vsphere_motion.run.journal import Journal, open_journal
from vsphere_motion.service.check import check
from vsphere_motion.service.connection import VCenter
from vsphere_motion.service.estimate import calibration_of
from vsphere_motion.service.migrate import run
from vsphere_motion.service.options import RunOptions
from vsphere_motion.service.surroundings import Places
from vsphere_motion.sim.options import SimOptions
from vsphere_motion.testing.plugin import enter_vcenter
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = pytest.mark.vcsim

HOSTS = 5
VMS = 20
SPEED = 2000.0
FEW = 3
MANY = 26
"""Rounds; in each about twenty virtual machines move."""


def scenario(directory: Path, seed: int) -> Path:
    """Hosts on 10 GbE and guests of 4 to 32 GiB that write up to 60 MB/s."""
    draw = random.Random(seed)
    hosts = [f"      - {{name: esx{n}, cores: 64, memory_gib: 2048, vmotion: {{link_gbps: 10}}}}" for n in range(HOSTS)]
    vms = [
        f"  - {{name: vm{n:02d}, host: esx{n % HOSTS}, memory_gib: {draw.choice([4, 8, 16, 24, 32])},"
        f" touched_percent: {draw.randint(40, 100)}, dirty_mbps: {draw.randint(0, 60)},"
        " datastore: ds, networks: [net]}"
        for n in range(VMS)
    ]
    text = ["version: 1", "clusters:", "  - name: c", "    hosts:", *hosts, "datastores:"]
    text += ["  - {name: ds, capacity_gib: 65536}", "networks:", "  - {name: net}", "vms:", *vms]
    path = directory / "bursts.yaml"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def moody(vcenter_environment: Mapping[str, str], tmp_path: Path) -> Iterator[SimulatedVCenter]:
    """A vCenter whose links and guests are what nobody told the estimator."""
    options = SimOptions(
        scenario=str(scenario(tmp_path, 11)), speed=SPEED, seed=11, bandwidth_share="0.4-1.0", dirty_bursts=True
    )
    with ExitStack() as stack:
        yield enter_vcenter(stack, options, vcenter_environment)


def one_round(library: VCenter, journal: Journal, host: str) -> list[tuple[Forecast, float]]:
    """Every VM goes to a host, one after the other; what each was expected to take, and what it took."""
    places = Places(state_dir=journal.path.parent)
    request = MoveRequest(selectors=("*",), to_host=host, partial=True, opinions=Opinions.CLIENT)
    *_, last = run(library, check(library, request, places), journal=journal, options=RunOptions(max_concurrent=1))
    outcomes = [item.outcome for item in last.report.moves]
    return [(one.forecast, one.duration_s) for one in outcomes if one.forecast is not None and one.duration_s]


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(FEW, id="60 moves"),
        pytest.param(MANY, marks=[pytest.mark.nightly, pytest.mark.timeout(900)], id="500 moves"),
    ],
)
def test_moves_take_as_long_as_their_range_says(moody: SimulatedVCenter, tmp_path: Path, rounds: int) -> None:
    with session_with(moody) as session, closing(open_journal(tmp_path / "state")) as journal:
        library = VCenter(session)
        seen = [pair for n in range(rounds) for pair in one_round(library, journal, f"esx{n % HOSTS}")]
        tested = calibration_of(journal.past_moves())

    spans = [(one, one.duration_s, took_s) for one, took_s in seen if one.duration_s is not None]
    assert len(spans) == len(seen) >= rounds * VMS * 3 // 4
    inside = sum(span.low <= took_s <= span.high for _, span, took_s in spans) / len(spans)
    widths = [span.high / span.low for one, span, _ in spans if one.basis is Basis.PAIR]
    errors = [abs(span.likely - took_s) / took_s for one, span, took_s in spans if one.basis is Basis.PAIR]
    said = f"{len(spans)} moves, {inside:.1%} inside, widths up to {max(widths):.2f}, {tested.median_error} off"
    assert inside >= 0.9, said
    assert max(widths) <= 2.0, said
    assert statistics.median(errors) <= 0.2, said
    assert tested.share_inside is not None
    assert tested.share_inside >= 0.85
    assert tested.left_out == 0
