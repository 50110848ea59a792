"""What the fault proxy does to which calls: `Rule`, and the record of every call."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "refuse",
    "reset_before",
    "reset_after",
    "close_before",
    "close_after",
    "hang_before",
    "hang_after",
    "trickle",
    "truncate",
    "answer",
    "redirect",
    "fault",
    "edit",
    "raw",
]
Body: TypeAlias = "bytes | Callable[[], Iterable[bytes]]"
Edit: TypeAlias = "Callable[[bytes], bytes]"

FORWARDING = frozenset({"reset_after", "close_after", "hang_after", "trickle", "truncate", "edit"})
"""Kinds that let the call happen before they act; the others keep it from the vCenter."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One fault, and the calls that it hits.

    A call matches if it is of the method, the path and the text given; of the matching ones the rule hits the `nth`,
    from there on each `every`-th, with that `probability`, and `times` of them at most.

    Args:
        kind: what happens.
            `refuse`: the port is closed and every connection reset, for `seconds` or until `listen()`;
            `reset_before`, `close_before`, `hang_before`: instead of the call;
            `reset_after`, `close_after`, `hang_after`: the call is made, its answer is lost, or held until `release()`;
            `trickle`: the answer comes one byte in `seconds` (0.1), after the first `at` bytes of its body if given;
            `truncate`: the answer ends after `at` bytes of its body, and the connection with it;
            `answer`: this `status`, `headers` and `body` instead of the call;
            `redirect`: HTTP 307 to `location`;
            `fault`: the SOAP fault named `fault`, with `message` and `fields`;
            `edit`: the unpacked body of the answer goes through `edit`;
            `raw`: `body` is sent as it is, HTTP or not, and the connection closed.
        method: the SOAP method, such as `RelocateVM_Task`; None: any request.
        path: a pattern of the path, such as `/folder/*`; None: any path.
        containing: bytes that the body of the request has to contain.
        nth: the first matching call that is hit, counted from 1 after the rule was planted.
        times: how many calls are hit at most; None: no limit.
        probability: of a hit, with `seed`.
        forward: whether an `answer`, `redirect` or `fault` hides that the call was made.
    """

    kind: Kind
    method: str | None = None
    path: str | None = None
    containing: bytes = b""
    nth: int = 1
    every: int = 1
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    seconds: float | None = None
    at: int | None = None
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    body: Body = b""
    location: str = ""
    fault: str = ""
    message: str = ""
    fields: str = ""
    edit: Edit | None = None
    forward: bool = False

    def __post_init__(self) -> None:
        if self.nth < 1 or self.every < 1:
            raise ValueError("nth and every count from 1")
        missing = {"edit": self.edit is None, "redirect": not self.location, "fault": not self.fault}
        if missing.get(self.kind):
            raise ValueError(f"a rule of kind {self.kind} needs {'location' if self.kind == 'redirect' else self.kind}")
        if self.kind == "truncate" and self.at is None:
            raise ValueError("a rule of kind truncate needs at")

    def matches(self, call: Call, body: bytes) -> bool:
        """Whether the call is one of those the rule is about."""
        return (
            self.method in {None, call.method}
            and (self.path is None or fnmatchcase(call.path, self.path))
            and self.containing in body
        )


@dataclass(kw_only=True)
class Call:
    """One request that arrived, and what became of it.

    Args:
        number: counted from 1, over all connections.
        method: the SOAP method; empty for other requests.
        operation_id: of the SOAP header.
        thumbprint: of the certificate that was presented on its connection.
        body: the request's.
        was_forwarded: whether the vCenter behind was sent it whole.
        status: the HTTP status with which the vCenter behind answered; None: it has not.
        was_answered: whether the whole answer was sent back, be it the true one or another.
        fault: the kind of the rule that hit it.
    """

    number: int
    verb: str
    path: str
    method: str
    operation_id: str | None
    thumbprint: str
    body: bytes = field(repr=False)
    was_forwarded: bool = False
    status: int | None = None
    was_answered: bool = False
    fault: Kind | None = None

    def copy(self) -> Call:
        """As it is now."""
        return replace(self)


class Planted:
    """A rule in a proxy: how often it matched and hit. The proxy guards it with its lock."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = 0
        self.hits = 0
        self._random = random.Random(rule.seed)  # noqa: S311 - a repeatable choice, not a secret

    def takes(self, call: Call, body: bytes) -> bool:
        """Count the call if it matches, and say whether it is hit."""
        if not self.rule.matches(call, body):
            return False
        self.matched += 1
        if not self._is_due():
            return False
        self.hits += 1
        return True

    def _is_due(self) -> bool:
        rule, past = self.rule, self.matched - self.rule.nth
        if past < 0 or past % rule.every or (rule.times is not None and self.hits >= rule.times):
            return False
        return rule.probability >= 1 or self._random.random() < rule.probability
