"""Reads the synthetic logs of `tests/data/motionlog/` and asks for a migration the way a caller does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vsphere_motion.model.record import LogLine, MotionRecord
from vsphere_motion.motionlog.prefix import time_of
from vsphere_motion.motionlog.timeline import read_motion

DATA = Path(__file__).parents[2] / "data" / "motionlog"


def lines_of(name: str, *, host: str, log: str = "vmkernel") -> tuple[LogLine, ...]:
    """The lines of one file as a host would have them."""
    return as_lines((DATA / name).read_text(encoding="utf-8").splitlines(), host=host, log=log)


def as_lines(texts: Sequence[str], *, host: str, log: str = "vmkernel") -> tuple[LogLine, ...]:
    return tuple(
        LogLine(host=host, log=log, number=number, at=time_of(text), text=text)
        for number, text in enumerate(texts, start=1)
    )


def at(clock: str) -> datetime:
    """A time of the day the fixtures play on."""
    return datetime.fromisoformat(f"2026-11-22T{clock}+00:00").astimezone(UTC)


BEGIN, END = at("19:56:12"), at("19:56:44")


@dataclass(frozen=True, kw_only=True)
class Question:
    """The arguments of `read_motion`, valid by default: the migration of the `esx80-*` files."""

    source_host: str = "esx02"
    destination_host: str = "esx05"
    source_lines: Sequence[LogLine] = field(default_factory=lambda: lines_of("esx80-source.log", host="esx02"))
    destination_lines: Sequence[LogLine] = field(
        default_factory=lambda: lines_of("esx80-destination.log", host="esx05")
    )
    source_addresses: Sequence[str] = ("192.0.2.12",)
    destination_addresses: Sequence[str] = ("192.0.2.15",)
    since: datetime | None = BEGIN
    until: datetime | None = END
    migration_id: str | None = None
    operation_id: str | None = None

    def but(self, **changes: Any) -> Question:
        return replace(self, **changes)

    def read(self) -> MotionRecord | None:
        return read_motion(
            source_host=self.source_host,
            destination_host=self.destination_host,
            source_lines=self.source_lines,
            destination_lines=self.destination_lines,
            source_addresses=self.source_addresses,
            destination_addresses=self.destination_addresses,
            since=self.since,
            until=self.until,
            migration_id=self.migration_id,
            operation_id=self.operation_id,
        )

    def must_read(self) -> MotionRecord:
        record = self.read()
        assert record is not None
        return record
