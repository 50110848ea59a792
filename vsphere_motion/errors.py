"""The exception tree: what can stop a command, with the exit code of each.

    MotionError                     1  unexpected
      UsageProblem                  2  usage
        NotFound                    2  not_found
        Ambiguous                   2  ambiguous
        BadInput                    2  bad_input
      PreflightBlocked              3  preflight_blocked
      AccessRefused                 4  access_refused
        LoginRefused                4  login_refused
        PermissionMissing           4  permission_missing
        CredentialMissing           4  credential_missing
      VCenterUnavailable            5  vcenter_unavailable
        Unreachable                 5  unreachable
        CertificateUntrusted        5  certificate_untrusted
        PinMismatch                 5  pin_mismatch
        CallTimeout                 5  call_timeout
        SessionEnded                5  session_ended
        ProtocolError               5  protocol_error
        VCenterFault                5  vcenter_fault
      OutcomeUnknown                7  outcome_unknown
      RunLocked                     7  run_locked
      StalePlan                     8  stale_plan
      SimulatorError                1  simulator
      JournalError                  1  journal

A failed move and a failed check are data (`Outcome.fault`, `Finding`), not exceptions.
"""

from __future__ import annotations

from typing import ClassVar


class MotionError(Exception):
    """Anything that stops a command: what was tried, on what, in whose words, and what to do next.

    Args:
        message: what was tried, on which object, and the words of the one that refused.
        hint: what the person can do, with the flag that overrides it where there is one.
        details: one line for each further fact, such as the candidates of an ambiguous name.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "unexpected"

    def __init__(self, message: str, *, hint: str | None = None, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class UsageProblem(MotionError):
    """The words of the call are off."""

    exit_code = 2
    code = "usage"


class NotFound(UsageProblem):
    """A name, path or identifier matches nothing in the inventory."""

    code = "not_found"


class Ambiguous(UsageProblem):
    """A name matches several objects; the details list them."""

    code = "ambiguous"


class BadInput(UsageProblem):
    """A file or value given by the person cannot be used; the details list every reason."""

    code = "bad_input"


class PreflightBlocked(MotionError):
    """At least one move is blocked by a finding, and nothing was changed."""

    exit_code = 3
    code = "preflight_blocked"


class AccessRefused(MotionError):
    """vCenter does not let this account in, or not far enough."""

    exit_code = 4
    code = "access_refused"


class LoginRefused(AccessRefused):
    """vCenter refused the user name and password."""

    code = "login_refused"


class PermissionMissing(AccessRefused):
    """The account lacks a privilege that a call needs."""

    code = "permission_missing"


class CredentialMissing(AccessRefused):
    """No password was found in any of the places it may come from."""

    code = "credential_missing"


class VCenterUnavailable(MotionError):
    """vCenter cannot be reached or trusted, or it faulted outside a move.

    Attributes:
        may_pass: whether it is what a vCenter that restarts, or the way to it, looks like, so that waiting may help.
    """

    exit_code = 5
    code = "vcenter_unavailable"
    may_pass: bool = False


class Unreachable(VCenterUnavailable):
    """The name does not resolve, or nothing answers at the address."""

    code = "unreachable"
    may_pass = True


class CertificateUntrusted(VCenterUnavailable):
    """The server's certificate is not signed by a trusted authority or is for another name."""

    code = "certificate_untrusted"


class PinMismatch(VCenterUnavailable):
    """The server's certificate is not the pinned one."""

    code = "pin_mismatch"


class CallTimeout(VCenterUnavailable):
    """A call did not end within its deadline."""

    code = "call_timeout"
    may_pass = True


class SessionEnded(VCenterUnavailable):
    """vCenter no longer knows the session."""

    code = "session_ended"


class ProtocolError(VCenterUnavailable):
    """An answer could not be understood."""

    code = "protocol_error"


class VCenterFault(VCenterUnavailable):
    """vCenter answered with a fault outside a move.

    Args:
        fault_kind: the fault's class as the vSphere API names it, such as `InvalidArgument`.
    """

    code = "vcenter_fault"

    def __init__(
        self, message: str, *, fault_kind: str, hint: str | None = None, details: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.fault_kind = fault_kind


class OutcomeUnknown(MotionError):
    """A changing call was sent and its answer was lost: it may or may not have happened."""

    exit_code = 7
    code = "outcome_unknown"


class RunLocked(MotionError):
    """Another process watches this run, so this one neither watches it nor starts its moves."""

    exit_code = 7
    code = "run_locked"


class SimulatorError(MotionError):
    """The simulator could not be found, started or stopped."""

    code = "simulator"


class JournalError(MotionError):
    """The journal of runs cannot be read or written."""

    code = "journal"


class StalePlan(MotionError):
    """What a plan relies on is no longer so; the details list every difference."""

    exit_code = 8
    code = "stale_plan"
