"""`l110 tickets move`, `moves` and `history`, as they are typed, on both stores."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from db.audit_log import entries
from db.engine import reading, writing
from db.tickets import open_ticket
from db.users import NewUser, add_user, disable_user
from scripts.cli.main import l110
from tickets.model import ServiceClass, Source, State
from tickets.opening import TicketDraft
from tickets.roles import Role

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NUMBER = "20261123-000001"
CALLER = "13800000001"
Run = Callable[..., Result]


@pytest.fixture
def run(store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path / "var"))
    url = store.url.set(drivername=store.dialect.name).render_as_string(hide_password=False)
    monkeypatch.setenv("L110_DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    people = {
        "wang": (Role.OPERATOR, ()), "li": (Role.HANDLER, ("water",)),
        "sun": (Role.HANDLER, ("power",)), "chen": (Role.SUPERVISOR, ()),
    }  # fmt: skip
    with writing(store) as session:
        for name, (role, units) in people.items():
            add_user(session, NewUser(name, name, frozenset({role}), frozenset(units), "-"), T0)
        open_ticket(
            session,
            TicketDraft(
                "D-1", None, Source.COUNTER, ServiceClass.COMPLAINT, CALLER, State.NEW, T0, None
            ),
            by="wang",
        )
    return lambda *words: CliRunner().invoke(l110, ["tickets", *words])


def move(run: Run, name: str, user: str, version: int, *more: str) -> Result:
    return run("move", NUMBER, name, "--as", user, "--version", str(version), *more)


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    return result.output


def test_a_ticket_is_worked_on_by_typing(run: Run, store: Engine) -> None:
    done(move(run, "claim", "wang", 1, "--set", "responsible=wang"))
    done(move(run, "screen", "wang", 2, "--set", "matter=0101", "--set", "request=a=b"))
    done(move(run, "seal", "wang", 3, "--set", "sealed=true", "--because", "a witness"))
    told = json.loads(done(move(run, "dispatch", "wang", 4, "--set", "unit=water", "--json")))
    assert (told["state"], told["request"], told["sealed"]) == ("dispatched", "a=b", True)
    assert "accepted" in done(move(run, "accept", "li", 5))
    assert CALLER not in json.dumps(told)
    events = json.loads(done(run("history", NUMBER, "--as", "chen", "--json")))
    assert [event["move"] for event in events][-2:] == ["dispatch", "accept"]
    assert "a witness" in done(run("history", NUMBER, "--as", "chen"))
    with reading(store) as session:
        last = entries(session, 1)[0]
        assert (last.by, last.action, last.subject) == ("li", "ticket.accept", NUMBER)
        assert last.address.startswith("cli:")


def test_what_is_open_is_listed_with_the_version(run: Run) -> None:
    told = json.loads(done(run("moves", NUMBER, "--as", "wang", "--json")))
    assert told["version"] == 1
    assert {"claim", "screen", "withdraw"} <= {row["move"] for row in told["moves"]}
    assert "认领" in done(run("moves", NUMBER, "--as", "wang"))


def test_the_rights_are_those_of_the_person(run: Run, store: Engine) -> None:
    assert "not for you to see" in refused(move(run, "accept", "sun", 1))
    assert "it takes" in refused(move(run, "accept", "wang", 1))
    assert "no user nobody" in refused(move(run, "claim", "nobody", 1))
    with writing(store) as session:
        disable_user(session, "wang", T0)
    assert "wang is disabled" in refused(move(run, "edit", "wang", 1, "--set", "title=x"))
    for command in ("history", "moves"):
        assert "not for you to see" in refused(run(command, NUMBER, "--as", "li"))


def test_a_refusal_says_what_is_missing(run: Run) -> None:
    assert "needs matter, request" in refused(move(run, "screen", "wang", 1))
    assert "FIELD=VALUE" in refused(move(run, "edit", "wang", 1, "--set", "title"))
    assert "true or false" in refused(
        move(run, "seal", "wang", 1, "--set", "sealed=maybe", "--because", "x")
    )
    missing = run("move", "20200101-000001", "edit", "--as", "wang", "--version", "1")
    assert "l110 tickets list" in refused(missing)


def test_a_stale_edit_shows_both_texts(run: Run) -> None:
    done(move(run, "edit", "wang", 1, "--set", "title=first"))
    said = refused(move(run, "edit", "chen", 1, "--set", "title=second"))
    assert "yours 'second', now 'first'" in said
    as_json = refused(move(run, "edit", "chen", 1, "--set", "title=second", "--json"))
    assert json.loads(as_json.removeprefix("Error: "))["now"]["title"] == "first"


def test_a_refused_move_is_audited_too(run: Run, store: Engine) -> None:
    refused(move(run, "accept", "sun", 1))
    with reading(store) as session:
        last = entries(session, 1)[0]
    assert (last.by, last.action, last.subject, last.outcome) == (
        "sun", "ticket.accept", NUMBER, "refused",
    )  # fmt: skip
