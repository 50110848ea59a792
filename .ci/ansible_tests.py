"""Everything that judges the Ansible collection: ansible-test on two releases of ansible-core, ansible-lint, antsibull.

It builds the collection, installs it where ansible-test wants it, and runs sanity, units and integration (against a
simulator of its own) on the oldest and the newest ansible-core that the Pythons of this machine can run. What it needs
it installs below build/. With names as arguments, only these steps: lint, changelog, docs, oldest, newest, playbooks.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = ROOT / "playbooks" / "collections" / "ansible_collections" / "vsphere" / "motion"
WORK = ROOT / "build" / "ansible"
OLDEST = "ansible-core>=2.19,<2.20"
NEWEST = "ansible-core>=2.20"
TEST_NEEDS = ("pytest", "pytest-mock", "pytest-xdist", "pyyaml")
OF_ITSELF = "_protomatter"
"""A collection inside of ansible-core, of which it warns where roles are listed: it has no version."""
LINT_NEEDS = ("ansible-lint", "antsibull-changelog", "antsibull-docs")


@dataclass(frozen=True)
class Core:
    """One ansible-core with the library beside it."""

    name: str
    python: Path
    requirement: str

    @property
    def place(self) -> Path:
        return WORK / f"core-{self.name}"

    def program(self, name: str) -> str:
        return str(self.place / "bin" / name)

    def install(self) -> None:
        """Make the environment where it is not there yet, or was made of other words."""
        wanted = " ".join((str(self.python), self.requirement, *TEST_NEEDS))
        install(self.place, self.python, wanted, [self.requirement, *TEST_NEEDS, "--editable", str(ROOT)])


def main(names: list[str]) -> int:
    """Run the steps; the first that fails decides."""
    steps = {
        "lint": lint,
        "changelog": changelog,
        "oldest": lambda: test_core("oldest", oldest_python(), OLDEST),
        "newest": lambda: test_core("newest", newest_python(), NEWEST),
        "docs": docs,
        "playbooks": playbooks,
    }
    unknown = [name for name in names if name not in steps]
    if unknown:
        print(f"no step is called {unknown[0]}; there are {', '.join(steps)}", file=sys.stderr)
        return 2
    for name in names or steps:
        try:
            steps[name]()
        except subprocess.CalledProcessError as problem:
            print(f"{name}: {problem}", file=sys.stderr)
            return 1
    return 0


def lint() -> None:
    """ansible-lint's strictest profile, on the collection and on the playbooks of the checkout."""
    tools = lint_tools()
    say("ansible-lint, profile production")
    offline = ("--offline", "--profile", "production", "--strict", "-q")
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "ANSIBLE_HOME": str(WORK / "lint-home"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
        "NO_COLOR": "1",
    }
    run([str(tools / "ansible-lint"), *offline, "."], cwd=COLLECTION, environment=environment)
    files = sorted(str(file) for file in (ROOT / "playbooks").glob("*.yml"))
    run([str(tools / "ansible-lint"), *offline, *files], cwd=ROOT, environment=environment)


def changelog() -> None:
    """antsibull-changelog reads the fragments."""
    say("antsibull-changelog lint")
    run([str(lint_tools() / "antsibull-changelog"), "lint"], cwd=COLLECTION)


def docs() -> None:
    """ansible-doc renders every module, role and callback, without a word on standard error."""
    core = installed(Core("newest", newest_python(), NEWEST))
    say("ansible-doc")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections")}
    for kind in ("module", "callback", "role"):
        listed = output([core.program("ansible-doc"), "-t", kind, "-l", "-j", "vsphere.motion"], environment)
        for name in json.loads(listed):
            text = output([core.program("ansible-doc"), "-t", kind, name], environment)
            print(f"  {kind} {name}: {len(text.splitlines())} lines")


def test_core(name: str, python: Path, requirement: str) -> None:
    """Sanity, units and integration on one ansible-core."""
    core = installed(Core(name, python, requirement))
    release = output([core.program("ansible"), "--version"], os.environ).splitlines()[0]
    say(f"{release} on {python.name}")
    environment = environment_of(core)
    # every test on this Python: others of the machine may be there by name alone
    version = output([core.program("python"), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], os.environ)
    words = ["--color", "no", "--python", version.strip()]
    with TemporaryDirectory(prefix="vsphere-motion-collection-") as site:
        place = unpacked(core, Path(site))
        run([core.program("ansible-test"), "sanity", *words], cwd=place, environment=environment)
        run([core.program("ansible-test"), "units", *words], cwd=place, environment=environment)
        with simulator(core) as variables:
            write_config(place, variables)
            unsupported = ["--allow-unsupported"]  # by ansible-core's own CI, which knows no simulator of ours
            integration = [core.program("ansible-test"), "integration", *words, *unsupported]
            run(integration, cwd=place, environment=environment)


def playbooks() -> None:
    """The tests of playbooks and modules at their whole size, with the repository's own environment."""
    say("tests/ansible")
    environment = {**os.environ, "VSPHERE_MOTION_NIGHTLY": "1"}
    run([sys.executable, "-m", "pytest", "-q", "tests/ansible"], cwd=ROOT, environment=environment)


def installed(core: Core) -> Core:
    core.install()
    return core


