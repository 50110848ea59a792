"""The fast reader of answers, and pyVmomi behind it: who reads what, and what comes out."""

from __future__ import annotations

import pytest
from pyVmomi import vim

from tests.sim.transport.canned import fault
from tests.unit.vcenter.pages import RETRIEVE, STUB, body_of, by_pyvmomi, decoded, is_same, objects, prop, vm
from tests.unit.vcenter.test_body import length, response
from tests.unit.vcenter.test_page_decoder import UNKNOWN, WHOLE
from vsphere_motion.vcenter.bulk_answer import PIECE_BYTES, BulkReader
from vsphere_motion.vcenter.collector import page_of
from vsphere_motion.vcenter.connection import AnswerCutOff, BodyReader
from vsphere_motion.vcenter.deadline import Deadline
from vsphere_motion.vcenter.page_grammar import Page
from vsphere_motion.vcenter.soap import NOT_UNDERSTOOD, NotAnAnswer, UnknownFault

ODD = UNKNOWN["elements with a prefix"]
LONG = objects(vm(prop("name", f'<val xsi:type="xsd:string">{"x" * 3 * PIECE_BYTES}</val>')))
LONG_AND_ODD = LONG.replace(b"<obj ", b'<v:obj xmlns:v="urn:vim25" ').replace(b"</obj>", b"</v:obj>")


def test_what_is_known_is_read_without_pyvmomi() -> None:
    answer = BulkReader(STUB)(STUB, RETRIEVE, body_of(WHOLE))
    assert isinstance(answer.value, Page)
    assert is_same(answer.value, by_pyvmomi(WHOLE))


def test_a_reader_reads_page_after_page() -> None:
    read = BulkReader(STUB)
    pages = [read(STUB, RETRIEVE, body_of(body)).value for body in (WHOLE, ODD, WHOLE)]
    assert [isinstance(page, Page) for page in pages] == [True, False, True]
    assert is_same(pages[0], pages[2])


@pytest.mark.parametrize("body", [pytest.param(ODD, id="short"), pytest.param(LONG_AND_ODD, id="in several pieces")])
def test_what_is_not_known_is_read_by_pyvmomi_from_its_beginning(body: bytes) -> None:
    assert decoded(body) is None
    answer = BulkReader(STUB)(STUB, RETRIEVE, body_of(body))
    assert not answer.is_fault
    assert not isinstance(answer.value, Page)
    assert is_same(page_of(answer.value), by_pyvmomi(body))


@pytest.mark.parametrize("kind", UNKNOWN)
def test_it_ends_as_it_does_with_pyvmomi_alone(kind: str) -> None:
    expected = by_pyvmomi(UNKNOWN[kind])
    try:
        answer = BulkReader(STUB)(STUB, RETRIEVE, body_of(UNKNOWN[kind]))
    except (*NOT_UNDERSTOOD, UnknownFault):
        assert expected is None
        return
    found = None if answer.value is None or answer.is_fault else page_of(answer.value)
    assert is_same(found, expected)


def test_a_fault_is_a_fault() -> None:
    answer = BulkReader(STUB)(STUB, RETRIEVE, body_of(fault("NotAuthenticated", "who are you").body))
    assert answer.is_fault
    assert isinstance(answer.value, vim.fault.NotAuthenticated)
    assert answer.value.msg == "who are you"


def test_an_answer_that_was_too_long_to_be_kept_is_not_understood() -> None:
    limit = len(LONG_AND_ODD)
    kept = BulkReader(STUB, kept_bytes=limit)(STUB, RETRIEVE, body_of(LONG_AND_ODD))
    assert is_same(page_of(kept.value), by_pyvmomi(LONG_AND_ODD))
    odd_at_the_end = LONG.replace(b"</val>", b"</val><odd/>")
    with pytest.raises(NotAnAnswer, match=r"too long, and not known: .*odd"):
        BulkReader(STUB, kept_bytes=PIECE_BYTES)(STUB, RETRIEVE, body_of(odd_at_the_end))


def test_an_answer_that_is_too_long_to_be_kept_is_read_where_it_is_known() -> None:
    answer = BulkReader(STUB, kept_bytes=PIECE_BYTES)(STUB, RETRIEVE, body_of(LONG))
    assert is_same(answer.value, by_pyvmomi(LONG))


def test_a_connection_that_ends_in_the_answer_is_no_answer() -> None:
    with pytest.raises(AnswerCutOff):
        BulkReader(STUB)(STUB, RETRIEVE, BodyReader(response(WHOLE[:-9], length(WHOLE))))


class _Patience(Deadline):
    """A deadline that is over when it was asked so many times."""

    def __init__(self, times: int) -> None:
        super().__init__(60)
        self._times = times

    def require_time(self) -> float:
        self._times -= 1
        if self._times < 0:
            raise TimeoutError("over")
        return super().require_time()


def test_the_deadline_counts_for_the_second_reading_as_well() -> None:
    with pytest.raises(TimeoutError):
        BulkReader(STUB)(STUB, RETRIEVE, BodyReader(response(ODD, length(ODD)), _Patience(1)))
