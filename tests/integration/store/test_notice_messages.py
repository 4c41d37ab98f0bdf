"""Reminders and notices of supervision reach the unit, on both stores and by real mail."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.deadlines import order_with_deadline
from db.engine import reading, writing
from db.models import MessageRow, TicketRow
from db.notice_messages import queue_notices
from db.supervision import make_notices
from db.ticket_moves import Order
from dispatch.mail import Mailer, MailServer
from dispatch.sending import AnswerPage, SendDue, SendingRules
from tests.integration.store.at_the_unit import Receiver
from tests.integration.store.dispatched import OPERATOR, SUPERVISOR, Desk
from tickets.deadline_rules import DeadlineRules, parse_deadlines

FILE = Path(__file__).parents[3] / "config" / "deadlines.toml"
PAGE = AnswerPage("https://desk.example/answer/", b"the tests' secret of links", 30)


@pytest.fixture(scope="module")
def rules() -> DeadlineRules:
    return parse_deadlines(FILE.read_bytes(), FILE.name)


class Late(Desk):
    """A ticket that was dispatched with its deadline, and is forty days late at ten o'clock."""

    def __init__(self, engine: Engine, rules: DeadlineRules) -> None:
        super().__init__(engine)
        self.rules = rules
        self.contact("email", "water@city.example")
        self.ticket = self.screened(title="桥头漏水")
        self.at += timedelta(minutes=1)
        with writing(engine) as session:
            version = session.get_one(TicketRow, self.ticket).version
            order = Order("dispatch", OPERATOR, self.at, version, {"unit": "water"})
            order_with_deadline(session, self.ticket, order, rules)
        self.late = (self.at + timedelta(days=40)).replace(hour=2, minute=0)

    def told(self) -> list[MessageRow]:
        return [row for row in self.messages() if row.notice_id is not None]

    def supervise(self) -> int:
        return make_notices(self.engine, self.late, self.rules, queue_notices)


@pytest.fixture
def late(store: Engine, rules: DeadlineRules) -> Late:
    return Late(store, rules)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Receiver]:
    post = Receiver("mail", tmp_path / "post")
    post.start()
    yield post
    post.kill()


def send(late: Late, post: Receiver) -> int:
    server = MailServer("127.0.0.1", post.port, "l110@city.example", starttls=False)
    worker = SendDue({"email": Mailer(server)}, SendingRules(), by="w1", page=PAGE)
    return worker(late.engine, late.late)


def test_what_is_for_the_unit_is_told_once_by_each_way(late: Late) -> None:
    made = late.supervise()
    told = late.told()
    assert 0 < len(told) < 2 * made, "those for the desk and its leaders go to no unit"
    assert {row.way for row in told} == {"inbox", "email"}
    assert len({row.key for row in told}) == len(told)
    assert all("20261123-000001" in row.body for row in told)
    assert any(row.subject.startswith("民生110督办 2") for row in told)
    assert (late.supervise(), len(late.told())) == (0, len(told))


def test_the_unit_reads_it_in_its_mail_without_a_link(late: Late, post: Receiver) -> None:
    late.supervise()
    sent = send(late, post)
    assert sent == 1 + len([row for row in late.told() if row.way == "email"])
    assert len([text for text in post.texts if PAGE.url in text]) == 1, "the dispatch alone"
    assert any("督办" in text and "桥头漏水" in text for text in post.texts)


def test_a_ticket_that_was_sealed_meanwhile_is_not_told_of(late: Late, post: Receiver) -> None:
    late.supervise()
    late.move(late.ticket, "seal", SUPERVISOR, "a witness", sealed=True)
    send(late, post)
    assert all("桥头漏水" not in text for text in post.texts)


def test_a_ticket_that_was_recalled_meanwhile_troubles_nobody(late: Late, post: Receiver) -> None:
    late.supervise()
    late.move(late.ticket, "recall", SUPERVISOR, "another unit")
    assert (send(late, post), post.texts) == (0, [])
    with reading(late.engine) as session:
        states = {row.state for row in session.query(MessageRow) if row.way == "email"}
    assert states == {"dropped"}
