"""What the other vCenter has to know of a VM's tags, beside the boundary pairs of `cases.py`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import build
from vsphere_motion.model.keepsakes import Attribute, Keepsakes, KnownCategory, TagName, Vocabulary
from vsphere_motion.preflight.keepsakes import check_attributes, check_tags
from vsphere_motion.preflight.subject import Site, Subject, move_subject
from vsphere_motion.preflight.surroundings import Surroundings

PROD, TEST = (TagName(category="env", name=name) for name in ("prod", "test"))
ENV = KnownCategory(name="env", is_single=False, takes_vms=True, tags=frozenset({"prod", "test"}))


def subject(keepsakes: Keepsakes | None, vocabulary: Vocabulary) -> Subject:
    move = build.move()
    move = replace(move, manner=replace(move.manner, keepsakes=keepsakes))
    return move_subject(Site(inventory=build.site(), surroundings=Surroundings(vocabulary=vocabulary)), move)


def said(tags: tuple[TagName, ...], *known: KnownCategory) -> list[str]:
    return [one.message for one in check_tags(subject(Keepsakes(tags=tags), Vocabulary(categories=known)))]


@pytest.mark.parametrize(
    ("known", "words"),
    [
        pytest.param((), "the tags env/prod, env/test again: the other vCenter has no category env", id="no category"),
        pytest.param(
            (replace(ENV, tags=frozenset({"test"})),),
            "the tag env/prod again: the category env of the other vCenter has no tag of that name",
            id="no tag",
        ),
        pytest.param(
            (replace(ENV, takes_vms=False),), "tags of the category env are not for virtual machines", id="for hosts"
        ),
        pytest.param((replace(ENV, is_single=True),), "the category env allows one tag an object there", id="only one"),
    ],
)
def test_a_tag_that_cannot_be_there_is_named_with_the_reason(known: tuple[KnownCategory, ...], words: str) -> None:
    (message,) = said((PROD, TEST), *known)

    assert words in message


def test_several_reasons_are_several_findings() -> None:
    single = replace(ENV, is_single=True, tags=frozenset({"prod"}))

    assert said((PROD, TEST), ENV) == []
    assert len(said((PROD, TEST, TagName(category="site", name="x")), single)) == 2


@pytest.mark.parametrize("keepsakes", [None, Keepsakes(), Keepsakes(tags=(), attributes=())], ids=str)
def test_where_nothing_is_to_be_kept_nothing_is_said_whatever_is_known(keepsakes: Keepsakes | None) -> None:
    about = subject(keepsakes, Vocabulary(categories=None, attributes=None))

    assert [*check_tags(about), *check_attributes(about)] == []


def test_attributes_that_are_missing_are_named_without_their_values() -> None:
    wanted = (Attribute(name="owner", value="secret"), Attribute(name="rack", value="F12"))

    (found,) = check_attributes(subject(Keepsakes(attributes=wanted), Vocabulary(attributes=frozenset({"owner"}))))

    assert dict(found.evidence)["attributes"] == ("rack",)
    assert "secret" not in repr(found)
    assert "F12" not in repr(found)
