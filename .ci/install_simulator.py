"""Install the simulator of this checkout into the running Python's environment, unless it is there already."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent.parent / "vcsim"
STAMP = Path(sys.prefix) / "vsphere-motion-vcsim.sha256"
PROGRAM = Path(sys.executable).parent / "vsphere-motion-vcsim"
PATTERNS = ("*.go", "go.mod", "go.sum", "pyproject.toml", "hatch_build.py", "scenarios/*.yaml")


def main() -> None:
    """Build and install where the digest of the sources is not the one of the last installation."""
    digest = digest_of_sources()
    if PROGRAM.exists() and STAMP.exists() and STAMP.read_text() == digest:
        return
    print("building the simulator (the first time takes a minute or two)", flush=True)
    STAMP.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--force-reinstall", str(SOURCES)], check=True)
    STAMP.write_text(digest)


def digest_of_sources() -> str:
    """SHA-256 over the names and contents of what goes into the binary."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in PATTERNS for path in SOURCES.glob(pattern)):
        if not path.name.endswith("_test.go"):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(SOURCES)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as problem:
        sys.exit(problem.returncode)
