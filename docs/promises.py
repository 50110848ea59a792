"""What this program promises under faults, row by row; `reliability.md` and its tests are made from this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One row.

    Args:
        row: its number, which its tests carry in their names: `test_row_07_...`.
        fault: what happens.
        promise: what this program does then.
        later: what of it has no test yet, and with what it comes; empty if nothing.
    """

    row: int
    fault: str
    promise: str
    later: str = ""


_ROWS = (
    ("the answer of a relocation is lost", "it is sent once, found again by its operationID, and its outcome is right"),
    ("a connection goes silent", "it is noticed in a minute, the session goes on over another, and nothing hangs"),
    ("the program is killed in the middle of a run", "`resume` reports every VM once: none twice, none lost"),
    ("vCenter ends the session in a long run", "one login, the watch is set up anew, and the run goes on"),
    (
        "an ended session makes lists empty",
        "an empty answer after the loss of a session is never taken for an empty host",
    ),
    ("vCenter restarts", "the run waits, asks less and less often, goes on by itself, and every move has its outcome"),
    (
        "vCenter has forgotten a task",
        "the outcome comes from the history, else from where the VM is, else it is unknown",
    ),
    (
        "two people empty the same host",
        "no VM is moved twice; the second run follows or skips, and both report in full",
    ),
    ("somebody moves, renames, stops or deletes a VM in between", "what is about to start is read again right before"),
    ("a host goes away in the middle of a run", "nothing more is started to it; what was started is reported"),
    ("Ctrl-C", "no new moves; the running ones are watched to their end; the session is closed"),
    (
        "Ctrl-C twice, or `cancel`",
        "twice leaves the tasks running and names the commands; `cancel` touches its own alone",
    ),
    ("SIGTERM", "the program leaves within 5 seconds, without a session behind, with exit code 143"),
    ("answers that trickle", "every call has a deadline in all, whatever arrives meanwhile"),
    ("a connection that was kept is closed by the network", "a changing call is neither lost nor sent twice"),
    (
        "vCenter answers 503, 502, 429 or a page at the start",
        "one line, exit code 5, within the wait that was asked for",
    ),
    (
        "the password is changed in the middle of a run",
        "the refused login is the only one; what runs is left in vCenter",
    ),
    (
        "the certificate changes",
        "not a byte is sent to the new server; old, new and the one command to accept are named",
    ),
    ("TLS is switched off by mistake", "it is verified everywhere; switching it off holds for one run and is reported"),
    ("the stream of updates is cut", "it is set up anew, and no change of a task is missed"),
    ("a newer vCenter says what this program does not know", "one object is unreadable, and all others are read"),
    ("the account may not see everything", "what it may not see is named, and a glob is refused"),
    ("privileges are missing", "all of them are named in one message, before anything starts"),
    ("names are alike, repeat, or have escapes", "a word leads to the VM that it names, or to a list of candidates"),
    ("the disk is full", "nothing is started without an intent on disk, and no file is corrupt"),
    (
        "the journal is on a network, old, garbage, or in use",
        "it is refused with the reason, or brought up to date whole",
    ),
    ("the machine sleeps", "everything is read again on waking, and every outcome is right"),
    ("the clock of this machine is wrong", "vCenter's time decides; no task is missed, and durations are right"),
    ("a move does not get on", "it is spoken of, again and again, and cancelled only where that was asked for"),
    ("a VM waits for an answer", "its question is shown at once, with its choices"),
    ("too many moves at once", "the limits of hosts, datastores and clusters hold at every moment, over a resume too"),
    ("calls fail by chance", "reads alone are tried again, with pauses that grow; no storm"),
    ("commands end in every way", "no session is left on vCenter"),
    ("names and messages with escape sequences", "they are shown written out: 0 control characters in every output"),
    ("names that are HTML, Markdown or formulas", "a report has the same elements whatever the names are"),
    ("names that are paths", "files are named by the run alone, and lie where they belong"),
    ("a report template that is an attack", "it is stopped after seconds, within a limit of memory"),
    ("names that are Ansible templates", "results are never evaluated, and no secret is shown"),
    ("logs of hosts that are huge or damaged", "they are read as a stream, in bounded memory and time"),
    ("answers that are bombs", "they are refused by their size, within the deadline"),
    (
        "a look for the password in everything that was written",
        "it is nowhere: no output, file, journal, process title",
    ),
    ("a careless umask", "every file is for its owner alone"),
    (
        "a keyring that keeps passwords in plain text",
        "it is refused unless it was chosen by name, and `doctor` shows it",
    ),
    ("a download of logs is led to another server", "nothing is sent there"),
    ("a move to another vCenter", "its password goes into that call alone, and its certificate is checked"),
    ("answers that are damaged at random", "an error of ours or the truth: no hang, no traceback, no false success"),
)
_LATER: dict[int, str] = {}

PROMISES = tuple(
    Promise(row=number, fault=fault, promise=promise, later=_LATER.get(number, ""))
    for number, (fault, promise) in enumerate(_ROWS, start=1)
)
TESTED_LATER = frozenset(_LATER)
"""Rows that have no test yet; each of the others has one at least."""
