"""The pages about Ansible show options and playbooks that there are."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.modules import COLLECTION, COLLECTIONS, ROOT

PAGES = (
    ROOT / "README.md",
    COLLECTION / "README.md",
    ROOT / "docs" / "how-to" / "use-ansible.md",
    ROOT / "docs" / "how-to" / "run-ansible-at-scale.md",
)
OURS = "vsphere.motion."
MODULES = "ansible_collections.vsphere.motion.plugins.modules"


def tasks_of(page: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every task of the collection in the page's blocks of YAML, with its options."""
    for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        yield from _tasks_in(yaml.safe_load(block))


def _tasks_in(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        for one in value:
            yield from _tasks_in(one)
    elif isinstance(value, dict):
        for key, options in value.items():
            if key.startswith(OURS) and isinstance(options, dict):
                yield key, options
            yield from _tasks_in(options)


@pytest.mark.parametrize("page", PAGES, ids=[page.stem + str(number) for number, page in enumerate(PAGES)])
def test_options_of_modules_in_a_page_exist(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(COLLECTIONS))
    found = list(tasks_of(page))
    for name, options in found:
        module = importlib.import_module(
            f"ansible_collections.vsphere.motion.plugins.modules.{name.removeprefix(OURS)}"
        )
        spec = module.argument_spec()
        known = {*spec, *(alias for option in spec.values() for alias in option.get("aliases", []))}
        assert set(options) <= known, name
    assert found
    assert "ansible_collections" in sys.modules


def test_playbooks_in_the_table_are_those_that_there_are() -> None:
    page = (ROOT / "docs" / "how-to" / "use-ansible.md").read_text(encoding="utf-8")
    table = page.split("## Playbooks to copy")[1].split("\nEach runs")[0]
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in row} == {file.stem for file in (ROOT / "playbooks").glob("*.yml")}


def test_modules_in_the_collection_s_page_and_in_its_group_are_those_that_there_are() -> None:
    modules = {file.stem for file in (COLLECTION / "plugins" / "modules").glob("*.py")}
    page = (COLLECTION / "README.md").read_text(encoding="utf-8")
    runtime = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text(encoding="utf-8"))

    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == modules
    assert set(runtime["action_groups"]["vmware"]) == modules
