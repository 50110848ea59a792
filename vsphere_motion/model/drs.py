"""What DRS says when it is asked where virtual machines should run."""

from __future__ import annotations

from dataclasses import dataclass

from vsphere_motion.model.refs import MoRef


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendedHosts:
    """The hosts that DRS recommends for a VM.

    Args:
        hosts: the best first; none where DRS finds no place.
        why_none: what DRS says where it finds none; empty where it does not say.
    """

    hosts: tuple[MoRef, ...]
    why_none: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendedMove:
    """A move that DRS recommends and does not make by itself.

    Args:
        words: why, as vCenter says it.
        rating: from 1, hardly worth it, to 5, has to be done (`ClusterRecommendation.rating`).
    """

    vm: MoRef
    destination: MoRef
    words: str
    rating: int
