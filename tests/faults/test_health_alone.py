"""Alarms whose cause needs a node of its own: a small disk, a clock that steps."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.chaos.findings import Finding
from scripts.http_page import fetch
from scripts.lab.callers import Action, FallSilent, Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import wait_until
from tests.faults.watched import cleared_within, raised_within, stays_quiet
from tests.real_asterisk.system import Records, System, node_alone, running_system
from tests.seen import nothing_left
from tests.small_disk import small_disk

pytestmark = pytest.mark.real_asterisk
MEGABYTE = 1024 * 1024
QUIET = "[selftest]\nevery_s = 0\n"


# ------------------------------------------------------------------ 39: the disk


@pytest.mark.fault("39", how="a disk of 32 MB filled to 85 %")
def test_a_disk_that_fills_up_is_an_alarm_at_eighty_per_cent(tmp_path: Path, told: Finding) -> None:
    with small_disk(tmp_path / "var", 32), node_alone(tmp_path, 163, settings=QUIET) as records:
        records.node.start_watch()
        filler = records.node.settings.var / "filler"
        fill_to(filler, 75)
        assert stays_quiet(records.node, "disk-filling", 3)
        fill_to(filler, 85)
        took_s, about = raised_within(records.node, "disk-filling", 5)
        filler.unlink()
        well_s = cleared_within(records.node, "disk-filling", 5)
    told.records.append(f"quiet at 75 %; alarm {took_s:.1f} s after 85 % ({about})")
    told.records.append(f"cleared {well_s:.1f} s after room was made")


@pytest.mark.control("39", without="the limit of 80 %")
def test_control_without_the_limit_nobody_speaks_of_a_full_disk(
    tmp_path: Path, told: Finding
) -> None:
    settings = f"{QUIET}[health]\ndisk_percent = 100\n"
    with small_disk(tmp_path / "var", 32), node_alone(tmp_path, 164, settings=settings) as records:
        records.node.start_watch()
        fill_to(records.node.settings.var / "filler", 95)
        assert stays_quiet(records.node, "disk-filling", 4)
    told.records.append("95 % for 4 s, and no word of it")


def fill_to(filler: Path, percent: int) -> None:
    filler.unlink(missing_ok=True)
    disk = os.statvfs(filler.parent)
    free_share = disk.f_bavail - disk.f_blocks * (100 - percent) // 100
    filler.write_bytes(b"\0" * max(0, free_share * disk.f_frsize))


# ------------------------------------------------------------------ 44: the clock

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
needs_faketime = pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not there")


def with_a_clock_of_its_own(records: Records, clock: Path, *, steady_too: bool) -> None:
    """The bridge anew, on a clock that the file `clock` sets."""
    clock.write_text("+0")
    records.node.processes["ivr"].stop()
    environment = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "0" if steady_too else "1",
    }
    records.node.start_one("ivr", environment)
    records.node.wait_for("ivr")


@needs_faketime
@pytest.mark.parametrize(
    "step",
    [
        pytest.param("+3600", marks=pytest.mark.fault("44", how="the bridge's clock 1 h forward")),
        pytest.param("-3600", marks=pytest.mark.fault("44", how="the bridge's clock 1 h back")),
    ],
)
def test_a_step_of_the_clock_is_seen_alarmed_and_on_record(
    tmp_path: Path, told: Finding, step: str
) -> None:
    with node_alone(tmp_path, 165 if step > "-" else 166, settings=QUIET) as records:
        clock = tmp_path / "clock"
        with_a_clock_of_its_own(records, clock, steady_too=False)
        records.node.start_watch()
        wait_until(lambda: not records.node.alarms(), "all to be well", 10)
        with nothing_left(records.node, told), records.logged("ivr", "clock.stepped"):
            clock.write_text(step)
            took_s, about = raised_within(records.node, "clock-stepped", 6)
        assert step[:4] in about
        kept = wait_until(lambda: steps_kept(records), "the step in the store", 10)
        assert abs(kept - float(step)) < 2
    told.caller.append("no caller: the clock of the bridge alone is moved")
    told.records.append(f"alarm after {took_s:.1f} s: {about}; 1 step `clock` in the store")


@needs_faketime
@pytest.mark.control("44", without="a second clock that nobody can set")
def test_control_a_step_of_both_clocks_is_seen_by_nobody(tmp_path: Path, told: Finding) -> None:
    with node_alone(tmp_path, 167, settings=QUIET) as records:
        clock = tmp_path / "clock"
        with_a_clock_of_its_own(records, clock, steady_too=True)
        records.node.start_watch()
        wait_until(lambda: not records.node.alarms(), "all to be well", 10)
        clock.write_text("+3600")
        assert stays_quiet(records.node, "clock-stepped", 5)
    told.records.append("both clocks an hour forward, and no word of it")


def steps_kept(records: Records) -> float:
    """By how much, of the one step of the clock in the store; 0 where there is none."""
    query = "SELECT data FROM call_steps WHERE kind = 'clock'"
    with records.node.engine.connect() as store:
        rows = store.exec_driver_sql(query).fetchall()
    if not rows:
        return 0.0
    data = rows[0][0]
    return float((json.loads(data) if isinstance(data, str) else data)["by_s"])


# ------------------------------------------------------------------ 48: sound in one direction

SILENT = "[health]\nsilent_after_s = 4\n[selftest]\nevery_s = 0\n"


@contextmanager
def one_seat(root: Path, place: int, settings: str) -> Iterator[System]:
    with running_system(
        root, place, settings=settings, police=("8001",), livelihood=("7001",),
        registered=("8001", "7001"),
    ) as system:  # fmt: skip
        system.node.start_watch()
        yield system


SOUND_S = 14.0  # of a caller, before his is dropped: what comes before the talk, and 8 s of it


@pytest.mark.parametrize(
    ("dropped", "channel"),
    [
        pytest.param(who, channel, marks=pytest.mark.fault("48", how=f"{who}: dropped in a talk"))
        for who, channel in (("the seat's sound", "seat-8001"), ("the caller's", "l110-trunk"))
    ],
)
def test_sound_in_one_direction_is_an_alarm_and_ends_no_call(
    tmp_path: Path, told: Finding, dropped: str, channel: str
) -> None:
    with one_seat(tmp_path, 168, SILENT) as system:
        seat = talk(system, "13800004801", caller_falls_silent=channel == "l110-trunk")
        assert stays_quiet(system.node, "audio-silent", 8)
        seat.talk.sound.lost = channel == "seat-8001"
        took_s, about = raised_within(system.node, "audio-silent", 16)
        assert channel in about
        assert "," not in about
        assert "1380" not in about
        assert system.node.largest_talk() == 2
        assert not seat.free
        seat.hang_up()
        cleared_within(system.node, "audio-silent", 8)
        system.town.ended("13800004801")
        row = system.call_of("13800004801")
        assert (row.outcome, row.ended_by) == ("talked-to-police", "seat")
        system.assert_nothing_outlives_its_call()
    told.caller.append("the talk went on until the seat hung up")
    told.records.append(f"{dropped}: no alarm in 8 s of sound; then after {took_s:.1f} s: {about}")
    told.records.append("1 row, talked-to-police, ended by the seat")
    told.leaks.append("no channel")


def talk(system: System, number: str, *, caller_falls_silent: bool = False) -> Telephone:
    """The seat in it, as soon as it has answered."""
    seat = system.telephones.staff("8001", Manner(ring_s=0.2, talk_s=60))
    silence: list[Action] = [Wait(SOUND_S), FallSilent()] if caller_falls_silent else []
    system.town.call(number, [Press("1"), *silence, Stay(90)], speaks=True)
    seat.wait_for("answered", timeout_s=15)
    return seat


@pytest.mark.control("48", without="a limit of silence: silent_after_s = 3600")
def test_control_without_a_limit_nobody_hears_the_silence(tmp_path: Path, told: Finding) -> None:
    with one_seat(tmp_path, 169, SILENT.replace("= 4", "= 3600")) as system:
        seat = talk(system, "13800004802")
        seat.talk.sound.lost = True
        assert stays_quiet(system.node, "audio-silent", 10)
        seat.hang_up()
        system.town.ended("13800004802")
    told.records.append("10 s of silence from the seat, and no word of it")


# ------------------------------------------------------------------ prompts and rules


def test_rules_that_are_refused_and_prompts_that_are_gone_make_alarms(tmp_path: Path) -> None:
    with node_alone(tmp_path, 172, settings=QUIET) as records:
        records.node.start_watch()
        rules = records.node.settings.rules_path
        good = rules.read_text()
        rules.write_text("[menu]\nenabled = perhaps\n")
        raised_within(records.node, "rules-refused", 5)
        settings = records.node.settings
        page = fetch(settings.health_host, settings.health.port, "/readyz", 3)
        status, body = asyncio.run(page)
        assert (status, json.loads(body)["rules"]) == (200, "last-good")
        rules.write_text(good)
        cleared_within(records.node, "rules-refused", 5)


def test_a_bridge_without_any_good_rules_is_not_ready(tmp_path: Path) -> None:
    with node_alone(tmp_path, 173, settings=QUIET) as records:
        records.node.processes["ivr"].stop()
        records.node.settings.last_good_rules_path.unlink()
        records.node.settings.rules_path.write_text("nothing = ")
        records.node.restart("ivr")
        records.node.start_watch()
        raised_within(records.node, "rules-none", 5)
        settings = records.node.settings
        page = fetch(settings.health_host, settings.health.port, "/readyz", 3)
        assert asyncio.run(page)[0] == 503


def test_a_bridge_that_is_down_is_an_alarm_and_its_end_is_told(tmp_path: Path) -> None:
    with node_alone(tmp_path, 174, settings=QUIET) as records:
        records.node.start_watch()
        records.node.processes["ivr"].stop()
        raised_within(records.node, "bridge-down", 6)
        records.node.start_one("ivr")
        cleared_within(records.node, "bridge-down", 6)
        log = (records.node.settings.log_dir / "watch.log").read_text()
        assert '"event": "alarm.cleared"' in log
        records.node.processes["asterisk"].stop()
        raised_within(records.node, "asterisk-down", 6)
        records.node.restart("asterisk")
        cleared_within(records.node, "asterisk-down", 6)
