"""Playbooks as people run them: from a copy of the checkout with nothing around it, or from what is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ansible.modules import COLLECTION, ROOT

BIN = Path(sys.executable).parent
TIMEOUT_S = 280


@dataclass(frozen=True)
class Played:
    """How one run of ansible-playbook ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Place:
    """Where playbooks are run from.

    Args:
        prefix: what stands before a playbook's name.
        environment: what leads to the collection; nothing for a checkout.
    """

    home: Path
    prefix: str
    suffix: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def play(self, name: str, *words: str, environment: Mapping[str, str], stdin: str = "") -> Played:
        """Run a playbook of ours by its name."""
        return self.run(f"{self.prefix}{name}{self.suffix}", *words, environment=environment, stdin=stdin)

    def run(self, file: str, *words: str, environment: Mapping[str, str], stdin: str = "") -> Played:
        """Run a playbook with the environment's own ansible, far from any ansible.cfg."""
        done = subprocess.run(
            [str(BIN / "ansible-playbook"), file, *words],
            cwd=self.home,
            env={**self._variables(), **self.environment, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Played(done.returncode, done.stdout, done.stderr)

    def _variables(self) -> dict[str, str]:
        return {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "VSPHERE_MOTION_STATE_DIR": str(self.home / "state"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }


def checkout(home: Path) -> Place:
    """A copy of playbooks/ as git has it, and nothing else of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "playbooks"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in filter(lambda one: (ROOT / one).is_file(), listed):
        target = home / "checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return Place(home=home, prefix=f"{home}/checkout/playbooks/", suffix=".yml")


def installed(home: Path) -> Place:
    """The collection, built and installed by ansible-galaxy."""
    galaxy, environment = str(BIN / "ansible-galaxy"), {**os.environ, "HOME": str(home)}
    for words in (
        ["build", "--output-path", str(home), str(COLLECTION)],
        ["install", "--offline", "-p", str(home / "collections"), str(home / "vsphere-motion-0.1.0.tar.gz")],
    ):
        subprocess.run([galaxy, "collection", *words], cwd=home, env=environment, check=True, capture_output=True)
    where = {"ANSIBLE_COLLECTIONS_PATH": str(home / "collections")}
    return Place(home=home, prefix="vsphere.motion.", suffix="", environment=where)


@dataclass
class Sink:
    """A mail server that keeps what it is given.

    Args:
        mails: each with its envelope's recipients.
    """

    port: int
    mails: list[tuple[list[str], str]] = field(default_factory=list)


@contextmanager
def mail_sink() -> Iterator[Sink]:
    """A mail server on this machine, for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sink = Sink(port=server.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(server, sink))
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, sink: Sink) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, connection.makefile("rwb") as stream:
            _take_mail(stream, sink)


def _take_mail(stream: object, sink: Sink) -> None:
    """As much of RFC 5321 as a sender of one mail needs."""

    def say(line: str) -> None:
        stream.write(f"{line}\r\n".encode())  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]

    say("220 sink")
    recipients: list[str] = []
    for raw in stream:  # type: ignore[attr-defined]
        word = raw.decode().strip()
        if word.upper().startswith("RCPT TO:"):
            recipients.append(word[8:].strip(" <>").split(">")[0])
        if word.upper() == "DATA":
            say("354 go on")
            lines = iter(stream.readline, b".\r\n")  # type: ignore[attr-defined]
            sink.mails.append((recipients, b"".join(lines).decode()))
        say("221 bye" if word.upper() == "QUIT" else "250 ok")
        if word.upper() == "QUIT":
            return
