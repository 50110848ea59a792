"""Runs of the real program that are killed in the middle, gone on with, and judged from the server's own record.

One trial is one fresh simulator, one `migrate` of all its VMs, and a `resume` after each kill until none is left to do.
In some trials a second operator moves the same VMs with a client of its own.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyVmomi import vim, vmodl

from tests.fault.crash.model import RELOCATE, Defect, Evidence, count_by_kind, is_of_run, judge
from tests.fault.crash.worlds import TARGET, World
from tests.observer import Observer, observing
from tests.program import Program
from vsphere_motion.run.journal import FILE_NAME
from vsphere_motion.testing.plugin import enter_vcenter
from vsphere_motion.testing.simulator import SimulatedVCenter

RANDOM = "random"
GIVE_UP_S = 600.0
"""A process that takes longer has hung, and that is a failure of its own. Most of its time goes into logs of hosts."""

LOOK_S = 0.1
RESUMES = 3
"""A run that so many undisturbed resumes do not finish is lost."""

ENDS = frozenset({0, 3, 6, 7})
REFUSED = (vim.fault.VimFault, vmodl.RuntimeFault)


@dataclass(slots=True)
class Tally:
    """What all trials came to."""

    kills: Counter[str] = field(default_factory=Counter)
    trials: int = 0
    moves: int = 0
    adopted: int = 0
    foreign: int = 0
    defects: list[Defect] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take another tally in."""
        self.kills += other.kills
        self.trials += other.trials
        self.moves += other.moves
        self.adopted += other.adopted
        self.foreign += other.foreign
        self.defects += other.defects

    def __str__(self) -> str:
        found = count_by_kind(self.defects)
        return (
            f"{self.kills.total()} kills ({self.kills[RANDOM]} at random times), {self.moves} VM-moves: "
            f"{found['duplicate']} duplicates, {found['lost']} lost, {found['wrong']} wrong; "
            f"{self.adopted} found again by operationID, {self.foreign} moves of a second operator"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is tried.

    Args:
        world: what is moved.
        kills: how each process is to die: the name of a failpoint, or `random`.
        kills_a_trial: processes of one run that are killed, one after the other.
        foreign_share: of so many trials one has a second operator; 0: none has.
        workers: trials at once.
    """

    world: World
    kills: Sequence[str]
    seed: int
    kills_a_trial: int = 2
    foreign_share: int = 3
    workers: int = 1


def planned_kills(world: World, *, each: int, at_random: int) -> list[str]:
    """So many kills at each failpoint, and at random times."""
    return [name for name in world.failpoints for _ in range(each)] + [RANDOM] * at_random


def run_all(plan: Plan, environment: Mapping[str, str], directory: Path) -> Tally:
    """Trials until every planned kill has happened; a process that ended first has its kill tried again."""
    left, tally, numbers = list(plan.kills), Tally(), itertools.count(1)
    random.Random(plan.seed).shuffle(left)

    def try_next(kills: Sequence[str]) -> tuple[Tally, list[str]]:
        return try_once(kills, plan, next(numbers), environment, directory)

    at_once = plan.kills_a_trial * plan.workers
    with ThreadPoolExecutor(plan.workers) as workers:
        while left:
            shares = [left[number : at_once : plan.workers] for number in range(min(plan.workers, len(left)))]
            left = left[at_once:]
            for result, unspent in workers.map(try_next, shares):
                tally.add(result)
                left += unspent
    return tally


def try_once(
    kills: Sequence[str], plan: Plan, number: int, environment: Mapping[str, str], directory: Path
) -> tuple[Tally, list[str]]:
    """One trial: what it came to, and the kills that the program was too fast for. Files of a bad one are kept."""
    home, chance = directory / f"trial-{number}", random.Random(plan.seed * 10_000 + number)
    home.mkdir()
    with ExitStack() as stack:
        vcenter = enter_vcenter(stack, plan.world.options(home, number), environment)
        observer = stack.enter_context(observing(vcenter))
        trial = Trial(plan.world, vcenter, observer, Program(home=home, environment=vcenter.environment()), chance)
        before = plan.world.places(observer)
        has_rival = plan.foreign_share and number % plan.foreign_share == 0
        with second_operator(vcenter, chance) if has_rival else nullcontext():
            unspent = trial.run(kills)
        trial.wait_until_still()
        trial.judge(before)
    if not trial.tally.defects:
        shutil.rmtree(home)
    return trial.tally, unspent


@dataclass(slots=True)
class Trial:
    """One run of the program on one simulator, and what became of its processes."""

    world: World
    vcenter: SimulatedVCenter
    observer: Observer
    program: Program
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    _processes: int = 0
    _sessions: frozenset[str] = frozenset()

    def run(self, kills: Sequence[str]) -> list[str]:
        """Start, kill and go on, then go on undisturbed to the end; the kills that did not happen."""
        at_once = str(self.chance.choice([4, 20, 100]))
        words = self.world.words(self.program.home)
        unspent = []
        for kill in kills:
            if self._is_killed(kill, *words, "--max-concurrent", at_once):
                self.tally.kills[kill] += 1
                self._look_after_a_kill()
                words = ("resume",) if self.journaled() else words
            else:
                unspent.append(kill)
                words = ("resume",)
        for _ in range(RESUMES):
            self._sessions = sessions_of(self.observer)
            self._must_end(*words, "--max-concurrent", at_once)
            words = ("resume",)
            if all(row["outcome"] for row in self.journaled()):
                break
        return unspent

    def _is_killed(self, kill: str, *words: str) -> bool:
        """Whether the process died as planned; otherwise it came to its end before."""
        rows = self.journaled()
        open_moves = sum(1 for row in rows if not row["outcome"]) if rows else 10
        passage = self.chance.randint(1, self.world.passages(kill, open_moves))
        variables = {} if kill == RANDOM else {"VSPHERE_MOTION_FAILPOINT": f"{kill}:{passage}"}
        with self._started(*words, **variables) as process:
            if kill == RANDOM:
                will_start = not rows or any(not row["outcome"] and not row["op_id"] for row in rows)
                self._wait_for_a_random_moment(process, passage if will_start else 0)
                process.kill()
            code = self._code_of(process)
        self._expect(code, {-signal.SIGKILL, *ENDS}, words)
        return code == -signal.SIGKILL

    def _wait_for_a_random_moment(self, process: subprocess.Popen[str], new: int) -> None:
        """Until so many new moves of ours were started, by the server's count, and at most a second longer."""
        count, pause = len(self.our_motions()) + new, threading.Event()
        for _ in range(int(GIVE_UP_S / LOOK_S)):
            if process.poll() is not None or len(self.our_motions()) >= count:
                break
            pause.wait(LOOK_S)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=self.chance.uniform(0, 1 if new else 3))

    def _must_end(self, *words: str) -> None:
        with self._started(*words) as process:
            code = self._code_of(process)
        self._expect(code, ENDS, words)

    @contextmanager
    def _started(self, *words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """A process whose output goes to a file: a pipe that nobody reads would stop it."""
        self._processes += 1
        with self._said().open("w", encoding="utf-8") as said:
            process = subprocess.Popen(
                self.program.command(*words),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=self.program.variables(**variables),
                cwd=self.program.home,
                text=True,
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()

    def _code_of(self, process: subprocess.Popen[str]) -> int | None:
        """Its exit code; None if it has hung."""
        try:
            return process.wait(timeout=GIVE_UP_S)
        except subprocess.TimeoutExpired:
            return None

    def _said(self) -> Path:
        return self.program.home / f"said-{self._processes}.txt"

    def _expect(self, code: int | None, codes: frozenset[int] | set[int], words: tuple[str, ...]) -> None:
        said = self._said().read_text(encoding="utf-8")
        if code not in codes or "Traceback" in said:
            self._blame("wrong", f"{words[0]} ended with {code}: {said[-2000:]}")

    def _blame(self, kind: str, words: str) -> None:
        self.tally.defects.append(Defect(kind, f"{self.program.home.name}: {words}"))

    # -- what the journal has, looked at in a copy ----------------------------------------------------------------

    def journaled(self) -> list[sqlite3.Row]:
        """The moves of the one run in the journal as it lies there; none where there is no run."""
        source, copy = self.program.home / "state", self.program.home / "copy"
        if not (source / FILE_NAME).exists():
            return []
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for file in source.glob(f"{FILE_NAME}*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, copy)
        return self._read(copy / FILE_NAME)

    def _read(self, file: Path) -> list[sqlite3.Row]:
        database = sqlite3.connect(file)
        database.row_factory = sqlite3.Row
        try:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "move" not in tables:
                return []
            return database.execute("SELECT run, vm, op_id, task, state, outcome FROM move").fetchall()
        finally:
            database.close()

    def _look_after_a_kill(self) -> None:
        """The file is whole, and no relocation was asked for without its intent in it."""
        rows = self.journaled()
        self._require_whole()
        intents = {row["op_id"] for row in rows}
        contested = {motion["vm"] for motion in self.vcenter.control.motions() if not motion["operation_id"]}
        for call in self.vcenter.control.trace():
            is_ours = call["method"] == RELOCATE and call["operation_id"]
            if is_ours and call["operation_id"] not in intents and call["object"] not in contested:
                self._blame("lost", f"{call['operation_id']} was asked for and is not in the journal")
        started = {motion["operation_id"] for motion in self.our_motions()}
        self.tally.adopted += sum(1 for row in rows if row["op_id"] in started and not row["task"])

    def _require_whole(self) -> None:
        copy = self.program.home / "copy" / FILE_NAME
        if not copy.exists():
            return
        database = sqlite3.connect(copy)
        try:
            found = database.execute("PRAGMA integrity_check").fetchall()
        finally:
            database.close()
        if found != [("ok",)]:
            self._blame("wrong", f"the journal is damaged: {found}")

    # -- what the server has --------------------------------------------------------------------------------------

    def our_motions(self) -> list[dict[str, Any]]:
        """The server's record of the moves that carry an operationID; a second operator's have none."""
        return [motion for motion in self.vcenter.control.motions() if motion["operation_id"]]

    def wait_until_still(self) -> None:
        """Return once no move runs on the server; one that does not end is found by the model."""
        pause = threading.Event()
        for _ in range(int(GIVE_UP_S / LOOK_S)):
            if all(motion["completed_at"] for motion in self.vcenter.control.motions()):
                return
            pause.wait(LOOK_S)

    def judge(self, before: Mapping[str, str]) -> None:
        """Hold the final report against the server's record."""
        rows = self.journaled()
        self._require_whole()
        report = self.program("report", "--format", "json")
        motions = self.vcenter.control.motions()
        if report.exit_code != 0 or not rows:
            self._blame("lost", f"there is no report: {report.text}")
            return
        run = rows[0]["run"]
        if any(motion["operation_id"] and not is_of_run(motion, run) for motion in motions):
            self._blame("wrong", "there are two runs")
        evidence = Evidence(
            run=run,
            targets=self.world.targets(self.observer, before),
            before=before,
            after=self.world.places(self.observer),
            calls=self.vcenter.control.trace(),
            motions=motions,
            outcomes=report.json["outcomes"],
        )
        for defect in judge(evidence):
            self._blame(*defect)
        for session in sessions_of(self.observer) - self._sessions:
            self._blame("wrong", f"the last resume left the session {session}")
        self.tally.trials += 1
        self.tally.moves += sum(1 for vm, place in before.items() if place != evidence.targets[vm])
        self.tally.foreign += sum(1 for motion in motions if not motion["operation_id"])


def sessions_of(observer: Observer) -> frozenset[str]:
    """The keys of all sessions the server has."""
    return frozenset(session.key for session in observer.content.sessionManager.sessionList)


@contextmanager
def second_operator(vcenter: SimulatedVCenter, chance: random.Random) -> Iterator[None]:
    """Somebody who moves a third of the VMs with a plain client, at random moments, for the length of the block."""
    over = threading.Event()
    thread = threading.Thread(target=_operate, args=(vcenter, random.Random(chance.random()), over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _operate(vcenter: SimulatedVCenter, chance: random.Random, over: threading.Event) -> None:
    with observing(vcenter) as observer:
        hosts = [host["ref"] for host in observer.read(vim.HostSystem).values()]
        hosts += [observer.host(TARGET)] * 2
        vms = [vm["ref"] for vm in observer.read(vim.VirtualMachine).values()]
        for vm in chance.sample(vms, len(vms) // 3):
            if over.wait(chance.uniform(0, 0.4)):
                return
            try:
                vm.RelocateVM_Task(vim.vm.RelocateSpec(host=chance.choice(hosts)))
            except REFUSED:
                continue


def as_text(defects: Sequence[Defect]) -> str:
    """The defects for a person."""
    return json.dumps([f"{defect.kind}: {defect.words}" for defect in defects], indent=1)
