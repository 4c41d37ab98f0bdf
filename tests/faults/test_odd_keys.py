"""Odd telephone-event packets, sent as RTP by callers of our own, all played at once on one system.

Who keyed 2 and nothing more is released without a class; a second 2 would make it hardship. So the
class says how many keys were heard.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from db.models import CallRow
from scripts.chaos.findings import Finding
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.sound import TICK_S, KeyPacket, Sound, key_packets
from scripts.lab.waiting import wait_until
from tests.faults.patched import patched
from tests.real_asterisk.system import System, running_system

POLICE = [f"80{n:02d}" for n in range(1, 9)]
LIVELIHOOD = [f"70{n:02d}" for n in range(1, 13)]
ANOTHER_PAYLOAD = 96  # 101 is what the caller's SDP names
PACKETS_A_SECOND = round(1 / TICK_S)
TWO = key_packets(2)
Packets = Sequence[KeyPacket]


def of_payload(packets: Packets, payload: int) -> Packets:
    return [replace(packet, payload=payload) for packet in packets]


def each_twice(packets: Packets) -> Packets:
    return [replace(packet, times=2) for packet in packets]


# name -> what he sends: one timestamp for each part, a second of sound between two
CALLERS: dict[str, Sequence[Packets]] = {
    "events-16-and-200": [key_packets(16), key_packets(200)],
    "events-16-and-200-then-2": [key_packets(16), key_packets(200), TWO],
    "event-2-in-their-place": [TWO],
    "one-packet": [TWO[:1]],
    "no-packet": [],
    "two-keys-of-one-packet": [TWO[:1], TWO[:1]],
    "each-packet-twice": [each_twice(TWO)],
    "all-packets-twice": [[*TWO, *TWO]],
    "two-keys": [TWO, TWO],
    "another-payload": [of_payload(TWO, ANOTHER_PAYLOAD)],
}
NUMBERS = {name: f"1380000{n:04d}" for n, name in enumerate(CALLERS, 1)}


def play(system: System, name: str, number: str = "") -> None:
    """From the switch's address, as its trunk call."""
    host = system.node.settings.sip.switch_host
    caller = system.telephones.stranger(number or NUMBERS[name], host=host, keys_by_info=False)
    talk = caller.call("110")
    caller.wait_for("answered")
    for packets in CALLERS[name]:
        hear_a_second(talk.sound)
        caller.send_key(packets)
    caller.wait_for("ended", "them", timeout_s=40)


def hear_a_second(sound: Sound) -> None:
    begins = sound.heard
    wait_until(lambda: sound.heard > begins + PACKETS_A_SECOND, "a second of sound", 15)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, str]]:
    """The system after all of them, and what it holds then."""
    with running_system(
        tmp_path_factory.mktemp("odd-keys"),
        194,
        police=POLICE,
        livelihood=LIVELIHOOD,
        lines=20,
        trunk_channels=40,
        seats={number: Manner(ring_s=0.2, talk_s=1) for number in (*POLICE, *LIVELIHOOD)},
    ) as system:
        before = footprint(system.node)
        with ThreadPoolExecutor(len(CALLERS)) as pool:
            list(pool.map(lambda name: play(system, name), CALLERS))
        yield system, wait_until_nothing_leaks(system.node, before)


@pytest.fixture
def system(played: tuple[System, str], told: Finding) -> System:
    told.leaks.append(played[1])
    return played[0]


def came_to(system: System, name: str, told: Finding) -> CallRow:
    """Who talked to the side that his record names."""
    call = system.call_of(NUMBERS[name])
    (seat,) = system.seats_of(call.call_id)
    assert seat.startswith("8" if call.verdict == "police" else "7")
    assert call.outcome == f"talked-to-{call.verdict}"
    told.caller.append(f"{name}: talked to {call.verdict}")
    told.records.append(f"{call.verdict}, {call.reason}, {call.service_class or 'no class'}")
    return call


def heard_no_key(call: CallRow) -> bool:
    return (call.verdict, call.reason, call.key) == ("police", "no-key", None)


def heard_one_2(call: CallRow) -> bool:
    return (call.verdict, call.key, call.service_class) == ("livelihood", "2", "unclassified")


