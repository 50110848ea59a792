"""What the journal keeps beside runs and moves comes back as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests import build
from tests.fakes import START
from tests.unit.run.test_journal import info, rows
from vsphere_motion.errors import NotFound
from vsphere_motion.model.outcome import Outcome, OutcomeState
from vsphere_motion.model.rolling import Rolling, RollingRequest, RollingStep, StepState
from vsphere_motion.run.journal import Journal, open_journal
from vsphere_motion.run.workbook import (
    Override,
    Purpose,
    PurposeKind,
    Truce,
    TruceState,
    Workbook,
    is_quieted,
    quieted,
    restored,
)

ROLLING = Rolling(
    id="roll-1a2b3c",
    vcenter_uuid="uuid-1",
    request=RollingRequest(cluster="Production", command=("patch", "{host}"), parallel=2, skip_checks=("vm.iso",)),
    started_at=START,
    steps=(
        RollingStep(position=0, host=build.host_ref(1), host_name="host1"),
        RollingStep(position=1, host=build.host_ref(2), host_name="host2", state=StepState.DONE, runs=("r-1", "r-2")),
    ),
)
TRUCES = (
    Truce(vm=build.vm_ref(1), vm_name="vm1", cluster=build.cluster_ref(1), before=None),
    Truce(
        vm=build.vm_ref(2),
        vm_name="vm2",
        cluster=build.cluster_ref(1),
        before=Override(enabled=None, behavior="fullyAutomated"),
    ),
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path)) as opened:
        yield opened


def test_a_rolling_comes_back_as_it_was_written(journal: Journal) -> None:
    book = Workbook(journal)
    book.create_rolling(ROLLING)
    step = replace(
        ROLLING.steps[0], state=StepState.COMMAND, runs=("r-3",), exit_code=9, output="/x/000.log", note="no"
    )
    book.write_step(ROLLING.id, step)

    assert book.load_rolling("roll-1a") == replace(ROLLING, steps=(step, ROLLING.steps[1]))
    assert book.find_rolling(vcenter_uuid="uuid-1") == book.load_rolling(ROLLING.id)
    book.end_rolling(ROLLING.id, START)
    assert book.find_rolling(vcenter_uuid="uuid-1") is None
    assert book.load_rolling(ROLLING.id).ended_at == START
    with pytest.raises(NotFound):
        book.load_rolling("roll-f")


def test_a_truce_that_is_set_keeps_what_was_before_it(journal: Journal) -> None:
    book = Workbook(journal)
    journal.create_run(info("r-1"), rows(2))
    book.write_truces("r-1", TRUCES)
    book.write_truces("r-1", [replace(one, before=quieted(one.before)) for one in TRUCES])

    assert book.truces("r-1") == TRUCES
    assert book.open_truces(vcenter_uuid=info("r-1").vcenter.instance_uuid) == {"r-1": TRUCES}
    book.end_truces("r-1", [build.vm_ref(1)], TruceState.ENDED)
    assert book.open_truces(vcenter_uuid=info("r-1").vcenter.instance_uuid) == {"r-1": TRUCES[1:]}


def test_the_newest_evacuation_of_a_host_is_found_before_a_newer_single_move(journal: Journal) -> None:
    book, uuid = Workbook(journal), info("r-1").vcenter.instance_uuid
    for run in ("r-1", "r-2", "r-3"):
        journal.create_run(info(run), rows(1))
        move = rows(1)[0].move
        journal.write_outcome(run, 0, Outcome(move=move, state=OutcomeState.MOVED))
    source = rows(1)[0].move.source.host
    assert source is not None
    assert book.find_evacuation(source.ref, vcenter_uuid=uuid) == "r-3", "where no run says what it is for"
    book.write_purpose("r-2", Purpose(kind=PurposeKind.EVACUATE, hosts=(source.ref,)))
    book.write_purpose("r-3", Purpose(kind=PurposeKind.RESTORE, hosts=(source.ref,)))
    assert book.find_evacuation(source.ref, vcenter_uuid=uuid) == "r-2"
    assert book.find_evacuation(build.host_ref(99), vcenter_uuid=uuid) is None
    assert book.find_evacuation(source.ref, vcenter_uuid="another") is None


@pytest.mark.parametrize(
    ("before", "back"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(Override(enabled=True, behavior="manual"), Override(enabled=True, behavior="manual"), id="one"),
        pytest.param(Override(enabled=None, behavior=None), Override(enabled=True, behavior=None), id="unset is named"),
    ],
)
def test_an_override_is_put_back_as_it_was(before: Override | None, back: Override | None) -> None:
    assert restored(before) == back
    assert is_quieted(quieted(before), before)
    assert not is_quieted(back, before)
