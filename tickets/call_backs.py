"""When a citizen is called back, how often, and what his answer means for the ticket."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from tickets.model import CallerKind, Exempt, Source
from tickets.numbers import SHANGHAI

SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
EARLIEST, LATEST = time(7), time(22)  # nobody is rung at night, whatever the settings say
# Three and four digits are services (110, 119, 1000): a caller who shows one cannot be meant.
NUMBER = re.compile(r"\+?[0-9]{5,20}", re.ASCII)
TOKEN = re.compile(r"([0-9]{1,18})-([0-9]{1,6})-([0-9]{1,18})", re.ASCII)
SATISFIED_ENOUGH = 3


class HoursBad(ValueError):
    """The hours of call-backs are none; the message says which and why."""


class NaiveMoment(ValueError):
    """A time has no zone."""


class Outcome(StrEnum):
    """What became of an attempt. person: somebody of the desk did it by hand.

    no-key: he answered and pressed nothing that tells whether it is solved. failed: he was never
    reached, and that was not his doing.
    """

    ANSWERED = "answered"
    NO_KEY = "no-key"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    HUNG_UP = "hung-up"
    FAILED = "failed"
    PERSON = "person"


class Turn(StrEnum):
    """Whose turn a ticket's call-back is. calling: an attempt goes on."""

    DUE = "due"
    CALLING = "calling"
    PERSON = "person"


class Next(StrEnum):
    CLOSE = "close"
    REOPEN = "reopen"
    AGAIN = "again"
    PERSON = "person"


class Way(StrEnum):
    """How a solved ticket comes to its end."""

    CALL = "call"
    EXEMPT = "exempt"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Hours:
    """When the telephone may ring, in Asia/Shanghai: spans in order, of one day, apart.

    Raises:
        HoursBad: no span, an empty one, two that overlap, or one at night.
    """

    spans: tuple[tuple[time, time], ...]

    def __post_init__(self) -> None:
        if not self.spans:
            raise HoursBad("no hours: nobody would ever be called back")
        before = EARLIEST
        for begin, end in self.spans:
            if not begin < end:
                raise HoursBad(f"{begin:%H:%M}-{end:%H:%M} ends before it begins")
            if begin < before or end > LATEST:
                raise HoursBad(
                    f"{begin:%H:%M}-{end:%H:%M}: spans stand in order, do not overlap, and lie "
                    f"between {EARLIEST:%H:%M} and {LATEST:%H:%M}"
                )
            before = end

    def allowed(self, at: datetime) -> bool:
        clock = _shanghai(at).time()
        return any(begin <= clock < end for begin, end in self.spans)

    def next_allowed(self, at: datetime) -> datetime:
        """The first moment from `at` on; aware UTC."""
        local = _shanghai(at)
        for begin, end in self.spans:
            if local.time() < end:
                opens = local.replace(hour=begin.hour, minute=begin.minute, second=0, microsecond=0)
                return max(local, opens).astimezone(UTC)
        tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return self.next_allowed(tomorrow)


def hours_from(texts: Iterable[str]) -> Hours:
    """Of `09:00-12:00` and so on.

    Raises:
        HoursBad: as Hours, or a text of another form.
    """
    return Hours(tuple(_span(text) for text in texts))


def _span(text: str) -> tuple[time, time]:
    match = SPAN.fullmatch(text)
    if match is None:
        raise HoursBad(f"{text[:40]!r} is no span of hours: write it as 09:00-12:00")
    begin_h, begin_m, end_h, end_m = (int(part) for part in match.groups())
    return time(begin_h, begin_m), time(end_h, end_m)


