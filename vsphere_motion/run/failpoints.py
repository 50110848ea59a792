"""Places where a test of crashes kills this process: VSPHERE_MOTION_FAILPOINT=after_send:3 at the third passage.

A testing aid. The command line arms it; where nothing is armed, a passage is one comparison. It is imported by every
connection, so its imports are few (docs/decisions/0002-own-transport.md).
"""

from __future__ import annotations

import os
import signal
import threading

from vsphere_motion.errors import BadInput

VARIABLE = "VSPHERE_MOTION_FAILPOINT"
OF_A_MOVE = ("after_intent", "after_send", "after_answer", "after_task_row", "after_outcome")
"""In the order of a move: the intent is committed, the request is sent, the answer is read, the task is committed, the
outcome is committed."""

OF_A_TEMPLATE = ("after_unmark", "after_mark")
"""The template has become a virtual machine for its move, and after that a template again."""

NAMES = (
    *OF_A_MOVE,
    *OF_A_TEMPLATE,
    "after_truce_row",
    "after_truce_set",
    "after_truce_end",
    "after_step",
    "after_keepsakes",
)
"""And then: the rows of a DRS truce are committed, it is set, it is ended and its rows do not say so yet; a step of a
rolling is committed; VMs have their tags and attributes again and their rows do not say so yet."""


class _Armed:
    """The armed failpoint, and how many passages are left to the deadly one."""

    __slots__ = ("_lock", "left", "name")

    def __init__(self, name: str, left: int) -> None:
        self.name = name
        self.left = left
        self._lock = threading.Lock()

    def is_deadly(self) -> bool:
        """Count one passage, of whichever thread; True at the one that kills."""
        with self._lock:
            self.left -= 1
            return self.left == 0


_armed: _Armed | None = None


def arm(text: str | None) -> None:
    """Arm `NAME` or `NAME:N`; None or an empty text disarms.

    Raises:
        BadInput: there is no such failpoint, or N is no number above zero.
    """
    global _armed
    name, _, number = (text or "").partition(":")
    if text and (name not in NAMES or not (number or "1").isdecimal() or int(number or 1) < 1):
        raise BadInput(f"{VARIABLE}={text} names no failpoint", hint=f"give NAME or NAME:N; NAME is {', '.join(NAMES)}")
    _armed = _Armed(name, int(number or 1)) if text else None


def passing(name: str) -> None:
    """Die here by SIGKILL if this is the armed passage."""
    if _armed is not None and _armed.name == name and _armed.is_deadly():
        os.kill(os.getpid(), signal.SIGKILL)
