"""What DRS recommends only ever narrows what is allowed, and is told in words."""

from __future__ import annotations

import pytest

from tests.build import host_ref, vm_ref
from vsphere_motion.planning.advice import NO_ADVICE, Advice
from vsphere_motion.planning.placement.of_inventory import Verdict

FREE = Verdict(why_not=None)
SHUT = Verdict(why_not="it is full [memory.admission]")

ADVICE = Advice(ranked={vm_ref(1): (host_ref(3), host_ref(2)), vm_ref(2): ()}, words={vm_ref(2): "no host is left"})


def why(advice: Advice, vm: int, host: int, verdict: Verdict = FREE, firsts: int | None = None) -> str | None:
    return advice.narrowed({(vm_ref(vm), host_ref(host)): verdict}, firsts=firsts)[vm_ref(vm), host_ref(host)].why_not


@pytest.mark.parametrize(
    ("vm", "host", "firsts", "expected"),
    [
        pytest.param(1, 3, None, None, id="recommended"),
        pytest.param(1, 2, None, None, id="recommended second"),
        pytest.param(1, 2, 1, "DRS does not recommend it", id="second where only the first counts"),
        pytest.param(1, 4, None, "DRS does not recommend it", id="not recommended"),
        pytest.param(2, 3, None, "DRS does not recommend it: no host is left", id="none recommended"),
        pytest.param(9, 4, None, None, id="not asked about"),
    ],
)
def test_hosts_that_are_not_recommended_are_shut(vm: int, host: int, firsts: int | None, expected: str | None) -> None:
    assert why(ADVICE, vm, host, firsts=firsts) == expected


def test_a_host_that_the_checks_shut_stays_so_with_their_words() -> None:
    assert why(ADVICE, 1, 3, SHUT) == SHUT.why_not
    assert why(ADVICE, 1, 4, SHUT) == SHUT.why_not
    assert why(NO_ADVICE, 1, 4) is None


def test_the_reason_says_how_good_the_host_is() -> None:
    assert ADVICE.reason(vm_ref(1), host_ref(3)) == "DRS recommends it, 1 of its 2 hosts"
    assert ADVICE.reason(vm_ref(1), host_ref(2)) == "DRS recommends it, 2 of its 2 hosts"
    assert ADVICE.reason(vm_ref(1), host_ref(4)) is None
    assert ADVICE.reason(vm_ref(9), host_ref(4)) is None
    moved = Advice(ranked={vm_ref(1): (host_ref(2),)}, words={vm_ref(1): "Balance average CPU loads"})
    assert moved.reason(vm_ref(1), host_ref(2)) == "DRS recommends it: Balance average CPU loads"
