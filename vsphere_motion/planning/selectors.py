"""One word of a person to the objects it names.

Rules of this file: no first match. A word that names one thing finds one thing, or the error lists the candidates and
how to say which; only a glob may find several. An exact name wins over the same word read as a glob.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vsphere_motion.errors import Ambiguous, NotFound
from vsphere_motion.model.inventory import Cluster, Host, Inventory, Vm
from vsphere_motion.planning.names import is_glob, is_same, is_same_path, matches, matches_path, suggest
from vsphere_motion.planning.visibility import invisible_vms, require_visible

MOID = "moid:"
UUID = "uuid:"
SWAPPED = "the words may be swapped: virtual machines come first, the host after --to-host"


def find_vms(inventory: Inventory, selector: str) -> tuple[Vm, ...]:
    """The VMs that a selector names: several for a glob (templates left out), one for anything else.

    Args:
        selector: a name, a glob, an inventory path, `moid:vm-42`, or `uuid:` with an instance or BIOS UUID.

    Raises:
        NotFound: it names none; the hint has what it resembles.
        Ambiguous: it is no glob and names several; the details list them.
        PermissionMissing: it is a glob, and there are VMs whose names this account may not read.
    """
    exact = [vm for vm in inventory.vms if _is_vm(vm, selector)]
    if len(exact) > 1:
        raise _ambiguous_vm(inventory, selector, exact)
    if not exact and not selector.startswith((MOID, UUID)) and is_glob(selector):
        require_visible(invisible_vms(inventory), wanted=f"{selector} means them too")
        exact = [vm for vm in inventory.vms if not vm.is_template and _is_matched(vm, selector)]
    if not exact:
        raise _no_vm(inventory, selector)
    return tuple(exact)


def find_host(inventory: Inventory, selector: str) -> Host:
    """The host that a selector names: a name, its first label if that is unique, an inventory path or `moid:host-21`.

    Raises:
        NotFound: it names none; the hint has what it resembles.
        Ambiguous: it names several; the details list them.
    """
    found = [host for host in inventory.hosts if _is_host(host, selector)]
    found = found or [host for host in inventory.hosts if _is_short_name(host, selector)]
    if len(found) > 1:
        raise _ambiguous_host(inventory, selector, found)
    if not found:
        raise _no_host(inventory, selector)
    return found[0]


def find_cluster(inventory: Inventory, selector: str) -> Cluster:
    """The cluster that a selector names: a name or `moid:domain-c9`. A standalone host is no cluster.

    Raises:
        NotFound: it names none; the hint has what it resembles.
        Ambiguous: it names several; the details list them.
    """
    clusters = [cluster for cluster in inventory.clusters if cluster.is_cluster]
    found = [one for one in clusters if is_same(selector, one.name) or selector == f"{MOID}{one.ref.moid}"]
    if len(found) > 1:
        raise Ambiguous(
            f"{len(found)} clusters are called {selector}",
            hint=f"say which one, such as {MOID}{found[0].ref.moid}",
            details=tuple(f"{one.name} with {len(one.hosts or ())} hosts ({MOID}{one.ref.moid})" for one in found),
        )
    if not found:
        names = [one.name for one in clusters]
        listed = ", ".join(sorted(names)[:10]) or "none that can be read"
        hint = suggest(selector, names) or f"the clusters are: {listed}"
        raise NotFound(f"no cluster is called {selector}", hint=hint, details=inventory.unreadable)
    return found[0]


def describe_vm(inventory: Inventory, vm: Vm) -> str:
    """A VM with what tells it from others of its name."""
    host = inventory.name_of(vm.host)
    return f"{vm.path or vm.name} on {host.name if host else 'no host'} ({MOID}{vm.ref.moid})"


def _is_vm(vm: Vm, selector: str) -> bool:
    if selector.startswith(MOID):
        return vm.ref.moid == selector.removeprefix(MOID)
    if selector.startswith(UUID):
        return _digits(selector.removeprefix(UUID)) in {_digits(vm.instance_uuid), _digits(vm.bios_uuid)} - {""}
    return is_same(selector, vm.name) or (vm.path is not None and is_same_path(selector, vm.path))


def _digits(uuid: str | None) -> str:
    return (uuid or "").replace("-", "").lower()


def _is_matched(vm: Vm, pattern: str) -> bool:
    if pattern.startswith("/"):
        return vm.path is not None and matches_path(pattern, vm.path)
    return matches(pattern, vm.name)


def _is_host(host: Host, selector: str) -> bool:
    """Host names are names of the DNS: upper and lower case are the same."""
    if selector.startswith(MOID):
        return host.ref.moid == selector.removeprefix(MOID)
    return is_same(selector.casefold(), host.name.casefold()) or (
        host.path is not None and is_same_path(selector, host.path)
    )


def _is_short_name(host: Host, selector: str) -> bool:
    label, _, domain = host.name.partition(".")
    is_address = host.name.replace(".", "").isdigit()
    return bool(domain) and not is_address and label.casefold() == selector.casefold()


def _ambiguous_vm(inventory: Inventory, selector: str, found: Sequence[Vm]) -> Ambiguous:
    return Ambiguous(
        f"{len(found)} virtual machines are called {selector}",
        hint=f"say which one, such as {MOID}{found[0].ref.moid}",
        details=tuple(describe_vm(inventory, vm) for vm in found),
    )


def _ambiguous_host(inventory: Inventory, selector: str, found: Sequence[Host]) -> Ambiguous:
    clusters = [inventory.cluster_of(host) for host in found]
    return Ambiguous(
        f"{len(found)} hosts are called {selector}",
        hint=f"say which one, such as {MOID}{found[0].ref.moid}",
        details=tuple(
            f"{host.path or host.name} in {cluster.name if cluster else 'no cluster'} ({MOID}{host.ref.moid})"
            for host, cluster in zip(found, clusters, strict=True)
        ),
    )


def _no_vm(inventory: Inventory, selector: str) -> NotFound:
    if _names_host(inventory, selector):
        return NotFound(f"{selector} is a host, not a virtual machine", hint=SWAPPED)
    is_pattern = is_glob(selector)
    close = None if is_pattern else suggest(selector, _words(inventory.vms, selector))
    hint = close or "check the spelling, and what this account may see"
    verb = "matches" if is_pattern else "is called"
    return NotFound(f"no virtual machine {verb} {selector}", hint=hint, details=inventory.unreadable)


def _no_host(inventory: Inventory, selector: str) -> NotFound:
    if any(_is_vm(vm, selector) for vm in inventory.vms):
        return NotFound(f"{selector} is a virtual machine, not a host", hint=SWAPPED)
    for cluster in inventory.clusters:
        if is_same(selector, cluster.name) or selector == f"{MOID}{cluster.ref.moid}":
            named = (inventory.name_of(ref) for ref in cluster.hosts or ())
            members = ", ".join(host.name for host in named if host) or "none that can be read"
            return NotFound(f"{selector} is a cluster, not a host", hint=f"name one of its hosts: {members}")
    names = ", ".join(sorted(host.name for host in inventory.hosts)[:10]) or "none that can be read"
    hint = suggest(selector, _words(inventory.hosts, selector)) or f"the hosts are: {names}"
    return NotFound(f"no host is called {selector}", hint=hint, details=inventory.unreadable)


def _names_host(inventory: Inventory, selector: str) -> bool:
    return any(_is_host(host, selector) or _is_short_name(host, selector) for host in inventory.hosts)


def _words(items: Iterable[Vm] | Iterable[Host], selector: str) -> list[str]:
    """What the selector could have meant: words of its own sort."""
    if selector.startswith(MOID):
        return [f"{MOID}{item.ref.moid}" for item in items]
    if selector.startswith("/"):
        return [item.path for item in items if item.path]
    return [item.name for item in items]
