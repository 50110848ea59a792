"""One word of a person to the host or cluster that it names.

Rules of this file: no first match. A word that names one thing finds one thing, or the error lists the candidates and
how to say which.
"""

from __future__ import annotations

from collections.abc import Sequence

from vsphere_motion.errors import Ambiguous, NotFound
from vsphere_motion.model.inventory import Cluster, Host, Inventory
from vsphere_motion.planning.lookup import MOID, VmIndex
from vsphere_motion.planning.names import is_same, is_same_path, suggest

SWAPPED = "the words may be swapped: virtual machines come first, the host after --to-host"


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


def names_host(inventory: Inventory, selector: str) -> bool:
    """Whether the word is a host's."""
    return any(_is_host(host, selector) or _is_short_name(host, selector) for host in inventory.hosts)


def names_cluster(inventory: Inventory, selector: str) -> bool:
    """Whether the word is a cluster's."""
    clusters = (cluster for cluster in inventory.clusters if cluster.is_cluster)
    return any(is_same(selector, one.name) or selector == f"{MOID}{one.ref.moid}" for one in clusters)


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


def _no_host(inventory: Inventory, selector: str) -> NotFound:
    if VmIndex(inventory).find(selector):
        return NotFound(f"{selector} is a virtual machine, not a host", hint=SWAPPED)
    for cluster in inventory.clusters:
        if is_same(selector, cluster.name) or selector == f"{MOID}{cluster.ref.moid}":
            named = (inventory.name_of(ref) for ref in cluster.hosts or ())
            members = ", ".join(host.name for host in named if host) or "none that can be read"
            return NotFound(f"{selector} is a cluster, not a host", hint=f"name one of its hosts: {members}")
    names = ", ".join(sorted(host.name for host in inventory.hosts)[:10]) or "none that can be read"
    hint = suggest(selector, _words(inventory.hosts, selector)) or f"the hosts are: {names}"
    return NotFound(f"no host is called {selector}", hint=hint, details=inventory.unreadable)


def _words(hosts: Sequence[Host], selector: str) -> list[str]:
    """What the selector could have meant: words of its own sort."""
    if selector.startswith(MOID):
        return [f"{MOID}{host.ref.moid}" for host in hosts]
    if selector.startswith("/"):
        return [host.path for host in hosts if host.path]
    return [host.name for host in hosts]
