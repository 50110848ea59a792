"""The idle connections of one session; each is used by one thread at a time."""

from __future__ import annotations

import threading

from vsphere_motion.vcenter.connection import VCenterConnection

MAX_IDLE_CONNECTIONS = 8
MAX_IDLE_S = 300.0


class ConnectionPool:
    """Keeps open connections for the next call, newest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[VCenterConnection] = []
        self._is_closed = False

    def take(self) -> VCenterConnection | None:
        """An idle connection that looks usable, or None."""
        while (connection := self._pop()) is not None:
            if connection.is_usable and connection.idle_s < MAX_IDLE_S:
                return connection
            connection.close()
        return None

    def give_back(self, connection: VCenterConnection) -> None:
        """Keep a connection on which every answer was read to its end."""
        with self._lock:
            is_wanted = not self._is_closed and connection.is_usable and len(self._idle) < MAX_IDLE_CONNECTIONS
            if is_wanted:
                self._idle.append(connection)
        if not is_wanted:
            connection.close()

    def drop(self) -> None:
        """Close what is idle: the server behind it is sick or gone."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def close(self) -> None:
        """Close what is idle, and from now on what is given back."""
        with self._lock:
            self._is_closed = True
        self.drop()

    def _pop(self) -> VCenterConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None
