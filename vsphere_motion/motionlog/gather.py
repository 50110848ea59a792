"""Every migration that a heap of log files speaks of, told from the lines alone.

Rules of this file: files may come in any order and from either host, vmkernel, hostd, vpxa and vmware.log alike. A line
belongs to the migration whose ID it carries. A line without an ID belongs to the migration its vmware.log is in the
middle of, or to the hostd line whose fault it goes on to describe; otherwise to none: the standstills of snapshots and
of hot-adds look like a migration's.

Source: docs/explanation/what-a-vmotion-is.md; the order of the downtime measures is that of `downtime.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vsphere_motion.model.record import LoggedFailure, LoggedMotion
from vsphere_motion.motionlog.downtime import (
    MEASURE_LOWER_BOUND,
    MEASURE_REPORTED,
    MEASURE_STOPPED,
    MEASURE_TWO_CLOCKS,
    DowntimeEvidence,
    measure_downtime,
)
from vsphere_motion.motionlog.ids import loose_ids, named_ids
from vsphere_motion.motionlog.prefix import parse_line, time_of
from vsphere_motion.motionlog.vmkernel import (
    UNSPECIFIED,
    Failure,
    MeasuredDowntime,
    Message,
    MotionStart,
    PagesSent,
    PrecopyEnd,
    Resumed,
    Side,
    message_of,
)
from vsphere_motion.motionlog.vmwarelog import (
    DESTINATION,
    SOURCE,
    Announced,
    Finished,
    PrecopyStun,
    Restoring,
    Said,
    SaidFailure,
    StunBegins,
    Unrelated,
    Unstunned,
    read_said,
)
from vsphere_motion.motionlog.wrapping import unwrapped

AFTERMATH = timedelta(seconds=10)
"""How long after its last state a migration's own failure and standstill lines may still come."""

MAX_NUMBERS = 200_000
"""How many different numbers that may be IDs are counted; a log that has more is no log of migrations."""

MAX_NAME = 255

BASIS = {
    MEASURE_REPORTED: "vpxa-result",
    MEASURE_STOPPED: "vmware-log-unstun",
    MEASURE_TWO_CLOCKS: "precopy-stop-to-resume",
    MEASURE_LOWER_BOUND: "precopy-stop-to-page-send-end",
}

_SUB_SIDE = re.compile(r"VMotion(?:Initiate)?(Src|Dst|Dest) \(", re.ASCII)
_PATH_SIDE = re.compile(r"\[MIGRATE\] \(\d{13,19}\) (im|e)migrating VM", re.ASCII)
_PREPARE_SIDE = re.compile(r"VMotionPrepare \(\d{13,19}\): Sending '(to|from)'", re.ASCII)
_VMX_NAME = re.compile(r"[^/\s'\"\[\]]{1,255}\Z", re.ASCII)
_VMX_END = re.compile(r"\.vmx\b", re.ASCII)
_SIDES = {Side.SOURCE: SOURCE, Side.DESTINATION: DESTINATION}


@dataclass(slots=True)
class _Draft:
    """What has been read of one migration so far; the times are by side."""

    sides: set[str] = field(default_factory=set)
    source_ip: str | None = None
    destination_ip: str | None = None
    encrypted: bool | None = None
    announced_at: dict[str | None, datetime] = field(default_factory=dict)
    started_at: dict[str, datetime] = field(default_factory=dict)
    precopy: tuple[PrecopyEnd, datetime | None] | None = None
    page_send: tuple[PagesSent, datetime | None] | None = None
    resumed_at: datetime | None = None
    reported_s: float | None = None
    stopped_s: dict[str | None, float] = field(default_factory=dict)
    precopy_stun_s: float | None = None
    failures: list[LoggedFailure] = field(default_factory=list)
    vm_names: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Place:
    """Where the reading of one file stands: the migration its vmware.log is in, and hostd's last line with an ID."""

    vm_name: str | None = None
    motion: str | None = None
    side: str | None = None
    is_stunned: bool = False
    finished_at: datetime | None = None
    is_finished: bool = False
    dumping: tuple[str, str | None, datetime | None] | None = None


