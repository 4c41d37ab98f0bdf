"""Steps that the journal's disk did not take are an alarm, also when their bridge has ended."""

from collections.abc import Iterator

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.waiting import wait_until
from tests.faults.bad_disk import NO_ROOM, NO_SYNC, WELL, disk_file, start_bridge
from tests.faults.watched import NO_TESTS, cleared_within, logged, raised_within, stays_quiet
from tests.real_asterisk.system import Records, node_alone

pytestmark = pytest.mark.real_asterisk
ALARM = "steps-unkept"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with node_alone(tmp_path_factory.mktemp("unkept"), 213) as records:
        yield records


@pytest.fixture
def records(node: Records) -> Records:
    """A bridge on a disk that is well, and a watch that has seen nothing."""
    start_bridge(node.node)
    node.node.start_watch(NO_TESTS)
    wait_until(lambda: not node.node.alarms(), "all to be well", 20)
    return node


def a_step_on(records: Records, disk: str) -> None:
    """New rules are a step; the journal is known to have failed at it."""
    disk_file(records.node).write_text(disk)
    rules = records.node.settings.rules_path
    rules.write_text(f"{rules.read_text()}\n# new rules are a step\n")
    raised_within(records.node, "journal-failing", 10)


@pytest.mark.fault("40", how="a sync of the journal fails: it takes no more until a new start")
def test_steps_that_were_given_up_are_told_after_the_bridge_is_mended(
    records: Records, told: Finding
) -> None:
    with records.logged("ivr", "journal.step_unkept"):
        a_step_on(records, NO_SYNC)
    _, about = raised_within(records.node, ALARM, 5)
    assert about.startswith("1 since")
    assert logged(records, ALARM)
    start_bridge(records.node)
    cleared_within(records.node, "journal-failing", 10)
    cleared_within(records.node, "bridge-down", 10)
    assert set(records.node.alarms()) == {ALARM}, "nobody else tells of it any more"
    told.records.append(f"steps-unkept: {about}; it outlives the bridge")


@pytest.mark.fault("39", how="the bridge ends while its disk is full: its last count nobody hears")
def test_steps_that_a_bridge_held_when_it_ended_are_told(records: Records, told: Finding) -> None:
    a_step_on(records, NO_ROOM)
    assert stays_quiet(records.node, ALARM, 2)
    with records.logged("ivr", "journal.step_unkept"):
        start_bridge(records.node)
    _, about = raised_within(records.node, ALARM, 5)
    assert "ended while its disk took none" in about
    told.records.append(f"steps-unkept: {about}")


@pytest.mark.control("39", without="the loss: room is made in time")
def test_control_steps_that_were_held_and_then_kept_are_no_alarm(
    records: Records, told: Finding
) -> None:
    a_step_on(records, NO_ROOM)
    disk_file(records.node).write_text(WELL)
    cleared_within(records.node, "journal-failing", 10)
    start_bridge(records.node)
    assert stays_quiet(records.node, ALARM, 4)
    told.records.append("held for some seconds, kept; no alarm, also after a new start")
