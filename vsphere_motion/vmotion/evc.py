"""What a CPU of one kind can stand in for: the order of EVC modes, and whether a feature meets a requirement.

Rules of this file: an answer is True or False only where it is certain; else it is None.
"""

from __future__ import annotations

CHAINS = (
    (
        "intel-merom",
        "intel-penryn",
        "intel-nehalem",
        "intel-westmere",
        "intel-sandybridge",
        "intel-ivybridge",
        "intel-haswell",
        "intel-broadwell",
        "intel-skylake",
        "intel-cascadelake",
        "intel-icelake",
        "intel-sapphirerapids",
    ),
    ("amd-rev-e", "amd-rev-f"),
    ("amd-greyhound-no3dnow", "amd-bulldozer", "amd-piledriver", "amd-steamroller"),
    ("amd-zen", "amd-zen2", "amd-zen3", "amd-zen4"),
)
"""EVC modes, each with all features of the one before it (KB 1003212). AMD's are three chains: 3DNow! ends with the
second generation (so that `amd-greyhound`, which still has it, is in none), and Zen lacks XOP and FMA4."""


def is_at_least(mode: str, needed: str) -> bool | None:
    """Whether an EVC mode has everything that another has; None where the order is not certain."""
    if mode == needed:
        return True
    vendors = mode.partition("-")[0], needed.partition("-")[0]
    if vendors[0] != vendors[1] and set(vendors) == {"intel", "amd"}:
        return False
    for chain in CHAINS:
        if mode in chain and needed in chain:
            return chain.index(mode) > chain.index(needed)
    return None


def is_met(requirement: str, offered: str | None) -> bool | None:
    """Whether a host's value of a feature meets a VM's requirement, such as `Bool:Min:1`; None where it is not clear.

    A feature that the host does not list counts as 0: it has no such feature.
    """
    parts = requirement.split(":")
    if len(parts) != 3 or parts[0] not in {"Bool", "Num", "Val"}:
        return None
    try:
        wanted, have = int(parts[2], 0), int(offered or "0", 0)
    except ValueError:
        return None
    answers = {"Min": have >= wanted, "Max": have <= wanted, "Exact": have == wanted}
    return answers.get(parts[1])
