"""Why a change of a ticket is refused."""

from enum import StrEnum


class Refusal(StrEnum):
    UNKNOWN = "unknown-move"
    NOT_ALLOWED = "not-allowed"
    WRONG_STATE = "wrong-state"
    MISSING = "missing"
    STALE = "stale"
    NO_CALL_BACK = "no-call-back"


class MoveRefused(ValueError):
    """`kind` is for a program, the text for a person."""

    def __init__(self, kind: Refusal, text: str) -> None:
        super().__init__(text)
        self.kind = kind
