"""Messages over real mail and web servers that are killed in the middle: at least once each, and
applied once, because every try has the same key."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from db.models import MessageRow
from dispatch.console import to_console
from dispatch.mail import Mailer, MailServer
from dispatch.outgoing import Sender
from dispatch.sending import AnswerPage, SendDue, SendingRules
from dispatch.webhook import Webhook
from tests.integration.store.at_the_unit import Receiver
from tests.integration.store.dispatched import OPERATOR, SUPERVISOR, Desk
from tests.integration.store.receivers import MASTER
from tickets.signed_links import read_link

RULES = SendingRules(lease_s=60, attempts_most=4, first_again_s=30, longest_again_s=300)
PAGE = AnswerPage("https://desk.example/answer/", b"the tests' secret of links", 30)
WITHIN_S = 3.0
WAYS = ["email", "webhook"]


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Callable[[str], Receiver]]:
    """Started; all are killed at the end."""
    started: list[Receiver] = []

    def start(kind: str) -> Receiver:
        made = Receiver(kind, tmp_path / f"{kind}{len(started)}")
        started.append(made)
        made.start()
        return made

    yield start
    for each in started:
        each.kill()


class Unit:
    """The unit `water` with a receiver of one kind, and a worker that serves it."""

    def __init__(self, desk: Desk, way: str, receiver: Receiver, path: str = "/in") -> None:
        self.desk, self.receiver = desk, receiver
        port = receiver.port
        url = f"http://127.0.0.1:{port}{path}"
        desk.contact(way, "water@city.example" if way == "email" else url)
        server = MailServer(
            "127.0.0.1", port, "l110@city.example", starttls=False, within_s=WITHIN_S
        )
        self.senders: dict[str, Sender] = {
            "email": Mailer(server),
            "webhook": Webhook(MASTER, WITHIN_S),
        }

    def send(self, at: datetime | None = None) -> int:
        worker = SendDue(self.senders, RULES, by="w1", page=PAGE, jitter=lambda: 0.0)
        return worker(self.desk.engine, at or self.desk.at)

    @property
    def message(self) -> MessageRow:
        """The last one that is not in the inbox."""
        return [row for row in self.desk.messages() if row.way != "inbox"][-1]


@pytest.fixture(params=WAYS)
def unit(request: pytest.FixtureRequest, desk: Desk, receiver) -> Unit:
    way = request.param
    return Unit(desk, way, receiver("mail" if way == "email" else "web"))


def test_a_dispatch_arrives_with_its_text_and_a_link_that_is_ours(unit: Unit) -> None:
    ticket = unit.desk.dispatched()
    assert unit.send() == 1
    assert (unit.message.state, unit.message.attempts) == ("sent", 1)
    assert unit.receiver.arrived == unit.receiver.applied == [unit.message.key]
    (text,) = unit.receiver.texts
    assert "A pipe has burst" in text
    token = text.partition(PAGE.url)[2].split()[0].split('"')[0]
    link = read_link(token, PAGE.secret, unit.desk.at)
    assert (link.ticket_id, link.version, link.unit) == (ticket.id, ticket.version, "water")
    assert unit.send() == 0, "sent is sent"


def test_the_link_is_not_in_the_store(unit: Unit) -> None:
    unit.desk.dispatched()
    unit.send()
    assert PAGE.url not in unit.message.body


def killed_in_the_middle(unit: Unit, where: str) -> None:
    unit.desk.dispatched()
    unit.receiver.pause(where)
    sending = threading.Thread(target=unit.send)
    sending.start()
    unit.receiver.await_pause()
    unit.receiver.kill()
    sending.join()
    unit.receiver.go_on()


@pytest.mark.parametrize("where", ["half", "after"])
def test_a_receiver_killed_in_the_middle_has_it_applied_once(unit: Unit, where: str) -> None:
    """In the middle it never came; after it was applied, and nobody told us, it comes again."""
    killed_in_the_middle(unit, where)
    assert (unit.message.state, unit.message.attempts) == ("due", 1)
    assert unit.message.failed_because
    unit.receiver.start()
    assert unit.send(unit.message.due_at) == 1
    key = unit.message.key
    assert unit.message.state == "sent"
    assert unit.receiver.arrived == [key] * (1 if where == "half" else 2)
    assert unit.receiver.applied == [key]


@pytest.mark.control(without="the receiver's comparison of keys")
def test_control_a_receiver_that_compares_no_keys_applies_it_twice(unit: Unit) -> None:
    unit.receiver.without_dedupe()
    killed_in_the_middle(unit, "after")
    unit.receiver.start()
    unit.send(unit.message.due_at)
    assert unit.receiver.applied == [unit.message.key] * 2


def test_a_receiver_that_is_away_is_tried_with_longer_pauses_and_then_given_up(unit: Unit) -> None:
    unit.desk.dispatched()
    unit.receiver.kill()
    at, pauses = unit.desk.at, []
    for _ in range(RULES.attempts_most):
        assert unit.message.state == "due"
        assert unit.send(at) == 1
        pauses.append(round((unit.message.due_at - at).total_seconds()))
        at = unit.message.due_at
    assert pauses[:3] == [30, 60, 120]
    assert unit.message.state == "dead"
    assert unit.send(at + timedelta(days=1)) == 0


def test_a_receiver_that_never_answers_is_left_in_time(unit: Unit) -> None:
    unit.desk.dispatched()
    unit.receiver.pause("after")
    assert unit.send() == 1
    assert unit.message.state == "due"
    assert unit.message.failed_because


def test_a_recalled_dispatch_is_dropped_and_holds_up_no_other(unit: Unit) -> None:
    first, _ = unit.desk.dispatched(), unit.desk.dispatched()
    unit.desk.move(first.id, "recall", SUPERVISOR, "another unit")
    assert unit.send() == 1
    states = [row.state for row in unit.desk.messages() if row.way != "inbox"]
    assert states == ["dropped", "sent"]
    assert unit.receiver.arrived == [unit.message.key]


@pytest.mark.control(without="the look at the ticket before each try")
def test_control_without_it_a_unit_hears_of_a_ticket_that_it_has_no_more(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = unit.desk.dispatched()
    unit.desk.move(ticket.id, "recall", SUPERVISOR, "another unit")
    monkeypatch.setattr("dispatch.sending.still_stands", lambda *_: True)
    assert unit.send() == 1
    assert unit.receiver.arrived == [unit.message.key]


@pytest.mark.control(without="the words that are made anew for a sealed ticket")
def test_control_without_them_a_sealed_text_goes_out(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = unit.desk.dispatched()
    unit.desk.move(ticket.id, "seal", OPERATOR, "violence", sealed=True)
    monkeypatch.setattr("dispatch.sending.words_of", lambda _, row: (row.subject, row.body))
    unit.send()
    assert "A pipe has burst" in unit.receiver.texts[0]


def test_what_was_sealed_after_its_dispatch_goes_out_without_its_text(unit: Unit) -> None:
    ticket = unit.desk.dispatched(title="Violence at home")
    unit.desk.move(ticket.id, "seal", OPERATOR, "violence", sealed=True)
    assert unit.send() == 1
    (text,) = unit.receiver.texts
    assert str(ticket.number) in text
    assert "pipe" not in text
    assert "Violence" not in text


def test_who_is_asked_to_stop_sends_no_further_message(unit: Unit) -> None:
    for _ in range(3):
        unit.desk.dispatched()
    sent: list[int] = []
    worker = SendDue(
        {way: lambda _: sent.append(1) for way in WAYS}, RULES, by="w1", stopped=lambda: bool(sent)
    )
    assert worker(unit.desk.engine, unit.desk.at) == 1
    assert [row.state for row in unit.desk.messages() if row.way != "inbox"].count("due") == 2


def test_an_odd_message_holds_up_no_other(unit: Unit) -> None:
    unit.desk.dispatched()
    unit.desk.dispatched()

    def breaks(_outgoing: object) -> None:
        raise UnicodeError("odd")

    with capture_logs():
        worker = SendDue(dict.fromkeys(WAYS, breaks), RULES, by="w1")
        assert worker(unit.desk.engine, unit.desk.at) == 2
    reasons = {row.failed_because for row in unit.desk.messages() if row.way != "inbox"}
    assert reasons == {"our sender failed: UnicodeError"}


@pytest.mark.parametrize(
    ("address", "state", "says"),
    [("nobody@city.example", "dead", "550"), ("later@city.example", "due", "450")],
)
def test_a_mail_that_is_refused_for_good_is_a_dead_letter_at_once(
    desk: Desk, receiver, address: str, state: str, says: str
) -> None:
    unit = Unit(desk, "email", receiver("mail"))
    desk.contact("email", address, unit="gas")
    desk.dispatched(unit="gas")
    unit.send()
    assert unit.message.state == state
    assert says in str(unit.message.failed_because)


@pytest.mark.parametrize(("status", "state"), [(410, "dead"), (404, "due"), (503, "due")])
def test_a_web_server_that_says_no(desk: Desk, receiver, status: int, state: str) -> None:
    unit = Unit(desk, "webhook", receiver("web"), f"/status/{status}")
    desk.dispatched()
    unit.send()
    assert (unit.message.state, str(status) in str(unit.message.failed_because)) == (state, True)


def test_a_redirect_is_not_followed(desk: Desk, receiver) -> None:
    unit = Unit(desk, "webhook", receiver("web"), "/status/307")
    desk.dispatched()
    unit.send()
    assert unit.message.state == "due"
    assert unit.receiver.arrived == []


def test_a_receiver_refuses_what_somebody_else_signed(desk: Desk, receiver) -> None:
    unit = Unit(desk, "webhook", receiver("web"))
    unit.senders["webhook"] = Webhook(b"somebody else's", WITHIN_S)
    desk.dispatched()
    unit.send()
    assert unit.message.state == "due"
    assert "401" in str(unit.message.failed_because)
    assert unit.receiver.kept.lines("refused")


def test_no_title_writes_a_header(desk: Desk, receiver) -> None:
    unit = Unit(desk, "email", receiver("mail"))
    desk.dispatched(title="x\r\nBcc: all@city.example")
    unit.send()
    assert unit.message.state == "sent"
    assert [text.split("\n")[0] for text in unit.receiver.texts] == ["water@city.example"]


def test_the_console_names_key_and_unit_and_no_text(desk: Desk) -> None:
    desk.contact("console", "water")
    desk.dispatched()
    worker = SendDue({"console": to_console}, RULES, by="w1")
    with capture_logs() as logs:
        assert worker(desk.engine, desk.at) == 1
    (told,) = [entry for entry in logs if entry["event"] == "dispatch.told"]
    assert told["unit"] == "water"
    assert "pipe" not in json.dumps(logs)


def test_a_way_that_nobody_serves_is_a_dead_letter(desk: Desk) -> None:
    desk.contact("console", "water")
    desk.dispatched()
    with capture_logs():
        SendDue({}, RULES, by="w1")(desk.engine, desk.at)
    assert [row.state for row in desk.messages()] == ["sent", "dead"]
