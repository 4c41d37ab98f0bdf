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
    """returned: the caller went back to the police after the release. call-back: the switch took
    him and never brought him to the livelihood side, or he was told that no operator is there."""

    NEW = "new"
    CALL_BACK = "call-back"
    RETURNED = "returned"


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
