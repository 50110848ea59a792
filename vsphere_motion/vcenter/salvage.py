"""Reading around properties whose answer cannot be understood.

An answer with one unknown enum value, type or field is lost as a whole (seen with pyVmomi 9.1.1.0: a server that is
newer than the client, or a simulator that sends empty enums). So the same read is asked in halves: of the paths until
the odd path is alone, then of the objects until the odd objects are alone. Everything else is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from vsphere_motion.errors import MotionError, ProtocolError, VCenterFault
from vsphere_motion.model.refs import MoRef

READS_A_PATH = 64
"""Reads spent on telling the objects of one odd path apart: enough for three odd objects in a page of 1,000. Where more
objects are odd, the path is given up for those not told apart by then."""

T = TypeVar("T")
Read: TypeAlias = Callable[[Sequence[MoRef], Sequence[str]], dict[MoRef, T]]
Refuse: TypeAlias = Callable[[MoRef, str, str], T]
Merge: TypeAlias = Callable[[T, T], T]


def is_salvageable(error: MotionError) -> bool:
    """Whether asking for less can help: the answer was not understood, or a path is unknown to the server."""
    return isinstance(error, ProtocolError) or (
        isinstance(error, VCenterFault) and error.fault_kind == "InvalidProperty"
    )


def read_around(
    read: Read[T], refuse: Refuse[T], merge: Merge[T], refs: Sequence[MoRef], paths: Sequence[str]
) -> dict[MoRef, T]:
    """What `read` gives for these objects and paths, read in parts where it fails.

    Args:
        read: reads some paths of some objects.
        refuse: makes the result of an object and a path that cannot be read, with the reason.
        merge: joins two results of one object.

    Raises:
        MotionError: `read` failed in a way that asking for less cannot help.
    """
    try:
        return read(refs, paths)
    except (ProtocolError, VCenterFault) as error:
        if not is_salvageable(error):
            raise
        if len(paths) == 1:
            return _read_path(read, refuse, refs, paths[0])
    middle = len(paths) // 2
    joined: dict[MoRef, T] = {}
    for half in (paths[:middle], paths[middle:]):
        for ref, result in read_around(read, refuse, merge, refs, half).items():
            joined[ref] = merge(joined[ref], result) if ref in joined else result
    return joined


def _read_path(read: Read[T], refuse: Refuse[T], refs: Sequence[MoRef], path: str) -> dict[MoRef, T]:
    """Read one odd path of every object for which it can be read, in at most `READS_A_PATH` reads."""
    done: dict[MoRef, T] = {}
    waiting = [refs]
    for _ in range(READS_A_PATH):
        if not waiting:
            break
        part = waiting.pop(0)
        try:
            done |= read(part, (path,))
        except ProtocolError:
            if len(part) == 1:
                done[part[0]] = refuse(part[0], path, ProtocolError.code)
            else:
                waiting += [part[: len(part) // 2], part[len(part) // 2 :]]
        except VCenterFault as error:
            if not is_salvageable(error):
                raise
            done |= {ref: refuse(ref, path, error.fault_kind) for ref in part}
    return done | {ref: refuse(ref, path, ProtocolError.code) for part in waiting for ref in part}
