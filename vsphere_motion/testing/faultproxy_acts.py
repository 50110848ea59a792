"""What each kind of rule does with one exchange: the request that came, the vCenter behind, the client in front."""

from __future__ import annotations

import http
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from vsphere_motion.testing.faultproxy_rules import Call, Kind, Rule
from vsphere_motion.testing.faultproxy_soap import soap_fault
from vsphere_motion.testing.faultproxy_wire import Message, Wire

TRICKLE_S = 0.1
_XML = ("Content-Type", "text/xml; charset=utf-8")


class HangUp(Exception):
    """The connection to the client ends now.

    Args:
        reset: with a reset, as a machine that has forgotten it.
    """

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and the means to deal with it.

    Args:
        forward: makes the call behind and returns the answer.
        hold: waits until the held calls are released.
        refuse: closes the port and every connection, for that many seconds or for good.
        finish: takes the call for over; the client may do the next thing as soon as it has the answer.
    """

    call: Call
    client: Wire
    forward: Callable[[], Message]
    hold: Callable[[], None]
    refuse: Callable[[float | None], None]
    finish: Callable[[], None]

    def answer(self, data: bytes) -> None:
        """Send the whole answer."""
        self.finish()
        self.client.send(data)
        self.call.was_answered = True


def act(rule: Rule, exchange: Exchange) -> None:
    """Do what the rule says.

    Raises:
        HangUp: the connection has to end.
        Gone: the client or the vCenter went away meanwhile.
    """
    _ACTS[rule.kind](rule, exchange)


def encode(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """An answer in HTTP."""
    lines = [f"{name}: {value}" for name, value in headers]
    return _head(status, [*lines, f"Content-Length: {len(body)}"]) + body


def _head(status: int, lines: list[str]) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return "\r\n".join([f"HTTP/1.1 {status} {phrase}", *lines, "", ""]).encode("latin-1")


def _refuse(rule: Rule, exchange: Exchange) -> None:
    exchange.refuse(rule.seconds)
    raise HangUp(reset=True)


def _hang_up_before(*, reset: bool) -> Callable[[Rule, Exchange], None]:
    def do(rule: Rule, exchange: Exchange) -> None:
        raise HangUp(reset=reset)

    return do


def _hang_up_after(*, reset: bool) -> Callable[[Rule, Exchange], None]:
    def do(rule: Rule, exchange: Exchange) -> None:
        exchange.forward()
        raise HangUp(reset=reset)

    return do


def _hang_before(rule: Rule, exchange: Exchange) -> None:
    exchange.hold()
    exchange.answer(exchange.forward().data)


def _hang_after(rule: Rule, exchange: Exchange) -> None:
    answer = exchange.forward()
    exchange.hold()
    exchange.answer(answer.data)


def _trickle(rule: Rule, exchange: Exchange) -> None:
    answer = exchange.forward()
    at_once = 0 if rule.at is None else len(answer.head) + answer.framed_offset(rule.at)
    exchange.client.send(answer.data[:at_once])
    for index in range(at_once, len(answer.data)):
        exchange.client.send(answer.data[index : index + 1])
        exchange.client.wait_until_gone(timeout_s=TRICKLE_S if rule.seconds is None else rule.seconds)
    exchange.call.was_answered = True


def _truncate(rule: Rule, exchange: Exchange) -> None:
    answer = exchange.forward()
    assert rule.at is not None, "a rule of this kind has it"
    exchange.client.send(answer.head + answer.framed[: answer.framed_offset(rule.at)])
    raise HangUp(reset=False)


def _answer(rule: Rule, exchange: Exchange) -> None:
    if rule.forward:
        exchange.forward()
    if isinstance(rule.body, bytes):
        exchange.answer(encode(rule.status, rule.headers, rule.body))
        return
    lines = [f"{name}: {value}" for name, value in rule.headers]
    exchange.client.send(_head(rule.status, [*lines, "Connection: close"]))
    for piece in rule.body():
        exchange.client.send(piece)
    exchange.call.was_answered = True
    raise HangUp(reset=False)


def _redirect(rule: Rule, exchange: Exchange) -> None:
    if rule.forward:
        exchange.forward()
    exchange.answer(encode(http.HTTPStatus.TEMPORARY_REDIRECT, [("Location", rule.location), *rule.headers], b""))


def _fault(rule: Rule, exchange: Exchange) -> None:
    if rule.forward:
        exchange.forward()
    body = soap_fault(rule.fault, rule.message, rule.fields)
    exchange.answer(encode(http.HTTPStatus.INTERNAL_SERVER_ERROR, [_XML], body))


def _edit(rule: Rule, exchange: Exchange) -> None:
    assert rule.edit is not None, "a rule of this kind has one"
    answer = exchange.forward()
    exchange.answer(answer.with_body(rule.edit(answer.body)))


def _raw(rule: Rule, exchange: Exchange) -> None:
    for piece in (rule.body,) if isinstance(rule.body, bytes) else rule.body():
        exchange.client.send(piece)
    raise HangUp(reset=False)


_ACTS: Mapping[Kind, Callable[[Rule, Exchange], None]] = {
    "refuse": _refuse,
    "reset_before": _hang_up_before(reset=True),
    "reset_after": _hang_up_after(reset=True),
    "close_before": _hang_up_before(reset=False),
    "close_after": _hang_up_after(reset=False),
    "hang_before": _hang_before,
    "hang_after": _hang_after,
    "trickle": _trickle,
    "truncate": _truncate,
    "answer": _answer,
    "redirect": _redirect,
    "fault": _fault,
    "edit": _edit,
    "raw": _raw,
}