class Gatherer:
    """Takes the lines of log files one by one, and has the migrations at the end."""

    def __init__(self) -> None:
        self._drafts: dict[str, _Draft] = {}
        self._lines: Counter[str] = Counter()
        self._place = _Place()

    def begin_file(self, *, vm_name: str | None = None) -> None:
        """The lines from now on are another file's.

        Args:
            vm_name: the VM a vmware.log is of, if its place tells.
        """
        self._place = _Place(vm_name=vm_name)

    def read(self, text: str) -> None:
        """Take in one line; an empty one stands for lines that were left out."""
        for line in unwrapped(text):
            self._read(line)

    def _read(self, text: str) -> None:
        if not text:
            self._place.dumping = None
            return
        named = named_ids(text)
        self._count(named, text)
        said = read_said(text)
        if not named and said is None:
            if not _is_dump(text):
                self._place.dumping = None
            return
        line = parse_line(text) if named else None
        message, at = (message_of(line), line.at) if line else (None, time_of(text))
        for migration_id in named:
            self._note_names(self._draft(migration_id), text)
        self._take_message(message, at)
        self._take_said(text, said, named, at, is_told=isinstance(message, Failure))
        self._follow_dump(text, named, at)

    def motions(self) -> tuple[LoggedMotion, ...]:
        """The migrations, in the order in which they began; those without a start last."""
        motions = [_motion_of(migration_id, draft, self._lines) for migration_id, draft in self._drafts.items()]
        return tuple(sorted(motions, key=lambda motion: motion.started_at.timestamp() if motion.started_at else 1e12))

    def _draft(self, migration_id: str) -> _Draft:
        return self._drafts.setdefault(migration_id, _Draft())

    def _count(self, named: tuple[str, ...], text: str) -> None:
        for migration_id in {*named, *loose_ids(text, named)}:
            if migration_id in self._lines or len(self._lines) < MAX_NUMBERS or migration_id in self._drafts:
                self._lines[migration_id] += 1
        for migration_id in named:
            self._lines[migration_id] = max(1, self._lines[migration_id])

    def _note_names(self, draft: _Draft, text: str) -> None:
        side = _side_said(text)
        if side:
            draft.sides.add(side)
        for name in _vmx_names(text):
            draft.vm_names[name] = None

    def _take_message(self, message: Message | None, at: datetime | None) -> None:
        if message is None or not hasattr(message, "migration_id"):
            return
        draft = self._draft(str(int(message.migration_id)))
        side = getattr(message, "side", None)
        if side is not None:
            draft.sides.add(_SIDES[side])
        if isinstance(message, MotionStart):
            _take_start(draft, message, at)
        elif isinstance(message, PrecopyEnd):
            draft.precopy = (message, at)
        elif isinstance(message, PagesSent):
            draft.page_send = (message, at)
        elif isinstance(message, Resumed):
            draft.resumed_at = at
        elif isinstance(message, MeasuredDowntime):
            draft.reported_s = message.downtime_s
        elif isinstance(message, Failure):
            name = _SIDES[side] if side is not None else None
            draft.failures.append(LoggedFailure(at=at, side=name, text=message.text, code=_printed(message.code)))

    def _take_said(
        self, text: str, said: Said | None, named: tuple[str, ...], at: datetime | None, *, is_told: bool
    ) -> None:
        place = self._place
        if isinstance(said, (Announced, Restoring)):
            self._enter(said, at)
            return
        if said is None or (isinstance(said, SaidFailure) and is_told):
            return
        if named:
            self._say(named[0], _side_said(text) or (place.side if named[0] == place.motion else None), said, at)
        elif _is_dump(text):
            if place.dumping and isinstance(said, SaidFailure):
                self._say(place.dumping[0], place.dumping[1], said, at or place.dumping[2])
        else:
            self._take_inside(said, at)

    def _enter(self, said: Announced | Restoring, at: datetime | None) -> None:
        draft = self._draft(said.migration_id)
        side = said.side if isinstance(said, Announced) else DESTINATION
        place = self._place
        if place.motion == said.migration_id:
            side = side or place.side
        self._place = _Place(vm_name=place.vm_name, motion=said.migration_id, side=side, dumping=place.dumping)
        if side:
            draft.sides.add(side)
        if place.vm_name:
            draft.vm_names[place.vm_name] = None
        draft.source_ip = _first_address(draft.source_ip, said.source_ip)
        if isinstance(said, Announced):
            draft.destination_ip = _first_address(draft.destination_ip, said.destination_ip)
            if at is not None:
                _announce(draft, side, at)

    def _take_inside(self, said: Said, at: datetime | None) -> None:
        """A line of vmware.log without an ID, in the middle of a migration or of none."""
        place = self._place
        if self._is_over(said, at):
            place.motion = None
        elif isinstance(said, StunBegins):
            place.is_stunned = True
        elif isinstance(said, Finished):
            place.is_finished, place.finished_at = True, at
        elif place.motion and (not isinstance(said, Unstunned) or place.is_stunned or place.side == DESTINATION):
            self._say(place.motion, place.side, said, at)

    def _is_over(self, said: Said, at: datetime | None) -> bool:
        """Whether this line shows that the file has left the migration behind: another standstill begins."""
        place = self._place
        is_another = isinstance(said, StunBegins) and (place.is_stunned or place.is_finished)
        return is_another or isinstance(said, Unrelated) or self._is_past(at)

    def _is_past(self, at: datetime | None) -> bool:
        ended = self._place.finished_at
        return ended is not None and at is not None and at - ended > AFTERMATH

    def _say(self, migration_id: str, side: str | None, said: Said, at: datetime | None) -> None:
        draft = self._draft(migration_id)
        if isinstance(said, Unstunned):
            draft.stopped_s.setdefault(side, said.stopped_s)
        elif isinstance(said, PrecopyStun):
            draft.precopy_stun_s = said.stopped_s
        elif isinstance(said, SaidFailure):
            draft.failures.append(LoggedFailure(at=at, side=side, text=said.text, code=_printed(said.code)))

    def _follow_dump(self, text: str, named: tuple[str, ...], at: datetime | None) -> None:
        """hostd writes a fault on the lines after the one that has the ID; they begin with an arrow."""
        if named:
            self._place.dumping = (named[0], _side_said(text), at)
        elif not _is_dump(text):
            self._place.dumping = None


