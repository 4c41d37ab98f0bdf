"""What waits for the store can be seen from another process."""

from datetime import UTC, datetime, timedelta

import pytest

from config.settings import load_settings
from db.engine import make_engine, writing
from db.feeds import store_position
from db.journal import Journal
from db.upgrade import upgrade
from ivr.tail import Position, head_of
from routing.steps import Step, StepKind
from scripts.cli import checks
from scripts.cli.backlog import JournalBacklog, bytes_behind, cel_backlog, journal_backlog
from scripts.cli.health import status_of


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    return load_settings()


def journal_with(settings, *ages_s):
    journal = Journal.open(settings.journal_path, "n1")
    for number, age_s in enumerate(ages_s):
        at = datetime.now(UTC) - timedelta(seconds=age_s)
        journal.write_and_wait(Step(f"n1/{number}/intake", StepKind.INTAKE, "n1", "", None, at, {}))
    journal.close()


def place_in(path, offset):
    with path.open("rb") as file:
        return Position(path.stat().st_ino, offset, head_of(file, offset))


@pytest.fixture
def cel(settings):
    settings.cel_path.parent.mkdir(parents=True)
    settings.cel_path.write_bytes(b"a line\n" * 100)
    return settings.cel_path


def store_with(settings, place):
    engine = make_engine(settings.store_url)
    upgrade(engine)
    with writing(engine) as session:
        store_position(session, "cel/n1", place)
    engine.dispose()


def test_a_journal_that_was_never_made_has_nothing_waiting(settings):
    assert journal_backlog(settings) == JournalBacklog(0)


def test_the_age_of_the_step_that_waits_longest_is_told(settings):
    journal_with(settings, 300, 2)
    found = journal_backlog(settings)
    assert found
    assert found.waiting == 2
    assert found.oldest_s == pytest.approx(300, abs=10)


def test_the_doctor_warns_of_a_step_that_waits_too_long_though_there_are_few(settings):
    journal_with(settings, 300, 2)
    assert checks.journal(settings).state == "warn"


def test_a_step_that_was_just_written_is_no_reason_to_warn(settings):
    journal_with(settings, 2)
    assert checks.journal(settings).state == "ok"


def test_what_follows_the_stored_place_waits(cel):
    assert bytes_behind(cel, None) == 700
    assert bytes_behind(cel, place_in(cel, 70)) == 630
    assert bytes_behind(cel, place_in(cel, 700)) == 0


def test_a_rotated_file_is_counted_with_the_new_one(cel):
    place = place_in(cel, 70)
    cel.rename(cel.with_name("l110.jsonl.1"))
    cel.write_bytes(b"another\n")
    assert bytes_behind(cel, place) == 638


def test_a_file_that_was_cut_is_counted_from_its_beginning(cel):
    place = place_in(cel, 70)
    cel.write_bytes(b"new\n")
    assert bytes_behind(cel, place) == 4


def test_how_far_the_forwarder_is_behind_stands_in_the_status(settings, cel):
    store_with(settings, place_in(cel, 70))
    journal_with(settings, 300)
    found = status_of(settings)
    assert found["cel"] == {"behind_bytes": 630}
    assert found["journal"]["waiting"] == 1
    assert found["journal"]["oldest_s"] > 290


def test_the_doctor_warns_when_the_forwarder_is_far_behind(settings, cel, monkeypatch):
    store_with(settings, place_in(cel, 70))
    assert checks.call_records(settings).state == "ok"
    monkeypatch.setattr(checks, "CEL_DEEP", 600)
    assert checks.call_records(settings).state == "warn"


def test_without_its_store_nobody_knows_how_far_the_forwarder_is(settings, cel, monkeypatch):
    monkeypatch.setenv("L110_DATABASE_URL", "postgresql://l110@127.0.0.1:1/l110")
    away = load_settings()
    assert cel_backlog(away) is None
    assert status_of(away)["cel"] == {"behind_bytes": None}
    assert checks.call_records(away).state == "ok"
