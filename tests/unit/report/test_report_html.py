"""The report as a page: self-contained, escaped, readable without sight of colours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import timedelta, timezone
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from tests.unit.report.samples import (
    HOSTILE_NAME,
    failed,
    full_report,
    make_finding,
    make_line,
    make_motion,
    make_move,
    make_outcome,
    make_report,
    moved,
    not_started,
)
from vsphere_motion.model.report import Report, ReportedMove
from vsphere_motion.model.task import Fault
from vsphere_motion.report.html import report_html
from vsphere_motion.report.json_form import run_document

VOID = {"meta", "br"}
CELLS = {"td", "th"}
MAY_STAY_OPEN = {"td", "th", "tr", "li", "dt", "dd"}
ENDED_BY = {
    "td": CELLS,
    "th": CELLS,
    "tr": {*CELLS, "tr"},
    "li": {"li"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
}
"""Elements that a start tag ends, as HTML has it; no other may be left open."""


class Page(HTMLParser):
    """A page taken apart: its elements with their attributes, and its text; each element has to close in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.open and self.open[-1] in ENDED_BY.get(tag, ()):
            self.open.pop()
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open[-1] != tag and self.open[-1] in MAY_STAY_OPEN:
            self.open.pop()
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def tags(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]

    def text(self, name: str) -> str:
        return "".join(text for tag, text in self.texts if tag == name)


def hostile_report() -> Report:
    item = ReportedMove(
        outcome=make_outcome(
            move=make_move(HOSTILE_NAME, HOSTILE_NAME, source=HOSTILE_NAME),
            fault=Fault(kind=HOSTILE_NAME, message=HOSTILE_NAME, details=(HOSTILE_NAME,)),
            note=HOSTILE_NAME,
            task=HOSTILE_NAME,
            motion=make_motion(lines=(make_line(HOSTILE_NAME, 1, HOSTILE_NAME),), source_host=HOSTILE_NAME),
        ),
        findings=(make_finding(message=HOSTILE_NAME, remedy=HOSTILE_NAME, id=HOSTILE_NAME),),
        skipped=(HOSTILE_NAME,),
        memory_bytes=1,
    )
    return make_report(item, run=HOSTILE_NAME, user=HOSTILE_NAME, tool_version=HOSTILE_NAME)


