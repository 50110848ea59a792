"""What many moves cost a client and how well they use their slots, beside what others do, in one run on one simulator.

Promises, with 64 moves at once: submitting and watching takes at most 1.6 round trips a move and 3 ms of CPU time, with
at most ten waits for news a second; with the reading before each start, the probe and the verification at most 3.2
round trips. 1,000 moves of 2 s take at most 1.1 of the ideal time; of 300 moves of varied length at least 70 % of the
slots' time is used. The end of a move is noticed within 100 ms (median), of a move alone within 20 ms. Memory stays
flat over thousands of moves.

Ours starts the moves of varied length in the order in which its plans do, the longest first; the peers in the order of
a list. Peers: govc one after the other and eight at a time, pyvmomi's WaitForTask in threads, and polling with back-off
as Ansible's modules do. They make fewer moves of the same kind; what is compared is the time by the ideal time of each,
the round trips and the CPU time a move. Exit code 1: a promise is broken.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.moves_memory import grown_mib
from benchmarks.moves_ours import run_ours
from benchmarks.moves_peers import back_off, built_govc, run_govc, run_threads, wait_for_task
from benchmarks.moves_site import Result, site, trips
from vsphere_motion.testing.simulator import SimulatedVCenter

AT_ONCE = 64
WATCH_TRIPS, ALL_TRIPS, WAITS_PER_S, CPU_MS = 1.6, 3.2, 10.0, 3.0
IDEAL_RATIO, SLOT_USE = 1.1, 0.7
NOTICED_MS, NOTICED_ALONE_MS = 100.0, 20.0
GROWN_MIB = 16.0


def main() -> int:
    """Measure everyone, print, and say whether all promises are kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=1000, metavar="N", help="moves of 2 s [1000]")
    parser.add_argument("--varied", type=int, default=300, metavar="N", help="moves of varied length [300]")
    parser.add_argument("--no-peers", action="store_true", help="measure ours alone")
    asked = parser.parse_args()
    with site(equal=asked.moves, varied=asked.varied) as vcenter:
        kept = measure_ours(vcenter, asked.moves, asked.varied)
        if not asked.no_peers:
            measure_peers(vcenter, asked.varied)
    kept.append(at_most("memory grown by the last half of 2,000 moves, MiB", grown_mib(2000), GROWN_MIB))
    return 0 if all(kept) else 1


def measure_ours(vcenter: SimulatedVCenter, moves: int, varied: int) -> list[bool]:
    """Our figures, each beside its promise."""
    control = vcenter.control
    many = run_ours(vcenter, trips(control, "equal", moves), at_once=AT_ONCE)
    longest_first = sorted(trips(control, "varied", varied), key=lambda trip: -trip.memory_bytes)
    uneven = run_ours(vcenter, longest_first, at_once=AT_ONCE)
    alone = run_ours(vcenter, trips(control, "equal", min(12, moves)), at_once=1)
    show([many.result, uneven.result, alone.result])
    for method, count in many.result.calls.most_common():
        each = f"{count / moves:.3f} a move, {1000 * many.calls_cpu_s[method] / moves:.2f} ms of CPU time a move"
        print(f"    {method:<28} {each}")
    print(f"    told, verified and journaled, {ms(many.told_s):.0f} ms after the end at the server (median)")
    print(f"    CPU time of all that a move takes: {1000 * many.result.cpu_s / moves:.2f} ms")
    return [
        at_most("round trips a move, submit and watch", many.own_calls / moves, WATCH_TRIPS),
        at_most("round trips a move, all", many.result.trips_a_move, ALL_TRIPS),
        at_most("waits for news a second", many.waits_per_s, WAITS_PER_S),
        at_most("CPU ms a move, submit and watch", 1000 * many.own_cpu_s / moves, CPU_MS),
        at_most(f"{moves} moves of 2 s, by the ideal time", ratio(many.result), IDEAL_RATIO),
        at_least(f"slots used by {varied} moves of varied length", uneven.result.slot_use, SLOT_USE),
        at_most(f"end noticed, ms, {AT_ONCE} in flight", ms(many.result.noticed_s), NOTICED_MS),
        at_most("end noticed, ms, one in flight", ms(alone.result.noticed_s), NOTICED_ALONE_MS),
    ]


def measure_peers(vcenter: SimulatedVCenter, varied: int) -> None:
    """What others need; ours beside them makes the same moves."""
    control = vcenter.control
    few = min(192, len(trips(control, "equal", 192)))
    show([run_ours(vcenter, trips(control, "equal", few), at_once=AT_ONCE).result])
    for client, wait in (("WaitForTask in threads", wait_for_task), ("polling with back-off", back_off)):
        show([run_threads(client, wait, vcenter, trips(control, "equal", few), at_once=AT_ONCE)])
        show([run_threads(client, wait, vcenter, trips(control, "varied", varied), at_once=AT_ONCE)])
    with built_govc() as govc:
        show([run_govc(govc, vcenter, trips(control, "equal", 8), at_once=1)])
        show([run_govc(govc, vcenter, trips(control, "equal", 48), at_once=8)])


def show(results: Sequence[Result]) -> None:
    """A line for each."""
    for one in results:
        print(
            f"{one.client:<26} {one.moves:5} moves, {one.at_once:2} at once: {one.wall_s:6.1f} s,"
            f" {ratio(one):5.2f} of ideal, slots {one.slot_use:4.0%}, {one.trips_a_move:6.2f} round trips,"
            f" {1000 * one.cpu_s / one.moves:6.1f} ms CPU, noticed after {ms(one.noticed_s):6.0f} ms",
            flush=True,
        )


def ratio(result: Result) -> float:
    """The time that it took, by the time that these moves take at best."""
    return result.wall_s / result.ideal_s


def ms(seconds: Sequence[float]) -> float:
    """The median in milliseconds."""
    return 1000 * statistics.median(seconds)


def at_most(what: str, figure: float, limit: float) -> bool:
    """Print one promise; True if it holds."""
    return _promise(what, figure, limit, holds=figure <= limit, word="at most")


def at_least(what: str, figure: float, limit: float) -> bool:
    """The same, for what must not be less."""
    return _promise(what, figure, limit, holds=figure >= limit, word="at least")


def _promise(what: str, figure: float, limit: float, *, holds: bool, word: str) -> bool:
    print(f"{'kept' if holds else 'BROKEN':7} {what:<50} {figure:8.3f}   promised {word} {limit:g}", flush=True)
    return holds


if __name__ == "__main__":
    sys.exit(main())
