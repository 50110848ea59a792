"""Custom attributes of virtual machines: read in bulk, and set in another vCenter by the attribute's name.

Rules of this file: a value that is there already is not set again, and none is taken away; what was set is read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vsphere_motion.errors import OutcomeUnknown, PermissionMissing, VCenterFault
from vsphere_motion.model.keepsakes import Attribute, Loss
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.collector import managed_object, read_objects, ref_of
from vsphere_motion.vcenter.faults import translated

if TYPE_CHECKING:
    from vsphere_motion.vcenter.session import Session

PRIVILEGE = "Global.SetCustomField"

_VM = "VirtualMachine"
_FIELDS = "field"
_VALUES = "customValue"

Losses = dict[MoRef, tuple[Loss, ...]]


def read_attributes_of(session: Session, vms: Sequence[MoRef]) -> dict[MoRef, tuple[Attribute, ...]]:
    """The custom attributes that each of these VMs has a value of, in the order of their names.

    Calls: RetrievePropertiesEx.
    Needs: System.View, System.Read on the VMs.

    Raises:
        VCenterFault: they cannot be read.
        SessionEnded, VCenterUnavailable: vCenter is away.
    """
    keys = _require_keys(session)
    names = {key: name for name, key in keys.items()}
    found = _read_values(session, vms)
    return {
        vm: tuple(sorted(Attribute(name=names[key], value=value) for key, value in values.items() if key in names))
        for vm, values in found.items()
    }


def read_attribute_names(session: Session) -> frozenset[str] | None:
    """The names of the custom attributes that virtual machines can have; None if they could not be read.

    Calls: RetrievePropertiesEx.
    Needs: System.View.
    """
    keys = _read_keys(session)
    return None if keys is None else frozenset(keys)


def set_attributes(session: Session, wanted: Mapping[MoRef, Sequence[Attribute]]) -> Losses:
    """Give VMs these values, as far as they do not have them; what they do not have in the end, with the reason.

    Calls: RetrievePropertiesEx before and after, SetField once for each value that is not there.
    Needs: Global.SetCustomField on the VMs.

    Raises:
        VCenterFault: the attributes cannot be read.
        SessionEnded, VCenterUnavailable: vCenter is away.
    """
    if not any(wanted.values()):
        return {}
    keys = _require_keys(session)
    reasons: dict[tuple[MoRef, str], str] = {}
    before = _read_values(session, tuple(wanted))
    for vm, attributes in wanted.items():
        for one in attributes:
            if one.name in keys and before.get(vm, {}).get(keys[one.name]) != one.value:
                reasons[vm, one.name] = _set(session, vm, keys[one.name], one)
    after = _read_values(session, tuple(wanted)) if reasons else before
    lost: Losses = {}
    for vm, attributes in wanted.items():
        missing = [
            one for one in attributes if one.name not in keys or after.get(vm, {}).get(keys[one.name]) != one.value
        ]
        lost[vm] = tuple(Loss(what=one.words, why=_why(one, keys, reasons.get((vm, one.name)))) for one in missing)
    return lost


def _set(session: Session, vm: MoRef, key: int, attribute: Attribute) -> str:
    """Set one value; why that was refused, empty where it was not."""
    content: Any = session.content
    try:
        with translated(f"set the custom attribute {attribute.name}", changing=True):
            content.customFieldsManager.SetField(managed_object(session, vm), key, attribute.value)
    except PermissionMissing:
        return f"the account lacks the privilege {PRIVILEGE} there"
    except (VCenterFault, OutcomeUnknown) as refused:
        return refused.message
    return ""


def _why(attribute: Attribute, keys: Mapping[str, int], reason: str | None) -> str:
    if attribute.name not in keys:
        return "virtual machines have no such attribute there"
    return reason or "it was set, and is not there"


def _require_keys(session: Session) -> dict[str, int]:
    keys = _read_keys(session)
    if keys is None:
        raise VCenterFault(
            f"Could not read the custom attributes of {session.endpoint.address}",
            fault_kind="Unreadable",
            hint="give the account the privilege System.View on the vCenter's root",
        )
    return keys


def _read_keys(session: Session) -> dict[str, int] | None:
    """The key of each attribute that VMs can have; of two of one name that of virtual machines alone."""
    content: Any = session.content
    if content.customFieldsManager is None:
        return {}
    manager = ref_of(content.customFieldsManager)
    reading = read_objects(session, [manager], (_FIELDS,)).get(manager)
    fields = None if reading is None else reading.get(_FIELDS, unset=())
    if fields is None:
        return None
    owned = [(_owner(one), one) for one in fields]
    ours = sorted((pair for pair in owned if pair[0] in {"", _VM}), key=lambda pair: pair[0])
    return {str(one.name): int(one.key) for _, one in ours}


def _owner(field: Any) -> str:
    """The kind of objects that have the attribute; empty: every kind."""
    kind = field.managedObjectType
    return "" if kind is None else str(getattr(kind, "_wsdlName", kind))


def _read_values(session: Session, vms: Sequence[MoRef]) -> dict[MoRef, dict[int, str]]:
    """The values of each VM by the attribute's key.

    Raises:
        VCenterFault: those of a VM may not be read.
    """
    found: dict[MoRef, dict[int, str]] = {}
    for vm, reading in read_objects(session, vms, (_VALUES,)).items():
        values = reading.get(_VALUES, unset=())
        if values is None:
            raise VCenterFault(
                f"Could not read the custom attributes of {vm} at {session.endpoint.address}", fault_kind="Unreadable"
            )
        found[vm] = {int(one.key): str(one.value) for one in values if getattr(one, "value", None)}
    return found
