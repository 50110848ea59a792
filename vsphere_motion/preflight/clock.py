"""Whether the clocks of both hosts agree with vCenter's."""

from __future__ import annotations

from collections.abc import Iterator

from vsphere_motion.model.finding import Finding, Severity
from vsphere_motion.preflight.check import About, Check
from vsphere_motion.preflight.subject import HostSubject

HOST_CLOCK = "configManager.dateTimeSystem: QueryDateTime"

# UNVERIFIED: a rule of thumb. Kerberos and certificates bear minutes; putting both hosts' logs in order bears seconds.
SKEWED_S = 5.0


def check_skew(subject: HostSubject) -> Iterator[Finding]:
    """A clock that is off makes certificates fail, and puts the steps of a move in the wrong order in the logs."""
    host = subject.host
    clocks = subject.site.surroundings.clocks
    if clocks is None:
        yield SKEW.unknown(host.named, HOST_CLOCK)
    for reading in clocks or ():
        if reading.host != host.ref:
            continue
        if reading.ahead_s is None:
            yield SKEW.unknown(host.named, HOST_CLOCK)
        elif abs(reading.ahead_s) > SKEWED_S:
            word = "ahead of" if reading.ahead_s > 0 else "behind"
            message = f"the clock of {host.name} is {abs(reading.ahead_s):.1f} s {word} vCenter's"
            yield SKEW.found(host.named, message, ahead_s=reading.ahead_s, at_most_s=SKEWED_S)


SKEW = Check(
    id="clock.skew",
    severity=Severity.WARNING,
    title="clocks of the hosts that agree with vCenter's",
    about=About.HOSTS,
    on_host=check_skew,
    at_source=True,
    reads=(HOST_CLOCK,),
    source="UNVERIFIED threshold; vSphere Security 8.0, Synchronizing Clocks on the vSphere Network",
    remedy="set up NTP or PTP on the host, and wait until its clock has settled",
)

CHECKS = (SKEW,)