def unpacked(core: Core, site: Path) -> Path:
    """The built collection, installed where ansible-test wants it.

    Args:
        site: a directory of no git repository: within one, ansible-test looks at what git knows alone, and passes
            without having looked where git ignores the place.
    """
    galaxy = core.program("ansible-galaxy")
    run([galaxy, "collection", "build", "--force", "--output-path", str(site), str(COLLECTION)], cwd=site, quiet=True)
    (archive,) = site.glob("*.tar.gz")
    run([galaxy, "collection", "install", str(archive), "-p", str(site), "--offline"], cwd=site, quiet=True)
    return site / "ansible_collections" / "vsphere" / "motion"


def environment_of(core: Core) -> dict[str, str]:
    """A home of its own, with what ansible-test would fetch from its project's server."""
    home = WORK / f"home-{core.name}"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (source,) = core.place.glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py")
    for version in re.findall(r"pip='([0-9.]+)'", source.read_text(encoding="utf-8")):
        shutil.copy(ROOT / ".ci" / "get_pip.py", cache / f"get_pip_{version.replace('.', '_')}.py")
    path = f"{core.place / 'bin'}:{os.environ['PATH']}"
    return {**os.environ, "HOME": str(home), "PATH": path, "ANSIBLE_HOME": str(home / ".ansible")}


@contextmanager
def simulator(core: Core) -> Iterator[Mapping[str, str]]:
    """The simulator's smallest site, for as long as the block lasts; yields the variables that lead to it."""
    state = WORK / f"simulator-{core.name}"
    shutil.rmtree(state, ignore_errors=True)
    environment = {**os.environ, "VSPHERE_MOTION_STATE_DIR": str(state)}
    program = str(ROOT / ".venv" / "bin" / "vsphere-motion")
    said = output([program, "-q", "sim", "start", "--scenario", "small", "--speed", "50"], environment)
    try:
        words = shlex.split(said)
        yield {**dict(word.split("=", 1) for word in words if "=" in word), "STATE": str(state)}
    finally:
        run([program, "sim", "stop"], cwd=ROOT, environment=environment, quiet=True)


def write_config(place: Path, variables: Mapping[str, str]) -> None:
    """Lead the integration targets to the simulator."""
    config = {
        "vcenter_hostname": variables["VMWARE_HOST"],
        "vcenter_port": int(variables["VMWARE_PORT"]),
        "vcenter_username": variables["VMWARE_USER"],
        "vcenter_password": variables["VMWARE_PASSWORD"],
        "vcenter_ca_file": variables["VSPHERE_MOTION_CA_FILE"],
        "vcenter_state_dir": f"{variables['STATE']}/journal",
    }
    (place / "tests" / "integration" / "integration_config.yml").write_text(json.dumps(config), encoding="utf-8")


def lint_tools() -> Path:
    place = WORK / "lint"
    python = newest_python()
    install(place, python, " ".join((str(python), *LINT_NEEDS)), list(LINT_NEEDS))
    return place / "bin"


def install(place: Path, python: Path, wanted: str, words: list[str]) -> None:
    """An environment with these packages, made once."""
    note = place / "made-of"
    if note.exists() and note.read_text(encoding="utf-8") == wanted:
        return
    say(f"installing {words[0]} and more into {place.relative_to(ROOT)}")
    shutil.rmtree(place, ignore_errors=True)
    run([str(python), "-m", "venv", str(place)], cwd=ROOT)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--upgrade", "pip>=25.1"], cwd=ROOT)
    run([*pip, *words], cwd=ROOT)
    note.write_text(wanted, encoding="utf-8")


def oldest_python() -> Path:
    """The oldest Python that the library runs on and the oldest ansible-core too."""
    return _python([(3, 11), (3, 12), (3, 13)])


def newest_python() -> Path:
    """The newest Python of this machine."""
    return _python([(3, 14), (3, 13), (3, 12)])


def _python(versions: list[tuple[int, int]]) -> Path:
    for major, minor in versions:
        name = f"python{major}.{minor}"
        places = [shutil.which(name), *Path.home().glob(f".pyenv/versions/*/bin/{name}"), sys.executable]
        for place in filter(None, places):
            code = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != ({major}, {minor}))"
            if subprocess.run([place, "-c", code], capture_output=True, check=False).returncode == 0:
                return Path(place)
    raise SystemExit(f"none of Python {', '.join(f'{a}.{b}' for a, b in versions)} is on this machine")


def say(words: str) -> None:
    print(f"== {words}", flush=True)


def output(words: list[str], environment: Mapping[str, str]) -> str:
    """What a program says; anything on standard error is a failure, but for what ansible-core says of itself."""
    done = subprocess.run(words, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=True)
    if any(line.strip() and OF_ITSELF not in line for line in done.stderr.splitlines()):
        print(done.stderr, file=sys.stderr)
        raise subprocess.CalledProcessError(1, words, done.stdout, done.stderr)
    return done.stdout


def run(words: list[str], *, cwd: Path, environment: Mapping[str, str] | None = None, quiet: bool = False) -> None:
    subprocess.run(words, cwd=cwd, env=dict(environment or os.environ), check=True, capture_output=quiet)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
