"""What a change puts on a ticket is the name of something, in both stores."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, update

from db.engine import writing
from db.models import TicketRow, UnitRow
from db.ticket_moves import Order, apply_move
from db.ticket_names import with_names
from db.tickets import open_ticket
from tests.integration.store.cities import T0, load, small_city, with_version
from tests.integration.store.knowledge_base import Base
from tests.integration.store.test_ticket_moves import OPERATOR, draft
from tickets.refused import MoveRefused


class Desk:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with writing(engine) as session:
            self.id = open_ticket(session, draft(), by="wang").id

    def move(self, name: str, **given: object) -> TicketRow:
        with writing(self.engine) as session:
            version = session.get_one(TicketRow, self.id).version
            row = apply_move(session, self.id, Order(name, OPERATOR, T0, version, given))
            session.expunge(row)
            return row


@pytest.fixture
def desk(store: Engine) -> Desk:
    load(store)
    return Desk(store)


def test_a_matter_takes_the_version_of_the_scheme_that_it_is_of(desk: Desk) -> None:
    assert desk.move("edit", matter="0101").matter_version == "1"
    load(desk.engine, with_version(small_city(), "2"))
    assert desk.move("edit", title="x").matter_version == "1"
    assert desk.move("edit", matter="01").matter_version == "2"
    assert desk.move("edit", matter="0101", matter_version="1").matter_version == "1"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"matter": "7777"}, "7777 is no matter of 1"),
        ({"matter": "0101", "matter_version": "9"}, "0101 is no matter of 9"),
        ({"area": "A99"}, "A99 is no area in force"),
    ],
)
def test_a_name_that_nobody_has_is_refused(desk: Desk, given: dict[str, object], says: str) -> None:
    with pytest.raises(MoveRefused, match=says):
        desk.move("edit", **given)


def test_a_ticket_is_sent_to_a_unit_in_force(desk: Desk) -> None:
    desk.move("claim", responsible="wang")
    desk.move("screen", matter="0101", request="x")
    with pytest.raises(MoveRefused, match="ghost is no unit in force"):
        desk.move("dispatch", unit="ghost")
    assert desk.move("dispatch", unit="water").state == "dispatched"


@pytest.mark.control(without="the check of names")
def test_control_without_the_check_it_would_be_sent_to_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert with_names is not None
    monkeypatch.setattr("db.ticket_moves.with_names", lambda _s, _t, given, _at: dict(given))
    desk.move("claim", responsible="wang")
    desk.move("screen", matter="7777", request="x")
    assert desk.move("dispatch", unit="ghost").unit == "ghost"


def test_what_has_been_retired_since_stays_on_its_ticket(desk: Desk) -> None:
    desk.move("claim", responsible="wang")
    desk.move("screen", matter="0101", request="x", area="A01")
    desk.move("dispatch", unit="water")
    with writing(desk.engine) as session:
        session.execute(update(UnitRow).values(active=False))
    assert desk.move("edit", area="A01", matter="0101", title="x").unit == "water"


def test_before_a_city_is_loaded_every_name_is_taken(store: Engine) -> None:
    row = Desk(store).move("edit", matter="7777", area="here")
    assert (row.matter, row.matter_version, row.area) == ("7777", None, "here")


def test_an_answer_names_an_article_that_is_valid(base: Base) -> None:
    key = base.add("旧规定", "内容", valid_to=date(2026, 11, 22) + timedelta(days=1))
    late = base.add("明天", "内容", valid_from=date(2026, 11, 24))
    desk = Desk(base.engine)
    for article, says in (
        ("the usual", "names no article"),
        (f"K{key.article}.9", "there is no article"),
        (str(late), "is not valid on 2026-11-23"),
    ):
        with pytest.raises(MoveRefused, match=says):
            desk.move("answer", matter="0101", result="x", article=article)
    assert desk.move("answer", matter="0101", result="x", article=str(key)).article == str(key)
