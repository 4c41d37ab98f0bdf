"""A seat's telephone transfers its caller to `livelihood`, blind or after a word, in both ways."""

from collections.abc import Iterator

import pytest

from scripts.asterisk_console import ask
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import wait_until
from tests.real_asterisk.given import gives, press_in_talk, press_until_gone, talking
from tests.real_asterisk.system import System, running_system

TALKS_ON = Manner(ring_s=0.2, talk_s=40)


@pytest.fixture(scope="module", params=["redirect", "refer"])
def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    mode: str = request.param
    with running_system(
        tmp_path_factory.mktemp(mode),
        47 if mode == "refer" else 46,
        settings=f'[release]\nmode = "{mode}"\n',
        police=("8001",),
        livelihood=("7001",),
        registered=("8001", "7001"),
    ) as system:
        yield system


@pytest.fixture
def seat(system: System) -> Iterator[Telephone]:
    """The police seat. Its operator is at 7001; both talk until somebody ends it."""
    system.telephones.staff("7001", TALKS_ON)
    yield system.telephones.staff("8001", TALKS_ON)
    system.telephones.leave()
    system.assert_nothing_outlives_its_call()


def operator_of(system: System) -> Telephone:
    return system.telephones.at("7001")


def slots_held(system: System) -> int:
    """Police slots that are taken now."""
    shown = ask(system.node.home, "group show channels").splitlines()
    return sum(line.split()[1:3] == ["line", "l110"] for line in shown)


def seat_is_idle(system: System) -> bool:
    shown = ask(system.node.home, "pjsip show endpoint seat-8001")
    return "Not in use" in shown


def police_talk(system: System, seat: Telephone, number: str, *, then: str = "1") -> None:
    """A caller who keys 1 and talks to the seat; `then` is his key in the second menu, later."""
    system.town.call(number, [Press("1"), Wait(4), Press(then), Stay(12)], speaks=True)
    seat.wait_for("answered", timeout_s=15)
    assert slots_held(system) == 1


def assert_released_by_the_call_taker(system: System, number: str, mode: str) -> None:
    call = system.call_of(number, 10)
    assert (call.verdict, call.reason, call.release_mode) == ("livelihood", "call-taker", mode)
    assert (call.outcome, call.seat) == ("talked-to-livelihood", "seat-7001")
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "new"


def test_a_blind_transfer_brings_the_caller_to_the_second_menu_and_an_operator(
    system: System, seat: Telephone
) -> None:
    operator = operator_of(system)
    police_talk(system, seat, "13800000001", then="3")
    assert seat.transfer("livelihood") == 202
    seat.wait_for("notified", "SIP/2.0 200")
    seat.wait_for("ended")
    wait_until(lambda: slots_held(system) == 0, "the slot to be free", 15)
    wait_until(lambda: seat_is_idle(system), "the seat to be free", 15)
    assert not system.town.answered("13800000001") or operator.free  # before his second key

    operator.wait_for("answered", timeout_s=20)
    assert not seat.diary.found("answered")[1:]
    if system.node.settings.release.mode == "refer":
        assert system.town.police_lines_in_use() == 0
    call_id = operator.told("X-L110-Call")
    system.town.ended("13800000001")
    assert_released_by_the_call_taker(system, "13800000001", system.node.settings.release.mode)
    call = system.call_of("13800000001")
    assert call.call_id == call_id
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.service_class == "information"  # his key 3: it was the second menu that he heard


def test_an_attended_transfer_gives_the_caller_to_the_operator_who_was_asked_first(
    system: System, seat: Telephone
) -> None:
    operator = operator_of(system)
    police_talk(system, seat, "13800000002")
    held = seat.talk
    assert seat.hold(held) == 200
    asked = seat.call("livelihood")
    seat.wait_for("answered", call_id=asked.call_id, timeout_s=15)
    operator.wait_for("answered", timeout_s=15)
    assert slots_held(system) == 1  # the caller is the seat's until it lets him go

    assert seat.transfer_to(asked, "livelihood", held) == 202
    seat.wait_for("notified", "SIP/2.0 200")
    seat.wait_for("ended", call_id=held.call_id)
    seat.wait_for("ended", call_id=asked.call_id)
    wait_until(lambda: slots_held(system) == 0, "the slot to be free", 15)
    wait_until(lambda: seat_is_idle(system), "the seat to be free", 15)
    before = operator.talk.sound.heard
    wait_until(lambda: operator.talk.sound.heard > before + 50, "the caller's voice", 15)
    assert not operator.free
    assert not operator.diary.found("answered")[1:]  # the same talk, not a second call

    system.town.ended("13800000002")
    operator.wait_for("ended")
    # Whoever talks cannot be brought back by the switch: his trunk channel stays, in either mode.
    assert_released_by_the_call_taker(system, "13800000002", "redirect")


