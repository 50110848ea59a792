"""Installs pip into an environment without one, from Python's own copy and the package index.

ansible-test fetches a script of this kind from its project's own server; this one serves where only a package index can
be reached. It is called with the words of `pip install`, and two that older scripts knew.
"""

from __future__ import annotations

import subprocess
import sys

OLD_WORDS = {"--no-setuptools", "--no-wheel"}

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, capture_output=True)
words = [word for word in sys.argv[1:] if word not in OLD_WORDS]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *words], check=False).returncode)
