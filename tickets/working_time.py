"""Time that counts: round the clock, by day, or in the office's hours of working days."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from tickets.calendar import Calendar
from tickets.numbers import SHANGHAI

Span = tuple[datetime, datetime]
LONGEST_DAYS = 3660
ONE_DAY = timedelta(days=1)
ZERO = timedelta()
MEASURE = re.compile(r"([1-9][0-9]{0,3}) (?:(working|daytime) )?(minute|hour|day)s?\Z", re.ASCII)
ZH_CLOCK = {"": "", "daytime": "日间", "working": "工作"}
ZH_UNIT = {"minute": "分钟", "hour": "小时", "day": "日"}


class DeadlineTooFar(ValueError):
    """More than ten years ahead: nobody means that."""


class MeasureUnknown(ValueError):
    """A text is no length of time that can be counted."""


class Clock(StrEnum):
    """Which time counts. daytime: every day outside the night. working: the office's hours."""

    ROUND = ""
    DAYTIME = "daytime"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Measure:
    """`15 minutes`, `2 daytime hours`, `3 working hours`, `7 working days`."""

    number: int
    clock: Clock
    unit: str

    def __str__(self) -> str:
        clock = f"{self.clock.value} " if self.clock else ""
        return f"{self.number} {clock}{self.unit}{'' if self.number == 1 else 's'}"

    @property
    def zh(self) -> str:
        return f"{self.number}个{ZH_CLOCK[self.clock]}{ZH_UNIT[self.unit]}".replace("个分", "分")


def measure(text: str) -> Measure:
    """Raises MeasureUnknown: the message says what can be written."""
    match = MEASURE.match(text)
    if not match or (match[3] == "day" and match[2] != "working"):
        raise MeasureUnknown(
            f"{text!r} is no length of time: write `15 minutes`, `24 hours`, `2 daytime hours`,"
            " `3 working hours` or `7 working days`"
        )
    return Measure(int(match[1]), Clock(match[2] or ""), match[3])


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of Asia/Shanghai. office: in order, apart. night: may go over midnight."""

    office: tuple[tuple[time, time], ...]
    night_from: time
    night_until: time

    @property
    def office_day(self) -> timedelta:
        return sum((_since_midnight(b) - _since_midnight(a) for a, b in self.office), ZERO)

    def is_night(self, at: datetime) -> bool:
        local = at.astimezone(SHANGHAI).time()
        if self.night_from <= self.night_until:
            return self.night_from <= local < self.night_until
        return local >= self.night_from or local < self.night_until


@dataclass(frozen=True, slots=True)
class DayCount:
    """What one day gave. paused: time that would have counted. left: after it."""

    day: date
    counted: timedelta
    paused: timedelta
    left: timedelta


@dataclass(frozen=True, slots=True)
class WorkingTime:
    calendar: Calendar
    hours: Hours

    def length(self, of: Measure) -> timedelta:
        """A working day is as long as the office is open."""
        match of.unit:
            case "minute":
                return timedelta(minutes=of.number)
            case "hour":
                return timedelta(hours=of.number)
            case _:
                return of.number * self.hours.office_day

    def spans(self, clock: Clock, day: date) -> list[Span]:
        """When time counts on this day, in order."""
        if clock is Clock.ROUND:
            return [_span(day, ZERO, ONE_DAY)]
        if clock is Clock.WORKING:
            if not self.calendar.is_working(day):
                return []
            return [
                _span(day, _since_midnight(a), _since_midnight(b)) for a, b in self.hours.office
            ]
        night, morning = (
            _since_midnight(self.hours.night_from),
            _since_midnight(self.hours.night_until),
        )
        if night > morning:
            return [_span(day, morning, night)]
        return [_span(day, a, b) for a, b in ((ZERO, night), (morning, ONE_DAY)) if a < b]

    def open_time(
        self, clock: Clock, start: datetime, end: datetime, pauses: Sequence[Span] = ()
    ) -> timedelta:
        """How much of the time from start to end counts; pauses: in order, apart (`merged`).

        Raises:
            DeadlineTooFar: the two are more than ten years apart.
        """
        total = ZERO
        for day in _days(start, end):
            for span in self.spans(clock, day):
                total += _total(_without(_clipped(span, start, end), pauses))
        return total

    def ahead(
        self, clock: Clock, start: datetime, amount: timedelta, pauses: Sequence[Span] = ()
    ) -> tuple[datetime, list[DayCount]]:
        """The first moment by which `amount` has been counted, and what each day gave.

        Raises:
            DeadlineTooFar: that is more than ten years ahead.
        """
        days: list[DayCount] = []
        left = amount
        for day in _days(start, start + LONGEST_DAYS * ONE_DAY):
            opened = [_clipped(span, start, None) for span in self.spans(clock, day)]
            counted, end = ZERO, None
            for piece in (p for span in opened for p in _without(span, pauses)):
                take = min(left - counted, piece[1] - piece[0])
                counted += take
                if counted == left:
                    end = piece[0] + take
                    break
            left -= counted
            kept = [_clipped(span, start, end) for span in opened]
            days.append(DayCount(day, counted, _total(kept) - counted, left))
            if end is not None:
                return end, days
        raise DeadlineTooFar(f"{amount} of {clock or 'plain'} time is not over in ten years")

    def back(self, clock: Clock, end: datetime, amount: timedelta) -> datetime:
        """The last moment from which `amount` counts until `end`."""
        left, day = amount, end.astimezone(SHANGHAI).date()
        for _ in range(LONGEST_DAYS):
            for span in reversed(self.spans(clock, day)):
                begin, until = _clipped(span, None, end)
                if (length := max(until - begin, ZERO)) >= left:
                    return until - left
                left -= length
            day -= ONE_DAY
        raise DeadlineTooFar(f"{amount} of {clock or 'plain'} time did not begin in ten years")


def merged(pauses: Iterable[Span]) -> tuple[Span, ...]:
    """In order and apart, without empty ones."""
    kept: list[Span] = []
    for begin, end in sorted(pauses):
        if begin >= end:
            continue
        if kept and begin <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((begin, end))
    return tuple(kept)


def midnight_after(at: datetime) -> datetime:
    """The next midnight of Asia/Shanghai."""
    return _span(at.astimezone(SHANGHAI).date(), ONE_DAY, ONE_DAY)[0]


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)


def _span(day: date, begin: timedelta, end: timedelta) -> Span:
    midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return midnight + begin, midnight + end


def _days(start: datetime, end: datetime) -> Iterator[date]:
    if end - start > LONGEST_DAYS * ONE_DAY:
        raise DeadlineTooFar(f"{end:%Y-%m-%d} is more than ten years after {start:%Y-%m-%d}")
    day, last = start.astimezone(SHANGHAI).date(), end.astimezone(SHANGHAI).date()
    while day <= last:
        yield day
        day += ONE_DAY


def _clipped(span: Span, start: datetime | None, end: datetime | None) -> Span:
    begin = max(span[0], start) if start else span[0]
    until = min(span[1], end) if end else span[1]
    return begin, until


def _without(span: Span, pauses: Sequence[Span]) -> Iterator[Span]:
    begin, end = span
    for pause_begin, pause_end in pauses:
        if pause_end <= begin or pause_begin >= end:
            continue
        if begin < pause_begin:
            yield begin, pause_begin
        begin = max(begin, pause_end)
    if begin < end:
        yield begin, end


def _total(spans: Iterable[Span]) -> timedelta:
    return sum((end - begin for begin, end in spans if end > begin), ZERO)
