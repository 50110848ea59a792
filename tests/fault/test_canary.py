"""A password that is looked for in everything that commands leave behind, however they end."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.canary import CANARY, USER, files_with_it, found_in, watched
from tests.program import Done, Program
from tests.promises import IS_NIGHTLY, record, tries
from tests.running import running
from vsphere_motion.testing.faultproxy import FaultProxy, Rule
from vsphere_motion.testing.plugin import VCenterFactory
from vsphere_motion.testing.simulator import SimulatedVCenter

pytestmark = [pytest.mark.vcsim, pytest.mark.timeout(3600 if IS_NIGHTLY else 300)]

CHECK = ("check", "a", "--to-host", "esx-2")
MOVE = ("migrate", "a", "b", "--to-host", "esx-2", "--yes")
BACK = ("migrate", "a", "b", "--to-host", "esx-1", "--yes")
NO_PASSWORD = {"VMWARE_PASSWORD": ""}


@dataclass(frozen=True)
class Place:
    """Where commands are run, and what is kept outside of it because the canary belongs there.

    Args:
        run: the program, whose environment has the canary.
        secrets: a directory that the person keeps secrets in; no promise is made about it.
    """

    vcenter: SimulatedVCenter
    run: Program
    secrets: Path

    def __call__(self, *words: str, stdin: str = "", **variables: str) -> Done:
        """One command, with what others can see of its process judged as well."""
        done, titles = watched(self.run, *words, stdin=stdin, **variables)
        assert not [title for title in titles if found_in(title)], words
        return done


Way = Callable[[Place], tuple[Done, ...]]


def plain(*words: str, **variables: str) -> Way:
    return lambda place: (place(*words, **variables),)


def with_everything_written(place: Place) -> tuple[Done, ...]:
    files = (f"--log-file={place.run.home / 'log'}", "--debug")
    reports = (f"--report={place.run.home / 'run.html'}", f"--report={place.run.home / 'run.json'}")
    return place(*files, *MOVE, *reports), place(*files, *BACK, "-o", "jsonl")


def looking_back(place: Place) -> tuple[Done, ...]:
    words = (("status", "-o", "json"), ("history", "-o", "json"), ("report", "-o", "json"), ("logs", "a"), ("unlock",))
    return tuple(place("--debug", *line) for line in words)


def through_standard_input(place: Place) -> tuple[Done, ...]:
    given = {"stdin": f"{CANARY}\n", **NO_PASSWORD}
    return place("--debug", *CHECK, "--password-stdin", **given), place("doctor", "--password-stdin", **given)


def through_a_url(place: Place) -> tuple[Done, ...]:
    address = f"{quote(USER, safe='')}:{quote(CANARY, safe='')}@{place.vcenter.host}"
    hidden = dict.fromkeys(("VMWARE_HOST", "VMWARE_PORT", "VMWARE_USER", "VMWARE_PASSWORD"), "")
    urls = (f"{address}:{place.vcenter.port}/sdk", f"https://{address}:none/sdk", f"{address}]:[", f"ftp://{address}/")
    return tuple(place("--debug", *CHECK, **hidden, GOVC_URL=url) for url in urls)


def configured(place: Place, script: str) -> None:
    """A context whose password_command is a Python program."""
    context = place.run.home / "config" / "vsphere-motion" / "config.toml"
    context.parent.mkdir(parents=True, exist_ok=True)
    program = place.secrets / "command.py"
    program.write_text(script, encoding="utf-8")
    context.write_text(
        f'[contexts.c]\nserver = "{place.vcenter.host}"\npassword_command = ["{sys.executable}", "{program}"]\n'
    )


def through_a_command(place: Place) -> tuple[Done, ...]:
    """The command's own environment is written down: it is given no password of other places."""
    seen = place.run.home / "seen-by-the-command"
    keep = f"import os\nopen({str(seen)!r}, 'w').write(repr(dict(os.environ)))\n"
    configured(place, keep + f"print({CANARY!r})")
    named = ("--context", "c", "--debug", *CHECK)
    first = place(*named, VSPHERE_MOTION_PASSWORD="", **NO_PASSWORD)
    configured(place, keep + f"print({CANARY!r}); raise SystemExit(1)")
    second = place(*named, **NO_PASSWORD)
    assert seen.exists()
    return first, second


