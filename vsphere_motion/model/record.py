"""What both hosts' logs say about one migration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a host's log, as the host wrote it.

    Args:
        host: name of the host.
        log: key of the log, such as `vmkernel`.
        number: line number in the log when it was read.
        at: the line's time stamp in UTC; None if it has none that can be read.
    """

    host: str
    log: str
    number: int
    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFailure:
    """A failure a log names. `code` is the VMkernel code as printed (`0xbad00e0`), if any."""

    host: str
    at: datetime | None
    text: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecopyPass:
    """One walk over the memory that was written since the walk before.

    Args:
        started_at: by the source's clock.
        bandwidth_bps: at which it was sent.
        dirty_rate_bps: at which the guest wrote meanwhile.
        left_bytes: what it had written when the pass was over.
    """

    started_at: datetime | None
    duration_s: float | None
    bandwidth_bps: int | None
    dirty_rate_bps: int | None
    left_bytes: int | None

    @property
    def sent_bytes(self) -> int | None:
        """What the pass sent: its length times its bandwidth."""
        if self.duration_s is None or self.bandwidth_bps is None:
            return None
        return round(self.duration_s * self.bandwidth_bps / 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionRecord:
    """The timeline of one migration, read from the vmkernel logs of both hosts by its migration ID.

    Args:
        migration_id: decimal, the same on both hosts.
        started_at: of a line that announces the migration; times are the source host's clock in UTC unless named
            otherwise.
        precopy_started_at: the source's streams began to carry memory.
        precopy_ended_at: the source stopped the pre-copy: the VM is about to be quiesced.
        page_send_ended_at: the source has sent all modified pages.
        resumed_at: the destination says the VM runs there (destination's clock).
        pages_left: pages of 4 KiB that were left to send when the pre-copy stopped.
        switchover_goal_s: the time the source wanted the switch-over to fit in.
        precopy_bandwidth_bps: network bandwidth of the pre-copy, bits per second.
        send_bandwidth_bps: network bandwidth of the last send, bits per second.
        transmit_to_dirty_percent: how much faster pages were sent than the guest wrote them.
        dirty_rate_bps: the guest's write rate, bits per second: bandwidth / (transmit_to_dirty_percent / 100).
        passes: the passes of the pre-copy, where the source's log tells them apart; () where it does not.
        downtime_s: how long the guest stood still; None if no log says.
        downtime_measure: which measure `downtime_s` is, in words.
        precopy_stun_s: how long the guest stood still for the pre-copy to begin.
        failed_in: the part in which it failed: `prepare`, `pre-copy`, `switch-over` or `resume`; None if it did not
            fail, or where the lines that would tell are gone.
        failed_at: when it failed, by the source's clock where the source says.
        clock_skew_s: how far the destination's clock is ahead of the source's, by their start lines.
        failures: what the logs name as failures, oldest first.
        lines: every line of both hosts that carries the migration ID or belongs to one that does, merged by time.
        notes: what could not be read, and why.
    """

    migration_id: str
    source_host: str
    destination_host: str
    source_address: str | None = None
    destination_address: str | None = None
    started_at: datetime | None = None
    precopy_started_at: datetime | None = None
    precopy_ended_at: datetime | None = None
    page_send_ended_at: datetime | None = None
    resumed_at: datetime | None = None
    precopy_s: float | None = None
    pages_left: int | None = None
    switchover_goal_s: float | None = None
    precopy_bandwidth_bps: int | None = None
    send_bandwidth_bps: int | None = None
    transmit_to_dirty_percent: float | None = None
    dirty_rate_bps: int | None = None
    passes: tuple[PrecopyPass, ...] = ()
    downtime_s: float | None = None
    downtime_measure: str | None = None
    precopy_stun_s: float | None = None
    failed_in: str | None = None
    failed_at: datetime | None = None
    clock_skew_s: float | None = None
    encrypted: bool | None = None
    failures: tuple[LogFailure, ...] = ()
    lines: tuple[LogLine, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedFailure:
    """A line of a log file that says that a migration failed.

    Args:
        side: `source` or `destination`; None where the line and its file do not say.
        code: the VMkernel code as printed with its `0x`; None if there is none.
    """

    at: datetime | None
    side: str | None
    text: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMotion:
    """What log files say of one migration, without a vCenter to ask; None is what they do not say.

    Args:
        sides: `source`, `destination`: the ends whose lines were read.
        encrypted: None without a start line.
        started_at: of a line that announces the migration; the source's, if there is one. Times are UTC.
        precopy_stopped_at: the source stopped the pre-copy with `pages_left` pages of 4 KiB to send.
        precopy_bandwidth_bytes_per_s: the printed MB/s times 10^6.
        precopy_stun_s: how long the VM stood still for the pre-copy to begin.
        downtime_basis: `vpxa-result`, `vmware-log-unstun`, `precopy-stop-to-resume` or
            `precopy-stop-to-page-send-end`.
        lines: how many lines carry the ID.
        vm_names: names of directories and `.vmx` files that lines and files of the migration name.
    """

    migration_id: str
    sides: tuple[str, ...] = ()
    source_ip: str | None = None
    destination_ip: str | None = None
    encrypted: bool | None = None
    started_at: datetime | None = None
    precopy_stopped_at: datetime | None = None
    pages_left: int | None = None
    precopy_bandwidth_bytes_per_s: int | None = None
    transmit_to_dirty_percent: float | None = None
    page_send_ended_at: datetime | None = None
    page_send_bandwidth_bytes_per_s: int | None = None
    precopy_stun_s: float | None = None
    downtime_s: float | None = None
    downtime_basis: str | None = None
    failures: tuple[LoggedFailure, ...] = ()
    lines: int = 0
    vm_names: tuple[str, ...] = ()
