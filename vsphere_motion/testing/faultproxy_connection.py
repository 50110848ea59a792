"""One connection of the fault proxy: a client in front, a connection of its own to the vCenter behind."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

from vsphere_motion.testing.faultproxy_acts import Exchange, HangUp, act, encode
from vsphere_motion.testing.faultproxy_rules import Call, Rule
from vsphere_motion.testing.faultproxy_soap import method_of, operation_id_of
from vsphere_motion.testing.faultproxy_wire import Gone, Message, Wire, waker

HANDSHAKE_S = 20.0


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a connection needs of its proxy.

    Args:
        thumbprint: of the certificate that the connection presents.
        connect: opens a connection to the vCenter behind.
        record: takes a call down and returns the rule that hits it.
        changed: tells those who wait that a call went on.
        refuse: closes the port and every connection, for that many seconds or for good.
        ended: the connection is closed.
    """

    thumbprint: str
    connect: Callable[[], Wire]
    record: Callable[[Call], Rule | None]
    changed: Callable[[], None]
    refuse: Callable[[float | None], None]
    ended: Callable[[Connection], None]


class Connection:
    """One client; `serve` runs in a thread of its own, the rest is for others."""

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, site: Site) -> None:
        self._raw, self._context, self._site = raw, context, site
        self._lock = threading.Lock()
        self._client: Wire | None = None
        self._behind: Wire | None = None
        self._held: socket.socket | None = None
        self._is_idle = True
        self._is_released = False
        self._is_cut = False
        self._resets = False

    def cut(self, *, reset: bool) -> bool:
        """End it, whatever it is doing."""
        with self._lock:
            return self._cut(reset=reset)

    def cut_if_idle(self, *, reset: bool, late: bool) -> bool:
        """End it if no call is on its way; `late` ends it when the next one comes, with a reset."""
        with self._lock:
            if not self._is_idle or self._client is None or self._is_cut:
                return False
            if not late:
                return self._cut(reset=reset)
            self._is_cut = self._resets = True
            return True

    def release(self) -> None:
        """Let the call on its way go on where it is held, or will be."""
        with self._lock:
            self._is_released = True
            if self._held is not None:
                self._held.send(b"!")

    def serve(self) -> None:
        """Answer one request after the other until somebody ends it."""
        try:
            self._shake_hands()
            while self._serve_one():
                pass
        except Gone:
            pass
        except HangUp as end:
            self._resets = end.reset
        finally:
            self._close()

    def _cut(self, *, reset: bool) -> bool:
        self._is_cut, self._resets = True, reset
        if self._client is not None:
            self._client.hang_up()
        else:
            with contextlib.suppress(OSError):
                self._raw.shutdown(socket.SHUT_RD)
        return True

    def _shake_hands(self) -> None:
        try:
            client = Wire(self._raw, self._context, server_name=None, timeout_s=HANDSHAKE_S)
        except (OSError, ValueError) as error:
            raise Gone from error
        with self._lock:
            self._client = client
            if self._is_cut:
                raise Gone

    def _serve_one(self) -> bool:
        client = self._client
        assert client is not None, "the handshake is over"
        client.wait_for_byte()
        with self._lock:
            self._is_idle = self._is_released = False
            if self._is_cut:
                raise HangUp(reset=self._resets)
        request = client.read_message()
        self._deal_with(client, request)
        self._become_idle()
        return request.header("Connection").lower() != "close"

    def _become_idle(self) -> None:
        with self._lock:
            self._is_idle = True

    def _deal_with(self, client: Wire, request: Message) -> None:
        verb, path = request.first_line[:2]
        body = request.payload
        call = Call(
            number=0,
            verb=verb,
            path=path,
            method=method_of(body),
            operation_id=operation_id_of(body),
            thumbprint=self._site.thumbprint,
            body=body,
        )
        rule = self._site.record(call)
        exchange = Exchange(
            call=call,
            client=client,
            forward=lambda: self._forward(client, call, request),
            hold=lambda: self._hold(client),
            refuse=self._site.refuse,
            finish=self._become_idle,
        )
        try:
            if rule is None:
                exchange.answer(exchange.forward().data)
            else:
                act(rule, exchange)
        finally:
            self._site.changed()

    def _forward(self, client: Wire, call: Call, request: Message) -> Message:
        try:
            behind = self._live_wire_behind()
        except OSError as error:
            words = f"the vCenter behind the proxy cannot be reached: {error}"
            client.send(encode(502, [("Content-Type", "text/plain")], words.encode()))
            raise HangUp(reset=False) from error
        behind.send(request.data)
        call.was_forwarded = True
        self._site.changed()
        answer = behind.read_message(to_verb=call.verb, watched=client)
        call.status = int(answer.first_line[1])
        self._site.changed()
        return answer

    def _live_wire_behind(self) -> Wire:
        if self._behind is not None and self._behind.is_gone:
            self._behind.close()
            self._behind = None
        if self._behind is None:
            self._behind = self._site.connect()
        return self._behind

    def _hold(self, client: Wire) -> None:
        with waker() as (reader, writer):
            with self._lock:
                if self._is_released:
                    return
                self._held = writer
            try:
                client.wait_until_gone(timeout_s=None, woken_by=reader)
            finally:
                with self._lock:
                    self._held = None

    def _close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
            self._is_cut = True
        if client is not None:
            client.close(reset=self._resets)
        else:
            self._raw.close()
        if self._behind is not None:
            self._behind.close()
        self._site.ended(self)
