# Copyright: the vsphere-motion maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows what moves do while a task runs.

A module cannot say anything before it ends. This callback opens a socket for its playbook; modules that run on the same
machine find it by an environment variable and send one line for each change, which goes to standard error at once. The
lines are written by a thread with a plain `write`, without any lock that a forked worker could inherit.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: notification
short_description: Show what moves do while a task runs
version_added: 0.1.0
author:
  - The vsphere-motion maintainers (@vsphere-motion)
description:
  - Shows each start, percentage, warning and end of the moves that modules of vsphere.motion make, as they come.
  - It shows modules that run on the machine of C(ansible-playbook), as those with C(connection=local) or
    C(delegate_to=localhost) do.
  - Lines go to standard error, so that standard output stays what the other callbacks write.
requirements:
  - enable it with E(ANSIBLE_CALLBACKS_ENABLED=vsphere.motion.progress), or in C(ansible.cfg)
options: {}
"""

import atexit
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path

from ansible.plugins.callback import CallbackBase

VARIABLE = "VSPHERE_MOTION_PROGRESS_SOCKET"
MOST_BYTES = 4096
MOST_PLACE_BYTES = 60
"""The address of a socket has 104 bytes at most (macOS; 108 on Linux), and 32 of them are added to the place."""
END = b"\0"


class CallbackModule(CallbackBase):
    """Opens the socket when a playbook starts and closes it when it ends."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "vsphere.motion.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self._directory = None
        self._socket = None
        self._thread = None

    def v2_playbook_on_start(self, playbook):
        """Listen, and let every process that is started from now on know where."""
        if self._thread is not None:
            return
        self._directory = tempfile.mkdtemp(prefix="vsphere-motion-", dir=place())
        address = str(Path(self._directory, "progress"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        os.environ[VARIABLE] = address
        self._thread = threading.Thread(target=show, args=(self._socket,), daemon=True)
        self._thread.start()
        atexit.register(remove, self._directory, os.getpid())

    def v2_playbook_on_stats(self, stats):
        """Show what has come, and listen no more."""
        if self._thread is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(END, os.environ.pop(VARIABLE))
        self._thread.join(timeout=5)
        self._socket.close()
        remove(self._directory, os.getpid())
        self._thread = None


def place():
    """Where the socket's directory is made: the usual place, or /tmp where that would be too long for a socket."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= MOST_PLACE_BYTES else "/tmp"  # noqa: S108 - a directory of its own is made there


def remove(directory, owner):
    """Remove the socket's directory, also after Ctrl-C; a forked worker that ends leaves it alone."""
    if os.getpid() == owner:
        shutil.rmtree(directory, ignore_errors=True)


def show(listener):
    """Write each line to standard error until the end is sent."""
    while True:
        try:
            line = listener.recv(MOST_BYTES)
        except OSError:
            return
        if line == END:
            return
        write(b"  " + printable(line) + b"\n")


def printable(line):
    """The line without what a terminal would obey; modules have escaped it already, and others may send as well."""
    text = line.decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "?" for sign in text).encode()


def write(data):
    """Write all of it; nobody who reads is no reason to stop."""
    while data:
        try:
            data = data[os.write(2, data) :]
        except OSError:
            return
