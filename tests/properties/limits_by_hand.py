"""vCenter's limits on simultaneous migrations, written down by hand: nothing of the program's own tables is used.

Source: "Limits on Simultaneous Migrations" of the vSphere documentation, 6.5 to 8.0. A host bears 8 and a datastore 128
units; the vMotion network of a host 4 where its link is of 1 Gbit/s and 8 from 10 Gbit/s on. A vMotion takes 1 of each
that it touches; a storage vMotion 4 of its host and 16 of each datastore; with the host changing as well 4 of both
hosts, 1 of both networks and 16 of each datastore; what does not run takes 1 of each host.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

PER_HOST, PER_DATASTORE, PER_SLOW_LINK, PER_FAST_LINK = 8, 128, 4, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What a move does, as far as the limits are concerned.

    Args:
        hosts: source and destination; the same one twice where the host does not change.
        files: the datastores that files leave and come to; empty where none move.
        stores: the datastores that the VM is on.
    """

    hosts: tuple[str, str]
    files: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    is_on: bool = True


def over(motions: Iterable[Motion], slow: frozenset[str]) -> list[str]:
    """Each limit that these motions exceed together; empty if they may run at the same time.

    Args:
        slow: hosts whose vMotion link is of 1 Gbit/s.
    """
    hosts, links, stores = Counter[str](), Counter[str](), Counter[str]()
    for one in motions:
        changes_host = one.hosts[0] != one.hosts[1]
        for host in set(one.hosts) if changes_host or one.files else ():
            hosts[host] += 4 if one.is_on and one.files else 1
            links[host] += one.is_on and changes_host
        if one.is_on:
            stores.update(dict.fromkeys(one.files, 16) if one.files else dict.fromkeys(one.stores, int(changes_host)))
    found = [f"host {name}: {units}" for name, units in hosts.items() if units > PER_HOST]
    found += [f"datastore {name}: {units}" for name, units in stores.items() if units > PER_DATASTORE]
    return found + [
        f"link of {name}: {units}"
        for name, units in links.items()
        if units > (PER_SLOW_LINK if name in slow else PER_FAST_LINK)
    ]
