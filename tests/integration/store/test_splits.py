"""One request that is several: split, worked on by several units, and answered as one."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from db import join_guard
from db.engine import reading, writing
from db.models import TicketRow
from db.splits import parts_of, split
from db.ticket_moves import Order, apply_move
from reports.ticket_audit import audit_tickets
from scripts.cli.main import l110
from tests.integration.store.call_back_desk import ANSWERED, Desk
from tests.integration.store.operators import add_operator
from tests.integration.store.test_ticket_moves import HANDLER, OPERATOR, WORKER, Life
from tickets.refused import MoveRefused, Refusal
from tickets.roles import Actor

PARTS = [{"request": "水管爆了"}, {"request": "路灯不亮", "matter": "0201"}]


class Whole(Life):
    """A screened ticket that is to be split."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.move("claim", OPERATOR, responsible="wang")
        self.move("screen", OPERATOR, matter="0101", request="水管爆了，路灯也不亮", place="桥头")

    def split(self, parts: list[dict[str, str]] | None = None) -> list[int]:
        with writing(self.engine) as session:
            version = self.version(session)
            order = Order("split", OPERATOR, self.at, version, because="two units")
            _, made = split(session, self.id, order, PARTS if parts is None else parts)
            return [part.id for part in made]

    def part(self, ticket_id: int, name: str, actor: Actor, **given: object) -> None:
        with writing(self.engine) as session:
            version = session.get_one(TicketRow, ticket_id).version
            apply_move(session, ticket_id, Order(name, actor, self.at, version, given, "so"))


@pytest.fixture
def whole(store: Engine) -> Whole:
    return Whole(store)


def test_a_part_has_its_request_the_wholes_caller_and_the_same_person(whole: Whole) -> None:
    made = whole.split()
    with reading(whole.engine) as session:
        first, second = parts_of(session, whole.id)
        assert [first.id, second.id] == made
        assert session.get_one(TicketRow, whole.id).state == "split"
        assert (first.request, first.matter, first.place) == ("水管爆了", "0101", "桥头")
        assert (second.request, second.matter) == ("路灯不亮", "0201")
        for part in (first, second):
            assert (part.state, part.responsible, part.caller) == ("new", "wang", "13800000001")
        assert len({first.number, second.number}) == 2
        assert audit_tickets(session).clean


@pytest.mark.parametrize("parts", [[], PARTS[:1], [{"request": "x"}] * 21, [{"title": "a"}] * 2])
def test_one_part_is_none_and_each_needs_its_request(
    whole: Whole, parts: list[dict[str, str]]
) -> None:
    with pytest.raises(MoveRefused) as refused:
        whole.split(parts)
    assert refused.value.kind is Refusal.MISSING
    with reading(whole.engine) as session:
        assert parts_of(session, whole.id) == []


def test_a_move_alone_splits_nothing(whole: Whole) -> None:
    with pytest.raises(MoveRefused, match="split needs 2 parts"):
        whole.move("split", OPERATOR, "two units")


def test_the_whole_is_answered_when_its_parts_have_ended(whole: Whole) -> None:
    first, second = whole.split()
    whole.part(first, "withdraw", OPERATOR)
    with pytest.raises(MoveRefused, match=r"1 parts of .* are still open"):
        whole.move("gather", OPERATOR, result="Both done")
    whole.part(second, "withdraw", OPERATOR)
    assert whole.move("gather", OPERATOR, result="Both done") == "solved"


@pytest.mark.control(without="the look at its parts")
def test_control_without_it_the_whole_is_answered_before_them(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole.split()
    monkeypatch.setattr(join_guard, "_refuse_open_parts", lambda *_: None)
    assert whole.move("gather", OPERATOR, result="Both done") == "solved"


def test_the_citizen_is_asked_once_for_the_whole(store: Engine) -> None:
    whole, desk = Whole(store), Desk(store)
    for part in whole.split():
        for name, actor, given in (
            ("screen", OPERATOR, {}),
            ("dispatch", OPERATOR, {"unit": "water"}),
            ("accept", HANDLER, {}),
            ("solve", HANDLER, {"result": "done"}),
        ):
            whole.part(part, name, actor, **given)
    desk.now = whole.at
    desk.round(minutes=1)
    with reading(store) as session:
        closed = [(part.state, part.close_exempt) for part in parts_of(session, whole.id)]
    assert closed == [("closed", "part-of-whole")] * 2
    assert desk.orders == []
    whole.at = desk.now
    whole.move("gather", OPERATOR, result="Both done")
    desk.round(minutes=5)
    assert [order.number for order in desk.orders] == ["13800000001"]
    desk.ends(**ANSWERED, solved="1", satisfied="5")
    assert desk.round(minutes=1).closed == 1


def test_the_command_splits_for_a_person_of_the_desk(whole: Whole, tmp_path: Path) -> None:
    with writing(whole.engine) as session:
        add_operator(session, "wang")
        number = str(session.get_one(TicketRow, whole.id).number)
    config = tmp_path / "settings.toml"
    url = whole.engine.url.render_as_string(hide_password=False)
    config.write_text(f'database_url = "{url}"\nvar_dir = "{tmp_path}/var"\n')
    words = [
        "--config",
        str(config),
        "tickets",
        "split",
        number,
        "--as",
        "wang",
        "--because",
        "two",
    ]
    one = CliRunner().invoke(l110, [*words, "--part", "水管爆了"])
    assert (one.exit_code, "2 to 20 parts" in one.output) == (1, True)
    done = CliRunner().invoke(l110, [*words, "--part", "水管爆了", "--part", "路灯不亮"])
    assert done.exit_code == 0, done.output
    with reading(whole.engine) as session:
        assert all(str(part.number) in done.output for part in parts_of(session, whole.id))


def test_a_worker_splits_nothing(whole: Whole) -> None:
    with writing(whole.engine) as session:
        order = Order("split", WORKER, whole.at, whole.version(session), because="so")
        with pytest.raises(MoveRefused, match="may not split"):
            split(session, whole.id, order, PARTS)
