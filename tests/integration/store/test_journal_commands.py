"""`l110 journal`: what waits, stored now, and whether it can be read; seen as the user sees it."""

import json
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select
from structlog.testing import capture_logs

from config.settings import Settings, load_settings
from db.engine import make_engine, reading
from db.forwarder import FEED_UNREADABLE, Forwarder
from db.journal import Journal
from db.journal_feed import JournalFeed
from db.models import CallRow, CallStepRow, TicketRow
from db.upgrade import upgrade
from ivr.cel_feed import CelFeed
from scripts.chaos.findings import Finding
from scripts.cli.context import Site
from scripts.cli.journal import journal
from scripts.lab.postgres import PostgresServer
from tests.integration.store.made import livelihood_call
from tests.integration.store.test_forwarder import cel_line

CALLS = 20
STEPS = [step for n in range(CALLS) for step in livelihood_call(n)]


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        monkeypatch.setenv("L110_DATABASE_URL", server.new_database(f"j{abs(hash(tmp_path))}"))
    return load_settings()


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A node of which only the journal matters."""
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    return load_settings()


def says(*command: str) -> Result:
    return CliRunner().invoke(journal, list(command), obj=Site())


def as_json(*command: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(says(*command, "--json").output)
    return told


def write_steps(settings: Settings) -> None:
    kept = Journal.open(settings.journal_path, "n1")
    for step in STEPS:
        kept.write(step)
    kept.close()


def rows(settings: Settings) -> tuple[int, int, int]:
    engine = make_engine(settings.store_url)
    with reading(engine) as session:
        found = [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (CallStepRow, CallRow, TicketRow)
        ]
    engine.dispose()
    return found[0], found[1], found[2]


WHOLE = (len(STEPS), CALLS, CALLS)


def spoil(settings: Settings, statement: str) -> None:
    with closing(sqlite3.connect(settings.journal_path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_the_status_of_a_node_that_never_ran_is_no_fault(alone: Settings) -> None:
    assert "none yet" in says("status").output
    assert as_json("status")["healthy"]
    assert not alone.journal_path.exists()


def test_the_status_tells_what_waits_how_long_how_large_and_who_wrote_it(alone: Settings) -> None:
    write_steps(alone)
    told = as_json("status")
    assert (told["waiting"], told["release"], told["healthy"]) == (len(STEPS), "0.1", True)
    assert told["bytes"] >= alone.journal_path.stat().st_size
    assert told["oldest_s"] is not None
    assert f"{len(STEPS)} steps wait" in says("status").output


def test_a_replay_stores_everything_and_a_second_one_changes_nothing(settings: Settings) -> None:
    write_steps(settings)
    assert as_json("replay") == {"replayed": len(STEPS), "quarantined": 0, "waiting": 0}
    assert rows(settings) == WHOLE
    write_steps(settings)
    assert says("replay").exit_code == 0
    assert rows(settings) == WHOLE
    assert "0 steps wait" in says("status").output


def test_a_replay_beside_a_running_forwarder_loses_and_doubles_nothing(settings: Settings) -> None:
    engine = make_engine(settings.store_url)
    upgrade(engine)
    stop = threading.Event()
    feed = JournalFeed(settings.journal_path, "n1")
    forwarder = Forwarder([feed], engine, limit=10, idle_s=0.01, backoff_s=(0.01, 0.05))
    beside = threading.Thread(target=forwarder.run, args=(stop,))
    beside.start()
    try:
        for _ in range(5):
            write_steps(settings)
            result = says("replay")
            assert result.exit_code == 0, result.output
    finally:
        stop.set()
        beside.join()
        feed.close()
        engine.dispose()
    assert forwarder.quarantined == 0
    assert rows(settings) == WHOLE


def test_a_replay_without_its_store_says_so_and_loses_nothing(
    alone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_steps(alone)
    monkeypatch.setenv("L110_DATABASE_URL", "postgresql://l110:hush@127.0.0.1:1/l110")
    result = says("replay")
    assert result.exit_code == 1
    assert "Nothing is lost" in result.output
    assert "hush" not in result.output
    assert as_json("status")["waiting"] == len(STEPS)


def test_a_whole_journal_is_whole(alone: Settings) -> None:
    write_steps(alone)
    result = says("verify")
    assert result.exit_code == 0, result.output
    assert f"{len(STEPS)} of {len(STEPS)} steps can be read; whole" in result.output


def test_a_journal_that_is_just_written_is_whole_too(alone: Settings) -> None:
    kept = Journal.open(alone.journal_path, "n1")
    for step in STEPS:
        kept.write(step)
    kept.write_and_wait(STEPS[0])
    assert as_json("verify")["whole"]
    kept.close()


def test_nothing_to_verify_is_told(alone: Settings) -> None:
    result = says("verify")
    assert result.exit_code == 1
    assert "there is none" in result.output


def test_a_step_that_is_none_of_ours_is_named_and_its_content_is_not_shown(alone: Settings) -> None:
    write_steps(alone)
    spoil(alone, """UPDATE steps SET body = '{"caller": "13800001234"}' WHERE seq = 7""")
    result = says("verify")
    assert result.exit_code == 1
    assert "unreadable: step 7" in result.output
    assert "1234" not in result.output
    assert [bad["seq"] for bad in as_json("verify")["unreadable"]] == [7]


def test_broken_pages_are_named_and_the_file_is_not_changed(alone: Settings) -> None:
    write_steps(alone)
    content = bytearray(alone.journal_path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xa5" * 4096
    alone.journal_path.write_bytes(content)
    result = says("verify")
    assert result.exit_code == 1
    assert "damaged:" in result.output
    assert alone.journal_path.read_bytes() == content
    alone.journal_path.write_bytes(b"no database at all" * 300)
    for command in ("verify", "status", "replay"):
        result = says(command)
        assert result.exit_code == 1
        assert "cannot be read" in result.output
        assert "Traceback" not in result.output


@pytest.fixture
def torn(alone: Settings, tmp_path: Path) -> Settings:
    """As the power left it: the last of 30 commits is cut."""
    elsewhere = tmp_path / "elsewhere.sqlite3"
    kept = Journal.open(elsewhere, "n1")
    for step in STEPS[:30]:
        kept.write_and_wait(step)
    shutil.copy(elsewhere, alone.journal_path)
    log = elsewhere.with_name(f"{elsewhere.name}-wal").read_bytes()
    alone.journal_path.with_name(f"{alone.journal_path.name}-wal").write_bytes(log[:-100])
    kept.close()
    return alone


@pytest.mark.fault("41", how="the log's last page is cut")
def test_only_the_torn_tail_is_refused_and_the_rest_is_stored(
    torn: Settings, told: Finding
) -> None:
    proof = as_json("verify")
    assert (proof["whole"], proof["steps"]) == (False, 29)
    assert 1 <= proof["torn"] <= 3  # pages of one commit
    assert "torn:" in says("verify").output
    replayed = as_json("replay")
    assert replayed == {"replayed": 29, "quarantined": 0, "waiting": 0}
    told.records.append(
        f"{replayed['replayed']} of 30 steps stored, {proof['torn']} torn pages named"
    )


@pytest.mark.control("41", without="the look at the log")
def test_control_sqlite_alone_calls_the_torn_journal_whole(torn: Settings, told: Finding) -> None:
    with closing(sqlite3.connect(torn.journal_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    told.records.append("SQLite's own check says ok")


@pytest.mark.fault("B54", how="the file says version 99 of release 7.1")
def test_a_journal_of_a_newer_release_is_refused_with_its_name_by_every_command(
    alone: Settings, told: Finding
) -> None:
    write_steps(alone)
    spoil(alone, "UPDATE journal SET version = 99, release = '7.1'")
    for command in ("status", "replay", "verify"):
        result = says(command)
        assert result.exit_code == 1
        assert "release 7.1" in result.output
        assert "Traceback" not in result.output
    assert as_json("status")["release"] == "7.1"
    spoil(alone, "UPDATE journal SET version = 1")
    assert as_json("replay")["replayed"] == len(STEPS)
    told.records.append(f"refused by name; its {len(STEPS)} steps were left alone")


def cel_beside_a_newer_journal(settings: Settings, tmp_path: Path) -> tuple[int, list[str]]:
    """Steps of the CEL feed that were stored, and what the forwarder said."""
    write_steps(settings)
    spoil(settings, "UPDATE journal SET version = 99, release = '7.1'")
    cel_path = tmp_path / "l110.jsonl"
    ours = [step for step in STEPS if step.kind.value in ("chan-start", "start", "seat", "end")]
    cel_path.write_bytes(b"".join(map(cel_line, ours)))
    engine = make_engine(settings.store_url)
    upgrade(engine)
    feeds = CelFeed(cel_path, "n1", settle_s=0), JournalFeed(settings.journal_path, "n1")
    with capture_logs() as logs:
        try:
            Forwarder(feeds, engine).drain()
        finally:
            for feed in feeds:
                feed.close()
            engine.dispose()
    return rows(settings)[0], [f"{line['event']} {line.get('problem', '')}" for line in logs]


@pytest.mark.fault("B54", how="the forwarder beside a journal of release 7.1")
def test_a_journal_of_a_newer_release_does_not_hold_up_the_cel_feed(
    alone: Settings, tmp_path: Path, told: Finding
) -> None:
    stored, logs = cel_beside_a_newer_journal(alone, tmp_path)
    assert stored == 4 * CALLS
    assert [line for line in logs if line.startswith("feed.unreadable") and "release 7.1" in line]
    told.caller.append("no caller: the forwarder alone, beside such a journal")
    told.leaks.append("no process: none was started")
    told.records.append(f"{stored} steps of the CEL feed stored; feed.unreadable names 7.1")


@pytest.mark.control("B54", without="the forwarder's knowing of such a journal")
def test_control_otherwise_it_holds_up_every_feed(
    alone: Settings, tmp_path: Path, told: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.forwarder.FEED_UNREADABLE", FEED_UNREADABLE[:2])
    with pytest.raises(RuntimeError, match=r"release 7\.1"):
        cel_beside_a_newer_journal(alone, tmp_path)
    assert rows(alone)[0] == 0
    told.records.append("no step of any feed stored")
