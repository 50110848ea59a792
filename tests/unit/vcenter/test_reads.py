"""Which calls are sent again, and which leave their outcome unknown."""

from __future__ import annotations

import pytest
from pyVmomi.VmomiSupport import GuessWsdlMethod

from vsphere_motion.vcenter.reads import HARMLESS, is_changing, is_repeatable


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
