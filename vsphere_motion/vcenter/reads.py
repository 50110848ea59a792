"""Which methods of the vSphere API change something, and which may be asked twice.

The one list behind three rules of `stub.py`: a call in `REPEATABLE` is asked again when its answer is lost; a call
that is harmless but not repeatable is sent once, and a lost answer means that nothing is known to have changed; any
other call changes something: it goes over a connection that was seen alive, is sent once, and a lost answer leaves its
outcome unknown.
"""

from __future__ import annotations

REPEATABLE = frozenset(
    {
        "ContinueRetrievePropertiesEx",
        "CurrentTime",
        "Fetch",
        "HasPrivilegeOnEntities",
        "Logout",  # no read, and the same when it is done twice: a session that stays counts against vCenter's limit
        "PbmQueryAssociatedProfiles",
        "PbmQueryProfile",
        "PbmRetrieveContent",
        "PbmRetrieveServiceContent",
        "QueryEvents",
        "RecommendDatastores",
        "RetrieveProperties",
        "RetrievePropertiesEx",
        "RetrieveServiceContent",
        "SessionIsActive",
    }
)
"""Calls that come to the same when they are made again."""

LONG_POLLS = frozenset({"CheckForUpdates", "WaitForUpdates", "WaitForUpdatesEx"})
"""Reads that wait on the server. They are not repeated: a server may have forgotten what it put into a lost answer,
so the caller begins again with an empty version."""

SESSION = frozenset({"Login", "LoginByToken"})
"""Calls that begin our own session; not repeated, for vCenter locks an account after a few refusals."""

CLEAN_UP = frozenset(
    {
        "CancelRetrievePropertiesEx",
        "CancelWaitForUpdates",
        "DestroyCollector",
        "DestroyPropertyCollector",
        "DestroyPropertyFilter",
        "DestroyView",
        "Logout",
    }
)
"""What a session that has ended has done by itself."""

BOUND = (
    LONG_POLLS
    | CLEAN_UP
    | {
        "ContinueRetrievePropertiesEx",
        "CreateFilter",
        "HasPrivilegeOnEntities",  # it names the session that it is about
        "ModifyListView",
        # these move the collector's position on the server: asked again, they would skip a page
        "ReadNextEvents",
        "ReadNextTasks",
        "ReadPreviousEvents",
        "ReadPreviousTasks",
        "ResetCollector",
        "ResetListView",
        "ResetListViewFromView",
        "RewindCollector",
        "SetCollectorPageSize",
    }
)
"""Calls on what ends with its session, such as views, filters, collectors and pages: after a new login there is nothing
left to ask, and the caller begins anew."""

HARMLESS = (
    REPEATABLE
    | LONG_POLLS
    | SESSION
    | BOUND
    | {
        # our own views and collectors, which end with the session
        "CreateCollectorForEvents",
        "CreateCollectorForTasks",
        "CreateContainerView",
        "CreateListView",
        "CreateListViewFromView",
        "CreatePropertyCollector",
        # further reads
        "BrowseDiagnosticLog",
        "FetchUserPrivilegeOnEntities",
        "FindAllByDnsName",
        "FindAllByIp",
        "FindAllByUuid",
        "FindByDnsName",
        "FindByInventoryPath",
        "FindByIp",
        "FindByUuid",
        "FindChild",
    }
)
"""Calls that change nothing but our own session, views, filters and collectors."""

_HARMLESS_PREFIXES = ("Query", "Check", "Retrieve")


def is_repeatable(method: str) -> bool:
    """Whether the transport may ask again when the answer is lost."""
    return method in REPEATABLE


def is_renewing(method: str) -> bool:
    """Whether a call that an ended session refused is made again after a new login."""
    return method not in BOUND and method not in SESSION


def is_changing(method: str) -> bool:
    """Whether a call of this SOAP method may change anything but our own session, views and filters."""
    return method not in HARMLESS and not method.startswith(_HARMLESS_PREFIXES)
