"""Display names in GBK, as older switches write them: served, and kept as text."""

from collections.abc import Iterator

import pytest

from db.models import CallRow
from routing.texts import UNREADABLE
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.seats import Manner
from scripts.lab.sip_message import Message, ack_of
from scripts.lab.waiting import wait_until
from tests.faults.raw_sip import RawSip, raw_sip
from tests.real_asterisk.system import System, running_system
from tests.seen import nothing_left

SEATS = ("8001", "8002")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    seats = dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=20))
    root = tmp_path_factory.mktemp("names")
    with running_system(root, 195, police=SEATS, lines=8, seats=seats) as system:
        yield system


@pytest.fixture
def switch(system: System) -> Iterator[RawSip]:
    sip = system.node.settings.sip
    with raw_sip(sip.switch_host, (sip.host, sip.port)) as raw:
        yield raw


@pytest.fixture(autouse=True)
def _leaves_nothing(system: System, told: Finding) -> Iterator[None]:
    with nothing_left(system.node, told):
        yield


def answers(system: System) -> int:
    return sum(event.name == "SW_SEAT" for event in system.town.switch.events())


def named(invite: Message, name: bytes) -> bytes:
    """With these bytes as the display name of its From."""
    data, own = invite.encode(), b"From: <"
    assert own in data
    return data.replace(own, b'From: "' + name + b'" <')


def call_with(system: System, switch: RawSip, number: str, name: bytes) -> CallRow:
    """A call of the switch under this name; he presses nothing, and talks."""
    rows = {row.call_id for row in system.calls()}
    talks = answers(system)
    invite = switch.invite(number)
    switch.say(named(invite, name))
    assert switch.final() == 200
    answer = next(m for m in switch.heard if (m.status, m.branch) == (200, invite.branch))
    switch.say(ack_of(invite, answer).encode())
    wait_until(lambda: answers(system) > talks, "a seat to answer", 20)
    wait_until(lambda: system.node.largest_talk() == 2, "the node to put them together", 15)
    switch.hang_up(invite, answer)
    assert switch.final() == 200
    return system.new_call(rows)


@pytest.mark.fault("B12", how="GBK bytes as the display name of a From header")
@pytest.mark.parametrize(
    ("number", "name"),
    [("13800000001", "张三"), ("13800000002", "運好")],  # the second holds a byte 5C, a backslash
    ids=["plain", "with-5c"],
)
def test_a_caller_whose_name_is_gbk_talks_to_the_police_and_the_name_is_text(
    system: System, switch: RawSip, told: Finding, number: str, name: str
) -> None:
    row = call_with(system, switch, number, name.encode("gbk"))
    assert (row.caller, row.caller_name, row.reason) == (number, name, "no-key")
    told.records.append("his number as it came, his name as text")
    talked_to_the_police(system, row, told)


@pytest.mark.fault("B12", how="a GBK name and a number in bytes D5 C5")
def test_a_bad_number_beside_a_gbk_name_is_unknown_with_its_bytes(
    system: System, switch: RawSip, told: Finding
) -> None:
    row = call_with(system, switch, "%D5%C5", "张三".encode("gbk"))
    assert (row.caller, row.caller_raw_hex, row.caller_name) == ("unknown", "d5c5", "张三")
    told.records.append("number unknown with d5c5, name as text")
    talked_to_the_police(system, row, told)


@pytest.mark.fault("B12", how="a GBK name whose last byte, 5C, takes its closing quote away")
def test_an_invite_that_its_name_makes_unreadable_is_not_answered_and_the_next_is_served(
    system: System, switch: RawSip, told: Finding
) -> None:
    """To Asterisk it is no SIP at all; the switch, which hears nothing, rings the police."""
    rows = len(system.calls())
    switch.say(named(switch.invite("13800000003"), "好運".encode("gbk")))
    assert switch.final() == 0
    row = call_with(system, switch, "13800000004", "运好".encode())
    assert (row.caller_name, len(system.calls())) == ("运好", rows + 1)
    told.caller.append("a name that ends in byte 5C: no answer, the switch's own way")
    told.records.append("no row of it")
    talked_to_the_police(system, row, told)


@pytest.mark.control("B12", without="the header that the name came in")
def test_control_by_asterisks_own_word_alone_the_name_is_lost(
    system: System, switch: RawSip, told: Finding
) -> None:
    file = system.node.home.etc / "l110/extensions.conf"
    kept = file.read_text()
    assert "&named=${L110_NAMED}" in kept
    file.write_text(kept.replace("&named=${L110_NAMED}", ""))
    ask(system.node.home, "dialplan reload")
    try:
        row = call_with(system, switch, "13800000005", "张三".encode("gbk"))
    finally:
        file.write_text(kept)
        ask(system.node.home, "dialplan reload")
    assert (row.caller, row.caller_name) == ("13800000005", 4 * UNREADABLE)
    told.records.append(f"name {row.caller_name}")


def talked_to_the_police(system: System, row: CallRow, told: Finding) -> None:
    (seat,) = system.seats_of(row.call_id)
    assert (seat[0], row.outcome) == ("8", "talked-to-police")
    told.caller.append("talked to the police")
