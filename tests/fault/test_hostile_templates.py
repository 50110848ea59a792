"""Templates that try to get out, or to take everything: each is stopped, and says so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.promises import record
from tests.unit.report.samples import HOSTILE_NAME, full_report, make_move, make_outcome, make_report
from vsphere_motion.errors import BadInput
from vsphere_motion.model.report import ReportedMove
from vsphere_motion.report.template import MEMORY_LIMIT_BYTES, TIME_LIMIT_S, report_by_template

ESCAPES = {
    "class": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "globals": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "attr filter": "{{ run|attr('__class__')|attr('__base__') }}",
    "format": "{{ '{0.__class__.__init__.__globals__}'.format(run) }}",
    "self": "{{ self.__init__.__globals__ }}",
    "change": "{% set _ = run.update({'run': 'x'}) %}",
    "other file": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}{{ os }}",
    "code": "{{ lipsum.__code__.co_code }}",
}
BOMBS = {
    "text": "{{ ('x' * 500000000) | length }}",
    "number": "{{ 9 ** (9 ** 9) }}",
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "range": "{% for a in range(1000000000) %}{% endfor %}",
    "output": "{% for a in range(90000) %}{{ 'x' * 9000 }}{% endfor %}",
    "macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "padding": "{{ '%999999999d' % 1 }}",
    "lists": "{% set n = namespace(l=[1]) %}{% for a in range(60) %}{% set n.l = n.l + n.l %}{% endfor %}",
}


def write(tmp_path: Path, source: str, name: str = "report.txt") -> Path:
    path = tmp_path / name
    path.write_text(source, encoding="utf-8")
    return path


@pytest.mark.parametrize("source", [*ESCAPES.values(), *BOMBS.values()], ids=[*ESCAPES, *BOMBS])
def test_row_37_a_hostile_template_is_stopped(tmp_path: Path, source: str) -> None:
    begin = time.monotonic()
    with pytest.raises(BadInput, match=r"the template .* was stopped: .+"):
        report_by_template(full_report(), write(tmp_path, source))
    taken_s = time.monotonic() - begin
    assert taken_s < 3 * TIME_LIMIT_S
    record(37, f"stopped within {TIME_LIMIT_S:g} s and {MEMORY_LIMIT_BYTES >> 20} MiB")


def test_row_37_a_template_sees_no_environment_and_writes_no_file(tmp_path: Path) -> None:
    source = "{{ [environ is defined, os is defined, request is defined, config is defined] }}"
    assert report_by_template(full_report(), write(tmp_path, source)) == "[False, False, False, False]"
    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]


def test_a_template_gets_the_run(tmp_path: Path) -> None:
    source = "{% for o in run.outcomes %}{{ o.vm.name }} {{ o.state }}\n{% endfor %}"
    text = report_by_template(full_report(), write(tmp_path, source))
    assert text.splitlines()[0] == "web01 moved"
    assert len(text.splitlines()) == 6


def test_a_template_of_a_page_is_escaped(tmp_path: Path) -> None:
    item = ReportedMove(outcome=make_outcome(move=make_move(HOSTILE_NAME)))
    template = write(tmp_path, "<p>{{ run.outcomes[0].vm.name }}</p>", "report.html.j2")
    assert "<script>" not in report_by_template(make_report(item), template)


def test_a_mistake_in_a_template_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"UndefinedError: .*nonsense"):
        report_by_template(full_report(), write(tmp_path, "{{ nonsense }}"))
    with pytest.raises(BadInput, match="cannot read the template"):
        report_by_template(full_report(), tmp_path / "absent.txt")
