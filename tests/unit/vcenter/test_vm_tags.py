"""Tags of virtual machines in bulk: what is asked for, and what is said of what could not be attached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests import build
from vsphere_motion.errors import VCenterFault
from vsphere_motion.model.keepsakes import KnownCategory, Loss, TagName
from vsphere_motion.model.refs import MoRef
from vsphere_motion.vcenter.automation import Tagging
from vsphere_motion.vcenter.vm_tags import AT_ONCE, attach_all, known_categories, tags_of

PROD, TEST, WEB = (
    TagName(category=category, name=name) for category, name in (("env", "prod"), ("env", "test"), ("owner", "web"))
)


@dataclass
class World:
    """The tagging of a vCenter, in memory; each call is counted.

    Args:
        refuses: tags whose attachment is refused, with the words.
        forgets: tags that are attached and are not there afterwards.
    """

    names: Sequence[TagName]
    single: bool = False
    types: tuple[str, ...] = ()
    refuses: dict[TagName, str] = field(default_factory=dict)
    forgets: tuple[TagName, ...] = ()
    calls: Counter[str] = field(default_factory=Counter)
    attached: dict[MoRef, set[str]] = field(default_factory=dict)

    def services(self) -> Tagging:
        return Tagging(
            category=self._service(list=self._categories, get=self._category),
            tag=self._service(list_tags_for_category=self._tags_of, get=self._tag),
            associations=self._service(
                list_attached_tags_on_objects=self._attached_to, attach_tag_to_multiple_objects=self._attach
            ),
            dynamic_id=SimpleNamespace,
        )

    def _service(self, **methods: Callable[..., Any]) -> Any:
        def counted(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                self.calls[name] += 1
                return method(*arguments)

            return call

        return SimpleNamespace(**{name: counted(name, method) for name, method in methods.items()})

    def _categories(self) -> list[str]:
        return [f"category:{name}" for name in dict.fromkeys(tag.category for tag in self.names)]

    def _category(self, identifier: str) -> Any:
        return SimpleNamespace(
            id=identifier,
            name=identifier.partition(":")[2],
            cardinality="SINGLE" if self.single else "MULTIPLE",
            associable_types=set(self.types),
        )

    def _tags_of(self, category: str) -> list[str]:
        return [f"tag:{tag}" for tag in self.names if f"category:{tag.category}" == category]

    def _tag(self, identifier: str) -> Any:
        category, _, name = identifier.partition(":")[2].partition("/")
        return SimpleNamespace(id=identifier, name=name, category_id=f"category:{category}")

    def _attached_to(self, objects: Sequence[Any]) -> list[Any]:
        refs = [MoRef(kind=one.type, moid=one.id) for one in objects]
        there = ((ref, self.attached.get(ref, set())) for ref in refs)
        return [
            SimpleNamespace(object_id=SimpleNamespace(type=ref.kind, id=ref.moid), tag_ids=tags) for ref, tags in there
        ]

    def _attach(self, identifier: str, objects: Sequence[Any]) -> Any:
        tag = next(tag for tag in self.names if f"tag:{tag}" == identifier)
        if tag in self.refuses:
            return SimpleNamespace(
                success=False, error_messages=[SimpleNamespace(default_message=self.refuses[tag])] * len(objects)
            )
        for one in objects if tag not in self.forgets else ():
            self.attached.setdefault(MoRef(kind=one.type, moid=one.id), set()).add(identifier)
        return SimpleNamespace(success=True, error_messages=[])


VMS = tuple(build.vm_ref(number) for number in range(1, 201))


def test_the_calls_of_a_reading_do_not_grow_with_the_vms() -> None:
    world = World((PROD, TEST, WEB), attached={vm: {"tag:env/prod", "tag:owner/web"} for vm in VMS})

    assert tags_of(world.services(), VMS) == dict.fromkeys(VMS, (PROD, WEB))
    assert world.calls == {"list_attached_tags_on_objects": 1, "get": 4}


def test_more_vms_than_one_call_takes_are_asked_for_in_several() -> None:
    world, many = World((PROD,)), tuple(build.vm_ref(number) for number in range(AT_ONCE + 1))

    assert tags_of(world.services(), many) == dict.fromkeys(many, ())
    assert world.calls["list_attached_tags_on_objects"] == 2


def test_each_tag_is_attached_in_one_call_to_those_that_lack_it() -> None:
    world = World((PROD, WEB), attached={VMS[0]: {"tag:env/prod"}})

    lost = attach_all(world.services(), dict.fromkeys(VMS, (PROD, WEB)))

    assert lost == dict.fromkeys(VMS, ())
    assert world.attached == {vm: {"tag:env/prod", "tag:owner/web"} for vm in VMS}
    assert world.calls["attach_tag_to_multiple_objects"] == 2
    assert world.calls["list_attached_tags_on_objects"] == 2
    world.calls.clear()
    assert attach_all(world.services(), dict.fromkeys(VMS, (PROD, WEB))) == dict.fromkeys(VMS, ())
    assert world.calls["attach_tag_to_multiple_objects"] == 0
    assert world.calls["list_attached_tags_on_objects"] == 1


@pytest.mark.parametrize(
    ("world", "why"),
    [
        pytest.param(World((WEB,)), "no category is called env there", id="no category"),
        pytest.param(World((TEST, WEB)), "the category env has no such tag there", id="no tag"),
        pytest.param(World((PROD, WEB), refuses={PROD: "not you"}), "not you", id="refused"),
        pytest.param(World((PROD, WEB), forgets=(PROD,)), "it was attached, and is not there", id="not seen"),
    ],
)
def test_what_is_not_there_in_the_end_is_lost_with_the_reason_and_the_rest_is_not(world: World, why: str) -> None:
    lost = attach_all(world.services(), {VMS[0]: (PROD, WEB), VMS[1]: (WEB,)})

    assert lost == {VMS[0]: (Loss(what="tag env/prod", why=why),), VMS[1]: ()}


def test_what_an_earlier_call_has_found_is_not_looked_up_again() -> None:
    world, found = World((PROD, TEST, WEB)), dict[TagName, str]()
    attach_all(world.services(), {VMS[0]: (PROD, WEB)}, found)
    world.calls.clear()

    assert attach_all(world.services(), {VMS[1]: (PROD,)}, found) == {VMS[1]: ()}
    assert world.calls == {"list_attached_tags_on_objects": 2, "attach_tag_to_multiple_objects": 1}
    assert world.attached[VMS[1]] == {"tag:env/prod"}
    assert attach_all(world.services(), {VMS[1]: (TEST,)}, found) == {VMS[1]: ()}
    assert world.attached[VMS[1]] == {"tag:env/prod", "tag:env/test"}


def test_one_tag_that_cannot_be_asked_for_does_not_stop_the_others() -> None:
    class Broken(World):
        def _attach(self, identifier: str, objects: Sequence[Any]) -> Any:
            if identifier == "tag:env/prod":
                raise VCenterFault("it has just been deleted", fault_kind="NotFound")
            return super()._attach(identifier, objects)

    lost = attach_all(Broken((PROD, WEB)).services(), {VMS[0]: (PROD, WEB)})

    assert lost == {VMS[0]: (Loss(what="tag env/prod", why="it has just been deleted"),)}


def test_a_category_is_known_with_its_rules_and_those_of_its_tags_that_were_asked_for() -> None:
    world = World((PROD, TEST, WEB), single=True, types=("urn:vim25:VirtualMachine", "HostSystem"))

    found = known_categories(
        world.services(), (TEST, TagName(category="env", name="none"), TagName(category="x", name="y"))
    )

    assert found == (KnownCategory(name="env", is_single=True, takes_vms=True, tags=frozenset({"test"})),)


@pytest.mark.parametrize(
    ("types", "takes_vms"), [((), True), (("VirtualMachine",), True), (("HostSystem",), False)], ids=str
)
def test_which_objects_a_category_takes(types: tuple[str, ...], takes_vms: bool) -> None:
    (found,) = known_categories(World((PROD,), types=types).services(), (PROD,))

    assert found.takes_vms is takes_vms


def test_of_the_tags_of_a_category_no_more_are_read_than_are_needed() -> None:
    many = tuple(TagName(category="owner", name=f"team{number}") for number in range(100))
    world = World(many)

    (found,) = known_categories(world.services(), (many[2], many[4]))

    assert found.tags == {"team2", "team4"}
    assert world.calls["get"] == 1 + 5
