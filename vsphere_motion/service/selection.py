"""What has to be asked of vCenter before a person's words can be looked up in a snapshot."""

from __future__ import annotations

from collections.abc import Iterable

from vsphere_motion.model.inventory import Inventory, Vm
from vsphere_motion.model.selection import NO_TAGS, TAG, Selected, Tagged
from vsphere_motion.planning.resolve import raise_all
from vsphere_motion.planning.selection import excluded, select
from vsphere_motion.service.connection import VCenter


def read_tagged(vcenter: VCenter, words: Iterable[str]) -> Tagged:
    """What carries the tags among these words. Nothing is asked, and no SDK imported, where there is none.

    Raises:
        NotFound: a tag is named that is not there; the details have every one.
        PermissionMissing, VCenterUnavailable: the tags cannot be read.
    """
    names = tuple(dict.fromkeys(word.removeprefix(TAG) for word in words if word.startswith(TAG) and word != TAG))
    if not names:
        return NO_TAGS
    from vsphere_motion.vcenter.tags import read_tagged_objects

    return read_tagged_objects(vcenter.session, names)


def choose(vcenter: VCenter, inventory: Inventory, words: tuple[str, ...], exclude: tuple[str, ...] = ()) -> Selected:
    """The VMs that the words name together, in one snapshot.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: words cannot be used; the details have every problem.
        PermissionMissing, VCenterUnavailable: tags are named and cannot be read.
    """
    selected, problems = select(inventory, words, exclude, read_tagged(vcenter, (*words, *exclude)))
    raise_all(problems)
    return selected


def excluded_vms(vcenter: VCenter, inventory: Inventory, exclude: tuple[str, ...]) -> tuple[Vm, ...]:
    """The VMs that `--exclude` takes out, templates and system VMs among them.

    Raises:
        NotFound, Ambiguous, BadInput, UsageProblem: as `choose`.
    """
    vms, problems = excluded(inventory, exclude, read_tagged(vcenter, exclude))
    raise_all(problems)
    return vms
