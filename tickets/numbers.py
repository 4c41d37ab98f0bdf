"""Numbers of tickets: the one that a node can make alone, and the one that the store gives."""

import hashlib
import re
from datetime import UTC, date, datetime, timedelta, timezone

# A fixed offset, not a zone file: China has one zone without summer time.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
CALL_ID = re.compile(r"(\d{8}T\d{6}Z)-([a-z0-9]+)-(\d+)-([0-9a-f]{8})\Z", re.ASCII)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: nothing is misheard or misread
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
MOST_A_DAY = 999_999


class NaiveTime(ValueError):
    """A time has no zone, so nobody can say on which day it was."""


class TicketNumberOutOfRange(ValueError):
    """A day has at most 999,999 ticket numbers, and the first is 1."""


def provisional_number(call_id: str) -> str:
    """`20261123T202606Z-n1-3-73a635ca` -> `P-n1-3-6FHG2Y-1STCDEA`: node, sequence, second, chance.

    Nothing of the call's id is left out, so two calls never share one. An id of another shape
    becomes `P-` and 16 characters of its SHA-256.
    """
    match = CALL_ID.match(call_id)
    second = _second(match[1]) if match else None
    if match is None or second is None:
        digest = hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest()
        return f"P-{_crockford(int.from_bytes(digest[:10]), 16)}"
    chance = _crockford(int(match[4], 16), 7)
    return f"P-{match[2]}-{match[3]}-{_crockford(second, 6)}-{chance}"


def ticket_number(day: date, n: int) -> str:
    """The nth ticket of a day: `20261123-000042`.

    Raises:
        TicketNumberOutOfRange: n is not 1 to 999,999.
    """
    if not 1 <= n <= MOST_A_DAY:
        raise TicketNumberOutOfRange(f"{n} on {day:%Y-%m-%d}; numbers go from 1 to {MOST_A_DAY}")
    return f"{day:%Y%m%d}-{n:06d}"


def shanghai_day(at: datetime) -> date:
    """The day in Asia/Shanghai.

    Raises:
        NaiveTime: `at` has no zone.
    """
    if at.utcoffset() is None:
        raise NaiveTime(f"{at.isoformat()} has no zone")
    return at.astimezone(SHANGHAI).date()


def _second(text: str) -> int | None:
    """Seconds since 2020; None for a time that no clock shows, or before."""
    try:
        since = datetime.strptime(text, "%Y%m%dT%H%M%S%z") - EPOCH
    except ValueError:
        return None
    return int(since.total_seconds()) if since >= timedelta() else None


def _crockford(value: int, width: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, 32)
        digits = CROCKFORD[digit] + digits
    return digits.rjust(width, "0")
