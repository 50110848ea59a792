"""A site with many VMs, some with hostile names and some whose moves will fail, and the list of where they shall go."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hostile import CARRIED

FAULTS = ("0xbad010b", "0xbad0109", "0xbad00a4")
"""Planted in turn: the hosts do not reach each other, the pre-copy gets nowhere, no resources at the destination."""

_PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")

NAMED_EVERY = 12
"""Of so many VMs one has a hostile name, as long as there are some."""

FAILS_EVERY = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class BigSite:
    """The scenario, the list of moves, and what the VMs are called."""

    scenario: Path
    moves: Path
    names: tuple[str, ...]


def write_big_site(directory: Path, vms: int, hosts: int = 16) -> BigSite:
    """A cluster whose VMs all go to the next host; names are given to the simulator as JSON, which YAML reads too."""
    draw = random.Random(5)
    hostile = iter(name for name in CARRIED if not set(name) & set("/%\\"))
    names = [next(hostile, f"app{n:03d}") if n % NAMED_EVERY == 3 else f"app{n:03d}" for n in range(vms)]
    site = {
        "version": 1,
        "clusters": [{"name": "prod", "hosts": [_host(n) for n in range(hosts)]}],
        "datastores": [{"name": "san01", "capacity_gib": 1_000_000}],
        "networks": [{"name": "net"}],
        "vms": [
            {
                "name": name,
                "host": f"esx{n % hosts:02d}.example.com",
                "memory_gib": draw.choice([1, 2, 4, 8, 16, 32]),
                "touched_percent": draw.randint(30, 100),
                "dirty_mbps": draw.choice([0, 0, 10, 40, 120, 400]),
                "datastore": "san01",
                "networks": ["net"],
            }
            for n, name in enumerate(names)
        ],
        "faults": _faults(names),
    }
    scenario, moves = directory / "big.yaml", directory / "moves.csv"
    scenario.write_text(_yaml(site), encoding="utf-8")
    rows = [f"host:esx{n:02d}.example.com,esx{(n + 1) % hosts:02d}.example.com\n" for n in range(hosts)]
    moves.write_text("vm,host\n" + "".join(rows), encoding="utf-8")
    return BigSite(scenario=scenario, moves=moves, names=tuple(names))


def _yaml(site: dict[str, object]) -> str:
    """JSON, with a character beyond the first 65,536 as YAML writes it: JSON's pair of halves is none of its own."""
    return _PAIR.sub(lambda pair: f"\\U{ord(json.loads(chr(34) + pair[0] + chr(34))):08x}", json.dumps(site))


def _faults(names: Sequence[str]) -> list[dict[str, object]]:
    plain = [name for name in names if name.startswith("app")]
    return [
        {"match": {"vm": name}, "fail": {"code": FAULTS[n % len(FAULTS)]}, "when": {"percent": 10 + 20 * n % 80}}
        for n, name in enumerate(plain[::FAILS_EVERY])
    ]


def _host(number: int) -> dict[str, object]:
    return {
        "name": f"esx{number:02d}.example.com",
        "cores": 64,
        "memory_gib": 768,
        "esxi": ("8.0", "7.0", "6.5")[number % 3] if number % 4 == 3 else "8.0",
        "vmotion": {"link_gbps": 10},
    }
