"""How a host is: connected or not, in maintenance mode or not, its overall status; and waiting until it is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyVmomi import vmodl

from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import (
    filter_spec,
    managed_object,
    plain,
    property_spec,
    quietly,
    read_objects,
)
from vsphere_motion.vcenter.faults import raise_for_missing, translated
from vsphere_motion.vcenter.task_filter import ANSWER_S

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_STATE, _MAINTENANCE, _STATUS = "runtime.connectionState", "runtime.inMaintenanceMode", "overallStatus"
_WHAT = "watch a host"
WAIT_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHealth:
    """One reading of a host; None: not read. `status` is `green`, `yellow`, `red` or `gray`."""

    connection: str | None
    in_maintenance_mode: bool | None
    status: str | None

    @property
    def is_connected(self) -> bool:
        """Whether vCenter can work with it."""
        return self.connection == "connected"


def read_health(session: Session, host: MoRef) -> HostHealth:
    """How a host is now.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read on the host.
    """
    reading = read_objects(session, [host], (_STATE, _MAINTENANCE, _STATUS)).get(host)
    if reading is None:
        return HostHealth(connection=None, in_maintenance_mode=None, status=None)
    return HostHealth(
        connection=plain(reading.get(_STATE)),
        in_maintenance_mode=reading.get(_MAINTENANCE),
        status=plain(reading.get(_STATUS)),
    )


def wait_for_health(
    session: Session, host: MoRef, is_well: Callable[[HostHealth], bool], *, is_over: Callable[[], bool]
) -> HostHealth:
    """The first reading that is well; the last one where waiting is over before.

    Args:
        is_over: looked at at least every second.

    Calls: CreatePropertyCollector, CreateFilter, WaitForUpdatesEx, DestroyPropertyCollector, RetrievePropertiesEx.
    Needs: System.View, System.Read on the host.

    Raises:
        SessionEnded: vCenter no longer knows the session.
    """
    health = read_health(session, host)
    if is_well(health) or is_over():
        return health
    with _watched(session, host) as collector:
        version = ""
        while not is_well(health) and not is_over():
            options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=WAIT_S)
            with session.deadline(WAIT_S + ANSWER_S), translated(_WHAT):
                update = collector.WaitForUpdatesEx(version, options)
            if update is not None:
                for one in update.filterSet:
                    raise_for_missing(one.missingSet, what=_WHAT)
                version = update.version
                health = read_health(session, host)
    return health


@contextmanager
def _watched(session: Session, host: MoRef) -> Iterator[Any]:
    with translated(_WHAT):
        collector = session.content.propertyCollector.CreatePropertyCollector()
    try:
        one = vmodl.query.PropertyCollector.ObjectSpec(obj=managed_object(session, host))
        spec = filter_spec([one], [property_spec(host.kind, (_STATE, _MAINTENANCE, _STATUS))])
        with translated(_WHAT):
            collector.CreateFilter(spec, partialUpdates=False)
        yield collector
    finally:
        quietly(collector.Destroy)
