"""What becomes of each thing that a run has changed of a VM, and the move that brings back what goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import build
from vsphere_motion.model.inventory import Inventory
from vsphere_motion.model.move import Change, DiskFormat, Encryption, Move, NicPlacement, StoragePolicy
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.plan import Plan
from vsphere_motion.model.refs import MoRef, NamedRef
from vsphere_motion.planning.changed import NO_POLICIES, PoliciesNow
from vsphere_motion.planning.restore_lines import Back, BackLine, compare_places, taken_of
from vsphere_motion.planning.restore_moves import MovesBack, part_of
from vsphere_motion.service.restore import Restoration, Wanted
from vsphere_motion.service.restore_words import difference_document, outcomes_of
from vsphere_motion.service.results import restoration_results

DISKS = (build.disk(1), build.disk(2, disk_format=DiskFormat.THIN))
GOLD, SILVER = StoragePolicy(id="g", name="Gold"), StoragePolicy(id="s", name="Silver")


def site(**vm: Any) -> Inventory:
    """vm1 with two disks and an adapter; three datastores, two networks, two pools of the cluster, two folders."""
    changes: dict[str, Any] = {"devices": (*DISKS, build.nic()), **vm}
    return build.site(
        vm=build.vm(**changes),
        datastores=tuple(build.datastore(number) for number in (1, 2, 3)),
        networks=(build.network(1), build.network(2)),
        pools=(build.pool(1), build.pool(2), build.pool(9, name="Gold", owner=build.cluster_ref(1))),
        containers=(build.container(1), build.container(2)),
    )


def named(ref: MoRef, name: str) -> NamedRef:
    return NamedRef(ref=ref, name=name)


def store(number: int) -> NamedRef:
    return named(build.datastore_ref(number), f"datastore{number}")


def went(**destination: Any) -> Move:
    """The move of vm1 that changed this alone, with its disks and adapters at both ends."""
    here = MovesBack(site(), NO_POLICIES)
    line = compare_places(site(), taken_of([Outcome(move=build.move(site()), state=OutcomeState.MOVED)]))[0]
    move = here.to_wait(line, build.host_ref(1))
    now = here.now(line)
    source = replace(move.source, config=now.config, disks=now.disks, nics=now.nics)
    return replace(move, source=source, destination=replace(source, **destination))


def with_disk(number: int, **changes: Any) -> Any:
    return tuple(replace(one, **changes) if one.key == 2000 + number else one for one in went().source.disks)


def line_of(move: Move, seen: Inventory, policies: PoliciesNow = NO_POLICIES) -> BackLine:
    (line,) = compare_places(seen, taken_of([Outcome(move=move, state=OutcomeState.MOVED)]), None, policies)
    return line


def told(line: BackLine) -> dict[str, tuple[Back, str]]:
    return {one.words: (one.back, one.why) for one in line.things}


POLICIES = PoliciesNow(known=frozenset({"g", "s"}), of={(build.vm_ref(1), 2001): GOLD})
TO_DISK = went(disks=with_disk(1, datastore=store(2)))
TO_NETWORK = went(
    nics=(NicPlacement(key=4001, label="Network adapter 1", network=named(build.network_ref(2), "network2")),)
)
TO_FORMAT = went(disks=with_disk(2, format=DiskFormat.EAGER))
TO_CONFIG = went(config=store(3))
TO_POOL = went(pool=named(build.pool_ref(9), "Gold"))
TO_FOLDER = went(folder=named(build.folder_ref(2), "folder2"))
TO_POLICY = went(disks=with_disk(1, policy=GOLD))
TO_ENCRYPTION = went(encryption=Encryption.REQUIRED)


def disks(first: int = 1, form: DiskFormat | None = DiskFormat.THIN) -> dict[str, Any]:
    found = (build.disk(1, datastore=build.datastore_ref(first)), build.disk(2, disk_format=form), build.nic())
    return {"devices": found}


MOVES: list[Any] = [
    pytest.param(TO_DISK, "Hard disk 1", disks(2), disks(3), "on datastore2", id="disk"),
    pytest.param(
        TO_NETWORK,
        "Network adapter 1",
        {"devices": (*DISKS, build.nic(network=build.network_ref(2)))},
        {"devices": (*DISKS, build.nic(network=build.network_ref(7)))},
        "attached to network2",
        id="network",
    ),
    pytest.param(
        TO_FORMAT,
        "format of Hard disk 2",
        disks(form=DiskFormat.EAGER),
        disks(form=DiskFormat.THICK),
        "set to eager",
        id="format",
    ),
    pytest.param(
        TO_CONFIG,
        "configuration",
        {"vmx_path": "[datastore3] vm1/vm1.vmx", "datastores": (build.datastore_ref(1), build.datastore_ref(3))},
        {"vmx_path": "[datastore2] vm1/vm1.vmx", "datastores": (build.datastore_ref(1), build.datastore_ref(2))},
        "on datastore3",
        id="configuration",
    ),
    pytest.param(TO_POOL, "pool", {"pool": build.pool_ref(9)}, {"pool": build.pool_ref(2)}, "in Gold", id="pool"),
    pytest.param(
        TO_FOLDER, "folder", {"folder": build.folder_ref(2)}, {"folder": build.folder_ref(3)}, "in folder2", id="folder"
    ),
    pytest.param(
        TO_ENCRYPTION,
        "encrypted vMotion",
        {"migrate_encryption": "required"},
        {"migrate_encryption": "disabled"},
        "set to required",
        id="encryption",
    ),
]


@pytest.mark.parametrize(("move", "words", "put", "foreign", "said"), MOVES)
def test_a_thing_goes_back_from_where_it_was_put_and_from_nowhere_else(
    move: Move, words: str, put: dict[str, Any], foreign: dict[str, Any], said: str
) -> None:
    assert told(line_of(move, site())) == {words: (Back.THERE, "it is back already")}
    assert line_of(move, site()).back is Back.THERE

    goes = line_of(move, site(**put))
    assert (told(goes), goes.back) == ({words: (Back.GOES, "")}, Back.GOES)

    left = line_of(move, site(**foreign))
    ((back, why),) = told(left).values()
    assert (back, left.back) == (Back.LEFT, Back.LEFT)
    assert said in why
    assert "somebody else has" in why


@pytest.mark.parametrize(("move", "words", "put", "foreign", "said"), MOVES)
def test_the_move_back_changes_what_the_move_changed_and_leads_to_where_it_was(
    move: Move, words: str, put: dict[str, Any], foreign: dict[str, Any], said: str
) -> None:
    seen = site(**put)
    line = line_of(move, seen)
    back = MovesBack(seen, NO_POLICIES).to_where_it_was(line)

    assert back.changes == move.changes
    after = taken_of([Outcome(move=back, state=OutcomeState.MOVED)])[0].changed
    assert [(one.thing, one.before, one.put) for one in after] == [
        (one.thing, one.put, one.before) for one in line.taken.changed
    ]


def test_a_disk_of_its_own_datastore_stays_where_the_others_go_back() -> None:
    line = line_of(TO_DISK, site(**disks(2)))
    back = MovesBack(site(**disks(2)), NO_POLICIES).to_where_it_was(line)
    assert [one.datastore for one in back.destination.disks] == [store(1), store(1)]
    assert [one.format for one in back.destination.disks] == [None, None], "formats are kept"
    assert back.changes == {Change.STORAGE}


def test_each_thing_is_judged_for_itself_and_what_stays_is_told() -> None:
    """Somebody else has moved the host since, and one disk; the other disk and the network go back."""
    both = tuple(replace(one, datastore=store(2)) for one in went().source.disks)
    nics = TO_NETWORK.destination.nics
    move = went(host=named(build.host_ref(2), "host2"), disks=both, nics=nics)
    now = (
        build.disk(1, datastore=build.datastore_ref(2)),
        build.disk(2, datastore=build.datastore_ref(3)),
        build.nic(network=build.network_ref(2)),
    )
    seen = site(host=build.host_ref(3), devices=now)
    line = line_of(move, seen)

    assert {words: back for words, (back, _) in told(line).items()} == {
        "host": Back.LEFT,
        "Hard disk 1": Back.GOES,
        "Hard disk 2": Back.LEFT,
        "Network adapter 1": Back.GOES,
    }
    back = MovesBack(seen, NO_POLICIES).to_where_it_was(line)
    assert back.changes == {Change.STORAGE, Change.NETWORK}
    assert [one.datastore for one in back.destination.disks] == [store(1), store(3)]
    (outcome,) = outcomes_of(line)
    assert outcome.state is OutcomeState.UNCHANGED
    assert outcome.note is not None
    assert "host: it was put on host2" in outcome.note
    assert "Hard disk 2: it was put on datastore2" in outcome.note


def test_what_the_journal_does_not_say_is_not_brought_back_and_that_is_told() -> None:
    move = replace(TO_DISK, source=replace(TO_DISK.source, disks=()))
    line = line_of(move, site(**disks(2)))
    assert set(told(line).values()) == {(Back.CANNOT, "the journal does not say how it was before")}
    (outcome,) = outcomes_of(line)
    assert outcome.state is OutcomeState.BLOCKED
    assert outcome.note == "it cannot go back: the journal does not say how it was before"


@pytest.mark.parametrize(
    ("move", "put", "lost"),
    [
        pytest.param(
            went(disks=with_disk(1, datastore=store(2))),
            {"datastores": (build.datastore(2), build.datastore(3))},
            "datastore1 no longer exists",
            id="datastore",
        ),
        pytest.param(TO_FOLDER, {"containers": (build.container(2),)}, "vm no longer exists", id="folder"),
    ],
)
def test_where_the_old_place_is_gone_it_cannot_go(move: Move, put: dict[str, Any], lost: str) -> None:
    seen = replace(site(**disks(2), folder=build.folder_ref(2)), **put)
    line = line_of(move, seen)
    assert [one.why for one in line.of(Back.CANNOT)] == [lost]


@pytest.mark.parametrize(
    ("vm", "back", "why"),
    [
        pytest.param({"devices": (build.disk(2), build.nic())}, Back.LEFT, "has no Hard disk 1 any more", id="removed"),
        pytest.param({"devices": None}, Back.CANNOT, "could not be read", id="unread"),
    ],
)
def test_a_disk_that_is_not_there_is_left_and_one_that_was_not_read_cannot_go(
    vm: dict[str, Any], back: Back, why: str
) -> None:
    ((found, words),) = told(line_of(TO_DISK, site(**vm))).values()
    assert found is back
    assert why in words


def test_a_policy_goes_back_where_it_is_known() -> None:
    changed = replace(TO_POLICY, source=replace(TO_POLICY.source, disks=with_disk(1, policy=SILVER)))
    assert told(line_of(changed, site(), POLICIES)) == {"storage policy of Hard disk 1": (Back.GOES, "")}
    back = MovesBack(site(), POLICIES).to_where_it_was(line_of(changed, site(), POLICIES))
    assert [one.policy for one in back.destination.disks] == [SILVER, None]
    assert [one.policy for one in back.source.disks] == [GOLD, None]

    other = PoliciesNow(known=POLICIES.known, of={(build.vm_ref(1), 2001): StoragePolicy(id="x", name="X")})
    assert line_of(changed, site(), other).back is Back.LEFT
    assert line_of(changed, site(), replace(POLICIES, known=frozenset({"g"}))).back is Back.CANNOT
    assert line_of(TO_POLICY, site(), POLICIES).back is Back.CANNOT, "it had none that is known"


FAR = went(host=named(build.host_ref(3), "host3"), pool=named(build.pool_ref(2), "Resources"))


def test_a_pool_goes_back_with_its_host_and_stays_without_it() -> None:
    there = {"host": build.host_ref(3), "pool": build.pool_ref(2)}
    assert {back for back, _ in told(line_of(FAR, site(**there))).values()} == {Back.GOES}

    elsewhere = replace(site(**there), pools=(build.pool(1), build.pool(2), build.pool(8, owner=build.cluster_ref(2))))
    moved = replace(elsewhere, vms=(replace(elsewhere.vms[0], pool=build.pool_ref(8)),))
    assert {back for back, _ in told(line_of(FAR, moved)).values()} == {Back.GOES}, "a pool of the other cluster"

    stays = build.host(4, compute_resource=build.cluster_ref(2), path="/DC0/host/cluster2/host4")
    foreign = replace(moved, hosts=(*moved.hosts, stays), vms=(replace(elsewhere.vms[0], host=stays.ref),))
    line = line_of(FAR, foreign)
    assert told(line)["pool"] == (Back.LEFT, "Resources is not where host4 is")
    assert line.back is Back.LEFT


def test_a_template_has_no_pool_to_go_back_to() -> None:
    move = replace(FAR, source=replace(FAR.source, pool=None))
    template = replace(move, manner=replace(move.manner, is_template=True))
    assert [one.thing.words for one in taken_of([Outcome(move=template, state=OutcomeState.MOVED)])[0].changed] == [
        "host"
    ]


def test_of_two_moves_the_first_source_and_the_last_destination_count() -> None:
    second = replace(TO_DISK, source=replace(TO_DISK.source, disks=with_disk(1, datastore=store(2))))
    second = replace(second, destination=replace(second.source, disks=with_disk(1, datastore=store(3))))
    (taken,) = taken_of([Outcome(move=one, state=OutcomeState.MOVED) for one in (TO_DISK, second)])
    assert [(one.before, one.put) for one in taken.changed] == [(store(1), store(3))]


def test_what_cannot_go_is_told_with_the_way_it_would_have_gone() -> None:
    line = line_of(TO_DISK, site(**disks(2))).stopped("datastore1 is full [storage.space]")
    (outcome,) = outcomes_of(line)
    assert (outcome.state, outcome.note) == (
        OutcomeState.BLOCKED,
        "it cannot go back: datastore1 is full [storage.space]",
    )
    assert part_of(line, line.things).changes == {Change.STORAGE}
    (shown,) = difference_document(("r-1",), (), (line,))["vms"]  # type: ignore[misc]
    assert shown["things"] == [
        {
            "what": "Hard disk 1",
            "now": "datastore2",
            "back_to": "datastore1",
            "put_on": "datastore2",
            "state": "cannot",
            "why": "datastore1 is full [storage.space]",
        }
    ]


def test_a_playbook_is_told_what_goes_back_and_what_does_not() -> None:
    both = tuple(replace(one, datastore=store(2)) for one in went().source.disks)
    move = went(host=named(build.host_ref(2), "host2"), disks=both)
    now = (
        build.disk(1, datastore=build.datastore_ref(2)),
        build.disk(2, datastore=build.datastore_ref(3)),
        build.nic(),
    )
    line = line_of(move, site(host=build.host_ref(2), devices=now))
    restoration = Restoration(
        wanted=Wanted(runs=("r-1",)), lines=(line,), leaving=(), plan=Plan(moves=()), settled=tuple(outcomes_of(line))
    )

    (result,) = restoration_results(restoration)

    assert result["state"] == "planned"
    assert result["message"] == (
        "vm1: host2 -> host1, Hard disk 1 to datastore1; "
        "not Hard disk 2: it was put on datastore2 and somebody else has moved it since"
    )
    assert result["source"] == {"host": "host2", "Hard disk 1": "datastore2"}
    assert result["destination"] == {"host": "host1", "Hard disk 1": "datastore1"}
