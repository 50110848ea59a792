"""What placement and scheduling cost at a large site, in seconds of CPU time.

The promises for 10,000 VMs on 128 hosts, with where each VM may go given: emptying 8 hosts is planned and put into a
safe order in at most 2 s, and so is evening out with 200 moves; 10,000 moves are scheduled in at most 2 s, and end at
most 5 % after the lower bound; the peak of memory is below 500 MB. Exit code 1: a promise is broken.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from vsphere_motion.model.refs import MoRef, NamedRef, VmIdentity
from vsphere_motion.model.schedule import Job, Schedule
from vsphere_motion.model.site import Load, Order, Placing, Room, Site
from vsphere_motion.planning.placement.evacuate import evacuate
from vsphere_motion.planning.placement.order import in_order
from vsphere_motion.planning.placement.rebalance import Goal, rebalance
from vsphere_motion.planning.schedule import make_schedule
from vsphere_motion.planning.window import Window, costs_of
from vsphere_motion.vmotion.costs import Operation

GIB = 2**30
LINK_BPS = 10_000_000_000
FULL = 0.7
EMPTIED, MOST_MOVES = 8, 200
PROMISED_S, PROMISED_RATIO, PROMISED_MB = 2.0, 1.05, 500
Result = TypeVar("Result")


def main() -> int:
    """Measure and print a line for each promise."""
    parser = argparse.ArgumentParser(description="Measure placement and scheduling at a large site.")
    parser.add_argument("--vms", type=int, default=10_000, metavar="N", help="virtual machines (default 10000)")
    parser.add_argument("--hosts", type=int, default=128, metavar="N", help="hosts (default 128)")
    options = parser.parse_args()
    site = large_site(options.vms, options.hosts)
    leaving = range(EMPTIED)
    placing, evacuate_s = timed(lambda: evacuate(site, leaving))
    order, evacuate_order_s = timed(lambda: in_order(site, placing.shifts))
    evened, rebalance_s = timed(lambda: rebalance(site, goal=Goal.BOTH, max_moves=MOST_MOVES, min_gain=0.01))
    _, rebalance_order_s = timed(lambda: in_order(site, evened.shifts))
    schedule, schedule_s = timed(lambda: scheduled(site, options.vms))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    ratio = schedule.makespan_s / schedule.bound_s
    told = f"{len(placing.shifts)} moves, {len(placing.stuck)} stuck, {len(order.impossible)} without an order"
    kept = [
        line("evacuate 8 hosts", evacuate_s + evacuate_order_s, PROMISED_S, "s", told),
        line("rebalance", rebalance_s + rebalance_order_s, PROMISED_S, "s", f"{len(evened.shifts)} moves"),
        line(
            f"schedule {len(schedule.jobs)} moves", schedule_s, PROMISED_S, "s", f"{schedule.makespan_s:.0f} s in all"
        ),
        line("makespan to its bound", ratio, PROMISED_RATIO, "", f"bound {schedule.bound_s:.0f} s"),
        line("peak of memory", peak_mb, PROMISED_MB, "MB", ""),
    ]
    return 0 if all(kept) and is_complete(placing, order) else 1


def large_site(vms: int, hosts: int) -> Site:
    """Hosts that are filled to 70 % at most; every VM may go to most hosts, and some must stay apart."""
    luck = Random(128)
    rooms = tuple(
        Room(
            host=NamedRef(ref=MoRef(kind="HostSystem", moid=f"host-{number}"), name=f"esx{number:03}"),
            memory_bytes=round(vms / hosts * 11 * GIB / FULL),
            cpu_mhz=round(vms / hosts * 600 / FULL),
        )
        for number in range(hosts)
    )
    reach = [frozenset(room for room in range(hosts) if luck.random() < 0.9) for _ in range(64)]
    loads = tuple(_load(luck, number, number % hosts, reach[number % 64]) for number in range(vms))
    apart = tuple(tuple(range(first, first + 3)) for first in range(0, vms - 3, 100))
    return Site(rooms=rooms, loads=loads, apart=apart)


def scheduled(site: Site, moves: int) -> Schedule:
    """A run of so many moves from everywhere to everywhere."""
    luck = Random(7)
    count = len(site.rooms)
    jobs = []
    for number in range(moves):
        source = number % count
        destination = (source + luck.randrange(1, count)) % count
        ends = [(site.rooms[room].host.ref, LINK_BPS) for room in (source, destination)]
        jobs.append(
            Job(
                source=source,
                destination=destination,
                sends_bytes=site.loads[number].memory_bytes,
                fixed_s=4.0,
                costs=costs_of(Operation.VMOTION, hosts=ends),
            )
        )
    return make_schedule(jobs, [LINK_BPS] * count, Window())


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What the work gives, and the CPU time that it takes."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def line(what: str, value: float, promised: float, unit: str, told: str) -> bool:
    """Print a figure beside its promise; whether it is kept."""
    print(f"{what:<24}{value:8.2f} {unit:<3} promised {promised:g} {unit:<3} {told}")
    return value <= promised


def is_complete(placing: Placing, order: Order) -> bool:
    """Whether everybody found a host and an order: a plan that leaves VMs behind is quick and worth nothing."""
    return not placing.stuck and not order.impossible


def _load(luck: Random, number: int, at: int, reach: frozenset[int]) -> Load:
    gib, mhz = luck.choice([2, 4, 8, 8, 16, 32]), luck.choice([0, 0, 500, 1000, 2000])
    uses = luck.random()
    return Load(
        vm=VmIdentity(ref=MoRef(kind="VirtualMachine", moid=f"vm-{number}"), name=f"vm{number}", instance_uuid=None),
        at=at,
        needs_bytes=gib * GIB,
        needs_mhz=mhz,
        holds_bytes=round(gib * GIB * max(0.5, uses)),
        uses_bytes=round(gib * GIB * uses),
        uses_mhz=round(2000 * luck.random()),
        may_go=reach - {at},
        memory_bytes=gib * GIB,
    )


if __name__ == "__main__":
    sys.exit(main())
