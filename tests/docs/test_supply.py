"""What the program is made of is locked by hashes, its roles are printed as they are documented, and both are whole."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.unit.cli.calls import call

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-lock.txt"
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
PAGE = ROOT / "docs" / "how-to" / "install-without-internet.md"


def locked() -> dict[str, tuple[str, int]]:
    """Each locked package with its version and how many hashes it has."""
    entries = LOCK.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    found = (re.match(r"([\w.-]+)==([^ ;]+)", line) for line in entries)
    return {match[1]: (match[2], len(HASH.findall(match.string))) for match in found if match}


def test_every_dependency_is_locked_in_a_version_that_it_may_have() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = {name: version for name, (version, _) in locked().items()}
    for requirement in map(Requirement, project["dependencies"]):
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), requirement


def test_every_locked_package_has_hashes_and_comes_from_no_named_place() -> None:
    assert len(locked()) > 20
    assert all(hashes >= 1 for _, hashes in locked().values())
    assert not re.search(r"https?:|--index-url|--find-links| @ ", LOCK.read_text(encoding="utf-8"))


def test_the_roles_are_those_that_doctor_prints(tmp_path: Path) -> None:
    roles = json.loads((ROOT / "docs" / "reference" / "roles.json").read_text(encoding="utf-8"))
    assert [role["purposes"] for role in roles] == [
        ["check"],
        ["migrate"],
        ["migrate-storage"],
        ["migrate-networks"],
        ["migrate-templates"],
        ["migrate-encryption"],
        ["create-folder"],
        ["receive"],
        ["receive-tags"],
        ["receive-attributes"],
        ["evacuate"],
        ["drs-override"],
        ["logs"],
        ["cancel"],
    ]
    for role in roles[1:3]:
        done = call(tmp_path, "doctor", "--role", "--for", role["purposes"][0], "-o", "json")
        assert json.loads(done.stdout) == role


def blocks() -> list[str]:
    """The two blocks of commands on the page: on the machine with internet, and on the other one."""
    return re.findall(r"(?:^    .+\n)+", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_page_names_what_there_is() -> None:
    assert len(blocks()) == 2
    assert "--require-hashes -r requirements-lock.txt" in blocks()[0]
    assert "--no-index" in blocks()[1]


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_the_page_installs_a_program_that_works_without_the_internet(tmp_path: Path) -> None:
    """The second block runs without a network where this machine can take it away."""
    tree = tmp_path / "tree"
    skipped = shutil.ignore_patterns(".*", "build", "vcsim", "__pycache__")
    shutil.copytree(ROOT, tree, ignore=skipped)
    first, second = (block.replace("python3", sys.executable).replace("~/", f"{tmp_path}/") for block in blocks())
    subprocess.run(["bash", "-ec", first], cwd=tree, check=True, timeout=600)
    alone = ["unshare", "--net", "--map-root-user"]
    can = subprocess.run([*alone, "true"], check=False, capture_output=True).returncode == 0

    done = subprocess.run(
        [*(alone if can else []), "bash", "-ec", second.replace(" doctor", " --version")],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "vsphere-motion " in done.stdout
