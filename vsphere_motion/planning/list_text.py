"""The text of a list file, CSV or YAML, to its lines.

Rules of this file: a line that cannot be read is a problem beside the others, and the rest is read on; every value is
text, as the person wrote it; nothing in a file is run, expanded or referred to.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from vsphere_motion.errors import BadInput
from vsphere_motion.model.list_file import COLUMNS, LineProblem, ListFile, ListLine
from vsphere_motion.planning.list_rvtools import folded, is_rvtools, misspelt, rvtools_row

MAX_LINES = 200_000

_ALIASES = {
    "name": "vm",
    "virtual machine": "vm",
    "destination": "host",
    "destination host": "host",
    "destination cluster": "cluster",
    "destination datastore": "datastore",
    "resource pool": "pool",
    "disks": "disk",
    "networks": "network",
    "disk format": "format",
    "config datastore": "config",
}
_DELIMITERS = ",;\t"
_EMPTY = frozenset({"", "~", "null"})

_Row = tuple[int, dict[str, str]]


def read_csv(text: str, name: str) -> ListFile:
    """The lines of a CSV file; the first row names the columns, unless every row is a VM and its destination.

    An export of RVTools is known by its columns.

    Raises:
        BadInput: it has no row that names its columns, or is too long.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    problems: list[LineProblem] = []
    rows = _csv_rows(reader, name, problems)
    line, header = next(rows, (0, []))
    if not header:
        raise _unusable(name, "it is empty", "the first row names the columns")
    if is_bare(header):
        found = [_as_row(one, ["vm", "place"], values, problems) for one, values in ((line, header), *rows)]
        return _finished(name, found, problems)
    if is_rvtools(header):
        problems += [LineProblem(line=line, message=_unknown_column(word)) for word in misspelt(header)]
        return _finished(name, (rvtools_row(header, one, values) for one, values in rows), problems)
    columns = [_column(word) for word in header]
    problems += _column_problems(line, header, columns)
    _require_vm(name, columns)
    found = [_as_row(one, columns, values, problems) for one, values in rows]
    return _finished(name, found, problems)


def read_yaml(text: str, name: str) -> ListFile:
    """The lines of a YAML file: a list of mappings from columns to values.

    Raises:
        BadInput: it is no such list, or too long.
    """
    problems: list[LineProblem] = []
    rows = list(_yaml_rows(text, name, problems))
    if not rows and not problems:
        raise _unusable(name, "it is empty", _YAML_FORM)
    return _finished(name, rows, problems)


def _finished(name: str, rows: Iterable[_Row], problems: list[LineProblem]) -> ListFile:
    lines = [found for line, values in rows if (found := _line(line, values, problems))]
    if not lines and not problems:
        raise _unusable(name, "no line names a virtual machine", "write one line for each")
    ordered = tuple(sorted(problems, key=lambda one: one.line))
    return ListFile(name=name, lines=tuple(lines), problems=ordered)


def _line(line: int, values: dict[str, str], problems: list[LineProblem]) -> ListLine | None:
    vm = values.get("vm")
    if not vm:
        problems.append(LineProblem(line=line, message="no virtual machine is named"))
        return None
    said = {column: values[column] for column in COLUMNS[1:-1] if values.get(column)}
    return ListLine(line=line, vm=vm, priority=_priority(line, values.get("priority", ""), problems), **said)


def _priority(line: int, word: str, problems: list[LineProblem]) -> int:
    digits = word.removeprefix("-")
    if not word:
        return 0
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 6):
        problems.append(LineProblem(line=line, message=f"the priority {word} is no whole number"))
        return 0
    return int(word)


def _delimiter(text: str) -> str:
    """What stands between the columns: a comma, or what spreadsheets write where a comma is a decimal sign."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def _csv_rows(reader: Any, name: str, problems: list[LineProblem]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line on which it begins."""
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as problem:
            problems.append(LineProblem(line=line, message=f"it is no CSV from here on: {problem}"))
            return
        if values is None:
            return
        if line > MAX_LINES:
            raise _unusable(name, f"it has more than {MAX_LINES} lines", "make several files of it")
        if any(value.strip() for value in values):
            yield line, values


def _as_row(line: int, columns: list[str], values: list[str], problems: list[LineProblem]) -> _Row:
    if len(values) > len(columns) and any(value.strip() for value in values[len(columns) :]):
        message = f"it has {len(values)} values, and there are {len(columns)} columns"
        problems.append(LineProblem(line=line, message=message))
    return line, {column: value.strip() for column, value in zip(columns, values, strict=False)}


def _column(word: str) -> str:
    plain = folded(word).removeprefix("to ")
    return _ALIASES.get(plain, plain)


