"""From the call to the citizen's yes: every part real, from the trunk to the mail and back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from db.contacts import add_contact
from db.engine import reading, writing
from db.models import TicketRow
from db.supervision import make_notices, notices_of
from db.ticket_moves import history
from desk.app import create_app
from reports.ticket_audit import audit_tickets
from scripts.deadlines import deadline_rules
from scripts.desk_context import desk_of
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.town import seat_port
from scripts.sending import send_due
from tests.integration.desk.people import Browser, Site, add_people, serving
from tests.integration.store.at_the_unit import Receiver
from tests.real_asterisk.citizens import ANSWERS, PLAN, Asked
from tests.real_asterisk.system import System, running_system
from tickets.numbers import SHANGHAI

CITIZENS = ("13800000951", "13800000952")
TALKS = Manner(ring_s=0.2, talk_s=1)
OVERDUE = timedelta(days=40)  # more than seven working days and every rung of the ladder


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("yes"),
        78,
        seats={"7001": TALKS, **dict.fromkeys(CITIZENS, Manner())},
        livelihood=("7001",),
        settings="[call_backs]\nring_s = 15\npatience_s = 8\n",
    ) as system:
        for number in CITIZENS:
            system.town.leave(number)
        yield system


@dataclass
class Room:
    """The second room: its desk, its worker's parts, and the mail server of the units."""

    system: System
    site: Site
    mail: Receiver
    read: list[str] = field(default_factory=list)

    def ticket_of(self, caller: str) -> str:
        """The number that his call's ticket has."""
        ticket = self.system.ticket_of(self.system.call_of(caller))
        assert ticket is not None
        assert ticket.number is not None
        return ticket.number

    def now(self, number: str) -> TicketRow:
        with reading(self.system.engine) as session:
            return session.query(TicketRow).filter_by(number=number).one()

    def moves(self, who: str, number: str, move: str, because: str = "", **given: object) -> str:
        """The state after it."""
        browser: Browser = self.site.browser(who)
        version = browser.get(f"/tickets/{number}").json()["version"]
        answer = browser.move(number, move, version, because, **given)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["state"])

    def mailed(self) -> str:
        """The link in the one mail that has come since the last look."""
        settings = self.system.node.settings
        sending = settings.sending.model_copy(update={"answer_url": f"{self.site.url}/answer/"})
        mail = settings.mail.model_copy(
            update={"host": "127.0.0.1", "port": self.mail.port, "starttls": False}
        )
        told = settings.model_copy(update={"sending": sending, "mail": mail})
        assert send_due(told, "w1")(self.system.engine, datetime.now(UTC)) == 1
        (new,) = [text for text in self.mail.texts if text not in self.read]
        self.read.append(new)
        found = re.search(rf"{re.escape(self.site.url)}/answer/[\w.-]+", new)
        assert found, new
        return found[0]

    def answers(self, link: str, kind: str, said: str = "") -> None:
        answer = httpx.post(link, data={"kind": kind, "said": said}, timeout=20, trust_env=False)
        assert answer.status_code == 200, answer.text

    def told(self, number: str) -> list[str]:
        """Its moves; the forwarder's, while it followed the call, are one."""
        with reading(self.system.engine) as session:
            moves = [event.move for event in history(session, self.now(number).id)]
        return ["open", *(move for move in moves if move != "open")]


