"""The reference says what the code does: generated pages are fresh, and written ones name what exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import vsphere_motion
from vsphere_motion.cli.exit import ExitCode
from vsphere_motion.preflight.registry import CHECKS, known_ids

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "commands.md",
        "checks.md",
        "checks-tested.md",
        "exit-codes.md",
        "reliability.md",
        "roles.json",
        "schemas/plan-v1.json",
        "schemas/snapshot-v1.json",
    ],
)
def test_a_generated_page_is_fresh(name: str) -> None:
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == load_generator().pages()[name], (
        "run: python docs/generate.py"
    )


def test_the_table_of_what_is_tested_has_every_check_and_each_of_ours_in_full() -> None:
    page = (DOCS / "reference" / "checks-tested.md").read_text(encoding="utf-8")
    rows = {
        row[0]: row[1:]
        for row in re.findall(r"^\| `([^`]+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|", page, re.MULTILINE)
    }
    ours = {check.id for check in CHECKS if check.function}

    assert re.findall(r"^\| `([^`]+)`", page, re.MULTILINE) == list(known_ids())
    assert {check_id for check_id, row in rows.items() if row[1] == "yes" and row[3] == "pair"} == ours


def test_readme_has_every_exit_code_and_no_other() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Exit codes")[1].split("\n## ")[0]
    codes = {
        int(code) for row in re.findall(r"^\| ([0-9, ]+) \|", section, flags=re.MULTILINE) for code in row.split(",")
    }

    assert codes == {code.value for code in ExitCode}


def test_the_python_page_has_every_public_name_and_no_other() -> None:
    page = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    table = page.split("| name | what it is |")[1].split("\n\n")[0]
    named = {name.partition("(")[0] for name in re.findall(r"^\| `([^`]+)`", table, flags=re.MULTILINE)}

    assert named == set(vsphere_motion.__all__)


def test_every_check_id_that_the_documentation_names_exists() -> None:
    subjects = {check_id.partition(".")[0] for check_id in known_ids()}
    pattern = re.compile(rf"`((?:{'|'.join(sorted(subjects))})\.[a-z]+(?:-[a-z]+)*)`")
    named = {
        found
        for page in [ROOT / "README.md", *DOCS.rglob("*.md")]
        for found in pattern.findall(page.read_text(encoding="utf-8"))
        if not found.endswith((".py", ".md"))
    }

    assert named
    assert named <= set(known_ids())


def test_every_link_between_pages_leads_to_a_file() -> None:
    broken = []
    for page in DOCS.rglob("*.md"):
        for path in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not (page.parent / path).exists():
                broken.append(f"{page.relative_to(ROOT)}: {path}")
    assert broken == []


def test_the_changelog_has_an_unreleased_section() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