def through_a_keyring(place: Place) -> tuple[Done, ...]:
    """The plain-text backend that the person chose keeps its file with the person's secrets."""
    chosen = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring", "XDG_DATA_HOME": str(place.secrets)}
    login = place("--debug", "login", "--password-stdin", stdin=f"{CANARY}\n", **chosen, **NO_PASSWORD)
    return login, place("-v", *CHECK, **chosen, **NO_PASSWORD), place("logout", **chosen, **NO_PASSWORD)


def typed(place: Place) -> tuple[Done, ...]:
    """At the prompt of a terminal, which does not show it."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        place.run.command("--debug", *CHECK),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=place.run.variables(**NO_PASSWORD),
        cwd=place.run.home,
        start_new_session=True,
    ) as child:
        os.close(theirs)
        shown = _until(ours, b"Password of")
        os.write(ours, f"{CANARY}\n".encode())
        shown += _until(ours, None)
        os.close(ours)
    return (Done(child.returncode, shown.decode(), ""),)


def _until(descriptor: int, word: bytes | None) -> bytes:
    shown = b""
    while word is None or word not in shown:
        try:
            part = os.read(descriptor, 65536)
        except OSError:  # the other side is closed
            break
        shown += part
        if not part:
            break
    return shown


def refused(place: Place) -> tuple[Done, ...]:
    return place("--debug", *CHECK, VMWARE_USER="nobody"), place(
        "--debug", "login", "--password-stdin", stdin=f"{CANARY}x\n"
    )


def untrusted(place: Place) -> tuple[Done, ...]:
    nobody = {"VSPHERE_MOTION_CA_FILE": ""}
    pin = ":".join(["AB"] * 32)
    return place("--debug", *CHECK, **nobody), place("--debug", *CHECK, "--thumbprint", pin, **nobody)


def unverified(place: Place) -> tuple[Done, ...]:
    return (place("--debug", "--insecure", *CHECK, VSPHERE_MOTION_CA_FILE=""),)


def unreachable(place: Place) -> tuple[Done, ...]:
    return (place("--debug", *CHECK, VMWARE_PORT="1"),)


def echoed(place: Place) -> tuple[Done, ...]:
    """A vCenter, or what stands before it, answers with the request that it was sent."""
    rules = (
        Rule(kind="fault", method="Login", fault="InvalidLogin", message=CANARY, times=None),
        Rule(kind="fault", method="Login", fault="RuntimeFault", message=f"no: {CANARY}", times=None),
        Rule(kind="answer", method="Login", status=500, body=CANARY.encode(), times=None),
        Rule(kind="truncate", method="Login", at=40, times=None),
    )
    return tuple(_through(place, rule) for rule in rules)


def _through(place: Place, rule: Rule) -> Done:
    with FaultProxy(place.vcenter) as proxy:
        proxy.plant(rule)
        through = proxy.vcenter.environment() | {"VMWARE_USER": USER, "VMWARE_PASSWORD": CANARY}
        return place("--debug", f"--log-file={place.run.home / 'log'}", *CHECK, **through)


def ended(place: Place) -> tuple[Done, ...]:
    """vCenter ends the session in between, and the program logs in again."""
    place.vcenter.control.plant_faults({"match": {"method": "RetrievePropertiesEx", "count": 1}, "end_session": {}})
    done = place("--debug", *CHECK)
    place.vcenter.control.remove_faults()
    return (done,)


def killed(place: Place) -> tuple[Done, ...]:
    first = place("--debug", *MOVE, VSPHERE_MOTION_FAILPOINT="after_send")
    return first, place("--debug", "resume", "-o", "json"), place(*BACK)


def signalled(number: int) -> Way:
    def stop(place: Place) -> tuple[Done, ...]:
        place.vcenter.control.plant_faults({"match": {"method": "RelocateVM_Task"}, "delay": {"seconds": 2}})
        with running(place.run, "--debug", *MOVE) as run:
            run.wait_for(" preflight ")
            run.signal(number)
            code, output = run.end()
        place.vcenter.control.remove_faults()
        return Done(code, output, "".join(run.said)), place("resume"), place(*BACK)

    return stop


def kept(place: Place) -> tuple[Done, ...]:
    on = {"VSPHERE_MOTION_SESSION_REUSE": "true"}
    return place("--debug", *CHECK, **on), place("--debug", *CHECK, **on, **NO_PASSWORD), place("logout", **on)


def broken(place: Place) -> tuple[Done, ...]:
    """Files that are not what they should be."""
    state = place.run.home / "broken"
    state.mkdir(exist_ok=True)
    for name in ("journal.sqlite3", "servers.json"):
        (state / name).write_text("{ no such thing")
    return tuple(place("--debug", *words, VSPHERE_MOTION_STATE_DIR=str(state)) for words in (MOVE, ("status",), CHECK))


WAYS: Mapping[str, tuple[Way, tuple[int, ...]]] = {
    "everything written": (
        with_everything_written,
        (
            0,
            0,
        ),
    ),
    "looking back": (
        looking_back,
        (
            0,
            0,
            0,
            0,
            0,
        ),
    ),
    "echoed by the server": (
        echoed,
        (
            4,
            5,
            5,
            5,
        ),
    ),
    "command": (
        through_a_command,
        (
            0,
            4,
        ),
    ),
    "url": (
        through_a_url,
        (
            0,
            2,
            2,
            2,
        ),
    ),
    "standard input": (
        through_standard_input,
        (
            0,
            0,
        ),
    ),
    "typed": (typed, (0,)),
    "keyring": (
        through_a_keyring,
        (
            0,
            0,
            0,
        ),
    ),
    "refused": (
        refused,
        (
            4,
            4,
        ),
    ),
    "untrusted": (
        untrusted,
        (
            5,
            5,
        ),
    ),
    "killed": (
        killed,
        (
            -9,
            0,
            0,
        ),
    ),
    "ctrl-c": (
        signalled(signal.SIGINT),
        (
            130,
            0,
            0,
        ),
    ),
    "sigterm": (
        signalled(signal.SIGTERM),
        (
            143,
            0,
            0,
        ),
    ),
    "session ended": (ended, (0,)),
    "session kept": (
        kept,
        (
            0,
            0,
            0,
        ),
    ),
    "broken files": (
        broken,
        (
            2,
            2,
            2,
        ),
    ),
    "doctor": (plain("--debug", "doctor", "-o", "json"), (0,)),
    "unverified": (unverified, (0,)),
    "unreachable": (unreachable, (5,)),
    "no such vm": (plain("--debug", "check", "no-such-vm", "--to-host", "esx-2", "-o", "json"), (2,)),
}
"""How commands end, and with which exit codes."""

SITE = f"""
version: 1
clusters: [{{name: c, hosts: [{{name: esx-1}}, {{name: esx-2}}]}}]
datastores: [{{name: shared}}]
networks: [{{name: net, kind: standard}}]
vms: [{{name: a, host: esx-1}}, {{name: b, host: esx-1}}]
roles:
  - name: all
    privileges: [Resource.ColdMigrate, Resource.HotMigrate, Resource.AssignVMToPool, Global.Diagnostics]
