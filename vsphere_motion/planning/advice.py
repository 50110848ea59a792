"""What DRS recommends, merged with what the checks allow.

Rules of this file: a recommendation never opens a host that the checks or placement have shut; it only narrows the
choice. DRS is asked about each VM on its own, so the first choices of many are often one host: placement spreads them
over all that DRS recommends, and a VM that moves alone goes to the first that may take it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vsphere_motion.model.refs import MoRef
from vsphere_motion.planning.placement.of_inventory import Verdict

NOT_RECOMMENDED = "DRS does not recommend it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The hosts that DRS recommends.

    Args:
        ranked: by VM, the best host first; DRS was not asked about a VM that is not named.
        words: what DRS says about a VM: why it recommends a move, or why it recommends no host.
    """

    ranked: Mapping[MoRef, tuple[MoRef, ...]] = field(default_factory=dict)
    words: Mapping[MoRef, str] = field(default_factory=dict)

    def narrowed(
        self, verdicts: Mapping[tuple[MoRef, MoRef], Verdict], *, firsts: int | None = None
    ) -> dict[tuple[MoRef, MoRef], Verdict]:
        """The verdicts with the hosts shut that DRS does not recommend.

        Args:
            firsts: how many of its recommendations count; None: all.
        """
        counted = {vm: frozenset(hosts[:firsts]) for vm, hosts in self.ranked.items()}
        return {
            (vm, host): self._shut(vm) if verdict.why_not is None and host not in counted.get(vm, {host}) else verdict
            for (vm, host), verdict in verdicts.items()
        }

    def reason(self, vm: MoRef, host: MoRef) -> str | None:
        """Why a VM goes to a host; None where DRS has nothing to do with it."""
        ranked = self.ranked.get(vm, ())
        if host not in ranked:
            return None
        place = f", {ranked.index(host) + 1} of its {len(ranked)} hosts" if len(ranked) > 1 else ""
        words = f": {self.words[vm]}" if self.words.get(vm) else ""
        return f"DRS recommends it{place}{words}"

    def _shut(self, vm: MoRef) -> Verdict:
        words = self.words.get(vm) if not self.ranked[vm] else None
        return Verdict(why_not=f"{NOT_RECOMMENDED}: {words}" if words else NOT_RECOMMENDED)


NO_ADVICE = Advice()
