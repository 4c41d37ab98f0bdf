"""A system whose seats have other keys than the shipped ones, and services of its own list."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.asterisk_console import ask
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system

SETTINGS = """
[release]
mode = "refer"
[seat_keys]
to_livelihood = "#7"
to_police = "#8"
three_way = "#9"
services = { "*4" = "122", "*50" = "119", "*60" = "5" }
third_ring_s = 5
"""
QUICK = Manner(ring_s=0.2, talk_s=3)
STAYS = Manner(ring_s=0.2, talk_s=30)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("keys"),
        65,
        settings=SETTINGS,
        police=("8001", "8002"),
        livelihood=("7001",),
        registered=("8002",),
        seats=dict.fromkeys(("122", "119", "5"), STAYS),
    ) as system:
        added = ask(
            system.town.switch.home, "dialplan add extension 5,1,Goto,to-seat,5,1 into from-bridge"
        )
        assert "added into" in added
        yield system


def police_seat(system: System, keys: str, talk_s: float = 6) -> None:
    system.town.staff("8001", Manner(ring_s=0.2, talk_s=talk_s, keys=keys))


def talked_to(system: System, number: str, key: str = "1", stay_s: float = 12) -> tuple[str, ...]:
    system.town.call(number, [Press(key), Wait(5), Stay(stay_s)])
    return system.town.ended(number, 60).talked_to


def test_a_key_of_the_settings_hands_the_caller_over(system: System) -> None:
    police_seat(system, "#7", 30)
    system.town.staff("7001", QUICK)
    assert talked_to(system, "13800000001", stay_s=40) == ("8001", "7001")
    assert system.call_of("13800000001").reason == "call-taker"


@pytest.mark.parametrize("old", ["*2", "*3", "*61"])
def test_a_key_that_is_not_in_the_settings_does_nothing(system: System, old: str) -> None:
    number = f"1380000001{old[1]}"
    police_seat(system, old)
    assert talked_to(system, number) == ("8001",)
    call = system.call_of(number)
    assert call.released_at is None
    assert "asked-in" not in {step.kind for step in system.steps_of(call)}


@pytest.mark.control(without="the settings' keys in features.conf")
def test_control_with_the_shipped_key_in_its_place_the_new_one_does_nothing(
    system: System,
) -> None:
    police_seat(system, "#7")
    with system.config_changed("features.conf", "=> #7,", "=> *2,", "module reload features"):
        assert talked_to(system, "13800000003") == ("8001",)


SERVICES = [("*4", "122"), ("*50", "119"), ("*60", "5")]


@pytest.mark.parametrize(("key", "service"), SERVICES)
def test_every_service_of_the_list_comes_in_by_its_key(
    system: System, key: str, service: str
) -> None:
    number = f"1380000002{SERVICES.index((key, service))}"
    police_seat(system, key)
    assert talked_to(system, number) == ("8001", service)


@pytest.mark.control(without="the pattern that takes a number of one digit")
def test_control_with_a_pattern_of_two_digits_a_number_of_one_is_never_asked(
    system: System,
) -> None:
    police_seat(system, "*60")
    with system.config_changed("handover.conf", "_X!,1", "_X.,1", "dialplan reload"):
        assert talked_to(system, "13800000023") == ("8001",)


def test_a_service_comes_in_for_an_operator_too(system: System) -> None:
    system.town.staff("7001", Manner(ring_s=0.2, talk_s=8, keys="*50"))
    assert talked_to(system, "13800000004", key="2", stay_s=25) == ("7001", "119")


@contextmanager
def only_the_registered_seat(system: System) -> Iterator[None]:
    for_seat = "member PJSIP/seat-8001 queue police"
    ask(system.node.home, f"queue pause {for_seat}")
    try:
        yield
    finally:
        ask(system.node.home, f"queue unpause {for_seat}")


def test_a_service_comes_in_for_a_registered_seat(system: System) -> None:
    with only_the_registered_seat(system):
        system.telephones.staff("8002", Manner(ring_s=0.2, talk_s=6, keys="*4"))
        assert talked_to(system, "13800000005") == ("122",)
        assert system.telephones.at("8002").diary.found("answered")
        system.telephones.leave()


def test_an_operator_asks_the_police_in_on_a_leg_that_the_switch_brought_back(
    system: System,
) -> None:
    police_seat(system, "")
    system.town.staff("7001", Manner(ring_s=0.2, talk_s=5, keys="#9"))
    system.town.call("13800000006", [Press("2"), Wait(1), Press("1"), Stay(40)])
    wait_until(lambda: system.node.largest_talk() == 3, "three in one talk", 25)
    assert system.town.ended("13800000006", 60).talked_to == ("7001", "8001")
    call = system.call_of("13800000006")
    assert (call.release_mode, len(system.legs_of(call))) == ("refer", 2)
    assert (call.outcome, call.seat) == ("talked-to-police", "seat-8001")
    system.assert_nothing_outlives_its_call()
