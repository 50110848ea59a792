"""What one kind of CPU has of another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsphere_motion.vmotion.evc import CHAINS, is_at_least, is_met


@pytest.mark.parametrize(
    ("mode", "needed", "expected"),
    [
        ("intel-haswell", "intel-haswell", True),
        ("intel-skylake", "intel-broadwell", True),
        ("intel-broadwell", "intel-skylake", False),
        ("amd-zen3", "amd-zen", True),
        ("amd-zen", "intel-skylake", False),
        ("intel-skylake", "amd-zen", False),
        ("amd-zen", "amd-steamroller", None),
        ("amd-greyhound", "amd-rev-f", None),
        ("intel-future", "intel-skylake", None),
        ("intel-future", "intel-future", True),
        ("other-one", "intel-skylake", None),
    ],
)
def test_the_order_of_evc_modes(mode: str, needed: str, expected: bool | None) -> None:
    assert is_at_least(mode, needed) is expected


@given(st.sampled_from(CHAINS), st.data())
def test_of_two_modes_of_a_chain_one_is_at_least_the_other(chain: tuple[str, ...], data: st.DataObject) -> None:
    one, other = (data.draw(st.sampled_from(chain)) for _ in range(2))
    assert is_at_least(one, other) is (chain.index(one) >= chain.index(other))


@pytest.mark.parametrize(
    ("requirement", "offered", "expected"),
    [
        ("Bool:Min:1", "1", True),
        ("Bool:Min:1", "0", False),
        ("Bool:Min:1", None, False),
        ("Bool:Min:0", None, True),
        ("Num:Min:2", "2", True),
        ("Num:Min:2", "1", False),
        ("Num:Max:2", "2", True),
        ("Num:Max:2", "3", False),
        ("Val:Exact:6", "6", True),
        ("Val:Exact:6", "7", False),
        ("Val:Exact:0x10", "16", True),
        ("Bool:About:1", "1", None),
        ("Text:Min:1", "1", None),
        ("Bool:Min", "1", None),
        ("Bool:Min:one", "1", None),
        ("Bool:Min:1", "yes", None),
    ],
)
def test_what_meets_a_requirement(requirement: str, offered: str | None, expected: bool | None) -> None:
    assert is_met(requirement, offered) is expected
