"""Citizens at telephones behind the switch, whose tickets were solved and who are called back."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from db import call_backs as store
from db.engine import reading, writing
from db.models import CallBackRow, TicketRow
from db.ticket_moves import Order, apply_move
from db.tickets import open_ticket
from dispatch.call_backs import Done, Plan, run_call_backs
from scripts.asterisk_console import ask
from scripts.call_backs import placer_of
from scripts.lab.feed import Event
from scripts.lab.seats import Manner
from scripts.lab.sip_message import Message
from scripts.lab.telephone import Telephone
from scripts.lab.town import seat_port
from scripts.lab.waiting import NeverHappened, wait_until
from tests.real_asterisk.system import System, running_system
from tickets.call_backs import Ladder, Token, hours_from
from tickets.model import ENDED, ServiceClass, Source, State
from tickets.opening import TicketDraft
from tickets.roles import Actor, Role

OPERATOR = Actor("wang", frozenset({Role.OPERATOR}))
ANSWERS = Manner(ring_s=0.2, talk_s=600)
RINGS = Manner(answers=False)
PLAN = Plan(hours_from(["07:00-22:00"]), Ladder(), 5, timedelta(hours=2))
IN_A_QUESTION = ("BackGround", "WaitExten")
PATIENCE_S = 60  # of a test, for what a busy machine may take its time


class Engaged(Telephone):
    """Somebody is on the line already."""

    def _rings(self, invite: Message) -> None:
        self._refuse(invite, "486 Busy Here")


@dataclass
class Asked:
    """One solved ticket, its citizen's telephone, and the worker's rounds."""

    system: System
    number: str
    ticket: int
    telephone: Telephone
    now: datetime

    def round(self, **later: float) -> Done:
        self.now += timedelta(**later)
        place = placer_of(self.system.node.settings)
        return run_call_backs(self.system.engine, place, self.now, PLAN)

    def hears(self, question: str) -> None:
        """Until the node asks him this: solved, satisfied, message."""
        wait_until(lambda: self.is_asked(question), f"the question {question}", PATIENCE_S)

    def is_asked(self, question: str) -> bool:
        rows = ask(self.system.node.home, "core show channels concise").splitlines()
        words = [row.split("!") for row in rows if row.count("!") > 5]
        where = f"l110-call-back-{question}"
        return any(w[1] == where and w[5] in IN_A_QUESTION for w in words)

    def presses(self, question: str, key: str) -> None:
        self.hears(question)
        self.telephone.press(key)

    def attempt(self, number: int = 1) -> CallBackRow:
        """That attempt, once the feed has told its end."""

        def ended() -> CallBackRow | None:
            with reading(self.system.engine) as session:
                rows = store.attempts_of(session, self.ticket)
            return next((r for r in rows if r.attempt == number and r.outcome), None)

        found = wait_until(ended, f"the end of attempt {number}", PATIENCE_S)
        assert found is not None
        return found

    def is_over(self) -> bool:
        """Whether the feed has told the end of the first attempt."""
        with reading(self.system.engine) as session:
            return any(row.outcome for row in store.attempts_of(session, self.ticket))

    def message(self) -> Path:
        """Where the first attempt's message is kept."""
        with reading(self.system.engine) as session:
            row = store.attempts_of(session, self.ticket)[0]
        token = Token(row.ticket_id, row.attempt, row.started_at)
        return self.system.node.settings.messages_path / f"{token}.wav"

    def row(self) -> TicketRow:
        with reading(self.system.engine) as session:
            return session.get_one(TicketRow, self.ticket)

    def turn(self) -> str | None:
        with reading(self.system.engine) as session:
            found = {ticket.id: turn.state for turn, ticket, _ in store.turns(session, 100)}
        return found.get(self.ticket)

    def invites(self) -> list[Event]:
        """What the switch saw the node send to this number."""
        events = self.system.town.switch.events()
        return [e for e in events if e.name == "SW_CALLED" and e.facts["number"] == self.number]


@contextmanager
def asked(
    system: System,
    number: str,
    manner: Manner = ANSWERS,
    *,
    says_busy: bool = False,
    here: bool = True,
) -> Iterator[Asked]:
    """A citizen whose ticket was solved three days ago, at the telephone or not."""
    sip = system.node.settings.sip
    kind = Engaged if says_busy else Telephone
    telephone = kind(
        system.town.plan.seats_host,
        (sip.switch_host, sip.switch_port),
        number,
        manner=manner,
        port=seat_port(number),
    )
    if here:
        telephone.start()
    solved_at = datetime.now(UTC) - timedelta(days=3)
    begins = PLAN.hours.next_allowed(solved_at + timedelta(minutes=1))
    one = Asked(system, number, solved(system, number, solved_at), telephone, begins)
    try:
        yield one
    finally:
        telephone.stop()
        withdraw(one)
        with suppress(NeverHappened):
            system.assert_nothing_outlives_its_call()


def withdraw(one: Asked) -> None:
    """Nobody rings him in another test's rounds."""
    with writing(one.system.engine) as session:
        ticket = session.get_one(TicketRow, one.ticket)
        if State(ticket.state) not in ENDED:
            order = Order("withdraw", OPERATOR, one.now, ticket.version, {}, "the test is over")
            apply_move(session, ticket.id, order)


def solved(system: System, number: str, at: datetime) -> int:
    draft = TicketDraft(
        f"P-{number}-{time.monotonic_ns()}",
        None,
        Source.WEB,
        ServiceClass.COMPLAINT,
        number,
        State.NEW,
        at,
        None,
    )
    with writing(system.engine) as session:
        ticket = open_ticket(session, draft, by="wang")
        given = {"matter": "0101", "result": "Mended"}
        return apply_move(session, ticket.id, Order("answer", OPERATOR, at, 1, given)).id


@contextmanager
def town_of_citizens(root: Path, place: int, numbers: Mapping[str, Manner]) -> Iterator[System]:
    """The switch knows these numbers; nobody is at their telephones yet."""
    settings = "[call_backs]\nring_s = 15\npatience_s = 8\n"
    with running_system(root, place, seats=numbers, settings=settings) as system:
        for number in numbers:
            system.town.leave(number)
        yield system
