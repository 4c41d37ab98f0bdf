"""What Asterisk has right now, read from the answers of two list actions. No I/O."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ivr.ami_words import Fields

# The actions of a snapshot, in the order in which `read_snapshot` takes their answers.
SNAPSHOT_ACTIONS: Final = ("CoreShowChannels", "QueueStatus")
LINES_IN_USE: Final = "GROUP_COUNT(line@l110)"  # what the dialplan counts its slots by
# What Asterisk puts where a caller has no number.
NO_NUMBER: Final = {"", "<unknown>", "unknown"}
_DURATION = re.compile(r"([0-9]{1,6}):([0-9]{2}):([0-9]{2})")


class SeatState(StrEnum):
    """Asterisk's device states, by number from 0."""

    UNKNOWN = "unknown"
    FREE = "free"
    TALKING = "talking"
    BUSY = "busy"
    INVALID = "invalid"
    AWAY = "away"
    RINGING = "ringing"
    TALKING_AND_RINGING = "talking-and-ringing"
    ON_HOLD = "on-hold"


_STATES: Final = tuple(SeatState)


@dataclass(frozen=True, slots=True)
class Channel:
    """`caller` is None when it has no number; `up_s` counts from its creation."""

    name: str
    uniqueid: str
    linkedid: str
    caller: str | None
    state: str
    context: str
    exten: str
    application: str
    bridge: str
    up_s: int


@dataclass(frozen=True, slots=True)
class Member:
    """A seat in one queue; `talks` counts since the member was added. `paused_why`: the reason
    that was given for its pause, empty where none was."""

    name: str
    interface: str
    state: SeatState
    paused: bool
    in_call: bool
    talks: int
    paused_why: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who waits; `position` counts from 1."""

    position: int
    channel: str
    uniqueid: str
    caller: str | None
    waits_s: int
    priority: int


@dataclass(slots=True)
class Queue:
    name: str
    members: list[Member] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`taken_at` is aware UTC: the waiting times are as of then."""

    taken_at: datetime
    channels: tuple[Channel, ...]
    queues: tuple[Queue, ...]


def read_snapshot(
    channels: Iterable[Fields], queues: Iterable[Fields], taken_at: datetime
) -> Snapshot:
    """The items of both answers as one snapshot; an item of an unknown kind is left out."""
    shown = tuple(_channel(item) for item in channels if item.text("Event") == "CoreShowChannel")
    return Snapshot(taken_at, shown, _queues(queues))


def _queues(items: Iterable[Fields]) -> tuple[Queue, ...]:
    found: dict[str, Queue] = {}
    for item in items:
        queue = found.setdefault(item.text("Queue"), Queue(item.text("Queue")))
        if item.text("Event") == "QueueMember":
            queue.members.append(_member(item))
        elif item.text("Event") == "QueueEntry":
            queue.callers.append(_caller(item))
    return tuple(found.values())


def _channel(item: Fields) -> Channel:
    return Channel(
        name=item.text("Channel"),
        uniqueid=item.text("Uniqueid"),
        linkedid=item.text("Linkedid"),
        caller=_number(item),
        state=item.text("ChannelStateDesc"),
        context=item.text("Context"),
        exten=item.text("Exten"),
        application=item.text("Application"),
        bridge=item.text("BridgeId"),
        up_s=_seconds(item.text("Duration")),
    )


def _member(item: Fields) -> Member:
    return Member(
        name=item.text("Name"),
        interface=item.text("Location"),
        state=seat_state(item.number("Status")),
        paused=item.text("Paused") == "1",
        in_call=item.text("InCall") == "1",
        talks=item.number("CallsTaken"),
        paused_why=item.text("PausedReason"),
    )


def seat_state(number: int) -> SeatState:
    """Asterisk's device state; a number that we do not know is `unknown`."""
    return _STATES[number] if 0 <= number < len(_STATES) else SeatState.UNKNOWN


def _caller(item: Fields) -> Caller:
    return Caller(
        position=item.number("Position"),
        channel=item.text("Channel"),
        uniqueid=item.text("Uniqueid"),
        caller=_number(item),
        waits_s=item.number("Wait"),
        priority=item.number("Priority"),
    )


def _number(item: Fields) -> str | None:
    number = item.text("CallerIDNum")
    return None if number in NO_NUMBER else number


def _seconds(duration: str) -> int:
    parts = _DURATION.fullmatch(duration)
    if parts is None:
        return 0
    hours, minutes, seconds = map(int, parts.groups())
    return hours * 3600 + minutes * 60 + seconds
