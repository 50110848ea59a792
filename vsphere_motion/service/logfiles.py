"""The story of logs without a vCenter: read log files, packed ones, bundles and directories, and tell the migrations.

Rules of this file: nothing is unpacked onto the disk and no file is read whole; what a file unpacks to is bounded. A
packed file that ends early is read as far as it goes, and a note says so.
"""

from __future__ import annotations

import os
import re
import stat
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from vsphere_motion.errors import BadInput
from vsphere_motion.model.record import LoggedMotion
from vsphere_motion.motionlog.gather import Gatherer
from vsphere_motion.motionlog.scan import KERNEL_NEEDLES, NEEDLES, is_kernel_log, kernel_needles_of, lines_of
from vsphere_motion.service.packed import MAGIC, Damaged, Unpacked
from vsphere_motion.service.recoded import MARKS, Recoded

HEAD_BYTES = 16 * 1024
BIG_BYTES = 16 * 1024**2
"""Files above this are searched for known words first, instead of line by line."""

WHOLE_BYTES = 1024**2
"""How much is read line by line of what may be big or not: what comes packed or from a pipe."""

MAX_DEPTH = 3
"""How many bundles may lie one inside the other; there are archives that hold themselves."""

STDIN = Path("-")

_ZIP = b"PK\x03\x04"
_USTAR_AT = 257
_LOG_NAME = re.compile(
    r"(?:vmkernel|vmkwarning|vmkalert|hostd|vpxa|vpxd|vmware|vobd|syslog|messages)[\w.-]{0,100}"
    r"|.{1,250}\.(?:log|txt|gz|tgz|tar|json|jsonl|ndjson|csv)(?:[.-]\d{1,14})?",
    re.ASCII,
)
_VMWARE_LOG = re.compile(r"vmware(?:-\d{1,6})?\.log(?:\.gz)?", re.ASCII)


@dataclass(slots=True)
class LogFiles:
    """What was found in the files.

    Args:
        motions: every migration, in the order in which they began.
        files: how many logs were read, those inside bundles and directories included.
        notes: what could not be read whole, and why.
    """

    motions: tuple[LoggedMotion, ...] = ()
    files: int = 0
    notes: list[str] = field(default_factory=list)


def read_log_files(
    paths: Sequence[Path], *, migration_id: str | None = None, stdin: IO[bytes] | None = None
) -> LogFiles:
    """What log files say of migrations.

    Args:
        paths: logs of vmkernel, hostd, vpxa or a VM, also packed by gzip; support bundles (tar, tgz); directories, in
            which files with a log's name are read; `-` for `stdin`.
        migration_id: tell only this one, a decimal.

    Raises:
        BadInput: a file cannot be opened or is none of these; the details list every one.
    """
    reader = _Reader(migration_id)
    problems: list[str] = []
    for path in paths:
        try:
            _read_path(reader, path, stdin)
        except (OSError, tarfile.TarError) as problem:
            words = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
            problems.append(f"{path}: {words}")
    if problems:
        raise BadInput(
            f"{len(problems)} of {len(paths)} could not be read: {problems[0]}",
            hint="name log files, .gz files, support bundles, directories, or - for standard input",
            details=tuple(problems[1:]),
        )
    return reader.result()


class _Reader:
    """Feeds files to a gatherer."""

    def __init__(self, migration_id: str | None) -> None:
        self._migration_id = migration_id
        self._gatherer = Gatherer()
        self._found = LogFiles()
        self._seen: set[tuple[int, int]] = set()

    def is_new(self, file: os.stat_result) -> bool:
        """Whether this file was not read yet: a bundle's `var/log` leads to the files of its `var/run/log`."""
        key = (file.st_dev, file.st_ino)
        is_new = key not in self._seen
        self._seen.add(key)
        return is_new

    def read(self, name: str, log: _Head, *, size: int | None) -> None:
        """One log; `size` is None where it is not known before it is read."""
        self._found.files += 1
        self._gatherer.begin_file(vm_name=_vm_name(name))
        try:
            needles, whole_bytes = self._needles(log, size)
            for line in lines_of(log.readinto, needles, whole_bytes=whole_bytes):
                self._gatherer.read(line)
        except Damaged as problem:
            self.note(f"{name}: read up to where it is damaged: {problem}")

    def note(self, words: str) -> None:
        """Keep a note."""
        self._found.notes.append(words)

    def result(self) -> LogFiles:
        """Everything that was found."""
        motions = self._gatherer.motions()
        self._found.motions = tuple(one for one in motions if self._migration_id in {None, one.migration_id})
        return self._found

    def _needles(self, log: _Head, size: int | None) -> tuple[tuple[bytes, ...] | None, int]:
        """The words to search for, and how much to read before; a VM's own log has lines without an ID that belong
        to one."""
        if size is not None and size < BIG_BYTES:
            return None, 0
        whole_bytes = WHOLE_BYTES if size is None else 0
        if not is_kernel_log(log.peek(HEAD_BYTES)):
            return NEEDLES, whole_bytes
        if self._migration_id is None:
            return KERNEL_NEEDLES, whole_bytes
        return kernel_needles_of(self._migration_id), 0


