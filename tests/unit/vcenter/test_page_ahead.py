"""Pages that are asked for ahead: when, which, and what becomes of one that nobody wants any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from pyVmomi import vim

from tests.sim.transport.canned import fault
from tests.unit.vcenter.pages import CONTINUE, RETRIEVE, STUB, body_of, objects, prop, vm
from vsphere_motion.errors import ProtocolError, Unreachable
from vsphere_motion.vcenter.connection import BodyReader
from vsphere_motion.vcenter.page_ahead import PageReader
from vsphere_motion.vcenter.page_grammar import Page
from vsphere_motion.vcenter.soap import Answer

WAIT_S = 30.0
NAMES = ("first", "second", "third")


def page(name: str, token: str = "") -> bytes:
    """An answer with one virtual machine."""
    return objects(vm(prop("name", f'<val xsi:type="xsd:string">{name}</val>')), token=token)


def next_page(name: str, token: str = "") -> bytes:
    """The same, as the answer to the call for a further page."""
    return page(name, token).replace(b"RetrievePropertiesExResponse", b"ContinueRetrievePropertiesExResponse")


@dataclass
class Server:
    """What answers the calls for further pages, and what it was asked.

    Args:
        pages: the answer, or the error, for each token.
        may_answer: it answers nothing before this is set.
    """

    pages: dict[str, bytes | Exception]
    asked: list[tuple[str, str]] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    is_asked: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def ask(self, token: str, read: Callable[[Any, Any, BodyReader], Answer]) -> Any:
        self.asked.append((token, threading.current_thread().name))
        self.is_asked.set()
        assert self.may_answer.wait(WAIT_S)
        found = self.pages[token]
        if isinstance(found, Exception):
            raise found
        said = read(STUB, CONTINUE, body_of(found))
        if said.is_fault:
            raise said.value
        return said.value

    @property
    def tokens(self) -> list[str]:
        return [token for token, _ in self.asked]


def server(pages: dict[str, bytes | Exception], *, answers_at_once: bool = True) -> Server:
    made = Server(pages)
    if answers_at_once:
        made.may_answer.set()
    return made


def reader_of(server: Server) -> PageReader:
    return PageReader(STUB, server.ask, server.taken_back.append)


def first(reader: PageReader, body: bytes) -> Page:
    """What the reader makes of the first page."""
    made = reader.read(STUB, RETRIEVE, body_of(body)).value
    assert isinstance(made, Page)
    return made


def names_of(page: Page) -> Sequence[str]:
    return [one.values["name"] for one in page.objects]


def all_names(server: Server, body: bytes) -> list[str]:
    with reader_of(server) as reader:
        page: Page | None = first(reader, body)
        names: list[str] = []
        while page is not None:
            names += names_of(page)
            page = reader.next(CONTINUE, page.token) if page.token else None
    return names


class LateBody:
    """A body whose second piece comes when something has happened."""

    def __init__(self, text: bytes, happened: threading.Event) -> None:
        self._pieces = [text[:-10], text[-10:], b""]
        self._happened = happened

    def read(self, _size: int) -> bytes:
        if len(self._pieces) == 2:
            assert self._happened.wait(WAIT_S), "the next page was not asked for"
        return self._pieces.pop(0)

    def require_time(self) -> None:
        return None


def test_pages_come_whole_and_in_their_order() -> None:
    asked = server({"1": next_page("second", "2"), "2": next_page("third")})
    assert all_names(asked, page("first", "1")) == list(NAMES)
    assert asked.tokens == ["1", "2"]
    assert asked.taken_back == []


def test_the_next_page_is_asked_for_before_the_one_before_is_decoded() -> None:
    asked = server({"1": next_page("second")}, answers_at_once=False)
    with reader_of(asked) as reader:
        made = reader.read(STUB, RETRIEVE, LateBody(page("first", "1"), asked.is_asked)).value
        asked.may_answer.set()
        assert names_of(reader.next(CONTINUE, made.token)) == ["second"]


def test_the_last_page_asks_for_nothing() -> None:
    asked = server({})
    assert all_names(asked, page("first")) == ["first"]
    assert asked.asked == []


def test_a_token_behind_the_objects_or_with_an_entity_is_asked_for_when_it_is_read() -> None:
    behind = page("first").replace(b"</returnval>", b"<token>a&amp;b</token></returnval>")
    for odd in (page("first", "a&amp;b"), behind):
        asked = server({"a&b": next_page("second")})
        assert all_names(asked, odd) == ["first", "second"]
        assert asked.asked == [("a&b", threading.current_thread().name)]


def test_a_name_that_looks_like_a_token_is_none() -> None:
    asked = server({})
    assert all_names(asked, page("&lt;token&gt;1&lt;/token&gt;")) == ["<token>1</token>"]
    assert asked.asked == []


def test_another_token_than_the_first_one_read_is_asked_for_anew() -> None:
    asked = server({"1": next_page("odd", "9"), "2": next_page("second")})
    with reader_of(asked) as reader:
        first(reader, page("first", "1"))
        assert names_of(reader.next(CONTINUE, "2")) == ["second"]
    assert sorted(asked.tokens) == ["1", "2"]


def test_what_the_call_raises_reaches_who_waits_for_the_page() -> None:
    refused = server({"1": Unreachable("gone")})
    with pytest.raises(Unreachable, match="gone"):
        all_names(refused, page("first", "1"))
    with pytest.raises(vim.fault.NotAuthenticated):
        all_names(server({"1": fault("NotAuthenticated", "who are you").body}), page("first", "1"))


def test_a_page_that_is_not_understood_is_an_error_of_ours() -> None:
    cut = next_page("second", "2")[:-30]
    with pytest.raises(ProtocolError, match="is not understood"):
        all_names(server({"1": cut, "2": next_page("third")}), page("first", "1"))


def end_with(error: type[BaseException], server: Server) -> None:
    """End a read of pages like that when the first was read."""
    with reader_of(server) as reader:
        first(reader, page("first", "1"))
        raise error


def test_a_page_that_nobody_wants_any_more_is_waited_for_and_the_one_behind_it_taken_back() -> None:
    asked = server({"1": next_page("second", "2")})
    with pytest.raises(RuntimeError):
        end_with(RuntimeError, asked)
    assert (asked.tokens, asked.taken_back) == (["1"], ["2"])


def test_a_ctrl_c_does_not_wait_for_the_page() -> None:
    asked = server({"1": next_page("second", "2")}, answers_at_once=False)
    with pytest.raises(KeyboardInterrupt):
        end_with(KeyboardInterrupt, asked)
    assert asked.taken_back == []
    asked.may_answer.set()


def test_an_answer_that_is_asked_again_begins_anew() -> None:
    asked = server({"1": next_page("odd"), "5": next_page("second")})
    with reader_of(asked) as reader:
        first(reader, page("first", "1"))
        again = first(reader, page("first", "5"))
        assert names_of(reader.next(CONTINUE, again.token or "")) == ["second"]


def test_a_page_too_long_to_be_kept_is_read_as_it_comes() -> None:
    asked = server({"1": next_page("second")})
    with PageReader(STUB, asked.ask, asked.taken_back.append, kept_bytes=10) as reader:
        made = first(reader, page("first", "1"))
        late = reader.next(CONTINUE, made.token or "")
    assert [one.obj._moId for one in late.objects] == ["vm-1"]


def test_the_thread_has_the_deadlines_of_who_waits() -> None:
    patience: list[float] = []

    def ask(_token: str, _read: object) -> None:
        patience.append(STUB._timeout_s)

    with STUB.timeout(7.5), PageReader(STUB, ask, print) as reader:
        first(reader, page("first", "1"))
        assert reader.next(CONTINUE, "1") is None
    assert patience == [7.5]
