"""The supervisor of `l110 up` is frozen or gone: the node says so, and can still be taken down."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from ivr.alarms import ALARMS
from scripts.chaos.findings import Finding
from scripts.cli import supervision
from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from tests.faults.supervised import SupervisedNode
from tests.faults.watched import cleared_within, raised_within, stays_quiet
from tests.real_asterisk.system import POLICE, System, running_system

pytestmark = pytest.mark.real_asterisk
ALARM = "supervisor-silent"
QUIET = "[selftest]\nevery_s = 0\n"
SEATS = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    root = tmp_path_factory.mktemp("supervisor")
    with running_system(root, 217, seats=SEATS, settings=QUIET, node_of=SupervisedNode) as system:
        yield system


@pytest.fixture
def node(system: System) -> SupervisedNode:
    assert isinstance(system.node, SupervisedNode)
    if not supervision.our_processes(system.node.settings):
        system.node.start()
    return system.node


def strike(node: SupervisedNode, number: signal.Signals) -> int:
    """Its supervisor, that is. Returns the pid."""
    pid = int((supervision.run_dir(node.settings) / "supervisord.pid").read_text())
    os.kill(pid, number)
    return pid


@pytest.mark.fault("57", how="SIGSTOP to the supervisor, under `l110 up`")
def test_a_frozen_supervisor_is_an_alarm_and_holds_nobody_up(
    node: SupervisedNode, told: Finding
) -> None:
    pid = strike(node, signal.SIGSTOP)
    try:
        took_s, _ = raised_within(node, ALARM, 20)
        began = time.monotonic()
        found = node.status()
        assert time.monotonic() - began < 20
    finally:
        os.kill(pid, signal.SIGCONT)
    assert {a["name"]: a["runbook"] for a in found["alarms"]} == {ALARM: ALARMS[ALARM].runbook}
    assert found["state"] == "partly"
    cleared_within(node, ALARM, 15)
    assert {one.state for one in supervision.processes(node.settings)} == {"RUNNING"}
    told.records.append(f"alarm after {took_s:.0f} s, `l110 status` answers; over once it goes on")


@pytest.mark.control("57", without="the keeper's word of it: the keeper is frozen too")
def test_control_without_the_keeper_nobody_says_it(node: SupervisedNode, told: Finding) -> None:
    frozen = [node.signal("keep", signal.SIGSTOP), strike(node, signal.SIGSTOP)]
    try:
        assert stays_quiet(node, ALARM, 15)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    cleared_within(node, "keeper-silent", 10)
    told.records.append("15 s, and no word of the supervisor")


@pytest.mark.fault("57", how="SIGKILL, or SIGSTOP and `l110 down`, of the supervisor")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_without_its_supervisor_calls_go_on_and_down_ends_all_of_it(
    system: System, node: SupervisedNode, told: Finding, number: signal.Signals
) -> None:
    strike(node, number)
    raised_within(node, ALARM, 20)
    caller = f"1380005722{number % 10}"
    system.town.call(caller, [Press("1"), Stay(10)])
    assert system.town.ended(caller).talked_to[0][0] == "8"
    assert system.call_of(caller).outcome == "talked-to-police"
    assert node.l110("down").returncode == 0
    assert supervision.our_processes(node.settings) == []
    assert node.status()["state"] == "down"
    told.caller.append("talked to the police")
    told.records.append("1 row, talked-to-police; `down` left no process")
