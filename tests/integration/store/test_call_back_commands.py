"""`l110 call-backs` as the user sees it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from config.settings import Settings, load_settings
from db.engine import make_engine, writing
from db.models import TicketRow
from db.ticket_moves import Order, apply_move
from db.upgrade import upgrade
from scripts.cli import call_backs as commands
from scripts.cli.main import l110
from scripts.lab.postgres import PostgresServer
from tests.integration.store.call_back_desk import ANSWERED, OPERATOR, Desk
from tests.integration.store.operators import add_operator

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("L110_AMI__PORT", "1")
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        monkeypatch.setenv("L110_DATABASE_URL", server.new_database(f"c{abs(hash(tmp_path))}"))
    return load_settings()


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    engine = make_engine(settings.store_url)
    upgrade(engine)
    with writing(engine) as session:
        add_operator(session, "wang")
    yield Desk(engine)
    engine.dispose()


@pytest.fixture(autouse=True)
def _at_night(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_now", lambda: NIGHT)


def says(*command: str) -> Result:
    return CliRunner().invoke(l110, ["call-backs", *command])


def as_json(*command: str) -> Any:  # noqa: ANN401
    return json.loads(says(*command, "--json").output)


def test_a_round_takes_in_what_is_solved_and_rings_nobody_at_night(desk: Desk) -> None:
    desk.solved()
    desk.solved("unknown", source="call")
    assert says("run-once").output == "owed 1, exempt 1\n"
    assert says("run-once").output == "nothing to do\n"
    (turn,) = as_json("list")
    assert turn == {
        "number": "20261123-000001",
        "caller": "138****0001",
        "state": "due",
        "due_at": "2026-11-24T01:00:00+00:00",
        "attempts": 0,
        "because": None,
    }


def test_a_round_without_asterisk_says_so_and_ends_with_1(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = settings.secret_path("ami-actor")
    secret.parent.mkdir(parents=True)
    secret.write_text("none")
    monkeypatch.setattr(commands, "_now", lambda: MORNING)
    desk.solved()
    told = says("run-once", "--json")
    assert told.exit_code == 1
    assert json.loads(told.output.splitlines()[0])["away"] is True
    assert "Asterisk took no order" in told.output
    (attempt,) = as_json("show", "20261123-000001")
    assert (attempt["outcome"], attempt["by"]) == ("failed", "worker")


def test_the_list_names_those_that_a_person_must_call(desk: Desk) -> None:
    desk.solved()
    desk.solved(None, source="counter")
    says("run-once")
    assert [turn["because"] for turn in as_json("list", "--state", "person")] == [
        "no number is known"
    ]
    assert "20261123-000002" in says("list", "--state", "person").output
    assert "20261123-000001" not in says("list", "--state", "person").output


def test_every_attempt_of_a_ticket_is_shown(desk: Desk) -> None:
    desk.solved()
    desk.round()
    desk.ends(**ANSWERED, solved="1", satisfied="4")
    (attempt,) = as_json("show", "20261123-000001")
    assert (attempt["outcome"], attempt["satisfied"]) == ("answered", 4)
    assert "answered" in says("show", "20261123-000001").output
    assert "no ticket 7" in says("show", "7").output


def test_a_ticket_without_an_attempt_is_said_to_have_none(desk: Desk) -> None:
    desk.solved()
    assert as_json("show", "20261123-000001") == []
    assert "no attempt yet" in says("show", "20261123-000001").output


def test_hours_at_night_are_refused_by_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("L110_CALL_BACKS__HOURS", '["23:00-23:30"]')
    told = says("run-once")
    assert told.exit_code == 1
    assert "call_backs.hours: 23:00-23:30" in told.output


def test_a_store_without_tables_says_what_makes_them(settings: Settings) -> None:
    told = says("list")
    assert told.exit_code == 1
    assert "l110 db upgrade" in told.output


def by_hand(*options: str) -> Result:
    return says("by-hand", "20261123-000001", "--as", "wang", "--note", "rang twice", *options)


@pytest.mark.parametrize(
    ("options", "state"),
    [
        (["--solved", "--satisfied", "4"], "closed"),
        (["--solved"], "closed"),
        (["--solved", "--satisfied", "2"], "reopened"),
        (["--not-solved"], "reopened"),
        ([], "call-back-due"),
    ],
)
def test_a_person_who_rang_notes_what_was_said(desk: Desk, options: list[str], state: str) -> None:
    ticket = desk.solved(None, source="counter")
    says("run-once")
    assert by_hand(*options).output == f"20261123-000001: {state}\n"
    (attempt,) = desk.attempts(ticket)
    assert (attempt.outcome, attempt.by, attempt.note) == ("person", "wang", "rang twice")
    assert (desk.turn(ticket) is None) == (state != "call-back-due")


def test_a_ticket_that_is_closed_cannot_be_called_back_by_hand(desk: Desk) -> None:
    ticket = desk.solved("unknown", source="call")
    says("run-once")
    told = by_hand("--solved")
    assert (told.exit_code, "close does not follow closed" in told.output) == (1, True)
    assert desk.attempts(ticket) == []


def test_the_supervisor_sees_what_was_reopened_until_it_is_taken_up(desk: Desk) -> None:
    ticket = desk.solved()
    desk.round()
    desk.ends(**ANSWERED, solved="1", satisfied="1")
    desk.round(minutes=1)
    (told,) = as_json("unhappy")
    assert (told["number"], told["because"]) == (
        "20261123-000001", "call-back: solved, satisfied 1",
    )  # fmt: skip
    assert "20261123-000001" in says("unhappy").output
    with writing(desk.engine) as session:
        version = session.get_one(TicketRow, ticket).version
        order = Order("screen", OPERATOR, desk.now, version, {"request": "A pipe"})
        apply_move(session, ticket, order)
    assert as_json("unhappy") == []
