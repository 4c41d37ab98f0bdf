"""Seats whose telephones register at the node itself, in both ways of release."""

from collections.abc import Iterator

import pytest

from scripts.asterisk_console import ask
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.town import DUTY_TELEPHONE
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system

RING_S = 3


@pytest.fixture(scope="module", params=["redirect", "refer"])
def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    mode: str = request.param
    with running_system(
        tmp_path_factory.mktemp(mode),
        45 if mode == "refer" else 44,
        settings=f'[release]\nmode = "{mode}"\n',
        police=("8001",),
        livelihood=("7001",),
        registered=("8001", "7001"),
        ring_s=RING_S,
    ) as system:
        yield system


@pytest.fixture(autouse=True)
def _nobody_sits_there_from_before(system: System) -> Iterator[None]:
    yield
    system.telephones.leave()


def test_a_registered_police_seat_takes_a_call_and_is_told_whose_it_is(system: System) -> None:
    seat = system.telephones.staff("8001", Manner(ring_s=0.2, talk_s=2))
    system.town.call("13800000001", [Press("5"), Stay(20)], dial="110-place", speaks=True)
    seat.wait_for("rang", "sip:13800000001@", timeout_s=10)
    system.town.ended("13800000001")
    call = system.call_of("13800000001")
    assert (call.outcome, call.seat) == ("talked-to-police", "seat-8001")
    assert call.ended_by == "seat"
    assert seat.told("X-L110-Call") == call.call_id
    assert "27.3405" in seat.told("X-L110-Place")
    assert seat.told("X-L110-Marks") == "silent"
    assert seat.told("From").startswith('"SILENT 不能说话"')
    assert seat.talks[0].sound.heard > 50  # the caller's voice came through
    system.assert_nothing_outlives_its_call()


def test_a_registered_livelihood_seat_takes_a_call_and_its_headers_name_the_call(
    system: System,
) -> None:
    seat = system.telephones.staff("7001", Manner(ring_s=0.2, talk_s=2))
    system.town.call("13800000002", [Press("2"), Wait(1), Press("4"), Stay(20)])
    seat.wait_for("ended", "us", timeout_s=20)
    call = system.call_of("13800000002")
    assert (call.outcome, call.seat) == ("talked-to-livelihood", "seat-7001")
    assert seat.told("X-L110-Call") == call.call_id
    assert seat.told("X-L110-Marks") == ""
    system.assert_nothing_outlives_its_call()


@pytest.mark.parametrize("keys_by_info", [True, False], ids=["info", "rtp"])
def test_a_registered_police_seat_hands_the_caller_over_with_one_key_and_is_free(
    system: System, keys_by_info: bool
) -> None:
    number = "13800000003" if keys_by_info else "13800000004"
    mode = system.node.settings.release.mode
    police = system.telephones.staff(
        "8001", Manner(ring_s=0.2, talk_s=30, keys="*2"), keys_by_info=keys_by_info
    )
    operator = system.telephones.staff("7001", Manner(ring_s=0.2, talk_s=2))
    system.town.call(number, [Press("1"), Wait(5), Press("1"), Stay(60)])
    operator.wait_for("answered", timeout_s=45)
    police.wait_for("ended", "them")
    if mode == "refer":
        assert system.town.police_lines_in_use() == 0
    system.town.ended(number, 60)
    call = system.call_of(number)
    assert (call.reason, call.release_mode, call.seat) == ("call-taker", mode, "seat-7001")
    assert call.outcome == "talked-to-livelihood"
    system.assert_nothing_outlives_its_call()


@pytest.mark.parametrize("keys_by_info", [True, False], ids=["info", "rtp"])
def test_a_registered_operator_hands_the_caller_back_to_the_police_with_one_key(
    system: System, keys_by_info: bool
) -> None:
    number = "13800000005" if keys_by_info else "13800000006"
    police = system.telephones.staff("8001", Manner(ring_s=0.2, talk_s=2))
    operator = system.telephones.staff(
        "7001", Manner(ring_s=0.2, talk_s=30, keys="*1"), keys_by_info=keys_by_info
    )
    system.town.call(number, [Press("2"), Wait(1), Press("1"), Stay(60)])
    police.wait_for("answered", timeout_s=45)
    operator.wait_for("ended", "them")
    system.town.ended(number, 60)
    call = system.call_of(number)
    assert (call.outcome, call.seat) == ("talked-to-police", "seat-8001")
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "returned"
    system.assert_nothing_outlives_its_call()


