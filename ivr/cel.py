"""Asterisk's own feed of events (cel_custom, one JSON object a line) as steps."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from ivr.facts import decode_facts
from routing.steps import OF_CALL_BACKS, Scalar, Step, StepKind

KINDS: Final = {
    "CHAN_START": StepKind.CHAN_START,
    "CHAN_END": StepKind.CHAN_END,
    "L110_TEST": StepKind.TEST,
    "L110_START": StepKind.START,
    "L110_REFERRED": StepKind.REFERRED,
    "L110_UNREFERRED": StepKind.UNREFERRED,
    "L110_RELEASED": StepKind.RELEASED,
    "L110_JOINED": StepKind.JOINED,
    "L110_CLASS": StepKind.CLASS,
    "L110_QUEUED": StepKind.QUEUED,
    "L110_SEAT": StepKind.SEAT,
    "L110_RETURNED": StepKind.RETURNED,
    "L110_ASKED_IN": StepKind.ASKED_IN,
    "L110_THREE_WAY": StepKind.THREE_WAY,
    "L110_OVERFLOW": StepKind.OVERFLOW,
    "L110_PAUSED": StepKind.PAUSED,
    "L110_END": StepKind.END,
    "L110_BOOT": StepKind.BOOT,
    "L110_CALLING_BACK": StepKind.CALLING_BACK,
    "L110_CALLED_BACK": StepKind.CALLED_BACK,
}
OF_TRUNKS_ONLY: Final = {StepKind.CHAN_START, StepKind.CHAN_END}
OF_NO_LEG: Final = OF_CALL_BACKS | {StepKind.BOOT}

UNIQUEID: Final = re.compile(r"[A-Za-z0-9_.:@+/-]{1,150}")
CALL_ID: Final = re.compile(r"\d{8}T\d{6}Z-[a-z0-9]+-\d+-[0-9a-f]{8}")
EVENT_TIME: Final = re.compile(r"(\d{1,11})\.(\d{6})")
LINE_BEGINS: Final = b'{"eventtype"'
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CelLineBad(ValueError):
    """A line of the feed is not an event that Asterisk writes whole."""


def parse_line(line: bytes, node: str, trunk_prefix: str = "PJSIP/l110-trunk-") -> Step | None:
    """The step that a line tells of; None where the event is no concern of ours.

    Raises:
        CelLineBad: no JSON, no UTF-8, a field missing or of the wrong form.
    """
    event = _object(line, "the line")
    name = _text(event, "eventtype")
    kind = KINDS.get(name)
    if kind is None:
        return None
    channel = _text(event, "channame")
    if kind in OF_TRUNKS_ONLY and not channel.startswith(trunk_prefix):
        return None
    uniqueid, eventtime = _text(event, "uniqueid"), _text(event, "eventtime")
    if not UNIQUEID.fullmatch(uniqueid):
        raise CelLineBad(f"uniqueid {uniqueid[:60]!r} is none")
    facts = _facts(_text(event, "eventextra"))
    return Step(
        event_id=f"{node}/{uniqueid}/{name}/{eventtime}",
        kind=kind,
        node=node,
        leg="" if kind in OF_NO_LEG else _leg(facts, uniqueid),
        call_id=None if kind in OF_CALL_BACKS else _call_id(facts),
        at=_time(eventtime),
        data={"channel": channel, **facts},
    )


def second_half(line: bytes) -> bytes | None:
    """A whole event glued to the stump of one that a killed Asterisk could not finish."""
    begins = line.rfind(LINE_BEGINS, 1)
    return line[begins:] if begins > 0 else None


def _object(line: bytes | str, what: str) -> dict[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise CelLineBad(f"{what} is not JSON: {fault}") from fault
    if not isinstance(value, dict):
        raise CelLineBad(f"{what} is not an object")
    return value


def _text(event: dict[str, object], field: str) -> str:
    value = event.get(field)
    if not isinstance(value, str):
        raise CelLineBad(f"{field} is missing")
    return value


def _facts(extra: str) -> dict[str, Scalar]:
    if not extra:
        return {}
    told = _object(extra, "eventextra").get("extra")
    return dict(decode_facts(told)) if isinstance(told, str) else {}


def _leg(facts: dict[str, Scalar], uniqueid: str) -> str:
    """A seat's channel speaks of the caller's leg, not of its own."""
    named = facts.get("leg")
    return named if isinstance(named, str) and UNIQUEID.fullmatch(named) else uniqueid


def _call_id(facts: dict[str, Scalar]) -> str | None:
    call = facts.get("call")
    return call if isinstance(call, str) and CALL_ID.fullmatch(call) else None


def _time(eventtime: str) -> datetime:
    match = EVENT_TIME.fullmatch(eventtime)
    if not match:
        raise CelLineBad(f"eventtime {eventtime[:40]!r} is no time")
    return EPOCH + timedelta(seconds=int(match[1]), microseconds=int(match[2]))
