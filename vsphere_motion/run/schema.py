"""The tables of the journal, version by version: an older file is brought to the present one, row by row kept.

Rules of this file: a step is never changed once it was released; a new version is a new step at the end. All steps of
an opening are one transaction, which ends with the version.
"""

from __future__ import annotations

import sqlite3

_FIRST = (
    "CREATE TABLE schema_version (version INTEGER NOT NULL)",
    """CREATE TABLE run (
    id TEXT PRIMARY KEY,
    vcenter_uuid TEXT NOT NULL,
    info TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT
)""",
    """CREATE TABLE move (
    run TEXT NOT NULL REFERENCES run (id),
    position INTEGER NOT NULL,
    vm TEXT NOT NULL,
    vm_name TEXT NOT NULL,
    instance_uuid TEXT,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    findings TEXT NOT NULL,
    skipped TEXT NOT NULL,
    memory_bytes INTEGER,
    op_id TEXT,
    intent_at TEXT,
    task TEXT,
    state TEXT NOT NULL,
    outcome TEXT,
    PRIMARY KEY (run, position)
)""",
)

_WATCHES = (
    """CREATE TABLE watch (
    run TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    since TEXT NOT NULL,
    seen_at TEXT NOT NULL
)""",
    "CREATE INDEX move_by_vm ON move (vm, state)",
)
"""Who watches a run, and when it was last heard of, both by vCenter's clock."""

_ORDER = ("ALTER TABLE move ADD COLUMN relies_on TEXT NOT NULL DEFAULT '[]'",)
"""Which moves of a run wait for which."""

_WORK = (
    """CREATE TABLE purpose (
    run TEXT PRIMARY KEY REFERENCES run (id),
    kind TEXT NOT NULL,
    hosts TEXT NOT NULL
)""",
    """CREATE TABLE truce (
    run TEXT NOT NULL REFERENCES run (id),
    vm TEXT NOT NULL,
    vm_name TEXT NOT NULL,
    cluster TEXT NOT NULL,
    before TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (run, vm)
)""",
    """CREATE TABLE rolling (
    id TEXT PRIMARY KEY,
    vcenter_uuid TEXT NOT NULL,
    request TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT
)""",
    """CREATE TABLE rolling_step (
    rolling TEXT NOT NULL REFERENCES rolling (id),
    position INTEGER NOT NULL,
    host TEXT NOT NULL,
    host_name TEXT NOT NULL,
    state TEXT NOT NULL,
    runs TEXT NOT NULL,
    exit_code INTEGER,
    output TEXT,
    note TEXT,
    PRIMARY KEY (rolling, position)
)""",
)
"""What a run is for, the DRS overrides that were set for it, and the hosts that are worked on one after the other."""

_HOURS = ("ALTER TABLE move ADD COLUMN hours TEXT NOT NULL DEFAULT ''",)
"""Between which times of a day a move may start."""

_MANNER = ("ALTER TABLE move ADD COLUMN manner TEXT NOT NULL DEFAULT '{}'",)
"""How a move is made beside where to: its priority and the like."""

_COSTS = (
    "ALTER TABLE move ADD COLUMN costs TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE move ADD COLUMN wave INTEGER NOT NULL DEFAULT 0",
)
"""What a move takes of vCenter's limits while it runs, and with which others it may run at the same time."""

_KEEPSAKES = (
    """CREATE TABLE keepsake (
    run TEXT NOT NULL REFERENCES run (id),
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    losses TEXT NOT NULL,
    PRIMARY KEY (run, position)
)""",
    "CREATE INDEX keepsake_by_state ON keepsake (state)",
)
"""How far it is with the tags and attributes that VMs are to have again at another vCenter; `manner` says which."""

_ASKED = (
    """CREATE TABLE asked (
    run TEXT PRIMARY KEY REFERENCES run (id),
    kind TEXT NOT NULL,
    choices TEXT NOT NULL,
    tries INTEGER NOT NULL
)""",
)
"""What a plan was made of whose moves may go to other hosts where vCenter refuses one."""

STEPS = (_FIRST, _WATCHES, _ORDER, _WORK, _HOURS, _MANNER, _COSTS, _KEEPSAKES, _ASKED)
SCHEMA_VERSION = len(STEPS)


class ForeignDatabase(sqlite3.DatabaseError):
    """A database that is not a journal."""


class NewerSchema(sqlite3.DatabaseError):
    """A journal of a newer version of this program.

    Args:
        version: the version that the file has.
    """

    def __init__(self, version: int) -> None:
        super().__init__(f"it has version {version}, newer than {SCHEMA_VERSION}")
        self.version = version


def bring_up_to_date(database: sqlite3.Connection) -> None:
    """Make the tables, or change those of an older version; nothing is written where they are up to date.

    Raises:
        NewerSchema, ForeignDatabase: the file is not for this program; it is left as it is.
        sqlite3.Error: the file cannot be read or written.
    """
    if read_version(database) == SCHEMA_VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        for step in STEPS[read_version(database) :]:
            for statement in step:
                database.execute(statement)
        database.execute("DELETE FROM schema_version")  # of the first release there may be none: it could be killed
        database.execute("INSERT INTO schema_version VALUES (?)", (SCHEMA_VERSION,))
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def read_version(database: sqlite3.Connection) -> int:
    """The version of the tables; 0 if there are none.

    Raises:
        NewerSchema, ForeignDatabase: as their names say.
    """
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if not {"schema_version", "run", "move"} <= tables:
        raise ForeignDatabase(f"it is a database of something else, with the tables {', '.join(sorted(tables))}")
    row = database.execute("SELECT max(version) FROM schema_version").fetchone()
    version = 1 if row[0] is None else row[0]
    if not isinstance(version, int) or version < 1:
        raise ForeignDatabase(f"its version is {version!r}")
    if version > SCHEMA_VERSION:
        raise NewerSchema(version)
    return version
