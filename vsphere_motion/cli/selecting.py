"""Which virtual machines a command is about: VM..., `-` for names on standard input, `-f FILE`, `--exclude`.

Rule of this file: it is imported for `--help` of a command, so what reads files is imported when a file is read.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vsphere_motion.errors import BadInput

if TYPE_CHECKING:
    from vsphere_motion.cli.invocation import Invocation
    from vsphere_motion.model.list_file import ListFile

STDIN = "-"
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_WORDS = 200_000
LISTS = frozenset({".csv", ".yaml", ".yml"})
"""What the names of list files end in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a person said about which VMs.

    Args:
        words: selectors, those from standard input in the place of `-`.
        exclude: selectors of VMs to leave out.
        listed: the file of `-f`, read; its lines take the place of words.
    """

    words: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    listed: ListFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selecting:
    """The same as the call has it, with nothing read yet."""

    words: tuple[str, ...]
    exclude: tuple[str, ...]
    file: str | None

    def choose(self, invocation: Invocation) -> Chosen:
        """Read standard input and the file, where they are named.

        Raises:
            UsageError: no VM is named, or in two ways that exclude each other.
            BadInput: a file cannot be read, or not as a list.
        """
        if self.file is not None:
            if self.words:
                raise click.UsageError("-f names the VMs; leave VM... away, or put them into the file.")
            return Chosen(words=(), exclude=self.exclude, listed=read_list(self.file))
        if not self.words:
            raise click.UsageError("Missing argument 'VM...'.")
        if self.words.count(STDIN) + invocation.password_stdin > 1:
            raise click.UsageError("standard input can be read once: for one - or for --password-stdin.")
        return Chosen(words=tuple(_with_stdin(self.words)), exclude=self.exclude)


def selecting_options(function: Callable[..., int]) -> Callable[..., int]:
    """Declare VM..., -f and --exclude; the command gets them as `vms`, a `Selecting`."""

    @functools.wraps(function)
    def with_selection(
        *args: Any, vms: tuple[str, ...], list_file: str | None, exclude: tuple[str, ...], **more: Any
    ) -> int:
        return function(*args, vms=Selecting(words=vms, exclude=exclude, file=list_file), **more)

    exclude_option(list_file_option(click.argument("vms", metavar="[VM...]", nargs=-1)(with_selection)))
    return with_selection


exclude_option = click.option(
    "--exclude", metavar="SELECTOR", multiple=True, help="Leave out what this names, in the words of VM (repeatable)."
)
list_file_option = click.option(
    "-f",
    "--list-file",
    metavar="FILE",
    help="Take VMs and their destinations from a .csv or .yaml file, instead of VM...",
)


def is_list(name: str) -> bool:
    """Whether a file of this name is a list that a person wrote."""
    return Path(name).suffix.lower() in LISTS


def read_list(name: str) -> ListFile:
    """The lines of a list file, by the suffix of its name; their problems come with them.

    Raises:
        BadInput: it cannot be read, or not as a list.
    """
    from vsphere_motion.planning.list_text import read_csv, read_yaml

    readers = {".csv": read_csv, ".yaml": read_yaml, ".yml": read_yaml}
    path = Path(name)
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(f"{name} is no list file", hint="its name ends in .csv, .yaml or .yml")
    return reader(_text(path), path.name)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadInput(f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB", hint="make several files of it")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        raise BadInput(f"{path} is not in UTF-8 (line {line})", hint="save it as UTF-8") from problem
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}", hint="check its name") from problem


def _with_stdin(words: tuple[str, ...]) -> Iterator[str]:
    for word in words:
        if word == STDIN:
            yield from _read_stdin()
        else:
            yield word


def _read_stdin() -> list[str]:
    """The lines of standard input that are not blank, as they are: a name may begin with a blank.

    Raises:
        BadInput: there is none, or too much.
    """
    text = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    lines = text.decode(errors="replace").removeprefix("\ufeff").split("\n")
    words = [word for line in lines if (word := line.rstrip("\r")).strip()]
    if len(text) > MAX_FILE_BYTES or len(words) > MAX_WORDS:
        raise BadInput("standard input has too many lines", hint=f"at most {MAX_WORDS} VMs can be named in one call")
    if not words:
        raise BadInput("standard input names no virtual machine", hint="write one name a line")
    return words