def _read_path(reader: _Reader, path: Path, stdin: IO[bytes] | None) -> None:
    if path == STDIN:
        if stdin is None:
            raise BadInput("there is no standard input to read")
        _read_stream(reader, "standard input", stdin, size=None)
    elif path.is_dir():
        for member in _logs_below(path):
            try:
                _read_path(reader, member, stdin)
            except OSError as problem:
                reader.note(f"{member} was left out: {problem.strerror}")
    else:
        with path.open("rb", buffering=0) as stream:
            file = os.fstat(stream.fileno())
            if not stat.S_ISREG(file.st_mode) or reader.is_new(file):
                _read_stream(reader, str(path), stream, size=file.st_size)


def _logs_below(directory: Path) -> Iterator[Path]:
    for place, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            path = Path(place, name)
            if _LOG_NAME.fullmatch(name) and (path.is_file() or path.is_symlink()):
                yield path


def _read_stream(reader: _Reader, name: str, stream: IO[bytes], *, size: int | None, depth: int = 0) -> None:
    """Read a stream as what its first bytes say it is: a log, a bundle, or either of them packed."""
    head = _Head(stream)
    if head.starts_with(MAGIC):
        unpacked = _Head(Unpacked(head))
        if _is_tar(unpacked):
            _read_bundle(reader, name, unpacked, depth)
        else:
            reader.read(name, unpacked, size=None)
    elif head.peek(512)[_USTAR_AT : _USTAR_AT + 5] == b"ustar":
        _read_bundle(reader, name, head, depth)
    elif head.peek(2) in MARKS:
        reader.read(name, _Head(Recoded(head)), size=size)
    elif head.starts_with(_ZIP):
        reader.note(f"{name} was left out: it is a zip archive; unpack it, and name the directory")
    else:
        reader.read(name, head, size=size)


def _is_tar(unpacked: _Head) -> bool:
    try:
        return unpacked.peek(512)[_USTAR_AT : _USTAR_AT + 5] == b"ustar"
    except Damaged:
        return False


def _read_bundle(reader: _Reader, name: str, stream: _Head, depth: int) -> None:
    if depth >= MAX_DEPTH:
        reader.note(f"{name} was left out: it lies in {depth} bundles, one inside the other")
        return
    try:
        with tarfile.open(fileobj=_as_file(stream), mode="r|") as bundle:
            for member in bundle:
                if member.isfile() and _LOG_NAME.fullmatch(Path(member.name).name):
                    packed = bundle.extractfile(member)
                    if packed is not None:
                        _read_stream(reader, f"{name}:{member.name}", packed, size=member.size, depth=depth + 1)
    except (tarfile.ReadError, EOFError, Damaged) as problem:
        reader.note(f"{name}: read up to where it is damaged: {problem}")


class _Head:
    """A stream whose first bytes can be looked at before it is read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._kept = b""

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay to be read."""
        while len(self._kept) < size:
            more = self._stream.read(size - len(self._kept))
            if not more:
                break
            self._kept += more
        return self._kept[:size]

    def starts_with(self, magic: bytes) -> bool:
        """Whether these are the next bytes."""
        return self.peek(len(magic)) == magic

    def read(self, size: int = -1) -> bytes:
        """As of a file."""
        if not self._kept:
            return bytes(self._stream.read(size))
        taken = self._kept if size < 0 else self._kept[:size]
        self._kept = self._kept[len(taken) :]
        return taken

    def readinto(self, memory: memoryview) -> int | None:
        """As of a file."""
        if not self._kept:
            count: int | None = self._stream.readinto(memory)
            return count
        taken = self.read(len(memory))
        memory[: len(taken)] = taken
        return len(taken)


def _as_file(stream: object) -> Any:
    """The stream where a whole file object is asked for, and only `read` is used."""
    return stream


def _vm_name(name: str) -> str | None:
    """The directory of a vmware.log is called after its VM."""
    path = Path(name.rpartition(":")[2])
    return path.parent.name or None if _VMWARE_LOG.fullmatch(path.name) else None
