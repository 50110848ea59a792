"""What moves are expected to take, from one snapshot of the inventory and the journal's measured moves."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from vsphere_motion.errors import JournalError
from vsphere_motion.model.event import Event, MoveStarted
from vsphere_motion.model.forecast import Forecast, MoveLoad, PastMove
from vsphere_motion.model.inventory import Host, Inventory, PowerState, Vm
from vsphere_motion.model.move import Change, Move
from vsphere_motion.model.outcome import Outcome
from vsphere_motion.model.plan import PlannedMove
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.preflight.arrival import arrivals_of
from vsphere_motion.preflight.space import room_of
from vsphere_motion.run.journal import FILE_NAME, Journal, JournaledRun
from vsphere_motion.run.rest import Rest, bases_of
from vsphere_motion.vmotion.forecast import crowded, forecast

Explain = Callable[[Outcome], Outcome | Future[Outcome]]


def load_of(inventory: Inventory, move: Move) -> MoveLoad:
    """What a move has to carry, and over what, as the snapshot has it."""
    vm = inventory.find_vm(move.vm.ref)
    source, destination = _host(inventory, move.source.host), _host(inventory, move.destination.host)
    load = MoveLoad(
        vm=move.vm.ref,
        source=source.ref if source else None,
        destination=destination.ref if destination else None,
        link_bps=_slower(_fastest_bps(source), _fastest_bps(destination)),
        links_bps=_slower(_together_bps(source), _together_bps(destination)),
        is_live=None,
    )
    if vm is None:
        return load
    is_live = None if vm.power_state is None else vm.power_state is PowerState.ON
    return replace(
        load,
        file_bytes=_file_bytes(vm, move),
        memory_bytes=vm.memory_bytes,
        used_bytes=vm.memory_used_bytes,
        active_bytes=vm.memory_active_bytes,
        is_live=is_live if Change.HOST in move.changes else False,
    )


def _file_bytes(vm: Vm, move: Move) -> int | None:
    """What is copied between datastores; None if it was not read."""
    rooms = [
        room_of(vm, arrival.disks, has_config=arrival.has_config, thick=arrival.thick).now_bytes
        for arrival in arrivals_of(vm, move)
    ]
    return None if None in rooms else sum(room for room in rooms if room is not None)


def with_forecasts(
    inventory: Inventory, moves: Iterable[PlannedMove], past: Sequence[PastMove]
) -> tuple[PlannedMove, ...]:
    """The moves, each with what it is expected to take alone; one that changes nothing has no forecast."""
    return tuple(
        planned if planned.move.is_noop else replace(planned, forecast=forecast(load_of(inventory, planned.move), past))
        for planned in moves
    )


def read_past(state_dir: Path | None, vcenter_uuid: str) -> tuple[PastMove, ...]:
    """The measured moves of this vCenter in the journal; none where there is no journal or it cannot be read."""
    if state_dir is None or not (state_dir / FILE_NAME).exists():
        return ()
    try:
        with closing(Journal(state_dir / FILE_NAME)) as journal:
            return journal.past_moves(vcenter_uuid=vcenter_uuid)
    except JournalError:
        return ()


def of_moves(planned: Iterable[PlannedMove], at_once: int) -> dict[MoRef, Forecast]:
    """The forecast of each VM's move where up to `at_once` moves share the links."""
    found = {item.move.vm.ref: item.forecast for item in planned}
    return {vm: crowded(one, min(at_once, len(found))) for vm, one in found.items() if one is not None}


def telling(events: Iterable[Event], forecasts: dict[MoRef, Forecast]) -> Iterator[Event]:
    """The same events; a start also says what is expected."""
    with closing(_generator(events)) as source:
        for event in source:
            if isinstance(event, MoveStarted):
                event = replace(event, forecast=forecasts.get(event.move.vm.ref))
            yield event


def rest_of(journaled: JournaledRun, forecasts: Mapping[MoRef, Forecast], at_once: int) -> Rest:
    """What is left of a run, for saying how long it will take."""
    left = [row for row in journaled.moves if row.outcome is None]
    spans = {row.move.vm.ref: forecasts.get(row.move.vm.ref) for row in left}
    likely_s = {vm: one.duration_s.likely if one and one.duration_s else None for vm, one in spans.items()}
    bases, are_seconds = bases_of(likely_s, {row.move.vm.ref: row.memory_bytes for row in left})
    ended = len(journaled.moves) - len(left)
    return Rest(bases=bases, are_seconds=are_seconds, at_once=at_once, ended=ended)


def keeping(explain: Explain, forecasts: dict[MoRef, Forecast]) -> Explain:
    """`explain` for outcomes that keep what was expected, so that it can be compared with what came."""
    return lambda outcome: explain(replace(outcome, forecast=forecasts.get(outcome.move.vm.ref)))


def _host(inventory: Inventory, named: NamedRef | None) -> Host | None:
    return inventory.find_host(named.ref) if named else None


def _links(host: Host | None) -> list[int] | None:
    """The speed of each vMotion link of a host; None if one was not read."""
    nics = host.vmotion_nics if host else None
    known = [nic.link_bps for nic in nics or () if nic.link_bps is not None]
    return known if nics and len(known) == len(nics) else None


def _fastest_bps(host: Host | None) -> int | None:
    links = _links(host)
    return max(links) if links else None


def _together_bps(host: Host | None) -> int | None:
    links = _links(host)
    return sum(links) if links else None


def _slower(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else min(one, other)


def _generator(events: Iterable[Event]) -> Generator[Event, None, None]:
    """The events as a generator, so that closing it closes theirs."""
    yield from events