def test_a_seat_that_asked_the_operator_and_thought_again_keeps_its_caller(
    system: System, seat: Telephone
) -> None:
    police_talk(system, seat, "13800000003")
    held = seat.talk
    seat.hold(held)
    asked = seat.call("livelihood")
    operator_of(system).wait_for("answered", timeout_s=15)
    seat.hang_up(asked)
    operator_of(system).wait_for("ended")
    assert seat.unhold(held) == 200
    assert slots_held(system) == 1
    assert not held.ended.is_set()
    system.town.ended("13800000003")
    call = system.call_of("13800000003")
    assert (call.outcome, call.seat, call.released_at) == ("talked-to-police", "seat-8001", None)
    assert len([row for row in system.calls() if row.call_id == call.call_id]) == 1


@pytest.mark.parametrize("extension", ["120", "8001", "110", "l110-boot", "livelihood2", "s"])
def test_a_transfer_to_any_other_extension_is_refused_and_the_caller_stays(
    system: System, seat: Telephone, extension: str
) -> None:
    number = f"1380000001{len(system.calls())}"
    system.town.call(number, [Press("1"), Stay(4)], speaks=True)
    seat.wait_for("answered", timeout_s=15)
    if seat.transfer(extension) == 202:  # taken, and then told what came of it
        seat.wait_for("notified", "SIP/2.0 4")
    assert not seat.diary.found("notified", "SIP/2.0 200")
    before = seat.talk.sound.heard
    wait_until(lambda: seat.talk.sound.heard > before + 20, "the caller's voice", 15)
    assert slots_held(system) == 1
    system.town.ended(number)
    call = system.call_of(number)
    assert (call.outcome, call.seat, call.released_at) == ("talked-to-police", "seat-8001", None)


@pytest.mark.parametrize("extension", ["120", "110", "7001", "s"])
def test_a_seat_dials_nothing_but_livelihood(
    system: System, seat: Telephone, extension: str
) -> None:
    talk = seat.call(extension)
    assert seat.wait_for("ended", "refused", call_id=talk.call_id).detail[-3:] in ("403", "404")


def test_in_a_three_way_call_everybody_hears_everybody(system: System, seat: Telephone) -> None:
    operator = operator_of(system)
    number = "13800000021"
    system.town.call(number, [Press("1"), Stay(12)], speaks=True)
    seat.wait_for("answered", timeout_s=15)
    press_in_talk(system, seat, "*3")
    operator.wait_for("answered", timeout_s=15)
    wait_until(lambda: system.node.largest_talk() == 3, "three in one talk", 15)
    seat.talk.sound.hum(600)
    operator.talk.sound.hum(900)
    wait_until(lambda: seat.talk.sound.hears(900), "the call-taker to hear the operator", 15)
    wait_until(lambda: operator.talk.sound.hears(600), "the operator to hear the call-taker", 15)
    wait_until(lambda: operator.talk.sound.hears(440), "the operator to hear the caller", 15)
    assert not operator.talk.sound.hears(900), "nobody hears himself"
    system.town.ended(number)
    operator.wait_for("ended")
    seat.wait_for("ended")


def test_an_operator_who_was_given_a_caller_can_hand_him_back(
    system: System, seat: Telephone
) -> None:
    operator = operator_of(system)
    number = "13800000022"
    system.town.call(number, [Press("1"), Stay(40)], speaks=True)
    seat.wait_for("answered", timeout_s=15)
    assert gives(system, seat, "livelihood") is operator
    press_until_gone(operator, "*1")
    assert talking(system, "8") is seat
    seat.hang_up()
    system.town.ended(number)
    call = system.call_of(number, 10)
    assert (call.outcome, call.seat) == ("talked-to-police", "seat-8001")
    assert call.returned_at is not None


def test_an_operator_may_transfer_his_caller_to_the_police(system: System, seat: Telephone) -> None:
    operator = operator_of(system)
    number = "13800000023"
    system.town.call(number, [Press("2"), Wait(1), Press("1"), Stay(12)], speaks=True)
    operator.wait_for("answered", timeout_s=20)
    wait_until(lambda: system.node.largest_talk() == 2, "the two to talk", 15)
    assert operator.transfer("police") == 202
    seat.wait_for("answered", timeout_s=15)
    system.town.ended(number)
    call = system.call_of(number, 10)
    assert (call.outcome, call.seat) == ("talked-to-police", "seat-8001")
