"""Which calls are sent again, and which leave their outcome unknown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyVmomi.VmomiSupport import GuessWsdlMethod

from vsphere_motion.vcenter import reads
from vsphere_motion.vcenter.reads import BOUND, HARMLESS, is_changing, is_renewing, is_repeatable

ROOM = Path(reads.__file__).parent


@pytest.mark.parametrize(
    "method",
    [
        "RelocateVM_Task",
        "MigrateVM_Task",
        "CancelTask",
        "EnterMaintenanceMode_Task",
        "UpdateOptions",
        "AnswerVM",
        "TerminateSession",
        "SomethingNobodyHasHeardOf",
    ],
)
def test_what_may_change_something_is_sent_once(method: str) -> None:
    assert is_changing(method)
    assert not is_repeatable(method)


@pytest.mark.parametrize(
    "method",
    [
        "RetrieveServiceContent",
        "RetrievePropertiesEx",
        "ContinueRetrievePropertiesEx",
        "CurrentTime",
        "Fetch",
        "Logout",
    ],
)
def test_what_comes_to_the_same_may_be_sent_again(method: str) -> None:
    assert is_repeatable(method)
    assert not is_changing(method)


@pytest.mark.parametrize(
    "method",
    [
        "Login",
        "WaitForUpdatesEx",
        "CreateFilter",
        "CreateContainerView",
        "DestroyView",
        "CheckRelocate_Task",
        "QueryDescriptions",
        "BrowseDiagnosticLog",
    ],
)
def test_what_is_harmless_may_still_not_be_sent_again(method: str) -> None:
    assert not is_changing(method)
    assert not is_repeatable(method)


def test_every_listed_name_is_a_method_of_the_api() -> None:
    assert {GuessWsdlMethod(name).info.wsdlName for name in HARMLESS - {"Fetch"}} == HARMLESS - {"Fetch"}


def test_only_those_read_properties_who_look_at_what_is_missing() -> None:
    """An ended session answers such a read with nothing and no fault, so nobody else may make one."""
    calls = re.compile(r"[.\"](RetrieveProperties(Ex)?|RetrieveContents|WaitForUpdates(Ex)?|CheckForUpdates)[(\"]")
    sources = {path.name: path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py") if path.name != "reads.py"}
    readers = {name for name, source in sources.items() if calls.search(source)}
    assert readers == {"collector.py", "host_health.py", "motions.py", "task_filter.py"}
    assert all("raise_for_missing" in sources[name] for name in readers)


@pytest.mark.parametrize("method", ["RelocateVM_Task", "CurrentTime", "RetrievePropertiesEx", "CreateContainerView"])
def test_a_call_that_an_ended_session_refused_is_made_again(method: str) -> None:
    assert is_renewing(method)


@pytest.mark.parametrize("method", ["WaitForUpdatesEx", "ReadNextTasks", "ModifyListView", "Logout", "Login"])
def test_what_ends_with_its_session_is_not_asked_of_the_next(method: str) -> None:
    assert not is_renewing(method)


def test_nothing_that_is_bound_to_a_session_changes_anything() -> None:
    assert not any(is_changing(method) for method in BOUND)
