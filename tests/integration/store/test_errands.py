"""Errands on both stores: ticked off one by one, and in the way of `solved` until then."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from db import join_guard
from db.audit_log import entries
from db.engine import reading, writing
from db.errands import add_items, items_of, tick
from db.models import TicketRow
from scripts.cli.main import l110
from tests.integration.store.operators import add_operator
from tests.integration.store.test_ticket_moves import HANDLER, OPERATOR, Life
from tickets.errands import Kind
from tickets.refused import MoveRefused, Refusal
from tickets.roles import Actor, Role


class Errand(Life):
    """A ticket at the water works, with two steps and one paper."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.move("claim", OPERATOR, responsible="wang")
        self.move("screen", OPERATOR, matter="0101", request="代办过户")
        self.move("dispatch", OPERATOR, unit="water")
        self.move("accept", HANDLER)
        self.add(Kind.STEP, "fetch the form", "hand it in")
        self.add(Kind.DOCUMENT, "deed")

    def add(self, kind: Kind, *texts: str, actor: Actor = OPERATOR) -> None:
        with writing(self.engine) as session:
            add_items(session, session.get_one(TicketRow, self.id), kind, texts, actor, self.at)

    def tick(self, position: int, actor: Actor = HANDLER, note: str = "") -> str:
        self.at += timedelta(minutes=1)
        with writing(self.engine) as session:
            ticket = session.get_one(TicketRow, self.id)
            return tick(session, ticket, position, actor, self.at, note).state

    def states(self) -> list[str]:
        with reading(self.engine) as session:
            return [row.state for row in items_of(session, self.id)]


@pytest.fixture
def errand(store: Engine) -> Errand:
    return Errand(store)


def test_a_ticket_is_solved_when_its_steps_are_done_and_its_papers_are_back(errand: Errand) -> None:
    assert errand.states() == ["open", "open", "needed"]
    assert [errand.tick(1), errand.tick(3), errand.tick(2)] == ["done", "received", "done"]
    with pytest.raises(MoveRefused, match="is not finished: deed"):
        errand.move("solve", HANDLER, result="done")
    assert errand.tick(3, note="by hand") == "returned"
    assert errand.move("solve", HANDLER, result="done") == "solved"


def test_a_paper_that_was_never_needed_holds_nothing_up(errand: Errand) -> None:
    errand.tick(1)
    errand.tick(2)
    assert errand.move("solve", HANDLER, result="done") == "solved"


@pytest.mark.control(without="the look at the errand")
def test_control_without_the_look_it_is_solved_with_open_steps(
    errand: Errand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(join_guard, "refuse_unfinished", lambda *_: None)
    assert errand.move("solve", HANDLER, result="done") == "solved"


@pytest.mark.parametrize(
    ("position", "actor", "kind"),
    [
        (9, HANDLER, Refusal.MISSING),
        (1, Actor("x", frozenset({Role.AUDITOR})), Refusal.NOT_ALLOWED),
        (1, Actor("y", frozenset({Role.HANDLER}), frozenset({"power"})), Refusal.NOT_ALLOWED),
    ],
)
def test_what_is_not_there_or_not_yours_is_not_ticked(
    errand: Errand, position: int, actor: Actor, kind: Refusal
) -> None:
    with pytest.raises(MoveRefused) as refused:
        errand.tick(position, actor)
    assert refused.value.kind is kind
    assert errand.states() == ["open", "open", "needed"]


def test_what_is_done_is_not_done_again(errand: Errand) -> None:
    errand.tick(1)
    with pytest.raises(MoveRefused, match="nothing follows"):
        errand.tick(1)


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "x" * 201])
def test_a_step_is_one_line_of_words(errand: Errand, text: str) -> None:
    with pytest.raises(MoveRefused, match="one line"):
        errand.add(Kind.STEP, text)


def test_the_commands_write_down_and_tick_off_and_are_audited(
    errand: Errand, tmp_path: Path
) -> None:
    with writing(errand.engine) as session:
        add_operator(session, "wang")
        number = str(session.get_one(TicketRow, errand.id).number)
    config = tmp_path / "settings.toml"
    url = errand.engine.url.render_as_string(hide_password=False)
    config.write_text(f'database_url = "{url}"\nvar_dir = "{tmp_path}/var"\n')

    def run(*words: str) -> tuple[int, str]:
        command = ["--config", str(config), "tickets", "errand", *words]
        done = CliRunner().invoke(l110, command)
        return done.exit_code, done.output

    assert "4 ring him" in run("add", number, "--as", "wang", "--step", "ring him")[1]
    assert run("tick", number, "4", "--as", "wang", "--note", "at ten")[1] == "ring him: done\n"
    told = json.loads(run("show", number, "--json")[1])
    assert [row["state"] for row in told] == ["open", "open", "needed", "done"]
    assert told[3]["note"] == "at ten"
    assert "跑腿代办" in run("show", number)[1]
    assert "nothing follows" in run("tick", number, "4", "--as", "wang")[1]
    assert "no ticket x" in run("show", "x")[1]
    with reading(errand.engine) as session:
        noted = [(row.action, row.outcome) for row in entries(session, 10)][::-1]
    assert [outcome for _, outcome in noted] == ["done", "done", "refused"]
