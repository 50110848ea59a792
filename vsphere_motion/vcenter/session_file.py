"""A session kept between commands, for those who ask for it: `sessions/` in the state directory.

Rules of this file: the file opens a session as a password does, so it is its owner's alone (0600 in a 0700 directory),
it is never kept for a server that nobody verifies, and a file that somebody else could have read or written is not
used. Its name says nothing; it is made of the server, the account and the pin, so that another pin is another session.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from pathlib import Path

from vsphere_motion.model.endpoint import Endpoint
from vsphere_motion.private import DIRECTORY_MODE, make_private_directory

DIRECTORY = "sessions"
SCHEMA = "vsphere-motion/session/v1"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SessionFile:
    """Where the session of one account on one server lies.

    Args:
        state: the state directory.
    """

    def __init__(self, state: Path, endpoint: Endpoint, user: str) -> None:
        self.server = f"{endpoint.host}:{endpoint.port}"
        self.user = user
        words = "\n".join((self.server, user, endpoint.thumbprint or ""))
        self.path = state / DIRECTORY / f"{hashlib.sha256(words.encode()).hexdigest()}.json"

    def read(self) -> str | None:
        """The server's mark of the session; None if there is none, or not one to be trusted."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with os.fdopen(descriptor, encoding="utf-8") as file:
                if not _is_private(os.fstat(file.fileno())):
                    return None
                document = json.load(file)
        except (OSError, ValueError):
            return None
        is_ours = isinstance(document, dict) and (document.get("server"), document.get("user")) == (
            self.server,
            self.user,
        )
        cookie = document.get("cookie") if is_ours and document.get("schema") == SCHEMA else None
        return cookie if isinstance(cookie, str) and cookie.isprintable() and cookie else None

    def write(self, cookie: str) -> None:
        """Keep a session in place of the one before.

        Raises:
            OSError: it cannot be written.
        """
        directory = self.path.parent
        make_private_directory(directory)
        directory.chmod(DIRECTORY_MODE)
        document = {"schema": SCHEMA, "server": self.server, "user": self.user, "cookie": cookie}
        descriptor, draft = tempfile.mkstemp(dir=directory)  # made with mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
        Path(draft).replace(self.path)

    def delete(self) -> None:
        """Forget it; nothing happens if there is none."""
        self.path.unlink(missing_ok=True)


def may_keep(endpoint: Endpoint) -> bool:
    """Whether a session with this server may be kept: the next command must know that it is the same server."""
    return not endpoint.insecure or endpoint.thumbprint is not None


def _is_private(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and not status.st_mode & _OTHERS and status.st_uid == os.getuid()
