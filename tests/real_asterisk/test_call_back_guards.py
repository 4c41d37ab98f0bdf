"""What the dialplan lets through, whoever asks for a call-back; with each check taken out."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ivr.ami import Ami
from scripts.asterisk_console import ask
from scripts.lab.feed import Event, read_events
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.citizens import PATIENCE_S, RINGS, asked, town_of_citizens
from tests.real_asterisk.system import System

CITIZEN = "13800000930"
SEAT = "8001"  # an extension of the switch: short, as 110 and 119 are
NUMBER_CHECK = 'GotoIf(${REGEX("^[+]?[0-9]{5,20}$" ${L110_BACK_TO})}?:refused)'
LINES_CHECK = "${GROUP_COUNT(line@l110)} >= ${L110_LINES_FREELY}"
DRAIN_CHECK = '"${L110_DRAIN}" != ""'
TOKENS = itertools.count(1)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with town_of_citizens(tmp_path_factory.mktemp("guards"), 62, {CITIZEN: Manner()}) as system:
        yield system


def originate(system: System, number: str) -> str:
    """As somebody with the actor's secret could, past all our own checks. The attempt's name."""
    settings, token = system.node.settings, f"77-1-{next(TOKENS)}"
    secret = settings.secret_path("ami-actor").read_text().strip()

    async def place() -> None:
        async with Ami(settings.ami.host, settings.ami.port, "l110-actor", secret) as ami:
            fields: dict[str, str | int] = {
                "Channel": "Local/place@l110-call-back/n",
                "Context": "l110-call-back",
                "Exten": "placed",
                "Priority": 1,
                "Async": "true",
                "Variable": f"L110_BACK={token},L110_BACK_TO={number}",
            }
            assert (await ami.action("Originate", fields)).ok

    asyncio.run(place())
    return token


def told(system: System, token: str) -> Event:
    """How the dialplan says that this attempt ended."""

    def ended() -> Event | None:
        events = read_events(system.node.settings.cel_path)
        mine = (e for e in events if e.facts.get("attempt") == token)
        return next((e for e in mine if e.name == "L110_CALLED_BACK"), None)

    found = wait_until(ended, f"the end of {token}", PATIENCE_S)
    assert found is not None
    return found


def seat_rang(system: System) -> bool:
    events = system.town.switch.events()
    return any(e.name == "SW_SEAT_RINGS" and e.facts["seat"] == f"seat-{SEAT}" for e in events)


@contextmanager
def without(system: System, protection: str, instead: str) -> Iterator[None]:
    with system.config_changed("callback.conf", protection, instead, "dialplan reload"):
        yield


@contextmanager
def told_globally(system: System, name: str, value: str, after: str) -> Iterator[None]:
    ask(system.node.home, f'dialplan set global {name} "{value}"')
    try:
        yield
    finally:
        ask(system.node.home, f'dialplan set global {name} "{after}"')


@pytest.mark.parametrize("number", [SEAT, "110", "119", "livelihood", "", "1" * 21, "138&8001"])
def test_the_dialplan_dials_nothing_but_a_citizens_number(system: System, number: str) -> None:
    before = len(system.town.switch.events())
    assert told(system, originate(system, number)).facts["out"] == "REFUSED"
    system.assert_nothing_outlives_its_call()
    assert system.town.switch.events()[before:] == []


@pytest.mark.control(without="the check of the number in the dialplan")
def test_control_without_the_check_a_short_extension_rings(system: System) -> None:
    with without(system, NUMBER_CHECK, "NoOp()"):
        originate(system, SEAT)
        wait_until(lambda: seat_rang(system), "a seat to ring", PATIENCE_S)
        ask(system.node.home, "channel request hangup all")
        system.assert_nothing_outlives_its_call()


def rings(system: System) -> bool:
    """Whether the citizen's telephone rings in one round; else the attempt failed as LATER."""
    with asked(system, CITIZEN, RINGS) as one:
        one.round()
        wait_until(
            lambda: one.telephone.diary.found("rang") or one.is_over(), "any end", PATIENCE_S
        )
        rang = bool(one.telephone.diary.found("rang"))
        if not rang:
            assert one.attempt().note == "LATER, cause 42"
        ask(system.node.home, "channel request hangup all")
        return rang


def test_nobody_is_rung_while_only_reserved_police_lines_are_free(system: System) -> None:
    with told_globally(system, "L110_LINES_FREELY", "0", "2"):
        assert not rings(system)


@pytest.mark.control(without="the look at the police lines that are free")
def test_control_without_that_look_he_is_rung(system: System) -> None:
    with (
        without(system, LINES_CHECK, "0"),
        told_globally(system, "L110_LINES_FREELY", "0", "2"),
    ):
        assert rings(system)


def test_nobody_is_rung_by_a_node_that_is_drained(system: System) -> None:
    with told_globally(system, "L110_DRAIN", "* 0", ""):
        assert not rings(system)


@pytest.mark.control(without="the look whether the node is drained")
def test_control_without_that_look_a_drained_node_rings_him(system: System) -> None:
    with without(system, DRAIN_CHECK, "0"), told_globally(system, "L110_DRAIN", "* 0", ""):
        assert rings(system)
