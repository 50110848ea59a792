"""The journal of the state directory, as a door opens it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from vsphere_motion.run.journal import Journal, JournalMode, open_journal
from vsphere_motion.settings import journal_mode, state_directory


@contextmanager
def open_state_journal(environment: Mapping[str, str]) -> Iterator[Journal]:
    """The journal of the state directory, closed at the end of the block.

    Args:
        environment: VSPHERE_MOTION_STATE_DIR and VSPHERE_MOTION_JOURNAL_MODE say where it is and how it is kept.

    Raises:
        BadInput: VSPHERE_MOTION_JOURNAL_MODE has no mode.
        JournalError: it cannot be opened.
    """
    named = journal_mode(environment)
    mode = None if named is None else JournalMode(named)
    with closing(open_journal(state_directory(environment), mode=mode)) as journal:
        yield journal
