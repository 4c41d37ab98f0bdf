"""Who was answered by an Asterisk that is killed in the same breath is on record all the same."""

import signal
from collections.abc import Iterator

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from tests.faults.raw_sip import RawSip, raw_sip
from tests.real_asterisk.protections import Protection
from tests.real_asterisk.system import Records, node_alone

WRITES_THE_START = Protection("l110-begun", "s", "Set(FILE(")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    root = tmp_path_factory.mktemp("killed")
    # No bridge to connect to: only the dialplan can know of the call.
    with node_alone(root, 235, police=("8001",), lines=4) as records:
        records.node.processes["ivr"].stop()
        yield records


@pytest.fixture
def switch(node: Records) -> Iterator[RawSip]:
    sip = node.node.settings.sip
    with raw_sip(sip.switch_host, (sip.host, sip.port)) as raw:
        yield raw


def killed_at_the_answer(node: Records, switch: RawSip, number: str) -> None:
    """CEL's writer never comes to the call: here it is taken away, else it is late by a few ms."""
    ask(node.node.home, "module unload cel_custom.so")
    switch.say(switch.invite(number).encode())
    assert switch.final() == 200
    node.node.processes["asterisk"].signal(signal.SIGKILL)
    node.node.restart("asterisk")


def calls_and_hangs_up(node: Records, switch: RawSip, number: str) -> None:
    """Once it is on record, so is whatever the node knew before."""
    invite = switch.invite(number)
    switch.say(invite.encode())
    assert switch.final() == 200
    switch.hang_up(invite, [m for m in switch.heard if m.status == 200][-1])
    node.call_of(number)


@pytest.mark.fault(
    "18", how="kill -9 of Asterisk at its 200 OK; CEL's writer never came to the call"
)
def test_who_was_answered_as_asterisk_was_killed_is_on_record(
    node: Records, switch: RawSip, told: Finding
) -> None:
    killed_at_the_answer(node, switch, "13800000001")
    row = node.call_of("13800000001")
    assert row.outcome == "node-lost"
    assert [leg.end_reason for leg in node.legs_of(row)] == ["node-lost"]
    told.records.append(f"1 row, 1 leg, {row.outcome}, with the caller's number")


def test_a_second_boot_tells_nothing_twice(node: Records, switch: RawSip) -> None:
    before = len(node.calls())
    node.node.restart("asterisk")
    calls_and_hangs_up(node, switch, "13800000002")
    assert len(node.calls()) == before + 1


@pytest.mark.control("18", without="the start that the dialplan writes into memory")
def test_control_without_a_start_in_memory_nobody_would_know_of_the_call(
    node: Records, switch: RawSip, told: Finding
) -> None:
    WRITES_THE_START.take_out(node.node.home, "13800000003")
    killed_at_the_answer(node, switch, "13800000003")
    calls_and_hangs_up(node, switch, "13800000004")
    assert "13800000003" not in {row.caller for row in node.calls()}
    told.records.append("no row: answered, and nobody knows")