users: [{{name: "{USER}", password_file: "PASSWORD"}}]
permissions: [{{entity: /, user: "{USER}", role: all}}]
"""


@pytest.fixture
def place(vcenter_factory: VCenterFactory, program: Callable[[SimulatedVCenter], Program], tmp_path: Path) -> Place:
    """A vCenter whose user has the canary for a password."""
    (tmp_path / "password").write_text(CANARY, encoding="utf-8")
    site = SITE.replace("PASSWORD", str(tmp_path / "password"))
    (tmp_path / "site.yaml").write_text(site, encoding="utf-8")
    (tmp_path / "secrets").mkdir()
    vcenter = vcenter_factory(scenario=tmp_path / "site.yaml")
    run = program(vcenter)
    with_canary = {**run.environment, "VMWARE_USER": USER, "VMWARE_PASSWORD": CANARY}
    return Place(vcenter, replace(run, environment=with_canary), tmp_path / "secrets")


def test_row_41_the_password_is_nowhere(place: Place) -> None:
    ways = list(WAYS.items())
    count, commands = tries(reduced=10, whole=3 * len(ways)), 0
    for number in range(count):
        name, (way, codes) = ways[number % len(ways)]
        said = way(place)
        commands += len(said)
        assert tuple(done.exit_code for done in said) == codes, f"{name}: {[done.text for done in said]}"
        assert not [done for done in said if found_in(done.text.encode())], name
    assert files_with_it(place.run.home) == []
    assert files_with_it(place.secrets), "the search finds what is there"
    record(41, f"{count} scenarios, {commands} commands: 0 hits in output, files, journal, process titles")