def heard_two_2s(call: CallRow) -> bool:
    return (call.verdict, call.key, call.service_class) == ("livelihood", "2", "hardship")


@pytest.mark.fault("B19", how="RTP events 16 and 200, whole, in the menu")
def test_a_caller_whose_telephone_sends_events_that_are_no_keys_reaches_the_police(
    system: System, told: Finding
) -> None:
    assert heard_no_key(came_to(system, "events-16-and-200", told))


@pytest.mark.fault("B19", how="the same, and then key 2")
def test_events_that_are_no_keys_do_not_spoil_the_key_that_follows(
    system: System, told: Finding
) -> None:
    assert heard_one_2(came_to(system, "events-16-and-200-then-2", told))


@pytest.mark.control("B19", without="the fault: event 2 in their place, the same packets")
def test_control_the_same_packets_of_event_2_are_a_key(system: System, told: Finding) -> None:
    """That the others are none is Asterisk's own doing: no setting of ours makes them keys."""
    assert heard_one_2(came_to(system, "event-2-in-their-place", told))


@pytest.mark.fault("B20", how="the first RTP packet of key 2 alone")
def test_a_key_of_one_packet_is_one_key(system: System, told: Finding) -> None:
    assert heard_one_2(came_to(system, "one-packet", told))


@pytest.mark.control("B20", without="that one packet")
def test_control_without_that_packet_no_key_is_heard(system: System, told: Finding) -> None:
    assert heard_no_key(came_to(system, "no-packet", told))


@pytest.mark.control("B20", without="the count of one: such a packet again with a new timestamp")
def test_control_two_keys_of_one_packet_are_two(system: System, told: Finding) -> None:
    assert heard_two_2s(came_to(system, "two-keys-of-one-packet", told))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "each-packet-twice",
            marks=pytest.mark.fault("B21", how="each RTP packet of key 2 sent twice, unchanged"),
        ),
        pytest.param(
            "all-packets-twice",
            marks=pytest.mark.fault("B21", how="all packets of key 2 again with their timestamp"),
        ),
    ],
)
def test_a_key_whose_packets_come_twice_is_one_key(
    system: System, told: Finding, name: str
) -> None:
    assert heard_one_2(came_to(system, name, told))


@pytest.mark.control("B21", without="the timestamp in common: all packets again with a new one")
def test_control_the_same_packets_with_a_new_timestamp_are_two_keys(
    system: System, told: Finding
) -> None:
    assert heard_two_2s(came_to(system, "two-keys", told))


@pytest.mark.fault("B22", how="key 2 on payload type 96, where the SDP says 101")
def test_a_caller_whose_keys_come_on_another_payload_type_reaches_the_police(
    system: System, told: Finding
) -> None:
    assert heard_no_key(came_to(system, "another-payload", told))


@pytest.mark.control("B22", without="the fault: the same packets on 101")
def test_control_the_same_packets_on_the_payload_type_of_the_sdp_are_a_key(
    system: System, told: Finding
) -> None:
    """That the others are none is Asterisk's own doing: no setting of ours has it hear them."""
    assert heard_one_2(came_to(system, "event-2-in-their-place", told))


# The police are ours: what Asterisk did not hear is no key, and no key is the police.
NO_KEY_IS_LIVELIHOOD = """
import routing.decide as d
from routing.model import Target, Verdict
d._police = lambda reason, key, language, rules: Verdict(
    Target.LIVELIHOOD, reason, key, rules_version=rules.version, language=language
)
"""


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(
            name,
            number,
            id=place,
            marks=pytest.mark.control(place, without="the police where no key was heard"),
        )
        for place, name, number in (
            ("B19", "events-16-and-200", "13800009019"),
            ("B22", "another-payload", "13800009022"),
        )
    ],
)
def test_control_where_no_key_is_not_the_police_he_is_taken_to_livelihood(
    system: System, told: Finding, name: str, number: str
) -> None:
    with patched(system.node, "ivr", NO_KEY_IS_LIVELIHOOD):
        play(system, name, number)
    call = system.call_of(number)
    (seat,) = system.seats_of(call.call_id)
    assert seat.startswith("7")
    told.caller.append("no key was heard of him, and he talked to livelihood")