@pytest.fixture(scope="module")
def room(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    desk = desk_of(system.node.settings, system.engine)
    add_people(desk)
    with writing(system.engine) as session:
        add_contact(session, "water", "email", "water@city.example")
        add_contact(session, "power", "email", "power@city.example")
    mail = Receiver("mail", Path(tmp_path_factory.mktemp("units") / "mail"))
    mail.start()
    try:
        with serving(create_app(replace(desk, https=False))) as url, Site(desk, url) as site:
            yield Room(system, site, mail)
    finally:
        mail.kill()


def calls(system: System, number: str) -> None:
    """He presses 2 for livelihood, 1 for a complaint, and talks to an operator."""
    system.town.call(number, [Press("2"), Wait(1), Press("1"), Stay(60)])
    assert "7001" in system.town.ended(number, 90).talked_to


def is_called_back(room: Room, number: str, caller: str, keys: tuple[str, str]) -> None:
    """By the worker's rounds; he answers and presses."""
    system, sip = room.system, room.system.node.settings.sip
    plan = system.town.plan
    telephone = Telephone(
        plan.seats_host, (sip.switch_host, sip.switch_port), caller, manner=ANSWERS,
        port=seat_port(caller),
    )  # fmt: skip
    begins = PLAN.hours.next_allowed(datetime.now(UTC) + timedelta(seconds=1))
    with_him = Asked(system, caller, room.now(number).id, telephone, begins)
    telephone.start()
    try:
        assert with_him.round().placed == 1
        with_him.presses("solved", keys[0])
        with_him.presses("satisfied", keys[1])
        with_him.hears("message")
        telephone.hang_up()
        attempt = with_him.attempt()
        (invite,) = with_him.invites()
        assert invite.facts["sip"] == attempt.sip_call_id, "the switch saw this INVITE"
        with_him.round(minutes=1)
    finally:
        telephone.stop()


def test_a_call_to_110_ends_with_the_citizens_yes(system: System, room: Room) -> None:
    caller = CITIZENS[0]
    calls(system, caller)
    number = room.ticket_of(caller)
    assert room.moves("wang", number, "claim", responsible="wang") == "new"
    assert room.moves("wang", number, "screen", matter="0101", request="水管爆裂") == "screened"
    assert room.moves("wang", number, "dispatch", unit="water") == "dispatched"
    ticket = room.now(number)
    assert ticket.due_at is not None
    assert ticket.due_at > ticket.opened_at
    link = room.mailed()
    room.answers(link, "accept")
    room.answers(link, "solve", "管道已修复")
    assert room.now(number).state == "solved"
    is_called_back(room, number, caller, ("1", "5"))
    ticket = room.now(number)
    assert (ticket.state, ticket.said_solved, ticket.satisfied) == ("closed", True, 5)
    assert ticket.responsible == "wang", "one person answered for it to the end"
    assert room.told(number) == [
        "open", "claim", "screen", "dispatch", "accept", "solve", "owe-call-back", "close",
    ]  # fmt: skip
    assert system.call_of(caller).outcome == "talked-to-livelihood"
    system.assert_nothing_outlives_its_call()


def test_a_second_is_objected_dispatched_again_overdue_escalated_answered_unhappy_and_reopened(
    system: System, room: Room
) -> None:
    caller = CITIZENS[1]
    calls(system, caller)
    number = room.ticket_of(caller)
    room.moves("wang", number, "claim", responsible="wang")
    room.moves("wang", number, "screen", matter="0101", request="小区停水")
    room.moves("wang", number, "dispatch", unit="power")
    room.answers(room.mailed(), "object", "不属于供电职责")
    assert room.now(number).state == "objected"
    assert room.moves("chen", number, "uphold", "it is the water works'") == "screened"
    assert room.moves("wang", number, "dispatch", unit="water") == "dispatched"
    link = room.mailed()

    rules = deadline_rules(system.node.settings)
    late = (datetime.now(SHANGHAI) + OVERDUE).replace(hour=10)  # at night nobody is told
    made = make_notices(system.engine, late, rules)
    with reading(system.engine) as session:
        notices = notices_of(session, room.now(number).id)
    assert made == len(notices)
    assert {notice.kind for notice in notices} == {"reminder", "notice", "escalation"}
    assert notices[-1].receiver == "leaders-meeting"

    room.answers(link, "accept")
    room.answers(link, "solve", "已恢复供水")
    is_called_back(room, number, caller, ("2", "1"))
    ticket = room.now(number)
    assert (ticket.state, ticket.closed_at) == ("reopened", None)
    assert room.told(number)[-3:] == ["solve", "owe-call-back", "reopen"]
    with reading(system.engine) as session:
        assert audit_tickets(session).clean
    system.assert_nothing_outlives_its_call()
