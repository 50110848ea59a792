"""How often the server is asked for news: at once where there is little, at a steady pace where there is much. PURE.

With many moves in flight something changes all the time, and a wait that ends with the first change would be asked
again and again. So waits are rationed: one for each `PACE_S`, of which some can be saved up while nothing happens.
"""

from __future__ import annotations

from dataclasses import dataclass

PACE_S = 0.11
"""One wait for so much time: what ends is noticed within that, and nobody reads a percentage more often.

Some waits take a further page, and with these it is less than ten calls a second.
"""

SAVED = 5
"""Waits that can be saved up: a move that ends alone, and what follows it, is seen at once."""


@dataclass(slots=True)
class Pace:
    """The ration of waits; times are of a clock that never jumps."""

    _saved: float = SAVED
    _at_s: float = float("-inf")

    def pause_s(self, now_s: float) -> float:
        """How long to pause before the wait that is asked for now; 0 where one is left of the ration."""
        self._saved = min(SAVED, self._saved + (now_s - self._at_s) / PACE_S)
        self._at_s = now_s
        self._saved -= 1
        if self._saved >= 0:
            return 0.0
        return -self._saved * PACE_S
