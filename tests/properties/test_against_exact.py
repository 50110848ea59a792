"""Emptying a room, held against an exact solver."""

from __future__ import annotations

from tests.unit.planning.placement.exact import fewest_moves
from tests.unit.planning.placement.sites import random_site
from vsphere_motion.planning.placement.evacuate import evacuate

SITES = 200
FOUND_AT_LEAST = 0.99
MORE_MOVES_AT_MOST = 1.05


def test_what_can_be_emptied_is_emptied_with_few_moves() -> None:
    ratios: list[float] = []
    missed: list[int] = []
    for seed in range(SITES):
        site = random_site(seed)
        best = fewest_moves(site, frozenset({0}))
        placing = evacuate(site, {0})
        if best is None:
            assert placing.stuck, f"site {seed} cannot be emptied, and nothing is said of it"
        elif placing.stuck:
            missed.append(seed)
        else:
            assert len(placing.shifts) >= best
            ratios.append(len(placing.shifts) / best if best else 1.0)
    assert len(ratios) > SITES / 3, "the sites are too hard to say anything"
    assert len(missed) <= (1 - FOUND_AT_LEAST) * (len(ratios) + len(missed)), missed
    assert sum(ratios) / len(ratios) <= MORE_MOVES_AT_MOST


def test_on_easy_sites_both_agree() -> None:
    for seed in range(40):
        site = random_site(seed, tightness=0.4)
        best = fewest_moves(site, frozenset({0}))
        placing = evacuate(site, {0})
        if best is not None:
            assert (len(placing.shifts), placing.stuck) == (best, ()), seed
