"""Untrusted values of a step as text and times that any store can keep."""

import math
import re
from datetime import UTC, datetime

from routing.steps import Scalar

NUMBER = re.compile(r"\+?[0-9]{3,20}\Z", re.ASCII)
UNREADABLE = "\ufffd"  # what Asterisk puts in the place of bytes that are no UTF-8
# Control characters end lines and, as NUL, make PostgreSQL refuse the row.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def raw_bytes(value: str) -> bytes:
    """The bytes that a text stands for; broken ones travel as lone surrogates."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def plain_text(value: Scalar) -> str | None:
    """UTF-8 if it is that, else GB18030, without control characters; None if nothing is left."""
    if value is None:
        return None
    raw = raw_bytes(str(value))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    return CONTROL.sub(" ", text).strip() or None


def display_name(header: Scalar) -> str | None:
    """Of a From header's value, `"name" <sip:...>`, as text: UTF-8 if it is that, else GB18030."""
    text = plain_text(header) or ""
    name = text.rpartition("<")[0].strip() if "<" in text else ""
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return (re.sub(r"\\(.)", r"\1", name[1:-1]) if quoted else name).strip() or None


def moment(value: Scalar) -> datetime | None:
    """Epoch seconds (`1795465608.657523`) or ISO 8601 with a zone, in UTC; else None."""
    text = str(value or "")
    try:
        at = datetime.fromisoformat(text)
        return _epoch(text) if at.utcoffset() is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return _epoch(text)


def ms_between(start: datetime | None, end: datetime | None) -> int | None:
    """Whole milliseconds; None if an end is missing or the clock went backwards."""
    if start is None or end is None or end < start:
        return None
    return round((end - start).total_seconds() * 1000)


def _epoch(text: str) -> datetime | None:
    try:
        seconds = float(text)
        return datetime.fromtimestamp(seconds, UTC) if math.isfinite(seconds) else None
    except (ValueError, OverflowError, OSError):
        return None
