"""A program under way: wait for what it says, signal it, and see it end."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.program import Program

DEADLINE_S = 60


class Running:
    """A process whose standard error is read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._news = threading.Condition()
        self._is_over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.said.append(line)
                self._news.notify_all()
        with self._news:
            self._is_over = True
            self._news.notify_all()

    def wait_for(self, word: str, count: int = 1) -> None:
        """Return once so many lines on standard error hold the word."""
        with self._news:
            self._news.wait_for(lambda: self._is_over or self.count(word) >= count, timeout=DEADLINE_S)
        assert self.count(word) >= count, f"never said {word!r} {count} times: {self.said}"

    def count(self, word: str) -> int:
        """How many lines so far hold the word."""
        return sum(word in line for line in self.said)

    def signal(self, number: int) -> None:
        """Send a signal to this process alone."""
        self.process.send_signal(number)

    def end(self) -> tuple[int, str]:
        """Its exit code and standard output."""
        assert self.process.stdout is not None
        output = self.process.stdout.read()
        code = self.process.wait(timeout=DEADLINE_S)
        self._reader.join(timeout=DEADLINE_S)
        return code, output


@contextmanager
def running(program: Program, *words: str, **variables: str) -> Iterator[Running]:
    """The program, started with these words; it does not outlive the block."""
    process = program.start(*words, **variables)
    try:
        yield Running(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
