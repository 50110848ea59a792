"""How much of hosts is in use, as vCenter's own statistics have it: they follow what happens by some 20 s."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from vsphere_motion.model.refs import NamedRef
from vsphere_motion.model.report import HostLoad
from vsphere_motion.vcenter.collector import Reading, read_objects

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_CPU_USED, _MEMORY_USED = "summary.quickStats.overallCpuUsage", "summary.quickStats.overallMemoryUsage"
_CORES, _MHZ, _MEMORY = "summary.hardware.numCpuCores", "summary.hardware.cpuMhz", "summary.hardware.memorySize"
_VMS = "vm"
_PATHS = (_CPU_USED, _MEMORY_USED, _CORES, _MHZ, _MEMORY, _VMS)


def read_host_loads(session: Session, hosts: Sequence[NamedRef], *, at: datetime) -> tuple[HostLoad, ...]:
    """The load of each host that still exists, in the order given; what vCenter does not give is None.

    Args:
        at: vCenter's clock now.

    Calls: RetrievePropertiesEx.
    Needs: System.Read on the hosts.
    """
    found = read_objects(session, [host.ref for host in hosts], _PATHS)
    return tuple(_load_of(host, found[host.ref], at) for host in hosts if host.ref in found)


def _load_of(host: NamedRef, reading: Reading, at: datetime) -> HostLoad:
    used_mib, cores, mhz = reading.get(_MEMORY_USED), reading.get(_CORES), reading.get(_MHZ)
    vms = reading.get(_VMS)
    return HostLoad(
        host=host,
        at=at,
        cpu_used_mhz=reading.get(_CPU_USED),
        cpu_mhz=cores * mhz if cores and mhz else None,
        memory_used_bytes=None if used_mib is None else used_mib * 2**20,
        memory_bytes=reading.get(_MEMORY),
        vms=None if vms is None else len(vms),
    )
