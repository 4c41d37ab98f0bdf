"""Sends what is due, one message at a time: claimed, tried, and reported, each in its own step.

A worker that dies after the other side took the message and before its report leaves it to be
sent again. So each message arrives at least once, and always with the same key, by which the
receiver knows a repeat.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine

from db.due_work import Claim, claim, done, failed, is_due, take_back
from db.engine import reading, writing
from db.messages import MESSAGES, drop, still_stands, words_of
from db.models import MessageRow
from dispatch.outgoing import NotSent, Outgoing, Sender
from tickets.back_off import back_off_s
from tickets.contacts import Way
from tickets.dispatch_text import with_answer_link
from tickets.signed_links import link_for, signed

log = structlog.get_logger(__name__)

TURN_S = 60.0  # then the turn ends, whatever waits: whoever watches us sees that we move
LINKED = (Way.EMAIL, Way.WEBHOOK)
RECALLED = "the ticket is no longer with the unit"


@dataclass(frozen=True, slots=True)
class SendingRules:
    """lease_s: much longer than one try may take, and than two workers' clocks may differ."""

    lease_s: float = 120.0
    attempts_most: int = 10
    first_again_s: float = 30.0
    longest_again_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """Where a unit answers: `url` and the token make the link. days: how long it is good."""

    url: str
    secret: bytes
    days: float


@dataclass(frozen=True, slots=True)
class _Due:
    """outgoing: None where it was dropped."""

    claim: Claim
    way: str
    outgoing: Outgoing | None


_Clock = Callable[[], datetime]


def _passing(now: datetime) -> _Clock:
    """A clock that goes on from the time that was handed in: a turn may take minutes."""
    began_s = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began_s)


class SendDue:
    """The worker's job `send`. by: this process, and nobody else at the same time."""

    def __init__(
        self,
        senders: Mapping[str, Sender],
        rules: SendingRules,
        *,
        by: str,
        page: AnswerPage | None = None,
        stopped: Callable[[], bool] = lambda: False,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._senders, self._rules, self._by, self._page = senders, rules, by, page
        self._stopped, self._jitter = stopped, jitter

    def __call__(self, engine: Engine, now: datetime) -> int:
        """Until nothing is due, a minute is over or we are to stop; how many were tried."""
        clock, tried = _passing(now), 0
        until = now + timedelta(seconds=TURN_S)
        with reading(engine) as session:
            if not is_due(session, MESSAGES, now):
                return 0  # most turns: no worker at rest takes SQLite's one lock for writing
        with writing(engine) as session:
            most = self._rules.attempts_most
            if back := take_back(session, MESSAGES, now=now, attempts_most=most):
                log.warning("messages.taken_back", count=back)
        while not self._stopped() and (at := clock()) < until:
            due = self._next(engine, at)
            if due is None:
                break
            if due.outgoing is not None:
                self._try(engine, due.claim, due.way, due.outgoing, clock)
                tried += 1
        return tried

    def _next(self, engine: Engine, now: datetime) -> _Due | None:
        """The oldest due message, now ours."""
        lease_s = self._rules.lease_s
        with writing(engine) as session:
            found = claim(session, MESSAGES, by=self._by, now=now, lease_s=lease_s, limit=1)
            if not found:
                return None
            message = session.get_one(MessageRow, found[0].id, populate_existing=True)
            if still_stands(session, message):
                words = words_of(session, message)
                return _Due(found[0], message.way, self._outgoing(message, *words))
            drop(session, found[0], RECALLED)
            key = message.key
        log.info("message.dropped", key=key, because=RECALLED)
        return _Due(found[0], "", None)

    def _try(
        self, engine: Engine, ours: Claim, way: str, outgoing: Outgoing, clock: _Clock
    ) -> None:
        about = {"key": outgoing.key, "unit": outgoing.unit, "attempt": ours.attempt}
        try:
            self._send(way, outgoing)
        except NotSent as fault:
            given_up = self._failed(engine, ours, fault, clock())
            say = log.error if given_up else log.warning
            event = "message.given_up" if given_up else "message.not_sent"
            say(event, **about, because=str(fault))
            return
        with writing(engine) as session:
            in_time = done(session, MESSAGES, ours, sent_at=clock())
        log.info("message.sent", **about, way=way, lease_kept=in_time)

    def _send(self, way: str, outgoing: Outgoing) -> None:
        sender = self._senders.get(way)
        if sender is None:
            raise NotSent(f"nobody here sends by {way}", for_good=True)
        try:
            sender(outgoing)
        except NotSent:
            raise
        except Exception as fault:  # one odd message must not hold up all others
            log.exception("sender.failed", key=outgoing.key)
            raise NotSent(f"our sender failed: {type(fault).__name__}") from fault

    def _failed(self, engine: Engine, ours: Claim, fault: NotSent, now: datetime) -> bool:
        """Whether it was given up."""
        rules = self._rules
        given_up = fault.for_good or ours.attempt >= rules.attempts_most
        first_s, longest_s = rules.first_again_s, rules.longest_again_s
        wait_s = back_off_s(ours.attempt, self._jitter(), first_s=first_s, longest_s=longest_s)
        again_at = None if given_up else now + timedelta(seconds=wait_s)
        with writing(engine) as session:
            failed(session, MESSAGES, ours, str(fault), again_at)
        return given_up

    def _outgoing(self, message: MessageRow, subject: str, body: str) -> Outgoing:
        way = Way(message.way)
        if self._page is not None and way in LINKED and message.notice_id is None:
            link = link_for(
                message.ticket_id, message.dispatch_version, message.unit,
                made_at=message.made_at, days=self._page.days,
            )  # fmt: skip
            body = with_answer_link(way, body, self._page.url + signed(link, self._page.secret))
        return Outgoing(message.key, message.unit, message.address, subject, body)