def test_a_seat_that_unregisters_while_a_caller_waits_leaves_him_to_the_next_destination(
    system: System,
) -> None:
    seat = system.telephones.staff("8001", Manner(answers=False))
    system.town.call("13800000007", [Press("1"), Stay(40)])
    seat.wait_for("ended", "cancelled", times=2, timeout_s=15)  # rung again: he still waits for it
    assert not system.town.talks("13800000007")
    assert seat.unregister() == 200
    wait_until(lambda: system.town.talks("13800000007"), "the duty telephone", RING_S + 5)
    assert system.town.ended("13800000007").talked_to == (DUTY_TELEPHONE,)
    assert system.call_of("13800000007").outcome == "talked-to-police"


def test_a_telephone_that_vanishes_without_a_word_does_not_hold_the_caller(system: System) -> None:
    """Its registration stands; the node asks it every five seconds and finds nobody."""
    seat = system.telephones.staff("8001")
    seat.vanish()
    system.town.call("13800000008", [Press("1"), Stay(40)])
    wait_until(lambda: system.town.talks("13800000008"), "the duty telephone", 25)
    assert system.town.ended("13800000008").talked_to == (DUTY_TELEPHONE,)


def rung(system: System, number: str) -> tuple[str, ...]:
    """Who takes a police call while no seat has registered."""
    system.town.call(number, [Press("1"), Stay(20)])
    return system.town.ended(number).talked_to


def test_a_wrong_password_is_refused_and_that_telephone_never_rings(system: System) -> None:
    thief = system.telephones.stranger("seat-8001", "wrong")
    assert thief.register() == 401
    assert rung(system, "13800000009") == (DUTY_TELEPHONE,)
    assert thief.talks == []


def test_the_right_password_from_outside_the_seat_networks_is_refused(system: System) -> None:
    seat = system.telephones.staff("8001")
    password, outside = seat.line.password, f"{system.telephones.host}7"
    system.telephones.leave()
    thief = system.telephones.stranger("seat-8001", password, host=outside)
    assert thief.register() == 403
    assert rung(system, "13800000010") == (DUTY_TELEPHONE,)
    assert thief.talks == []


def test_control_without_the_password_or_the_list_of_networks_a_thief_gets_the_seat(
    system: System,
) -> None:
    password = system.telephones.staff("8001").line.password
    system.telephones.leave()
    guessing = system.telephones.stranger("seat-8001", "wrong")
    with system.endpoints_changed("auth=seat-8001\n", ""):
        assert (guessing.register(), guessing.unregister()) == (200, 200)
    outside = system.telephones.stranger("seat-8001", password, host=f"{system.telephones.host}7")
    with system.endpoints_changed("deny=0.0.0.0/0.0.0.0", "permit=0.0.0.0/0.0.0.0"):
        assert (outside.register(), outside.unregister()) == (200, 200)
    assert (guessing.register(), outside.register()) == (401, 403)


@pytest.mark.parametrize("extension", ["120", "110", "7001", "s", "l110-boot"])
def test_a_seat_transfers_its_caller_nowhere_else_and_keeps_him(
    system: System, extension: str
) -> None:
    number = f"139{len(system.calls()):08d}"
    seat = talking_seat(system, number)
    seat.transfer(extension)
    seat.wait_for("notified", "SIP/2.0 404")
    before = seat.talk.sound.heard
    wait_until(lambda: seat.talk.sound.heard > before + 20, "the caller's voice", 15)
    seat.hang_up()
    system.town.ended(number)
    call = system.call_of(number)
    assert (call.outcome, call.seat, call.released_at) == ("talked-to-police", "seat-8001", None)


def test_control_an_extension_that_existed_would_take_the_caller_away(system: System) -> None:
    ask(system.node.home, "dialplan add extension 120,1,Hangup,16 into l110-transfer")
    try:
        seat = talking_seat(system, "13700000001")
        seat.transfer("120")
        system.town.ended("13700000001", 5)  # long before he or the seat would have hung up
    finally:
        ask(system.node.home, "dialplan remove extension 120@l110-transfer")


def talking_seat(system: System, number: str) -> Telephone:
    seat = system.telephones.staff("8001", Manner(ring_s=0.1, talk_s=20))
    system.town.call(number, [Press("1"), Stay(20)], speaks=True)
    seat.wait_for("answered", timeout_s=15)
    wait_until(lambda: seat.talk.sound.heard > 10, "the caller's voice", 15)
    return seat


@pytest.mark.parametrize("extension", ["120", "110", "7001", "s"])
def test_a_seat_dials_nobody(system: System, extension: str) -> None:
    seat = system.telephones.staff("8001")
    talk = seat.call(extension)
    seat.wait_for("ended", "refused 404", call_id=talk.call_id)
