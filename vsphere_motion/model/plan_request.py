"""What a person asks of a plan, in the person's words, before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vsphere_motion.model.list_file import ListFile
from vsphere_motion.model.plan_file import Placement, PlanChoices, PlanKind
from vsphere_motion.model.request import NO_WISHES, MoveRequest, Wishes

DEFAULT_MAX_MOVES = 20
DEFAULT_MIN_GAIN = 2.0

MOST_AT_ONCE = 64
"""Moves of one plan at once; vCenter's limits for each host leave far fewer at most sites."""

MOST_PER_HOST = 4
"""Moves that a host takes part in: half of what vCenter lets it (8, vSphere 6.7 docs), so that others have room."""


TRIES = 2
"""How often a VM that vCenter refuses is sent to another host, unless a person says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """A plan that is to be made.

    Args:
        words: hosts to empty, one cluster to even out or to repair, or VMs to move: as `kind` says.
        to_host, to_cluster: where VMs are to go; None: within their own cluster.
        goal: what is to be even: `memory`, `cpu` or `both`.
        max_moves: moves at most, when evening out.
        min_gain: percentage points by which a move must bring two hosts nearer to each other.
        moves_powered_off: whether VMs that are powered off leave as well.
        skip_checks: ids of checks whose blockers are overridden.
        cordoned: hosts that nothing is placed on.
        exclude: what names VMs that stay where they are.
        keeps_ha_reserve: leave free what vSphere HA keeps for failed hosts.
        listed: a list file that names the VMs and where each shall go, instead of `words`.
        window: when moves may start, such as `22:00-05:00`; a line of a list may say otherwise; empty: at any time.
        zone: whose clock windows mean, such as `Europe/Berlin`; empty: UTC.
        placement: who chooses the hosts.
        strict: let warnings and unknown findings block as well.
        wishes: what else shall change of VMs that are moved, besides the host.
        mapped: what people call the file that says what things are called in the other vCenter; empty without one.
    """

    kind: PlanKind
    words: tuple[str, ...]
    to_host: str | None = None
    to_cluster: str | None = None
    goal: str = "both"
    max_moves: int = DEFAULT_MAX_MOVES
    min_gain: float = DEFAULT_MIN_GAIN
    moves_powered_off: bool = True
    skip_checks: tuple[str, ...] = ()
    cordoned: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    keeps_ha_reserve: bool = True
    listed: ListFile | None = None
    window: str = ""
    zone: str = ""
    placement: Placement = Placement.OWN
    strict: bool = False
    wishes: Wishes = NO_WISHES
    mapped: str = ""

    @property
    def moves(self) -> MoveRequest:
        """The same as a request for moves, which `migrate` would make."""
        return MoveRequest(
            selectors=self.words,
            to_host=self.to_host or "",
            exclude=self.exclude,
            listed=self.listed,
            skip_checks=self.skip_checks,
            strict=self.strict,
            partial=True,
            wishes=replace(self.wishes, to_cluster=self.to_cluster),
        )

    @property
    def choices(self) -> PlanChoices:
        """The same as a plan keeps it."""
        evens = self.kind is PlanKind.REBALANCE
        return PlanChoices(
            words=self.words,
            to_host=self.to_host,
            to_cluster=self.to_cluster,
            goal=self.goal if evens else None,
            max_moves=self.max_moves if evens else None,
            min_gain=self.min_gain if evens else None,
            moves_powered_off=self.moves_powered_off,
            skip_checks=self.skip_checks,
            cordoned=self.cordoned,
            exclude=self.exclude,
            keeps_ha_reserve=self.keeps_ha_reserve,
            listed=self.listed.lines if self.listed else (),
            listed_in=self.listed.name if self.listed else "",
            window=self.window,
            zone=self.zone,
            placement=self.placement,
            strict=self.strict,
            wishes=self.wishes,
            mapped=self.mapped,
        )


def request_of(kind: PlanKind, choices: PlanChoices) -> PlanRequest:
    """The request that a plan was made of."""
    return PlanRequest(
        kind=kind,
        words=choices.words,
        to_host=choices.to_host,
        to_cluster=choices.to_cluster,
        goal=choices.goal or "both",
        max_moves=choices.max_moves or DEFAULT_MAX_MOVES,
        min_gain=DEFAULT_MIN_GAIN if choices.min_gain is None else choices.min_gain,
        moves_powered_off=choices.moves_powered_off,
        skip_checks=choices.skip_checks,
        cordoned=choices.cordoned,
        exclude=choices.exclude,
        keeps_ha_reserve=choices.keeps_ha_reserve,
        listed=ListFile(name=choices.listed_in, lines=choices.listed) if choices.listed else None,
        window=choices.window,
        zone=choices.zone,
        placement=choices.placement,
        strict=choices.strict,
        wishes=choices.wishes,
        mapped=choices.mapped,
    )
