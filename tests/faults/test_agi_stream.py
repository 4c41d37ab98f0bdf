"""What Asterisk says to the bridge is cut, swollen or garbage: one caller's way to the police.

A relay spoils the words of one real caller. Another is in the menu meanwhile, and a third comes
right after him: neither notices.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from db.models import CallRow
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Action, Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from scripts.lab.witness import Witness
from tests.faults.agi_relay import AgiRelay, Spoil
from tests.real_asterisk.system import POLICE, System, running_system
from tests.seen import in_words, nothing_left

NUMBERS = (f"138000208{n:02d}" for n in itertools.count(1))
POLICE_WITHIN_S = 3.0
SLOWER_S = 1.0  # than while all was well: no caller waits for another
KEYED: Sequence[Action] = [Wait(0.5), Press("1"), Stay(30)]
USAGE = b"520-Invalid command syntax.  Proper usage follows:\n" + b"Usage: GET OPTION\n" * 20


def cut(environment: bytes) -> bytes:
    return environment[:-1]


def swollen(environment: bytes) -> bytes:
    return environment[:-1] + b"agi_x: " + b"y" * 16_400 + b"\n\n"


def told_twice(environment: bytes) -> bytes:
    return environment[:-1] + b"agi_uniqueid: forged\n\n"


def of_no_script(environment: bytes) -> bytes:
    return environment.replace(b"agi_network_script: intake", b"agi_network_script: no-such")


def spoilt(number: str, name: str, how: str, spoil: Spoil, said: str | None) -> object:
    return pytest.param(spoil, said, id=name, marks=pytest.mark.fault(number, how=how))


# `said`: what the bridge keeps of it; None: it knew of no call.
SPOILT = [
    spoilt("B1", "cut", "a caller's environment ends before its blank line",
           Spoil(cut, ends=True), None),
    spoilt("B2", "swollen", "a caller's environment of 17 kB", Spoil(swollen), None),
    spoilt("B4", "no-script", "a caller's environment names no script of ours",
           Spoil(of_no_script), None),
    spoilt("B5", "hangup", "HANGUP in the prompt of a caller who is there",
           Spoil(reply=b"HANGUP\n"), "caller-hung-up"),
    spoilt("B6", "refused", "511 in the place of a key",
           Spoil(reply=b"511 Command Not Permitted on a dead channel\n"), "command-failed"),
    spoilt("B6", "garbage", "garbage in the place of a key",
           Spoil(reply=b"what?\n"), "agi-protocol-error"),
    spoilt("B6", "empty", "an empty line in the place of a key",
           Spoil(reply=b"\n"), "agi-protocol-error"),
    spoilt("B7", "usage", "520 and 22 lines in the place of a key",
           Spoil(reply=USAGE + b"520 End of proper usage.\n"), "command-failed"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """calm_s: from dialling to a seat, for who keys 1 at once while all is well."""

    system: System
    relay: AgiRelay
    calm_s: float


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    seats = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
    root = tmp_path_factory.mktemp("stream")
    with running_system(root, 208, lines=10, trunk_channels=20, seats=seats) as system:
        home, agi = system.node.home, system.node.settings.agi
        relay = AgiRelay((agi.host, agi.port))
        ask(home, "dialplan set global L110_FALLBACK /nowhere/fallback")
        ask(home, f"dialplan set global L110_AGI_1 {relay.address}")
        try:
            yield Scene(system, relay, seconds_to_the_police(keyed(system)))
        finally:
            relay.close()


def keyed(system: System) -> Witness:
    """A caller who keys 1 at once, and is served so."""
    number = next(NUMBERS)
    system.town.call(number, KEYED)
    seen = system.town.ended(number)
    row = system.call_of(number)
    assert (row.verdict, row.reason, row.key, row.bridge) == ("police", "rule", "1", "seen")
    return seen


def seconds_to_the_police(seen: Witness) -> float:
    assert [seat[0] for seat in seen.talked_to] == ["8"]
    assert seen.first_ring_s is not None
    return seen.first_ring_s


def in_the_menu(system: System) -> str:
    """A caller who is answered and takes his time."""
    number = next(NUMBERS)
    system.town.call(number, [Wait(2.5), Press("1"), Stay(30)])
    wait_until(lambda: system.town.answered(number), "a caller in the menu", 10)
    return number


def kept(system: System, row: CallRow, kind: str) -> list[dict[str, object]]:
    return [dict(step.data) for step in system.steps_of(row) if step.kind == kind]


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_a_caller_whose_line_to_the_bridge_is_spoilt_is_with_the_police_and_delays_nobody(
    scene: Scene, told: Finding, spoil: Spoil, said: str | None
) -> None:
    system, number = scene.system, next(NUMBERS)
    with nothing_left(system.node, told):
        other = in_the_menu(system)
        scene.relay.spoil_next(spoil)
        system.town.call(number, [Stay(30)])
        wait_until(lambda: system.town.answered(number), "the spoilt call", 10)
        next_s = seconds_to_the_police(keyed(system))
        seen = system.town.ended(number)
        assert seconds_to_the_police(seen) < POLICE_WITHIN_S
        assert next_s < scene.calm_s + SLOWER_S
        assert [seat[0] for seat in system.town.ended(other).talked_to] == ["8"]
    row = system.call_of(number)
    assert (row.verdict, row.outcome) == ("police", "talked-to-police")
    reasons = [step["reason"] for step in kept(system, row, "failed")]
    assert reasons == ([said] if said else [])
    assert system.call_of(other).reason == "rule"
    told.caller.append(
        f"police rang {1000 * seconds_to_the_police(seen):,.0f} ms after dialling; the next caller,"
        f" who keyed 1, after {1000 * next_s:,.0f} ms, {1000 * scene.calm_s:,.0f} ms while all was"
        " well; who was in the menu stayed in it"
    )
    told.records.append(f"{in_words(row)}; the bridge kept {said or 'nothing: no call for it'}")


@pytest.mark.fault("B3", how="a caller's environment has its id twice, the second one forged")
def test_of_an_id_told_twice_the_first_wins_and_the_caller_is_served(
    scene: Scene, told: Finding
) -> None:
    with nothing_left(scene.system.node, told):
        scene.relay.spoil_next(Spoil(told_twice))
        seen = keyed(scene.system)
    row = scene.system.call_of(seen.caller)
    (intake,) = kept(scene.system, row, "intake")
    assert intake["agi_duplicates"] == "agi_uniqueid"
    took_s = seconds_to_the_police(seen)
    assert took_s < scene.calm_s + SLOWER_S
    told.caller.append(
        f"served by his key: police rang {1000 * took_s:,.0f} ms after dialling,"
        f" {1000 * scene.calm_s:,.0f} ms while all was well"
    )
    told.records.append(f"{in_words(row)}; flagged: agi_uniqueid told twice")


@pytest.mark.control(
    "B1", "B2", "B3", "B4", "B5", "B6", "B7", without="the fault: the relay spoils nothing"
)
def test_control_a_line_that_is_not_spoilt_brings_the_caller_where_his_key_says(
    scene: Scene, told: Finding
) -> None:
    system, number = scene.system, next(NUMBERS)
    scene.relay.spoil_next(Spoil())
    system.town.call(number, [Wait(0.5), Press("2"), Wait(0.5), Press("1"), Stay(30)])
    assert [seat[0] for seat in system.town.ended(number).talked_to] == ["7"]
    row = system.call_of(number)
    assert (row.verdict, row.bridge) == ("livelihood", "seen")
    (intake,) = kept(system, row, "intake")
    assert not intake["agi_duplicates"]
    assert kept(system, row, "failed") == []
    told.caller.append("released by his key 2, talked to livelihood")