def is_bare(row: list[str]) -> bool:
    """Whether the first row of a file is no header but a VM and its destination."""
    return len(row) == 2 and all(cell.strip() for cell in row) and not any(_column(cell) in COLUMNS for cell in row)


def _column_problems(line: int, header: list[str], columns: list[str]) -> Iterator[LineProblem]:
    for n, (word, column) in enumerate(zip(header, columns, strict=True)):
        if column in columns[:n]:
            yield LineProblem(line=line, message=f"the column {word.strip()} is there twice")
        elif column not in COLUMNS:
            yield LineProblem(line=line, message=_unknown_column(word))


def _unknown_column(word: str) -> str:
    close = get_close_matches(_column(word), COLUMNS, n=1)
    meant = f"; did you mean {close[0]}?" if close else f"; the columns are: {', '.join(COLUMNS)}"
    return f"no column is called {word.strip() or '(nothing)'}{meant}"


def _require_vm(name: str, columns: list[str]) -> None:
    if "vm" not in columns:
        listed = ", ".join(column or "(nothing)" for column in columns[:10])
        raise _unusable(
            name,
            f"its first row has no column vm; it has: {listed}",
            f"the first row names the columns: {', '.join(COLUMNS)}",
        )


_YAML_FORM = "it is a list of mappings, such as: - {vm: web01, host: esx02}"


def _yaml_rows(text: str, name: str, problems: list[LineProblem]) -> Iterator[_Row]:
    """The mappings of the list, read from the events of the parser: nothing is built that a file could blow up."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _YamlReader(name, problems)
    try:
        for event in yaml.parse(text, Loader=loader):
            row = reader.take(yaml, event)
            if row is not None:
                yield row
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 0
        problems.append(LineProblem(line=line, message=f"it is no YAML from here on: {problem.problem}"))
    except yaml.YAMLError as problem:
        problems.append(LineProblem(line=0, message=f"it is no YAML: {problem}"))


class _YamlReader:
    """Follows the events of a list of flat mappings."""

    def __init__(self, name: str, problems: list[LineProblem]) -> None:
        self._name = name
        self._problems = problems
        self._depth = 0
        self._ignored = 0
        self._line = 0
        self._key: str | None = None
        self._values: dict[str, str] = {}

    def take(self, yaml: Any, event: Any) -> _Row | None:
        """The row that this event ends, if it ends one."""
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            self._open(yaml, event)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            return self._close()
        elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            self._word(yaml, event)
        return None

    def _open(self, yaml: Any, event: Any) -> None:
        line = event.start_mark.line + 1
        self._depth += 1
        is_list = isinstance(event, yaml.SequenceStartEvent)
        if self._depth == 1 and not is_list:
            raise _unusable(self._name, "it is no list", _YAML_FORM)
        if self._depth == 2:
            self._line, self._key, self._values = line, None, {}
            if line > MAX_LINES:
                raise _unusable(self._name, f"it has more than {MAX_LINES} lines", "make several files of it")
            if is_list:
                self._ignored = 2
                self._complain(line, "it is a list, and a mapping from columns to values was expected")
        elif self._depth == 3 and not self._ignored:
            self._complain(line, f"{self._key or 'a column'} has no single value")
            self._key = None
            self._ignored = 3

    def _close(self) -> _Row | None:
        ended, self._depth = self._depth, self._depth - 1
        was_ignored, self._ignored = self._ignored, 0 if self._ignored == ended else self._ignored
        return (self._line, self._values) if ended == 2 and was_ignored != 2 else None

    def _word(self, yaml: Any, event: Any) -> None:
        line = event.start_mark.line + 1
        if self._ignored:
            return
        if isinstance(event, yaml.AliasEvent):
            self._complain(line, "it refers to another place of the file (*), which is not understood")
            word = ""
        else:
            word = "" if not event.style and event.value in _EMPTY else event.value.strip()
        if self._depth == 0:
            raise _unusable(self._name, "it is no list", _YAML_FORM)
        if self._depth == 1:
            self._complain(line, f"{word or 'nothing'} stands alone; a mapping from columns to values was expected")
        elif self._key is None:
            self._key = self._column(line, word)
        else:
            self._values[self._key] = word
            self._key = None

    def _column(self, line: int, word: str) -> str:
        column = _column(word)
        if column not in COLUMNS:
            self._complain(line, _unknown_column(word))
        elif column in self._values:
            self._complain(line, f"{word} is there twice")
        return column

    def _complain(self, line: int, message: str) -> None:
        self._problems.append(LineProblem(line=line, message=message))


def _unusable(name: str, reason: str, hint: str) -> BadInput:
    return BadInput(f"{name} cannot be used: {reason}", hint=hint)
