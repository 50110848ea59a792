"""What the checks cost over a whole site: every VM on every host at once, and pair by pair for comparison.

Two promises for 1,000 VMs and 32 hosts: the matrix takes at most 2 s on one core (20,000 pairs a second, or more), and
is at least 3 times as fast a pair as asking for each move by itself, which is measured on a part of the pairs. Exit
code 1: a promise is broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import build
from vsphere_motion.model.inventory import Feature, Inventory
from vsphere_motion.preflight.registry import check_matrix, run_checks

FEATURES = tuple(f"cpuid.{number}" for number in range(80))
PAIRS_PER_S = 20_000
TIMES_AS_FAST = 3.0


def main() -> int:
    """Measure both ways and print a line for each promise."""
    parser = argparse.ArgumentParser(description="Measure the checks over a whole site.")
    parser.add_argument("--vms", type=int, default=1000, metavar="N", help="virtual machines (default 1000)")
    parser.add_argument("--hosts", type=int, default=32, metavar="N", help="hosts (default 32)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of the matrix; the best counts")
    options = parser.parse_args()
    inventory = site(options.vms, options.hosts)
    pairs = options.vms * options.hosts
    matrix_s = min(seconds_of_matrix(inventory) for _ in range(options.runs))
    single_s = seconds_a_pair(inventory, every=max(1, pairs // 200))
    rate, ratio = pairs / matrix_s, single_s / (matrix_s / pairs)
    print(f"matrix of {pairs} pairs    {matrix_s:6.2f} s   {rate:8.0f} pairs/s   promised {PAIRS_PER_S}")
    print(f"one by one            {1e6 * single_s:6.0f} us a pair   {ratio:5.1f} times   promised {TIMES_AS_FAST:g}")
    return 0 if rate >= PAIRS_PER_S and ratio >= TIMES_AS_FAST else 1


def site(vms: int, hosts: int) -> Inventory:
    """A site of one cluster in which nothing is wrong: every check runs to its end on every pair."""
    offered = tuple(Feature(key=key, value="1") for key in FEATURES)
    refs = tuple(build.host_ref(number + 1) for number in range(hosts))
    return build.inventory(
        vms=tuple(
            build.vm(number + 1, host=refs[number % hosts], memory_bytes=2 * build.GIB, features=needed())
            for number in range(vms)
        ),
        hosts=tuple(build.host(number + 1, features=offered) for number in range(hosts)),
        clusters=(build.cluster(1, hosts=refs),),
        datastores=(build.datastore(1, mounts=tuple(build.mount(number + 1) for number in range(hosts))),),
        networks=(build.network(1, hosts=refs),),
    )


def needed() -> tuple[Feature, ...]:
    """The CPU features of a VM, made anew for each as they are when a server was read."""
    return tuple(Feature(key=key, value="Bool:Min:1") for key in FEATURES)


def seconds_of_matrix(inventory: Inventory) -> float:
    """How long every VM on every host takes."""
    started = time.process_time()
    check_matrix(inventory, inventory.vms, inventory.hosts)
    return time.process_time() - started


def seconds_a_pair(inventory: Inventory, *, every: int) -> float:
    """How long one pair takes where each is asked for by itself; every so manieth is measured."""
    pairs: Sequence[tuple[int, int]] = [
        (vm, host) for vm in range(len(inventory.vms)) for host in range(len(inventory.hosts))
    ][::every]
    moves = [build.move(inventory, number=vm + 1, to=host + 1) for vm, host in pairs]
    started = time.process_time()
    for move in moves:
        run_checks(inventory, move)
    return (time.process_time() - started) / len(moves)


if __name__ == "__main__":
    sys.exit(main())
