"""Where virtual machines are now, for verification after a move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vsphere_motion.model.inventory import PowerState
from vsphere_motion.model.refs import MoRef
from vsphere_motion.run.ports import SeenPlacement
from vsphere_motion.vcenter.collector import Reading, read_objects
from vsphere_motion.vcenter.devices import disconnected_nic_labels

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

_PATHS = ("config.hardware.device", "datastore", "resourcePool", "runtime.host", "runtime.powerState")


@dataclass(frozen=True, slots=True, kw_only=True)
class VmPlacement:
    """A `run.ports.SeenPlacement`: where a VM was read to be. None: it could not be read.

    Args:
        disconnected_nics: labels of its NICs that are not connected.
    """

    host: MoRef | None
    pool: MoRef | None
    datastores: tuple[MoRef, ...] | None
    power_state: PowerState | None
    disconnected_nics: tuple[str, ...] | None


class VCenterPlacementReader:
    """A `run.ports.PlacementReader`.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def read_placements(self, vms: Sequence[MoRef]) -> dict[MoRef, SeenPlacement]:
        """One reading for each VM that still exists, all in one call."""
        readings = read_objects(self._session, vms, _PATHS)
        return {ref: _placement(reading) for ref, reading in readings.items()}


def _placement(one: Reading) -> VmPlacement:
    devices = one.get("config.hardware.device")
    return VmPlacement(
        host=one.ref_at("runtime.host"),
        pool=one.ref_at("resourcePool"),
        datastores=one.refs("datastore"),
        power_state=next((word for word in PowerState if word.value == one.get("runtime.powerState")), None),
        disconnected_nics=None if devices is None else disconnected_nic_labels(devices),
    )
