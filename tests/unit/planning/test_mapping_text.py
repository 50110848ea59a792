"""A mapping file: what it says, and every word in it that means nothing."""

from __future__ import annotations

import pytest

from vsphere_motion.errors import BadInput
from vsphere_motion.planning.mapping_text import read_mapping


def test_each_section_is_names_to_names_as_they_are_written() -> None:
    mapping = read_mapping("hosts: {esx1: esx9}\nnetworks:\n  010: 0x1F\n  yes: no\ndatastores:\n", "map.yaml")

    assert mapping.hosts == {"esx1": "esx9"}
    assert mapping.networks == {"010": "0x1F", "yes": "no"}
    assert mapping.datastores == {}
    assert mapping.name == "map.yaml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("netwroks: {a: b}", "is networks meant?", id="a section that is none"),
        pytest.param("things: {a: b}", "things is no section", id="like nothing"),
        pytest.param("hosts: [a, b]", "hosts is no list of OLD: NEW", id="a list"),
        pytest.param("hosts: {a: }", "a has no name to go to", id="no new name"),
        pytest.param("hosts: {a: [b]}", "a has no name to go to", id="several new names"),
        pytest.param("- a", "is no mapping file", id="no sections"),
        pytest.param("a: {", "is no YAML", id="broken"),
    ],
)
def test_what_means_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_mapping(text, "map.yaml")

    assert said in refused.value.message
    assert "networks" in (refused.value.hint or "")


def test_every_problem_is_told() -> None:
    with pytest.raises(BadInput) as refused:
        read_mapping("hots: {}\nnetworks: {a: }\n", "map.yaml")

    assert len(refused.value.details) == 2