def _shanghai(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise NaiveMoment(f"{at.isoformat()} has no zone")
    return at.astimezone(SHANGHAI)


USUAL_PAUSES = {
    Outcome.BUSY: timedelta(minutes=10),
    Outcome.NO_ANSWER: timedelta(hours=1),
    Outcome.HUNG_UP: timedelta(hours=2),
    Outcome.NO_KEY: timedelta(hours=2),
    Outcome.FAILED: timedelta(minutes=10),
}


@dataclass(frozen=True, slots=True)
class Ladder:
    """attempts: so many that reached his telephone, then a person. failures: likewise, of those
    that did not."""

    attempts: int = 3
    failures: int = 6
    pauses: Mapping[Outcome, timedelta] = field(default_factory=lambda: dict(USUAL_PAUSES))


@dataclass(frozen=True, slots=True)
class Said:
    """What an attempt came to. said_solved: his first key. satisfied: 1 (not at all) to 5."""

    outcome: Outcome
    said_solved: bool | None = None
    satisfied: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """due_at: of the next attempt, where there is one. because: for the history."""

    next: Next
    because: str
    due_at: datetime | None = None


def decide(
    said: Said, outcomes: Iterable[str], now: datetime, ladder: Ladder, hours: Hours
) -> Decision:
    """What follows from an attempt. outcomes: of all attempts since the ticket was solved last,
    this one among them."""
    if said.said_solved is not None:
        return answered(said)
    counted = list(outcomes)
    failed = counted.count(Outcome.FAILED)
    reached = len(counted) - failed
    if reached >= ladder.attempts:
        return Decision(Next.PERSON, f"{reached} attempts without an answer, last {said.outcome}")
    if failed >= ladder.failures:
        return Decision(Next.PERSON, f"{failed} attempts failed on our side")
    pause = ladder.pauses.get(said.outcome, USUAL_PAUSES[Outcome.NO_ANSWER])
    return Decision(Next.AGAIN, str(said.outcome), hours.next_allowed(now + pause))


def answered(said: Said) -> Decision:
    """Of one who said whether it is solved: closed, or reopened where he is not content."""
    words = "solved" if said.said_solved else "not solved"
    stars = f", satisfied {said.satisfied}" if said.satisfied else ""
    because = f"call-back: {words}{stars}"
    unhappy = said.satisfied is not None and said.satisfied < SATISFIED_ENOUGH
    return Decision(Next.CLOSE if said.said_solved and not unhappy else Next.REOPEN, because)


@dataclass(frozen=True, slots=True)
class Citizen:
    """What tells whether somebody can be called back. withheld: of his call, if he made one."""

    source: str
    number: str | None
    kind: str | None
    withheld: bool
    exempt: str | None


def way_to(citizen: Citizen) -> tuple[Way, str]:
    """How to ask him, and why so: the name of the exemption, or why it takes a person."""
    if citizen.exempt in set(Exempt):
        return Way.EXEMPT, str(citizen.exempt)
    called = citizen.source == Source.CALL
    unknown = not citizen.number or citizen.number == "unknown"
    if citizen.kind == CallerKind.WITHHELD or (called and (citizen.withheld or unknown)):
        return Way.EXEMPT, Exempt.WITHHELD.value
    if citizen.kind == CallerKind.SHARED:
        return Way.PERSON, "a shared telephone: who answers may not be who called"
    if unknown:
        return Way.PERSON, "no number is known"
    if not NUMBER.fullmatch(str(citizen.number)):
        return Way.PERSON, "not a number that may be dialled by itself"
    return Way.CALL, ""


@dataclass(frozen=True, slots=True)
class Token:
    """The name of an attempt on its way through the switch and back by the feed.

    started_at: whole milliseconds. A store that was restored may give an attempt's number anew.
    """

    ticket_id: int
    attempt: int
    started_at: datetime

    def __str__(self) -> str:
        ms = (self.started_at - EPOCH) // timedelta(milliseconds=1)
        return f"{self.ticket_id}-{self.attempt}-{ms}"


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MS = (datetime(9999, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


def whole_ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def token_from(text: object) -> Token | None:
    """None for what no attempt of ours is called."""
    match = TOKEN.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[3]) > LAST_MS:
        return None
    started_at = EPOCH + timedelta(milliseconds=int(match[3]))
    return Token(int(match[1]), int(match[2]), started_at)


NOT_THERE = {"1", "2", "3", "18", "19", "20", "22", "28"}  # Q.850: he could not be reached
NOT_NOW = {"17", "21"}  # busy; declined
OF_SURVEY = {"hung-up": Outcome.HUNG_UP, "no-key": Outcome.NO_KEY}


def said_by(facts: Mapping[str, object]) -> Said:
    """Of the facts that the dialplan tells at an attempt's end. Total: what it cannot read is
    `failed`.

    out: DIALSTATUS where nobody answered, else how the survey ended. cause: Q.850.
    """
    solved = {"1": True, "2": False}.get(str(facts.get("solved", "")))
    if solved is not None:
        stars = str(facts.get("satisfied", ""))
        return Said(Outcome.ANSWERED, solved, int(stars) if stars in set("12345") else None)
    out, cause = str(facts.get("out", "")), str(facts.get("cause", ""))
    if out in OF_SURVEY:
        return Said(OF_SURVEY[out])
    refused = out in ("CHANUNAVAIL", "CONGESTION")
    if out == "BUSY" or (refused and cause in NOT_NOW):
        return Said(Outcome.BUSY)
    if out == "NOANSWER" or (refused and cause in NOT_THERE):
        return Said(Outcome.NO_ANSWER)
    return Said(Outcome.FAILED)
