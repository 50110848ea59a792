"""`python -m vsphere_motion.cli`."""

from __future__ import annotations

import sys

from vsphere_motion.cli.main import main

sys.exit(main())
