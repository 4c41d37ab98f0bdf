"""The nouns of a ticket."""

from enum import StrEnum


class Source(StrEnum):
    CALL = "call"
    COUNTER = "counter"
    WEB = "web"
    GRID = "grid"
    IMPORT = "import"
    OTHER_HOTLINE = "other-hotline"


class State(StrEnum):
    """Where a ticket stands; tickets/lifecycle.py says what leads from one to another.

    returned: the caller went back to the police after the release. call-back: the switch took
    him and never brought him to the livelihood side, or he was told that no operator is there.
    """

    NEW = "new"
    CALL_BACK = "call-back"
    RETURNED = "returned"
    SCREENED = "screened"
    SPLIT = "split"
    DISPATCHED = "dispatched"
    OBJECTED = "objected"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    WAITING = "waiting-for-citizen"
    EXTENSION_ASKED = "extension-asked"
    SOLVED = "solved"
    UNSOLVABLE = "unsolvable"
    CALL_BACK_DUE = "call-back-due"
    CLOSED = "closed"
    REOPENED = "reopened"
    JOINED = "joined"
    WITHDRAWN = "withdrawn"


ENDED = frozenset({State.CLOSED, State.JOINED, State.WITHDRAWN})


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class CallerKind(StrEnum):
    """shared: a street telephone or an office's line, which is not a person."""

    PERSON = "person"
    WITHHELD = "withheld"
    SHARED = "shared"


class Exempt(StrEnum):
    """Why a ticket may close without a call-back. PART: the citizen is asked for the whole."""

    WITHHELD = "withheld-number"
    JOINED = "joined"
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered-in-call"
    PART = "part-of-whole"


class ServiceClass(StrEnum):
    COMPLAINT = "complaint"
    HARDSHIP = "hardship"
    INFORMATION = "information"
    MARKET = "market"
    UNCLASSIFIED = "unclassified"


CLASS_KEYS = {
    "1": ServiceClass.COMPLAINT,
    "2": ServiceClass.HARDSHIP,
    "3": ServiceClass.INFORMATION,
    "4": ServiceClass.MARKET,
}


def class_of_key(key: str | None) -> ServiceClass:
    """The meaning of a key in the second menu; 0, nothing or anything else is left to a human."""
    return CLASS_KEYS.get(key or "", ServiceClass.UNCLASSIFIED)
