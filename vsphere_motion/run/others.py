"""What the relocations of others take of vCenter's cost model while a run goes on. PURE.

Rules of this file: a task that waits at vCenter counts like one that runs, because whatever is asked for after it would
wait behind it; what is not known of one, such as how fast a host's link is, counts as what takes more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from vsphere_motion.model.current import OtherMotion
from vsphere_motion.model.refs import MoRef
from vsphere_motion.model.schedule import Slot
from vsphere_motion.vmotion.costs import Operation, Resource, cost_of

LOOK_S = 2.0
"""Between two looks at what others do: a migration takes longer than that, and a look is a list of all recent tasks."""


def units_of(motions: Iterable[OtherMotion], *, run: str, own: Collection[MoRef] = ()) -> dict[Slot, int]:
    """The units that these motions take of each object, without those of the run itself.

    Args:
        own: tasks of the run, for a server that does not keep the operationID.
    """
    taken: Counter[Slot] = Counter()
    for motion in motions:
        if motion.task not in own and f"vsphere-motion-{run}-" not in (motion.operation_id or ""):
            taken.update(dict(_units(motion)))
    return dict(taken)


def crowded_out_words(others: Mapping[Slot, int]) -> str:
    """That nothing may start because of these, and where."""
    hosts = sorted(slot[1].moid for slot in others if slot[0] is Resource.HOST)
    where = f" on {', '.join(hosts)}" if hosts else ""
    return (
        f"no move may start for now: migrations of others take what vCenter's limits let run{where}; waiting for them"
    )


def _units(motion: OtherMotion) -> Iterable[tuple[Slot, int]]:
    operation = Operation.STORAGE_VMOTION if motion.moves_files else Operation.VMOTION
    for host in motion.hosts:
        for resource in (Resource.HOST, Resource.NETWORK_1G, Resource.NETWORK_10G):
            yield (resource, host), cost_of(operation, resource)
    for datastore in motion.datastores:
        yield (Resource.DATASTORE, datastore), cost_of(operation, Resource.DATASTORE)