@pytest.mark.parametrize("report", [full_report(), make_report(), make_report(not_started()), hostile_report()])
def test_every_element_is_closed_and_every_id_is_unique(report: Report) -> None:
    page = Page(report_html(report))
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = " ".join(attributes.get("aria-labelledby") or "" for _, attributes in page.elements).split()
    assert set(named) <= set(ids)


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    page = Page(report_html(hostile_report()))
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base", "a"})
    attributes = [name for _, found in page.elements for name in found]
    assert not [name for name in attributes if name.startswith("on") or name in {"src", "href", "style", "xlink:href"}]
    assert re.search(r"url\(|@import|https?:", page.text("style")) is None
    (policy,) = [m["content"] for m in page.tags("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_a_hostile_name_is_only_ever_text() -> None:
    source = report_html(hostile_report())
    page = Page(source)
    assert "<script" not in source
    assert [c for c in source if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs"}] == []
    shown = '<script>alert("1")</script>\'&\\u202etxt\\n\\x1b[31m\\x9b\\ud800'
    for place in ("title", "h1", "th", "strong", "dd", "pre", "li", "h3", "footer"):
        assert shown in page.text(place), place
    source.encode("utf-8")


def test_the_headline_is_the_title_and_the_page_has_a_language() -> None:
    page = Page(report_html(full_report()))
    headline = "Run r-7f3a9c: 1 failed, 1 blocked, 1 not started, 2 moved, 1 unchanged"
    assert page.text("h1") == headline
    assert page.text("title").startswith(headline)
    assert page.tags("html") == [{"lang": "en"}]
    assert report_html(full_report()).startswith("<!doctype html>\n")


def test_failures_come_first_and_are_open() -> None:
    page = Page(report_html(full_report()))
    opened = ["open" in attributes for attributes in page.tags("details")]
    assert opened == [True, True, False, False, False, False, False]
    source = report_html(full_report())
    assert source.index("db02 (vm-43)") < source.index("web01 (vm-42)")


def test_states_are_a_word_and_an_icon() -> None:
    source = report_html(full_report())
    for icon, word in (("✓", "moved"), ("✗", "failed"), ("■", "blocked"), ("○", "not started"), ("=", "unchanged")):
        assert f'<span aria-hidden="true">{icon}</span> {word}</span>' in source


def test_tables_have_heads_with_scopes() -> None:
    page = Page(report_html(full_report()))
    assert len(page.tags("thead")) == len(page.tags("table")) >= 3
    assert {attributes.get("scope") for attributes in page.tags("th")} == {"col", "row"}


def test_drawings_are_told_in_words() -> None:
    page = Page(report_html(full_report()))
    told = [svg.get("aria-label") or "" for svg in page.tags("svg") if svg.get("role") == "img"]
    assert len(told) == 3
    assert any("pre-copy 28s (measured: vmkernel log of the source)" in words for words in told)
    assert all(svg.get("role") == "img" or svg.get("aria-hidden") == "true" for svg in page.tags("svg"))
    assert "28s (measured: vmkernel log of the source)" in page.text("dd")


def test_measured_and_estimated_bars_look_different() -> None:
    page = Page(report_html(make_report(moved())))
    looks = [rect["class"] for rect in page.tags("rect")]
    assert "precopy" in looks
    assert "precopy estimated" in looks
    assert re.search(r"rect\.estimated \{[^}]*stroke-dasharray", page.text("style"))


def test_a_run_in_which_nothing_ran_has_no_drawing() -> None:
    page = Page(report_html(make_report(not_started())))
    assert [svg for svg in page.tags("svg") if svg.get("role") == "img"] == []
    assert 'id="timeline"' not in report_html(make_report(not_started()))


def test_a_move_without_findings_or_lines_has_no_empty_sections() -> None:
    item = ReportedMove(outcome=make_outcome(motion=make_motion(lines=())))
    assert "Log lines" not in report_html(make_report(item))
    assert "Findings" not in report_html(make_report(item))


def test_the_page_holds_the_json_of_the_run() -> None:
    report = full_report()
    page = Page(report_html(report))
    raw = page.text("pre")
    document: Any = json.loads(raw[raw.index("{\n") :])
    assert document == run_document(report)


def test_the_log_lines_of_both_hosts_are_shown() -> None:
    lines = Page(report_html(make_report(moved()))).text("pre").strip().splitlines()
    assert [line.split()[:2] for line in lines if line][:3] == [
        ["19:56:13.000", "esx05"],
        ["19:56:13.100", "esx02"],
        ["19:56:41.200", "esx02"],
    ]


def test_faults_and_lower_bounds_are_named() -> None:
    source = report_html(full_report())
    assert "<dd>esx02: IO was aborted (0xbad00e0, VMK_ABORTED)\n" in source
    assert "<td>at least 0.06s<td>" in source


def test_times_are_in_the_zone_that_is_asked_for() -> None:
    source = report_html(make_report(failed()), zone=timezone(timedelta(hours=1)))
    assert "2026-11-22 20:56:12+01:00" in source


def test_a_vm_without_hosts_has_dashes() -> None:
    move = make_move(source=None)
    move = replace(move, destination=replace(move.destination, host=None))
    source = report_html(make_report(ReportedMove(outcome=make_outcome(move=move))))
    assert "</span><td>-<td>-<td>" in source


def test_jinja2_is_imported_only_when_a_page_is_made() -> None:
    program = "import sys, vsphere_motion.report.write; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("look", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_and_bars_have_the_contrast_of_wcag_aa(look: int) -> None:
    style = Page(report_html(full_report())).text("style")
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", re.findall(r":root \{(.*?)\}", style, re.DOTALL)[look]))
    assert {"ground", "panel", "ink", "soft", "good", "bad", "warn", "idle"} <= set(colours)
    for ink in ("ink", "soft", "good", "bad", "warn", "idle"):
        for ground in ("ground", "panel"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for bar in ("queued", "precopy", "switchover", "other", "dirty", "ink"):
        for ground in ("ground", "panel"):
            assert contrast(colours[bar], colours[ground]) >= 3, (bar, ground)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def many(count: int) -> Report:
    """A run of many moves with many log lines each; one in twenty failed."""
    lines = tuple(
        make_line("esx02", n, f"2026-11-22T19:56:13.100Z cpu3:1)VMotion: {n}: " + "word " * 30) for n in range(20)
    )
    mark = make_line(
        "esx02", 29.2, "cpu3:1)VMotion: 5: 5123456789012345678 S: Stopping pre-copy: only 7 pages left to send"
    )
    outcome = replace(moved().outcome, motion=make_motion(lines=(*lines, mark)))
    items = [replace(moved(), outcome=replace(outcome, move=make_move(f"web{n}", f"vm-{n}"))) for n in range(count)]
    return make_report(*(failed() if n % 20 == 0 else item for n, item in enumerate(items)))


def test_a_report_of_five_hundred_moves_is_small_enough_to_send() -> None:
    source = report_html(many(500))
    assert len(source.encode()) < 3_000_000
    page = Page(source)
    assert page.open == []
    assert "20 more lines are left out" in source
    assert source.count("pre-copy ends</mark>") == 475
    assert "--format json" in source


def test_lines_that_begin_or_end_a_phase_are_marked() -> None:
    assert "pre-copy ends" in Page(report_html(many(2))).text("mark")


@pytest.mark.parametrize("report", [full_report(), make_report(), hostile_report()], ids=["full", "empty", "hostile"])
def test_the_page_can_be_walked_through_without_seeing_it(report: Report) -> None:
    page = Page(report_html(report))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), "a level of headings is skipped"
    assert {"header", "main", "footer"} <= {tag for tag, _ in page.elements}
    assert [tag for tag, _ in page.elements].count("summary") == len(page.tags("details"))
    assert all(found.get("tabindex", "0") == "0" for _, found in page.elements)
    assert all(svg.get("role") == "img" or svg.get("aria-hidden") == "true" for svg in page.tags("svg"))
    assert all(section.get("aria-labelledby") for section in page.tags("section"))


def test_marks_and_inks_are_readable_on_every_ground() -> None:
    style = Page(report_html(full_report())).text("style")
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))
        assert contrast(colours["ground"], colours["precopy"]) >= 4.5, "the words of a mark"


def test_the_words_of_narrow_rows_are_those_of_the_heads() -> None:
    source = report_html(full_report())
    heads = set(re.findall(r'<th scope="col"[^>]*>([^<\n]+)', source))
    narrow = set(re.findall(r'::before \{ content: "([^"]+)"', source))
    assert heads <= narrow
