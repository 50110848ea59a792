"""Reports in files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.report.samples import HOSTILE_NAME, full_report, make_outcome, make_report, moved
from vsphere_motion.errors import BadInput
from vsphere_motion.model.report import ReportedMove
from vsphere_motion.report.html import report_html
from vsphere_motion.report.json_form import run_document
from vsphere_motion.report.text import report_text
from vsphere_motion.report.write import FORMATS, check_suffix, write_report


def test_the_suffix_names_the_format(tmp_path: Path) -> None:
    report = full_report()
    for suffix in FORMATS:
        write_report(tmp_path / f"r{suffix}", report)
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == report_html(report)
    assert (tmp_path / "r.txt").read_text(encoding="utf-8") == report_text(report)
    assert (tmp_path / "r.md").read_text(encoding="utf-8") == f"````text\n{report_text(report)}````\n"
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == run_document(report)


def test_capitals_in_the_suffix_do_not_matter(tmp_path: Path) -> None:
    write_report(tmp_path / "R.HTML", make_report())
    assert (tmp_path / "R.HTML").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("name", ["r.pdf", "r", "r.html.gz"])
def test_another_suffix_is_refused_with_the_list(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput) as caught:
        write_report(tmp_path / name, make_report())
    assert caught.value.hint == "Use one of: .html, .json, .txt, .md, .csv, .xml"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadInput, match=name):
        check_suffix(tmp_path / name)


def test_a_known_suffix_passes(tmp_path: Path) -> None:
    check_suffix(tmp_path / "r.json")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o644)
    write_report(target, full_report())
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "r.txt"
    with pytest.raises(BadInput, match=r"cannot write .*missing.*: No such file or directory"):
        write_report(target, make_report())


def test_a_target_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "r.txt"
    target.mkdir()
    (target / "inside").write_text("x", encoding="utf-8")
    with pytest.raises(BadInput, match=r"cannot write "):
        write_report(target, make_report())
    assert [path.name for path in tmp_path.iterdir()] == ["r.txt"]


@pytest.mark.parametrize("suffix", [".html", ".json", ".txt", ".md", ".csv", ".xml"])
def test_half_a_character_in_a_name_stops_no_format(tmp_path: Path, suffix: str) -> None:
    item = ReportedMove(outcome=make_outcome(note=HOSTILE_NAME))
    write_report(tmp_path / f"r{suffix}", make_report(moved(), item))
    assert "alert" in (tmp_path / f"r{suffix}").read_text(encoding="utf-8")
