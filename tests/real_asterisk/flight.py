"""Calls that must live through a fault untouched, and what their records must say at the end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from scripts.asterisk_console import ask
from scripts.asterisk_home import Home
from scripts.chaos.findings import Finding
from scripts.cli.context import Site
from scripts.cli.records import audit
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.ami_hands import add_users
from tests.real_asterisk.system import System, running_system

TALKS, WAITS, RELEASED = "13800000001", "13800000002", "13800000003"
OUTCOMES: Final = {
    TALKS: "talked-to-police",
    WAITS: "left-waiting-for-police",
    RELEASED: "left-waiting-for-livelihood",
}


@contextmanager
def calls_in_flight(root: Path, place: int) -> Iterator[System]:
    """One talks to the police, one waits for them, one was released and waits for an operator."""
    with running_system(
        root,
        place,
        lines=10,
        trunk_channels=20,
        police=("8001",),
        livelihood=("7001",),
        overflow_after_s=600,
        seats={"8001": Manner(ring_s=0.2, talk_s=600), "7001": Manner(answers=False)},
    ) as system:
        add_users(system)
        town, home = system.town, system.node.home
        town.call(TALKS, [Press("1"), Stay(600)])
        wait_until(lambda: town.talks(TALKS), "the talk", 20)
        town.call(WAITS, [Press("1"), Stay(600)])
        town.call(RELEASED, [Press("2"), Wait(1), Press("1"), Stay(600)])
        for queue in ("police", "livelihood"):
            wait_until(partial(_has_one_caller, home, queue), queue, 30)
        yield system


def _has_one_caller(home: Home, queue: str) -> bool:
    return "has 1 calls" in ask(home, f"queue show {queue}")


@contextmanager
def nobody_notices(system: System, told: Finding) -> Iterator[None]:
    """The three calls are up, before and after, and nothing else is held; not so in a control."""
    before, standing, held = trunk_channels(system), system.node.channels(), footprint(system.node)
    yield
    if not told.control:
        rings = [name for name in system.node.channels() if "/seat-" in name]  # again and again
        left = wait_until_nothing_leaks(system.node, held, standing=[*standing, *rings])
        told.leaks.append(left)
    assert [system.town.saw(number).ended_at for number in OUTCOMES] == [None] * len(OUTCOMES)
    assert set(before) <= set(trunk_channels(system))
    told.caller.append("in a talk, in the police queue, in the livelihood queue: all three stayed")


def trunk_channels(system: System) -> list[str]:
    return [name for name in system.node.channels() if "l110-trunk" in name]


def assert_each_has_one_record(system: System, legs: int, finding: Finding) -> None:
    """End everything; `legs` is how many calls there were in all."""
    ask(system.node.home, "channel request hangup all")
    for number, outcome in OUTCOMES.items():
        row = system.call_of(number)
        assert row.outcome == outcome
        assert [step.kind for step in system.steps_of(row)].count("end") == 1
    system.wait_for_the_store()
    switch_list = str(system.town.switch.export_list())
    command = ["calls", "--json", "--verbose", "--switch-cdr", switch_list]
    result = CliRunner().invoke(audit, command, obj=Site(system.node.config))
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told["legs"] == told["switch"] == legs
    finding.records.append(
        f"{legs} legs by the switch's own list, {legs} on record; missing, doubled, unexplained: 0"
    )
