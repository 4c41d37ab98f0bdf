"""Which fields a move may set, and what may stand in them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tickets.model import CallerKind, Exempt, ServiceClass, Urgency
from tickets.refused import MoveRefused, Refusal

LONGEST = {"request": 10_000, "result": 10_000, "title": 200}
USUAL = 500
CALLER = frozenset(
    {
        "caller", "caller_kind", "caller_name", "caller_age_band", "caller_sex", "caller_work",
        "caller_area",
    }
)  # fmt: skip
REQUEST = frozenset(
    {"title", "request", "matter", "matter_version", "urgency", "place", "area", "service_class"}
)
RECORD = CALLER | REQUEST
SENDING = frozenset({"unit", "deadline_class", "due_at", "due_provisional"})
OF_MOVE: dict[str, frozenset[str]] = {
    "edit": RECORD,
    "claim": frozenset({"responsible"}),
    "offer": frozenset({"handing_to"}),
    "take": frozenset({"responsible"}),
    "seal": frozenset({"sealed"}),
    "screen": RECORD,
    "gather": frozenset({"result"}),
    "dispatch": RECORD | SENDING,
    "overrule": SENDING,
    "ask-extension": frozenset({"extension_to"}),
    "grant": frozenset({"due_at", "due_provisional"}),
    "go-on": frozenset({"due_at", "due_provisional"}),
    "recompute": frozenset({"due_at", "due_provisional"}),
    "solve": frozenset({"result"}),
    "give-up": frozenset({"result"}),
    "answer": RECORD | {"result", "article", "close_exempt"},
    "close": frozenset({"said_solved", "satisfied", "close_exempt"}),
    "reopen": frozenset({"said_solved", "satisfied"}),
    "join": frozenset({"joined_to", "close_exempt"}),
    "withdraw": frozenset({"close_exempt"}),
}
BOOLEANS = frozenset({"sealed", "due_provisional", "said_solved"})
TIMES = frozenset({"due_at", "extension_to"})
CHOICES: dict[str, frozenset[str]] = {
    "urgency": frozenset(Urgency),
    "caller_kind": frozenset(CallerKind),
    "service_class": frozenset(ServiceClass),
    "close_exempt": frozenset(Exempt),
    "caller_sex": frozenset({"female", "male"}),
    "caller_age_band": frozenset({"under-18", "18-35", "36-59", "60-79", "80-and-over"}),
}


def fields_given(move: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they may be written.

    Raises:
        MoveRefused: a field that this move does not set, or a value that cannot stand in it.
    """
    allowed = OF_MOVE.get(move, frozenset())
    if others := sorted(given.keys() - allowed):
        may = ", ".join(sorted(allowed)) or "no field"
        raise MoveRefused(
            Refusal.MISSING, f"{move} does not set {', '.join(others)}; it sets {may}"
        )
    return {name: _value(name, value) for name, value in given.items()}


def _value(name: str, value: object) -> object:
    if value is None or value == "":
        return None
    _check_of(name)(name, value)
    return value


def _check_of(name: str) -> Callable[[str, object], None]:
    if name in BOOLEANS:
        return _boolean
    if name in TIMES:
        return _time
    if name in ("joined_to", "satisfied"):
        return _number
    return _text


def _boolean(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise MoveRefused(Refusal.MISSING, f"{name} is true or false, not {value!r}")


def _time(name: str, value: object) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise MoveRefused(Refusal.MISSING, f"{name} is a time with its zone, not {value!r}")


def _number(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise MoveRefused(Refusal.MISSING, f"{name} is a whole number, not {value!r}")
    if name == "satisfied" and not 1 <= value <= 5:
        raise MoveRefused(Refusal.MISSING, f"satisfied is 1 to 5, not {value}")


def _text(name: str, value: object) -> None:
    if not isinstance(value, str) or "\0" in value:
        raise MoveRefused(Refusal.MISSING, f"{name} is text, not {value!r}")
    if name in CHOICES and value not in CHOICES[name]:
        raise MoveRefused(
            Refusal.MISSING, f"{name} is one of {', '.join(sorted(CHOICES[name]))}, not {value}"
        )
    if len(value) > LONGEST.get(name, USUAL):
        raise MoveRefused(
            Refusal.MISSING, f"{name} has {len(value)} characters of {LONGEST.get(name, USUAL)}"
        )
