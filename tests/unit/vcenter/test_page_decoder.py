"""Our decoder of reads of properties: what it takes it takes as pyVmomi does, and the rest it leaves alone."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyVmomi import vim

from tests.fault.mutations import mutated
from tests.unit.vcenter.made_values import data_kinds, made, written
from tests.unit.vcenter.pages import STUB, by_pyvmomi, decoded, is_same, objects, prop, vm
from vsphere_motion.vcenter import page_decoder, page_grammar
from vsphere_motion.vcenter.page_grammar import Grammar

NAME = prop("name", '<val xsi:type="xsd:string">web01</val>')
POWER = prop("runtime.powerState", '<val xsi:type="VirtualMachinePowerState">poweredOn</val>')
HOST = prop("runtime.host", '<val type="HostSystem" xsi:type="ManagedObjectReference">host-1</val>')
DISK = (
    '<VirtualDevice xsi:type="VirtualDisk"><key>2000</key><deviceInfo xsi:type="Description"><label>a &amp; b</label>'
    '<summary></summary></deviceInfo><backing xsi:type="VirtualDiskFlatVer2BackingInfo"><fileName>[d] a.vmdk</fileName>'
    '<datastore type="Datastore">datastore-1</datastore><diskMode>persistent</diskMode></backing>'
    "<capacityInKB>8</capacityInKB></VirtualDevice>"
)
DEVICES = prop("config.hardware.device", f'<val xsi:type="ArrayOfVirtualDevice">{DISK}{DISK}</val>')
TASKS = prop(
    "recentTask",
    '<val xsi:type="ArrayOfManagedObjectReference">'
    '<ManagedObjectReference type="Task" xsi:type="ManagedObjectReference">task-1</ManagedObjectReference>'
    '<ManagedObjectReference type="Task">task-2</ManagedObjectReference></val>',
)
METHODS = prop(
    "disabledMethod",
    '<val xsi:type="ArrayOfString"><string>RelocateVM_Task</string><string>NewMethod_Task</string></val>',
)
WITHHELD = (
    '<missingSet><path>config</path><fault><fault xsi:type="NoPermission"><object type="Folder">group-1</object>'
    "<privilegeId>System.Read</privilegeId></fault><localizedMessage>No.</localizedMessage></fault></missingSet>"
)
ENDED = (
    '<missingSet><path>name</path><fault><fault xsi:type="NotAuthenticated"><object type="Folder">group-1</object>'
    "<privilegeId>System.View</privilegeId></fault><localizedMessage></localizedMessage></fault></missingSet>"
)
WHOLE = objects(vm(NAME + POWER + HOST + DEVICES + TASKS + METHODS + WITHHELD), vm(NAME, "vm-2"), token="more")


def test_a_page_is_what_pyvmomi_makes_of_it() -> None:
    page = decoded(WHOLE)
    assert page is not None
    assert page.token == "more"
    first = page.objects[0]
    assert first.values["name"] == "web01"
    assert type(first.values["runtime.powerState"]) is str
    assert isinstance(first.values["config.hardware.device"][0], vim.vm.device.VirtualDisk)
    assert first.values["config.hardware.device"][0].deviceInfo.label == "a & b"
    assert isinstance(first.missing[0].fault, vim.fault.NoPermission)
    assert is_same(page, by_pyvmomi(WHOLE))


@pytest.mark.parametrize("step", [1, 7, 64, 100_000])
def test_it_does_not_matter_in_which_pieces_an_answer_comes(step: int) -> None:
    assert is_same(decoded(WHOLE, step=step), by_pyvmomi(WHOLE))


KNOWN = {
    "no object": objects(),
    "no property": objects(vm("")),
    "an end of the session": objects(vm(ENDED)),
    "a property that is unset": objects(vm("<propSet><name>snapshot</name></propSet>")),
    "an empty text": objects(vm(prop("name", '<val xsi:type="xsd:string"></val>'))),
    "an empty list": objects(vm(prop("recentTask", '<val xsi:type="ArrayOfManagedObjectReference"></val>'))),
    "a long": objects(vm(prop("summary.storage.committed", '<val xsi:type="xsd:long">7</val>'))),
    "numbers with room around": objects(vm(prop("config.hardware.memoryMB", '<val xsi:type="xsd:int"> 7\n</val>'))),
    "a time": objects(vm(prop("config.modified", '<val xsi:type="xsd:dateTime">2026-01-01T00:00:00.5Z</val>'))),
    "text in pieces": objects(vm(prop("name", '<val xsi:type="xsd:string">a<!-- b -->c<![CDATA[<d>]]>e</val>'))),
    "white space between elements": WHOLE.replace(b"><", b">\n <"),
    "a prefix of the value's own": WHOLE.replace(
        b'<val xsi:type="xsd:string">', b'<val xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:type="xsd:string">'
    ),
    "an answer in another coding": WHOLE.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_known(kind: str) -> None:
    page = decoded(KNOWN[kind])
    assert page is not None
    assert is_same(page, by_pyvmomi(KNOWN[kind]))


UNKNOWN = {
    "an unknown word": WHOLE.replace(b"poweredOn", b"poweredSideways"),
    "a word that is an attribute of the class": WHOLE.replace(b"poweredOn", b"values"),
    "an unknown type": WHOLE.replace(b"VirtualDisk", b"FluxCapacitor"),
    "an unknown field": WHOLE.replace(b"<capacityInKB>", b"<flux>1</flux><capacityInKB>"),
    "an unknown fault": WHOLE.replace(b'"NoPermission"', b'"FluxFault"'),
    "an unknown attribute": WHOLE.replace(b"<name>", b'<name id="1">'),
    "an unknown element around": WHOLE.replace(b"<soapenv:Body>", b"<soapenv:Header/><soapenv:Body>"),
    "another envelope": WHOLE.replace(b"schemas.xmlsoap.org/soap/envelope", b"www.w3.org/2003/05/soap-envelope"),
    "elements with a prefix": WHOLE.replace(b'<obj type="Vir', b'<v:obj xmlns:v="urn:vim25" type="Vir').replace(
        b"</obj>", b"</v:obj>"
    ),
    "a prefix out of its scope": WHOLE.replace(
        b"<name>name</name>", b'<name xmlns:y="http://www.w3.org/2001/XMLSchema">name</name>', 1
    ).replace(b"xsd:string", b"y:string", 1),
    "another default namespace": WHOLE.replace(b"<returnval>", b'<returnval xmlns="urn:other">'),
    "an answer to another call": WHOLE.replace(b"RetrievePropertiesExResponse", b"WaitForUpdatesExResponse"),
    "two results": WHOLE.replace(b"</returnval>", b"</returnval><returnval></returnval>"),
    "no result": objects().replace(b"<returnval></returnval>", b""),
    "an answer after the answer": WHOLE.replace(
        b"</RetrievePropertiesExResponse>", b"</RetrievePropertiesExResponse><x/>"
    ),
    "a structure in a text": objects(vm(prop("name", '<val xsi:type="xsd:string">a<b>c</b></val>'))),
    "a value without a type": objects(vm(prop("name", "<val>web01</val>"))),
    "a value of another sort": objects(vm(prop("name", '<val xsi:type="xsd:int">7</val>'))),
    "a word for a number": objects(vm(prop("config.hardware.memoryMB", '<val xsi:type="xsd:int">many</val>'))),
    "a word for yes or no": objects(vm(prop("config.template", '<val xsi:type="xsd:boolean">maybe</val>'))),
    "a moment that is none": objects(vm(prop("config.modified", '<val xsi:type="xsd:dateTime">soon</val>'))),
    "a reference without a kind": objects(
        vm(prop("runtime.host", '<val xsi:type="ManagedObjectReference">host-1</val>'))
    ),
    "a reference to an unknown kind": WHOLE.replace(b'"HostSystem"', b'"FluxSystem"'),
    "no object at all": objects(NAME),
    "a structure without what it needs": objects(
        vm(prop("summary.quickStats", '<val xsi:type="VirtualMachineStorageSummary"></val>'))
    ),
    "the same property twice": objects(vm(NAME + NAME)),
    "a document type": WHOLE.replace(b"?>", b"?><!DOCTYPE x>", 1),
    "entities": WHOLE.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e "vm">]>', 1).replace(b"web01", b"&e;"),
    "half of it": WHOLE[: len(WHOLE) // 2],
    "nothing": b"",
    "no XML": b"<html><br></html>",
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_unknown(kind: str) -> None:
    """Left to pyVmomi, which may make something of it or not."""
    assert decoded(UNKNOWN[kind]) is None


def test_what_is_nested_too_deep_is_not_known() -> None:
    def tree(depth: int) -> bytes:
        one = "<childSnapshotList>" if depth else ""
        inner = one * depth + ("</childSnapshotList>" * depth)
        value = f'<val xsi:type="ArrayOfVirtualMachineSnapshotTree"><VirtualMachineSnapshotTree>{inner}'
        return objects(vm(prop("snapshot.rootSnapshotList", value + "</VirtualMachineSnapshotTree></val>")))

    decoder = page_decoder.PageDecoder(Grammar(STUB), "RetrievePropertiesEx")
    with pytest.raises(page_grammar.NotKnown, match="childSnapshotList"):
        decoder.feed(tree(page_decoder.MAX_DEPTH))


def test_only_so_many_texts_of_attributes_are_remembered() -> None:
    grammar = Grammar(STUB)
    scopes = (f'<val xmlns:p{n}="urn:p" xsi:type="xsd:string">x</val>' for n in range(page_grammar.MAX_MEANINGS + 1))
    body = objects(*(vm(prop("name", scope)) for scope in scopes))
    assert decoded(body, grammar=grammar) is None


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_answer_is_taken_as_pyvmomi_takes_it_or_not_at_all(seed: int) -> None:
    body = mutated(WHOLE, seed)
    page = decoded(body)
    assert page is None or is_same(page, by_pyvmomi(body))


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(data_kinds()), seed=st.integers(0, 2**32), in_list=st.booleans(), is_damaged=st.booleans())
def test_a_value_of_any_type_is_what_pyvmomi_makes_of_it(kind: Any, seed: int, in_list: bool, is_damaged: bool) -> None:
    text = written(made(kind.Array if in_list else kind, Random(seed)))
    assume(text is not None)
    body = objects(vm(prop("config", text or "")))
    body = mutated(body, seed) if is_damaged else body
    page = decoded(body)
    assert page is None or is_same(page, by_pyvmomi(body))


def test_every_device_is_known() -> None:
    kinds = [kind for kind in data_kinds() if issubclass(kind, vim.vm.device.VirtualDevice)]
    assert len(kinds) > 40
    texts = [written(made(kind, Random(1))) for kind in kinds]
    assert all(decoded(objects(vm(prop("config", text)))) for text in texts if text is not None)
