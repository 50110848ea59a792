"""References of another vCenter: marked everywhere in a value, once, and plain again for calls."""

from __future__ import annotations

from tests import build
from vsphere_motion.model.elsewhere import elsewhere, here, is_elsewhere
from vsphere_motion.model.refs import MoRef

B = "b-uuid"


def test_every_reference_in_a_value_is_marked() -> None:
    host = elsewhere(build.host(2), B)

    assert host.ref == MoRef(kind="HostSystem", moid=f"{build.host_ref(2).moid}@{B}")
    assert host.compute_resource is not None
    assert is_elsewhere(host.compute_resource)
    assert all(is_elsewhere(ref) for ref in host.datastores or ())
    assert host.name == build.host(2).name


def test_a_mark_is_put_on_once_and_taken_off_again() -> None:
    ref = build.host_ref(2)

    assert elsewhere(elsewhere(ref, B), "another") == elsewhere(ref, B)
    assert here(elsewhere(ref, B)) == ref
    assert here(ref) == ref
    assert not is_elsewhere(ref)


def test_what_has_no_reference_stays_the_same_object() -> None:
    snapshot = build.inventory()

    assert elsewhere(snapshot.vcenter, B) is snapshot.vcenter
    assert elsewhere("text", B) == "text"
    assert elsewhere(("a", 1), B) == ("a", 1)
