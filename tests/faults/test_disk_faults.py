"""The journal's disk is slow, full or failing while calls go on; the embedded store is locked."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from scripts.chaos.findings import Finding
from scripts.cli.backlog import journal_backlog
from scripts.lab.footprint import footprint
from scripts.lab.waiting import wait_until
from tests.faults.bad_disk import NO_ROOM, NO_SYNC, SLOW, SLOWER, WELL, disk_file, start_bridge
from tests.faults.calls_meanwhile import FORGETS_FIRST, Meanwhile
from tests.real_asterisk.system import running_system

HELD_S = 6.0


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meanwhile]:
    root = tmp_path_factory.mktemp("disk")
    with running_system(root, 121, lines=10, trunk_channels=20) as system:
        calls = Meanwhile(system)
        fresh_bridge(calls)
        yield calls


def fresh_bridge(calls: Meanwhile, patch: str = "") -> None:
    start_bridge(calls.system.node, patch)
    calls.before = footprint(calls.system.node)


def disk_is(calls: Meanwhile, state: str) -> None:
    disk_file(calls.system.node).write_text(state)


def log(calls: Meanwhile, event: str) -> list[dict[str, Any]]:
    """Lines of the bridge with this event."""
    text = (calls.system.node.settings.var / "log/ivr.log").read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == event]


def unkept(calls: Meanwhile) -> list[dict[str, Any]]:
    """Steps that stand in the log because the disk did not take them."""
    return [json.loads(line["step"]) for line in log(calls, "journal.step_unkept")]


@pytest.mark.fault("54", how="each sync of the journal takes 2 s, in the real bridge's own SQLite")
def test_no_caller_waits_for_a_slow_disk(calls: Meanwhile, told: Finding) -> None:
    disk_is(calls, SLOW)
    begun = calls.begin(2)
    calls.nobody_noticed(begun, told)
    disk_is(calls, WELL)
    calls.each_has_one_record(begun, told)
    calls.nothing_leaks(told)


ON_THE_CALL_PATH = (
    "import db.journal as j; j.Journal.write = lambda self, step: self.write_and_wait(step, 9)"
)


@pytest.mark.control("54", without="the journal's own thread")
def test_control_with_the_writer_on_the_call_path_a_slow_disk_takes_the_menu_away(
    calls: Meanwhile, told: Finding
) -> None:
    fresh_bridge(calls, ON_THE_CALL_PATH)
    disk_is(calls, SLOWER)
    try:
        begun = calls.begin(1)
        for number in begun:
            calls.system.town.ended(number, 60)
        bridges = [calls.system.call_of(number, 20).bridge for number in begun]
    finally:
        disk_is(calls, WELL)
        fresh_bridge(calls)
    # Whom the guard took from the bridge went on without it: to the police, or to the next rung.
    assert set(bridges) != {"seen"}
    told.caller.append(f"the bridge was too late: it was {' and '.join(map(str, bridges))}")


@pytest.mark.fault("39", how="every write to the journal's disk fails for want of room")
def test_a_full_disk_costs_no_caller_anything_and_every_step_stands_in_the_log(
    calls: Meanwhile, told: Finding
) -> None:
    calm(calls)
    disk_is(calls, NO_ROOM)
    begun = calls.begin(1)
    calls.nobody_noticed(begun, told)
    failed = log(calls, "journal.failed")[-1]
    assert failed["final"] is False
    calls.system.node.processes["ivr"].stop()  # the bridge must give up what it holds
    callers = [step["data"].get("caller") for step in unkept(calls)]
    assert set(begun) <= set(callers)
    told.records.append(f"{len(callers)} steps as journal.step_unkept; CEL made the rows")
    fresh_bridge(calls)
    calls.each_has_one_record(begun, told)
    calls.nothing_leaks(told)


@pytest.mark.fault("39", how="room again after some calls: the steps were held meanwhile")
def test_when_there_is_room_again_the_held_steps_are_kept(calls: Meanwhile, told: Finding) -> None:
    calm(calls)
    before = len(unkept(calls))
    disk_is(calls, NO_ROOM)
    begun = calls.begin(1)
    calls.nobody_noticed(begun, told)
    disk_is(calls, WELL)
    wait_until(lambda: log(calls, "journal.recovered"), "the journal to recover", 10)
    calls.each_has_one_record(begun, told)
    assert len(unkept(calls)) == before
    call = calls.system.call_of(begun[0])

    def both_stored() -> bool:
        return {"intake", "decided"} <= {step.kind for step in calls.system.steps_of(call)}

    wait_until(both_stored, "the held steps in the store", 10)
    told.records.append("0 steps unkept; intake and decided are in the store")
    calls.nothing_leaks(told)


@pytest.mark.fault("40", how="fsync answers EIO, in the real bridge's own SQLite")
def test_after_a_failed_sync_the_bridge_says_so_and_keeps_no_more(
    calls: Meanwhile, told: Finding
) -> None:
    calm(calls)
    disk_is(calls, NO_SYNC)
    begun = calls.begin(1)
    calls.nobody_noticed(begun, told)
    assert log(calls, "journal.failed")[-1]["final"] is True
    disk_is(calls, WELL)
    later = calls.begin(1)  # the disk is well again, and nobody knows what it holds
    calls.nobody_noticed(later, told)
    callers = {step["data"].get("caller") for step in unkept(calls)}
    assert {*begun, *later} <= callers
    told.records.append("every step since stands in the log; none is called kept")
    fresh_bridge(calls)
    calls.each_has_one_record([*begun, *later], told)
    calls.nothing_leaks(told)


@pytest.mark.control("40", without="the end of the journal at an I/O error")
def test_control_otherwise_the_bridge_would_go_on_as_if_nothing_had_been(
    calls: Meanwhile, told: Finding
) -> None:
    fresh_bridge(calls, "import db.journal as j; j.IO_ERROR = -1")
    disk_is(calls, NO_SYNC)
    begun = calls.served(calls.begin(1))
    assert log(calls, "journal.failed")[-1]["final"] is False
    disk_is(calls, WELL)
    wait_until(lambda: log(calls, "journal.recovered"), "it to call itself well", 10)
    told.records.append("journal.recovered after a failed sync")
    fresh_bridge(calls)
    calls.each_has_one_record(begun, told)


@pytest.mark.fault("43", how="BEGIN EXCLUSIVE on the embedded store for 6 s")
def test_a_locked_store_is_waited_for(calls: Meanwhile, told: Finding) -> None:
    store = calls.system.node.engine.url.database
    assert store
    calm(calls)
    with closing(sqlite3.connect(store, isolation_level=None, timeout=10)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        begun = calls.begin(1)
        calls.nobody_noticed(begun, told)
        wait_until(lambda: time.monotonic() - began > HELD_S, "the lock's time", HELD_S + 1)
        assert [calls.rows_of(number)[0] for number in begun] == [0, 0]
        holder.execute("ROLLBACK")
    told.records.append(f"locked for {time.monotonic() - began:.0f} s; then stored")
    calls.each_has_one_record(begun, told)
    calls.nothing_leaks(told)


@pytest.mark.control("43", without="the wait for the store's COMMIT")
def test_control_a_forwarder_that_does_not_wait_for_a_locked_store_loses_calls(
    calls: Meanwhile, told: Finding
) -> None:
    store = calls.system.node.engine.url.database
    assert store
    calls.forwarder_with(FORGETS_FIRST)
    calls.each_has_one_record(calls.served(calls.begin(1)), told)  # it has its place now
    with closing(sqlite3.connect(store, isolation_level=None, timeout=10)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        begun = calls.served(calls.begin(1))
        wait_until(lambda: nothing_waits(calls), "the journal to be forgotten", 20)
        holder.execute("ROLLBACK")
    later = calls.served(calls.begin(1))
    wait_until(lambda: calls.rows_of(later[0])[0] == 1, "the next call's row", 30)
    found = [calls.rows_of(number)[0] for number in begun]
    assert found != [1, 1]
    told.records.append(f"rows of the two calls: {found}")


def nothing_waits(calls: Meanwhile) -> bool:
    found = journal_backlog(calls.system.node.settings)
    return found is not None and found.waiting == 0


def calm(calls: Meanwhile) -> None:
    """A bridge that failed before is not asked for 10 s: wait until the menu is its own again."""

    def asked() -> bool:
        probe = calls.served(calls.begin(1))
        return calls.system.call_of(probe[0], 20).bridge == "seen"

    wait_until(asked, "the bridge to be asked again", 40)