def _is_dump(text: str) -> bool:
    return text.lstrip().startswith("-->")


def _vmx_names(text: str) -> tuple[str, ...]:
    """The VM that a line names by its `.vmx` file."""
    end = _VMX_END.search(text) if ".vmx" in text else None
    name = _VMX_NAME.search(text[max(0, end.start() - MAX_NAME) : end.start()]) if end else None
    return (name[0],) if name else ()


def _take_start(draft: _Draft, message: MotionStart, at: datetime | None) -> None:
    draft.source_ip = _better(message.source_address, draft.source_ip)
    draft.destination_ip = _better(message.destination_address, draft.destination_ip)
    if message.encrypted is not None:
        draft.encrypted = message.encrypted or bool(draft.encrypted)
    if at is not None:
        _announce(draft, _SIDES[message.side], at)
        draft.started_at.setdefault(_SIDES[message.side], at)


def _announce(draft: _Draft, side: str | None, at: datetime) -> None:
    """Files come in any order: the earliest line that announces the migration counts."""
    draft.announced_at[side] = min(at, draft.announced_at.get(side, at))


def _better(told: str | None, known: str | None) -> str | None:
    """The address a start line tells, unless that is none: a destination may not know its own yet."""
    return known if told is None or (told in UNSPECIFIED and known is not None) else told


def _first_address(known: str | None, told: str | None) -> str | None:
    return told if known is None or (known in UNSPECIFIED and told is not None) else known


def _side_said(text: str) -> str | None:
    """The side a line of hostd or vpxa speaks of."""
    found = _SUB_SIDE.search(text) if "VMotion" in text else None
    if found:
        return SOURCE if found[1] == "Src" else DESTINATION
    found = _PREPARE_SIDE.search(text) if "VMotionPrepare" in text else None
    if found:
        return SOURCE if found[1] == "to" else DESTINATION
    found = _PATH_SIDE.search(text) if "migrating VM" in text else None
    return None if not found else SOURCE if found[1] == "e" else DESTINATION


def _printed(code: str | None) -> str | None:
    return code if code and code.lower().startswith("0x") else None


def _motion_of(migration_id: str, draft: _Draft, lines: Counter[str]) -> LoggedMotion:
    precopy, stopped_at = draft.precopy or (None, None)
    send, sent_at = draft.page_send or (None, None)
    downtime = measure_downtime(_evidence(draft))
    return LoggedMotion(
        migration_id=migration_id,
        sides=tuple(side for side in (SOURCE, DESTINATION) if side in draft.sides),
        source_ip=draft.source_ip,
        destination_ip=draft.destination_ip,
        encrypted=draft.encrypted,
        started_at=_started(draft),
        precopy_stopped_at=stopped_at,
        pages_left=precopy.pages_left if precopy else None,
        precopy_bandwidth_bytes_per_s=_bytes(precopy.bandwidth_bps if precopy else None),
        transmit_to_dirty_percent=precopy.transmit_to_dirty_percent if precopy else None,
        page_send_ended_at=sent_at,
        page_send_bandwidth_bytes_per_s=_bytes(send.bandwidth_bps if send else None),
        precopy_stun_s=draft.precopy_stun_s,
        downtime_s=downtime.downtime_s if downtime else None,
        downtime_basis=BASIS[downtime.measure] if downtime else None,
        failures=tuple(draft.failures),
        lines=lines[migration_id],
        vm_names=tuple(draft.vm_names),
    )


def _evidence(draft: _Draft) -> DowntimeEvidence:
    stops = [draft.stopped_s[side] for side in (DESTINATION, None, SOURCE) if side in draft.stopped_s]
    return DowntimeEvidence(
        reported_s=draft.reported_s,
        stops_s=tuple(stops[:1]),
        source_started_at=draft.started_at.get(SOURCE),
        destination_started_at=draft.started_at.get(DESTINATION),
        precopy_ended_at=draft.precopy[1] if draft.precopy else None,
        page_send_ended_at=draft.page_send[1] if draft.page_send else None,
        resumed_at=draft.resumed_at,
    )


def _started(draft: _Draft) -> datetime | None:
    """On the source's clock where it was announced there: durations are the source's as well."""
    if SOURCE in draft.announced_at:
        return draft.announced_at[SOURCE]
    return min(draft.announced_at.values(), default=None)


def _bytes(bits_per_s: int | None) -> int | None:
    return None if bits_per_s is None else bits_per_s // 8
