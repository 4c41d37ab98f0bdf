"""What is said over AMI: an action's fields checked, an answer and an event as typed values."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from ivr.ami_errors import AmiValueRefused

Value = str | int | Sequence[str]

MAX_LINE: Final = 1000  # bytes; Asterisk refuses an action with a line of more than 1,024
MAX_LINES: Final = 100  # it ignores what comes after 128 lines

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_EVENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_BREAKS = re.compile(r"[\r\n\0]")
_OURS = {"action", "actionid", "commandid"}


class Fields(Mapping[str, str]):
    """Header fields by their name in any case. Of a field given twice the first counts.

    A value that a caller chose could otherwise put a second field behind the true one.
    """

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            first = value[0] if isinstance(value, list) else value
            self._values.setdefault(name.lower(), str(first))

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Fields({self._values})"

    def text(self, name: str) -> str:
        """The field, empty if it is missing."""
        return self._values.get(name.lower(), "")

    def number(self, name: str) -> int:
        """The field as a number, 0 if it is missing or none."""
        text = self.text(name)
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that Asterisk told by itself. `at` is when we heard it, aware UTC."""

    name: str
    fields: Fields
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back on one action; `items` are the parts of a list, without its first and last."""

    ok: bool
    message: str
    fields: Fields
    items: tuple[Fields, ...] = field(default=())


def checked_event_names(names: Iterable[str]) -> frozenset[str]:
    """Raises AmiValueRefused: a name that is a pattern. Events are taken by their names only."""
    found = frozenset(names)
    for name in found:
        if not _EVENT_NAME.fullmatch(name):
            raise AmiValueRefused(f"event name {name[:40]!r}")
    return found


def checked_fields(name: str, fields: Mapping[str, Value]) -> Mapping[str, str | list[str]]:
    """An action as what may be sent.

    Raises:
        AmiValueRefused: a line break or NUL in it, a name that is none or that is ours to give,
            text that is no UTF-8, a line or an action that Asterisk would cut. The value itself is
            not told: it may be a secret.
    """
    known: dict[str, str | list[str]] = {"Action": _line("Action", name)}
    if not _NAME.fullmatch(name):
        raise AmiValueRefused(f"action {name[:40]!r}")
    seen = set(_OURS)
    for key, value in fields.items():
        if not _NAME.fullmatch(key) or key.lower() in seen:
            raise AmiValueRefused(f"field {key[:40]!r}")
        seen.add(key.lower())
        known[key] = _values(key, value)
    if sum(len(v) if isinstance(v, list) else 1 for v in known.values()) > MAX_LINES:
        raise AmiValueRefused("more lines than Asterisk reads")
    return MappingProxyType(known)


def _values(key: str, value: Value) -> str | list[str]:
    if isinstance(value, str | int):
        return _line(key, str(value))
    if not isinstance(value, Sequence):
        raise AmiValueRefused(f"field {key[:40]!r} is no text")
    return [_line(key, item) for item in value]


def _line(key: str, value: str) -> str:
    if not isinstance(value, str):
        raise AmiValueRefused(f"field {key[:40]!r} is no text")
    if _BREAKS.search(value):
        raise AmiValueRefused(f"field {key[:40]!r} holds a line break or NUL")
    try:
        length = len(f"{key}: {value}".encode())
    except UnicodeEncodeError:
        raise AmiValueRefused(f"field {key[:40]!r} is no UTF-8") from None
    if length > MAX_LINE:
        raise AmiValueRefused(f"field {key[:40]!r} is longer than Asterisk reads")
    return value
