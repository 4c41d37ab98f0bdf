"""What Asterisk says to the bridge is cut, swollen or garbage: one caller's way to the police.

A relay spoils the words of one real caller. Another is in the menu meanwhile, and a third comes
right after him: neither notices.
"""

from collections.abc import Iterator

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.waiting import wait_until
from tests.faults.agi_relay import Spoil
from tests.faults.agi_scene import (
    CUT,
    EMPTY,
    FLOOD_MB,
    FLOODING,
    GARBAGE,
    HANGUP,
    NO_SCRIPT,
    NUMBERS,
    REFUSED,
    SLOWER_S,
    SWOLLEN,
    TOLD_TWICE,
    USAGE,
    Scene,
    kept,
    keyed,
    peak_mb,
    seconds_to_the_police,
    spoilt_lines,
)
from tests.real_asterisk.system import System
from tests.seen import in_words, nothing_left, pol


def spoilt(number: str, name: str, how: str, spoil: Spoil, said: str | None) -> object:
    return pytest.param(spoil, said, id=name, marks=pytest.mark.fault(number, how=how))


# `said`: what the bridge keeps of it; None: it knew of no call.
SPOILT = [
    spoilt("B1", "cut", "a caller's environment ends before its blank line", CUT, None),
    spoilt("B2", "swollen", "a caller's environment of 17 kB", SWOLLEN, None),
    spoilt("B2", "flooding", "a caller's environment of 16 MB", FLOODING, None),
    spoilt("B4", "no-script", "a caller's environment names no script of ours", NO_SCRIPT, None),
    spoilt("B5", "hangup", "HANGUP in the prompt of a caller who is there", HANGUP,
           "caller-hung-up"),
    spoilt("B6", "refused", "511 in the place of a key", REFUSED, "command-failed"),
    spoilt("B6", "garbage", "garbage in the place of a key", GARBAGE, "agi-protocol-error"),
    spoilt("B6", "empty", "an empty line in the place of a key", EMPTY, "agi-protocol-error"),
    spoilt("B7", "usage", "520 and 22 lines in the place of a key", USAGE, "command-failed"),
]  # fmt: skip


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with spoilt_lines(tmp_path_factory.mktemp("stream"), 208) as scene:
        yield scene


def in_the_menu(system: System) -> str:
    """A caller who is answered and takes his time."""
    number = next(NUMBERS)
    system.town.call(number, [Wait(2.5), Press("1"), Stay(30)])
    wait_until(lambda: system.town.answered(number), "a caller in the menu", 10)
    return number


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_a_caller_whose_line_to_the_bridge_is_spoilt_is_with_the_police_and_delays_nobody(
    scene: Scene, told: Finding, spoil: Spoil, said: str | None
) -> None:
    system, number = scene.system, next(NUMBERS)
    peak = peak_mb(system)
    with nothing_left(system.node, told):
        other = in_the_menu(system)
        scene.relay.spoil_next(spoil)
        system.town.call(number, [Stay(30)])
        wait_until(lambda: system.town.answered(number), "the spoilt call", 10)
        next_s = seconds_to_the_police(keyed(system))
        seen = system.town.ended(number)
        rang = pol(system.town, seen)
        assert next_s < scene.calm_s + SLOWER_S
        assert system.town.ended(other).sides == "8"
    assert peak_mb(system) < peak + FLOOD_MB / 2
    row = system.call_of(number)
    assert (row.verdict, row.outcome) == ("police", "talked-to-police")
    reasons = [step["reason"] for step in kept(system, row, "failed")]
    assert reasons == ([said] if said else [])
    assert system.call_of(other).reason == "rule"
    told.caller.append(
        f"{rang}; the next caller, who keyed 1, after {1000 * next_s:,.0f} ms,"
        f" {1000 * scene.calm_s:,.0f} ms while all was well; who was in the menu stayed in it"
    )
    told.records.append(f"{in_words(row)}; the bridge kept {said or 'nothing: no call for it'}")


@pytest.mark.fault("B3", how="a caller's environment has its id twice, the second one forged")
def test_of_an_id_told_twice_the_first_wins_and_the_caller_is_served(
    scene: Scene, told: Finding
) -> None:
    with nothing_left(scene.system.node, told):
        scene.relay.spoil_next(TOLD_TWICE)
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
