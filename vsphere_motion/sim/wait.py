"""The one wait of this room: a condition, a deadline, a short pause between two looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_PAUSE_S = 0.02


def wait_for(condition: Callable[[], bool], *, deadline_s: float) -> bool:
    """True as soon as the condition holds, False once the deadline has passed without it."""
    end = time.monotonic() + deadline_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() >= end:
            return False
        pause.wait(_PAUSE_S)
    return True
