"""AGI as bytes: what Asterisk sends becomes events, what we ask becomes one line. No I/O."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from ivr.errors import AgiCommandRefused, AgiProtocolError

MAX_ENVIRONMENT: Final = 16 * 1024
MAX_REPLY: Final = 8 * 1024
MAX_COMMAND: Final = 4096  # Asterisk cuts a longer line in two and obeys both halves

_RESULT = re.compile(rb"200 result=(-?\d{1,9})(?: \((.*)\))?(?: endpos=(\d{1,18}))?")
_REFUSALS = (b"510 ", b"511 ", b"520 ")
_BARE_WORD = re.compile(r"[A-Za-z0-9_/.()-]+")
_BREAKS = re.compile(r"[\r\n\0]")


class Request(NamedTuple):
    """The environment of one call. Of a header given twice the first wins, its name is flagged.

    Asterisk writes `agi_network_script` and `agi_uniqueid` before the caller's number, so a
    number with a line break in it can never forge these two.
    """

    headers: dict[str, str]
    duplicates: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        return self.headers.get("agi_network_script", "")

    @property
    def leg(self) -> str:
        return self.headers.get("agi_uniqueid", "")

    def argument(self, number: int) -> str:
        """The AGI argument of that number, counted from 1; empty when it was not given."""
        return self.headers.get(f"agi_arg_{number}", "")


class Reply(NamedTuple):
    """`data` is what stood in brackets, or the text of a refusal; `endpos` counts samples."""

    code: int
    result: int
    data: str | None = None
    endpos: int | None = None


class Signal(Enum):
    HANGUP = "HANGUP"


Event = Request | Reply | Signal | AgiProtocolError


class Wire:
    """Feed it bytes in any pieces: the events are the same. A broken stream ends in one error."""

    __slots__ = ("_broken", "_buffer", "_greeted", "_usage")

    def __init__(self) -> None:
        self._buffer = b""
        self._greeted = False
        self._usage: bytes | None = None
        self._broken = False

    def feed(self, data: bytes) -> list[Event]:
        """Never raises: an AgiProtocolError is the last event, all bytes after it are ignored."""
        events: list[Event] = []
        if self._broken:
            return events
        try:
            for event in self._events(self._buffer + data):
                events.append(event)
        except AgiProtocolError as error:
            self._broken = True
            self._buffer = b""
            events.append(error)
        return events

    def _events(self, buffer: bytes) -> Iterator[Event]:
        if not self._greeted:
            end = _end_of_environment(buffer)
            if end < 0:
                self._buffer = buffer
                return
            yield from _environment(buffer[:end])
            self._greeted = True
            buffer = buffer[end + 2 :]
        *lines, self._buffer = buffer.split(b"\n")
        for line in lines:
            event = self._line(line)
            if event is not None:
                yield event
        if len(self._buffer) > MAX_REPLY:
            raise AgiProtocolError("A line has no end.")

    def _line(self, line: bytes) -> Event | None:
        if line == b"HANGUP":
            return Signal.HANGUP
        if len(line) > MAX_REPLY:
            raise AgiProtocolError("A line is too long.")
        if self._usage is not None:
            return self._usage_line(self._usage, line)
        found = _RESULT.fullmatch(line)
        if found is not None:
            result, data, endpos = found.groups()
            text = None if data is None else _text(data)
            return Reply(200, int(result), text, None if endpos is None else int(endpos))
        return self._refusal(line)

    def _refusal(self, line: bytes) -> Reply | None:
        if line.startswith(_REFUSALS):
            return Reply(int(line[:3]), -1, _text(line[4:]))
        if line.startswith(b"520-"):
            self._usage = line[4:]
            return None
        raise AgiProtocolError(repr(line[:80]))

    def _usage_line(self, usage: bytes, line: bytes) -> Reply | None:
        if line.startswith(b"520 "):
            self._usage = None
            return Reply(520, -1, _text(usage))
        self._usage = usage + b"\n" + line
        if len(self._usage) > MAX_REPLY:
            raise AgiProtocolError("A usage text is too long.")
        return None


def encode(verb: str, *arguments: str) -> bytes:
    """One AGI command as exactly one line of bytes, arguments quoted where they need it.

    Raises:
        AgiCommandRefused: a line break or NUL in it, no UTF-8, or as long as Asterisk cuts.
    """
    text = " ".join((verb, *map(_word, arguments)))
    if _BREAKS.search(text):
        raise AgiCommandRefused("It holds a line break or NUL.")
    try:
        line = text.encode("utf-8", "surrogateescape") + b"\n"
    except UnicodeEncodeError as error:
        raise AgiCommandRefused("It is no UTF-8.") from error
    if len(line) >= MAX_COMMAND:
        raise AgiCommandRefused(f"It is {len(line)} bytes long.")
    return line


def _word(argument: str) -> str:
    if _BARE_WORD.fullmatch(argument):
        return argument
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _end_of_environment(buffer: bytes) -> int:
    """Where the blank line begins, or -1 while it is still to come."""
    if buffer.startswith(b"\n"):
        raise AgiProtocolError("The environment is empty.")
    end = buffer.find(b"\n\n")
    if end > MAX_ENVIRONMENT or (end < 0 and len(buffer) > MAX_ENVIRONMENT + 1):
        raise AgiProtocolError("The environment is too long.")
    return end


def _environment(block: bytes) -> Iterator[Event]:
    pairs = [line.partition(": ")[::2] for line in _text(block).split("\n")]
    headers = dict(reversed(pairs))
    if len(headers) == len(pairs):
        yield Request(headers)
    else:
        names = [name for name, _ in pairs]
        yield Request(headers, tuple(name for name in headers if names.count(name) > 1))
    if "HANGUP" in headers:
        yield Signal.HANGUP


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
